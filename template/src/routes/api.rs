//! JSON about the signed-in person, for the app's own scripts.

use actix_web::{
    HttpResponse,
    web::{Data, Json},
};
use serde_json::{Value, json};

use crate::oidc::{Oidc, error::Refusal, guard::User};

/// Who is signed in, until when, and the token that requests which change
/// something must carry in the header `x-csrf-token`.
pub async fn me(user: User) -> Json<Value> {
    let sign_in = user.sign_in();
    Json(json!({
        "sub": sign_in.subject,
        "name": user.name(),
        "email": sign_in.claims.text("email"),
        "roles": sign_in.roles,
        "expires_at": sign_in.expires_at,
        "csrf_token": sign_in.csrf_token,
    }))
}

/// Asks the provider's userinfo endpoint as the person. Calls to any other API
/// on a person's behalf look the same: `with_usable_token` renews the access
/// token when it is near its end.
pub async fn userinfo(user: User, oidc: Data<Oidc>) -> Result<HttpResponse, Refusal> {
    let live = oidc.with_usable_token(&user).await?;
    let claims = oidc.provider.claims_of(&live.sign_in).await?;
    Ok(HttpResponse::Ok().json(claims))
}
