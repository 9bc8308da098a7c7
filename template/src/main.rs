//! Starts the app: settings, logs, then [`app::app::Application`].

use std::{error::Error, process::ExitCode};

use app::{
    app::{AppSettings, Application},
    listen::listen,
    telemetry,
};
use vestibule::Settings;

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

async fn run() -> Result<(), Box<dyn Error>> {
    let (settings, own) = Settings::from_env_with(AppSettings::read)?;
    telemetry::start(own.log.clone());
    let listeners = listen(&settings.listen)?;
    let app = Application::build(settings, own, listeners).await?;
    println!("{}", app.greeting());
    app.run().await?;
    Ok(())
}
