//! JSON about the signed-in person, for the app's own scripts.

use actix_web::web::Json;
use serde_json::{Value, json};
use vestibule::{Claims, Error, Oidc};

use crate::hooks::User;

/// Who is signed in, until when, and the token that requests which change
/// something must carry in the header `x-csrf-token`.
pub async fn me(user: User) -> Json<Value> {
    let session = user.session();
    Json(json!({
        "sub": session.subject(),
        "name": user.name(),
        "email": session.email(),
        "roles": user.roles().collect::<Vec<_>>(),
        "expires_at": session.expires_at(),
        "csrf_token": session.csrf_token(),
    }))
}

/// Asks the provider's userinfo endpoint as the person. To call another API on a
/// person's behalf, send it `oidc.access_token(&user).await?` as the bearer
/// token: it is renewed when it is near its end.
pub async fn userinfo(user: User, oidc: Oidc) -> Result<Json<Claims>, Error> {
    Ok(Json(oidc.userinfo(&user).await?))
}
