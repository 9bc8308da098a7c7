//! What tests are written with. [`signed_in_as`] will do for most of them;
//! [`app`] is for those that need to reach the provider or the settings.

use std::{error::Error, io};

use actix_web::dev::ServerHandle;
use app::app::{AppSettings, Application};
use vestibule::{Oidc, Settings};
use vestibule_dev::testing::{Browser, Launch, Start, StatusCode, TestApp};

/// A browser in which a person of the development provider is signed in to an
/// app of its own.
pub async fn signed_in_as(person: &str) -> Browser {
    app().start().await.signed_in_as(person).await
}

/// A browser in an app of its own in which nobody is signed in.
pub async fn signed_out() -> Browser {
    app().start().await.browser()
}

/// The app, to be started with a provider of its own: `app().start().await`. It
/// is set up for tests, and settings of yours have the values of your
/// environment. Give one another value by `.env("DATABASE_URL", "…")`.
pub fn app() -> Start<'static> {
    TestApp::of(serve).env("ACCOUNTS_FILE", "memory:")
}

async fn serve(
    launch: Launch,
) -> Result<(Oidc, ServerHandle, impl Future<Output = io::Result<()>>), Box<dyn Error>> {
    let variable = |name: &str| launch.variable(name);
    let (settings, own) = Settings::from_lookup_with(variable, AppSettings::read)?;
    let app = Application::build(settings, own, launch.listeners).await?;
    Ok((app.oidc().clone(), app.handle(), app.run()))
}

/// Checks that nobody sees a page without signing in: people who navigate are
/// sent to sign in and will come back, scripts get a 401.
pub async fn assert_needs_sign_in(path: &str) {
    let browser = signed_out().await;
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let login = page.location();
    assert_eq!(login.path(), browser.app.oidc().paths().login);
    let return_to = login.query_pairs().find(|(name, _)| name == "return_to");
    assert_eq!(
        return_to.map(|(_, value)| value.into_owned()),
        Some(path.to_owned())
    );

    let answer = browser.fetch(path).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["code"], "signed_out");
}
