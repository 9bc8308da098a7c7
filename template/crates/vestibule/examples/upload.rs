//! A form with a file of at most 5 MB: `cargo run --example upload`. Nothing of the file
//! is kept before the CSRF token has been checked, it is written to the disk as it
//! arrives, and what is too large leaves nothing behind.

use std::{env, io::Write as _, path::PathBuf};

use actix_multipart::{Field, Multipart};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{self, Data, Html, ServiceConfig},
};
use futures_util::TryStreamExt as _;
use tempfile::NamedTempFile;
use vestibule::{Error, ErrorKind, Oidc, Settings, User, csrf};

/// How large a file may be, in bytes.
pub const LARGEST: usize = 5 * 1024 * 1024;
/// A CSRF token is shorter, in bytes.
const LONGEST_TOKEN: usize = 200;

/// The folder where files are kept.
pub struct Uploads(pub PathBuf);

/// The form. Browsers send its fields in this order, so the token has to be the first.
async fn show(user: User) -> Html {
    Html::new(format!(
        "<form method=\"post\" enctype=\"multipart/form-data\">\
         <input type=\"hidden\" name=\"csrf_token\" value=\"{}\">\
         <label>Receipt <input type=\"file\" name=\"receipt\" required></label>\
         <button>Send</button></form>",
        user.session().csrf_token()
    ))
}

async fn receive(
    request: HttpRequest,
    user: User,
    mut fields: Multipart,
    uploads: Data<Uploads>,
) -> Result<HttpResponse, actix_web::Error> {
    let token = match fields.try_next().await? {
        Some(first) if first.name() == Some("csrf_token") => Some(token(first).await?),
        _ => None,
    };
    csrf::check(&request, &user, token.as_deref())?;
    while let Some(field) = fields.try_next().await? {
        if field.name() == Some("receipt") {
            keep(field, &uploads).await?;
        }
    }
    Ok(HttpResponse::SeeOther()
        .insert_header(("location", "?sent"))
        .finish())
}

async fn token(mut field: Field) -> Result<String, actix_web::Error> {
    let too_long = |_| Error::bad_request("the CSRF token is too long");
    let token = field.bytes(LONGEST_TOKEN).await.map_err(too_long)??;
    Ok(String::from_utf8_lossy(&token).into_owned())
}

/// Writes a file under a name of its own: the one that the sender gives it may lead
/// anywhere.
async fn keep(mut field: Field, uploads: &Uploads) -> Result<(), actix_web::Error> {
    // Deleted again unless it is kept below.
    let mut file = NamedTempFile::new_in(&uploads.0)?;
    let mut size = 0;
    while let Some(chunk) = field.try_next().await? {
        size += chunk.len();
        if size > LARGEST {
            let cause = format!("a file has more than {LARGEST} bytes");
            return Err(Error::from(ErrorKind::BodyTooLarge(cause)).into());
        }
        file = web::block(move || file.write_all(&chunk).map(|()| file)).await??;
    }
    file.keep().map_err(|error| error.error)?;
    Ok(())
}

/// The form's routes; handlers find the folder as `Data<Uploads>`.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/receipts", web::get().to(show));
    config.route("/receipts", web::post().to(receive));
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::from_env()?;
    #[cfg(debug_assertions)]
    let (settings, _dev) = vestibule_dev::start(settings).await?;
    let oidc = Oidc::builder(settings).build().await?;
    let uploads = Data::new(Uploads(env::temp_dir()));
    HttpServer::new(move || {
        App::new()
            .app_data(uploads.clone())
            .wrap(oidc.error_pages())
            .wrap(oidc.middleware())
            .configure(oidc.routes())
            .configure(routes)
    })
    .bind(("localhost", 8080))?
    .run()
    .await?;
    Ok(())
}
