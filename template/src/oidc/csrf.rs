//! Proof that a request was made by a page of this app: the CSRF token of the
//! person's sign-in, in a form field or a header.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    error::{Reason, Refusal},
    guard::User,
    seal,
};

/// The form field, as views write it.
pub const FIELD: &str = "csrf_token";
/// The header, for requests that scripts make.
pub const HEADER: &str = "x-csrf-token";

/// A form that a signed-in person sent from a page of this app. The page has
/// the hidden field `csrf_token`, whose value is `user.sign_in().csrf_token`;
/// without it the handler does not run.
pub struct SignedForm<T> {
    /// Who sent it.
    pub user: User,
    /// The form's other fields.
    pub fields: T,
}

#[derive(Deserialize)]
struct Proof {
    csrf_token: Option<String>,
}

impl<T: DeserializeOwned + 'static> FromRequest for SignedForm<T> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let body = web::Bytes::from_request(&request, payload);
        Box::pin(async move {
            let bad = |cause: String| Refusal::from(Reason::BadRequest(cause));
            let user = User::extract(&request).await?;
            let body = body.await.map_err(|error| bad(error.to_string()))?;
            let body =
                std::str::from_utf8(&body).map_err(|_| bad("the form is not UTF-8".to_owned()))?;
            // `Query` reads the same encoding that forms are sent in.
            let proof = web::Query::<Proof>::from_query(body)
                .map_err(|_| Refusal::from(Reason::ForgedForm))?
                .into_inner();
            check(&request, &user, proof.csrf_token.as_deref())?;
            let fields = web::Query::<T>::from_query(body)
                .map_err(|error| bad(format!("the form's fields do not fit: {error}")))?
                .into_inner();
            Ok(Self { user, fields })
        })
    }
}

/// Passes if the request carries the person's CSRF token, in `field` or in the
/// header `x-csrf-token`, and the browser does not say that another site made
/// it.
///
/// # Errors
/// [`Reason::ForgedForm`].
pub fn check(request: &HttpRequest, user: &User, field: Option<&str>) -> Result<(), Refusal> {
    let header = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok());
    let is_ours = field
        .or(header)
        .is_some_and(|token| seal::same_secret(token, &user.sign_in().csrf_token));
    if is_ours && !is_cross_site(request) {
        Ok(())
    } else {
        Err(Reason::ForgedForm.into())
    }
}

/// Whether the browser says that another site caused the request (Fetch
/// Metadata). Browsers that say nothing are not suspected for it.
pub fn is_cross_site(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none")
}
