//! Starts the app: settings, logs, then [`app::app::Application`].

use std::process::ExitCode;

use app::{
    app::{Application, listen},
    settings::{Settings, below},
    telemetry,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_env()?;
    telemetry::start(settings.log.clone());
    let listeners = listen(&settings)?;
    let address = below(&settings.base_url, "/");
    let app = Application::build(settings, listeners).await?;
    println!("{} runs at {address}", env!("CARGO_PKG_NAME"));
    println!("{}", who_can_sign_in(&app));
    app.run().await?;
    Ok(())
}

fn who_can_sign_in(app: &Application) -> String {
    #[cfg(debug_assertions)]
    if let Some(provider) = app.dev_provider() {
        let names: Vec<&str> = provider
            .people()
            .iter()
            .map(|person| person.sub.as_str())
            .collect();
        return format!(
            "sign in as {} without a password, at the development provider {}",
            names.join(", "),
            provider.issuer()
        );
    }
    format!("sign in with an account at {}", app.oidc.provider.issuer())
}
