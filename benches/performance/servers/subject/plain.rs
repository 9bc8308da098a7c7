//! The app's page in a plain Actix app to which the library was added: it knows the bytes and the
//! headers of the page from the start, and shows them to people who have the role. `plain PATH PAGE`,
//! where PAGE is a file with both, as JSON; the library reads its settings from the environment.

mod page;

use std::error::Error;

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Data},
};
use vestibule::{Has, Oidc, Role, Settings};

use crate::page::Page;

struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

async fn show(_: Has<Admin>, page: Data<Page>) -> HttpResponse {
    page.response()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, page] = arguments.as_slice() else {
        return Err("plain PATH PAGE".into());
    };
    let (path, page) = (path.clone(), Data::new(Page::read(page)?));
    let oidc = Oidc::builder(Settings::from_env()?).build().await?;
    let address = oidc.settings().listen.clone();
    let server = HttpServer::new({
        let oidc = oidc.clone();
        move || {
            App::new()
                .app_data(page.clone())
                .wrap(oidc.middleware())
                .configure(oidc.routes())
                .route(&path, web::get().to(show))
        }
    });
    server.bind(address)?.run().await?;
    oidc.close().await?;
    Ok(())
}
