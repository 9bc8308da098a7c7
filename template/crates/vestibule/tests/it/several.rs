//! Several relying parties in one app: each knows its own people, at its own
//! provider.

use actix_web::{App, HttpServer, web};
use reqwest::StatusCode;
use url::Url;
use vestibule::{Oidc, Settings};
use vestibule_dev::{
    provider::{Client, DevProvider},
    testing::{Browser, Launch, TestApp, TestProvider},
};

use crate::{
    fixture::{Fixture, PATIENCE, User},
    support::issuer_of,
};

async fn private(oidc: Oidc, user: User) -> String {
    format!("{} at {}", user.session().subject(), issuer_of(&oidc))
}

/// A part of the app with a relying party of its own.
fn part(path: &str, oidc: &Oidc) -> impl actix_web::dev::HttpServiceFactory + 'static {
    web::scope(path)
        .wrap(oidc.middleware())
        .configure(oidc.routes())
        .configure(oidc.protected(|table| {
            table.route("/private", web::get().to(private));
        }))
}

/// The relying party below this path of the app, at this provider.
async fn relying_party(launch: &Launch, path: &str, provider: &TestProvider) -> Oidc {
    let variables = provider.variables();
    let base = format!("{}{path}", launch.variable("APP_BASE_URL").unwrap());
    let settings = Settings::from_lookup(|name| match name {
        "APP_BASE_URL" => Some(base.clone()),
        _ => match variables.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Some(value.clone()),
            None => launch.variable(name),
        },
    });
    let settings = settings.unwrap();
    let [_, (_, id), (_, secret)] = variables;
    provider.provider.register(Client {
        id,
        secret,
        redirect_uris: vec![settings.relying_party.login_redirect_uri.to_string()],
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: None,
    });
    Fixture::default().build(settings).await.unwrap().0
}

/// Signs a person in without the provider's pages, and returns where that ends.
async fn sign_in(browser: &Browser, person: &str, page: &str, provider: &DevProvider) -> String {
    let login = browser.get(page).await;
    let request = browser.get(login.location().as_str()).await.location();
    assert!(request.as_str().starts_with(provider.issuer()), "{request}");
    let answer = provider.sign_in(request.as_str(), person).unwrap();
    let answer = Url::parse(&answer).unwrap();
    let page = browser.get(answer.as_str()).await;
    browser.follow(page).await.body
}

#[tokio::test]
async fn each_relying_party_of_an_app_knows_its_own_people() {
    let providers = [TestProvider::start().await, TestProvider::start().await];
    let app = TestApp::of(async |launch: Launch| {
        let [one, other] = [
            relying_party(&launch, "/one", &providers[0]).await,
            relying_party(&launch, "/other", &providers[1]).await,
        ];
        let first = one.clone();
        let mut server = HttpServer::new(move || {
            App::new()
                .service(part("/one", &one))
                .service(part("/other", &other))
        })
        .client_request_timeout(PATIENCE);
        for listener in launch.listeners {
            server = server.listen(listener)?;
        }
        let server = server.run();
        Ok::<_, std::io::Error>((first, server.handle(), server))
    })
    .start()
    .await;

    let mut browsers = Vec::new();
    for (path, person, provider) in [
        ("/one/private", "alice", &providers[0]),
        ("/other/private", "bob", &providers[1]),
    ] {
        let browser = app.browser();
        let body = sign_in(&browser, person, path, &provider.provider).await;
        let issuer = provider.provider.issuer();
        assert_eq!(body, format!("{person} at {issuer}"));
        browsers.push(browser);
    }
    // Who is known to the one is nobody to the other.
    for (browser, elsewhere) in browsers.iter().zip(["/other/private", "/one/private"]) {
        let answer = browser.fetch(elsewhere).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{elsewhere}");
    }
}
