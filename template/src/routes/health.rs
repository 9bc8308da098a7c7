//! For load balancers: is the process alive, and can it do its work?

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::oidc::Oidc;

/// The process answers.
pub async fn alive() -> &'static str {
    "ok"
}

/// The provider is known and the store can be reached; else 503, with what is
/// missing. The causes are in the log.
pub async fn ready(oidc: Data<Oidc>) -> HttpResponse {
    let provider = oidc.provider.discovered().await.map(|_| ());
    let store = oidc.sign_ins.store().check().await;
    let word = |fine: bool| if fine { "ok" } else { "unavailable" };
    let report = json!({
        "provider": word(provider.is_ok()),
        "store": word(store.is_ok()),
    });
    if provider.is_ok() && store.is_ok() {
        HttpResponse::Ok().json(report)
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header(("retry-after", "5"))
            .json(report)
    }
}
