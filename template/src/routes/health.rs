//! For load balancers: is the process alive, and can it do its work?

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::oidc::Oidc;

/// The process answers.
pub async fn alive() -> &'static str {
    "ok"
}

/// Whether people can use the app, and why not. A provider that is down but
/// known is no reason to turn anybody away: who is signed in goes on.
pub async fn ready(oidc: Data<Oidc>) -> HttpResponse {
    let answers = oidc.provider.check().await;
    let stored = oidc.sign_ins.store().check().await;
    let provider = match &answers {
        Ok(()) => "ok",
        Err(_) if oidc.provider.known().is_some() => "last known",
        Err(_) => "unavailable",
    };
    let store = if stored.is_ok() { "ok" } else { "unavailable" };
    let mut report = json!({ "provider": provider, "store": store });
    if let Err(cause) = answers {
        report["reasons"]["provider"] = cause.to_string().into();
    }
    if let Err(cause) = stored {
        report["reasons"]["store"] = cause.to_string().into();
    }
    if provider == "unavailable" || store == "unavailable" {
        HttpResponse::ServiceUnavailable()
            .insert_header(("retry-after", "5"))
            .json(report)
    } else {
        HttpResponse::Ok().json(report)
    }
}
