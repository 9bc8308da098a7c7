//! The server: built here, run by `main` and by the tests.

use std::net::TcpListener;

use actix_web::{dev::Server, web, App, HttpServer};
use tracing_actix_web::TracingLogger;

use crate::{
    configuration::Settings,
    domain::Waitlist,
    routes::{health, join},
};

pub struct Application {
    port: u16,
    server: Server,
}

impl Application {
    pub async fn build(settings: Settings) -> Result<Self, anyhow::Error> {
        let listener = TcpListener::bind((settings.host.as_str(), settings.port))?;
        let port = listener.local_addr()?.port();
        let server = run(listener, Waitlist::new(settings.places)).await?;
        Ok(Self { port, server })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub async fn run_until_stopped(self) -> Result<(), std::io::Error> {
        self.server.await
    }
}

async fn run(listener: TcpListener, waitlist: Waitlist) -> Result<Server, anyhow::Error> {
    let waitlist = web::Data::new(waitlist);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(TracingLogger::default())
            .route("/health", web::get().to(health))
            .route("/join", web::post().to(join))
            .app_data(waitlist.clone())
    })
    .listen(listener)?
    .run();
    Ok(server)
}
