//! Pages as an owner might add them, each relying on one thing that the
//! generated app promises.

use std::sync::{Mutex, PoisonError};

use actix_session::Session;
use actix_web::{
    HttpResponse, Responder,
    web::{self, Data, ServiceConfig},
};
use serde::Deserialize;
use vestibule::{ProtectedConfig, PublicForm, redirect_to};

use crate::{
    app::AppSettings,
    hooks::{FirstMember, Fresh, Has, SignedForm},
};

pub fn public(cfg: &mut ServiceConfig) {
    cfg.route("/news", web::get().to(news));
    cfg.route("/database", web::get().to(database));
    cfg.route("/welcome", web::get().to(welcome));
    cfg.route("/keep/{note}", web::get().to(keep));
    cfg.route("/kept", web::get().to(kept));
    cfg.route("/guests", web::post().to(greet));
    cfg.service(
        web::scope("/reports")
            .wrap(redirect_to("/welcome"))
            .route("", web::get().to(reports)),
    );
}

pub fn protected(cfg: &mut ProtectedConfig) {
    cfg.route("/forgotten", web::get().to(forgotten));
    cfg.route("/vault", web::get().to(vault));
    cfg.route("/first", web::get().to(first));
    cfg.route("/messages", web::post().to(send));
}

/// The guard was forgotten; the table's own must refuse.
pub async fn forgotten() -> impl Responder {
    "for signed-in people only"
}

pub async fn welcome() -> impl Responder {
    "welcome to everybody"
}

pub async fn reports() -> impl Responder {
    "reports"
}

pub async fn vault(user: Fresh<60>) -> impl Responder {
    format!("the vault of {}", user.session().subject())
}

pub async fn first(_: Has<FirstMember>) -> impl Responder {
    "you were here first"
}

#[derive(Deserialize)]
pub struct Message {
    message: String,
}

pub async fn send(form: SignedForm<Message>) -> impl Responder {
    format!("{} says {}", form.user.name(), form.fields.message)
}

pub async fn greet(form: PublicForm<Message>) -> impl Responder {
    form.fields.message
}

/// The owner's own setting, in a handler.
pub async fn database(settings: Data<AppSettings>) -> impl Responder {
    settings.database_url.clone()
}

/// Puts something into the owner's own session.
pub async fn keep(session: Session, note: web::Path<String>) -> HttpResponse {
    match session.insert("note", note.into_inner()) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

pub async fn kept(session: Session) -> String {
    session
        .get::<String>("note")
        .ok()
        .flatten()
        .unwrap_or_else(|| "nothing is kept".to_owned())
}

/// What the hooks and the job have reported.
static NEWS: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub fn report_news(news: String) {
    NEWS.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(news);
}

pub async fn news() -> String {
    NEWS.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .join("\n")
}
