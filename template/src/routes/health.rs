//! For load balancers: is the process alive, and can it do its work?

use actix_web::HttpResponse;
use vestibule::Oidc;

/// The process answers.
pub async fn alive() -> &'static str {
    "ok"
}

/// Whether people can use the app; why not is in the log. A provider that is down
/// but known is no reason to turn anybody away: people who are signed in go on.
pub async fn ready(oidc: Oidc) -> HttpResponse {
    let health = oidc.health().await;
    if health.is_ready() {
        HttpResponse::Ok().json(health)
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header(("retry-after", "5"))
            .json(health)
    }
}
