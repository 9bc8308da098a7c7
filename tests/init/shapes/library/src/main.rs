use waitlist::{configuration::Settings, startup::Application};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let application = Application::build(Settings::from_env()?).await?;
    tracing::info!(port = application.port(), "ready");
    application.run_until_stopped().await?;
    Ok(())
}
