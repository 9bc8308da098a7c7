//! Okta's grant type `interaction_code`, with which the Sign-In Widget ends on the
//! Identity Engine. It differs from `authorization_code` only in two names, so
//! everything else is shared: client authentication, PKCE, and reading the
//! response.

use openidconnect::{AsyncHttpClient, HttpRequest};
use url::form_urlencoded;

use super::token_response::TokenEndpoint;

/// A code from the provider, and how it arrived.
#[derive(Debug)]
pub enum Code {
    /// In an authorization response (OIDC Core 3.1.2.5).
    Authorization(String),
    /// From the Okta Sign-In Widget.
    Interaction(String),
}

/// Turns token requests for a code into requests for an interaction code.
pub(super) struct InteractionCodeGrant<'a>(pub TokenEndpoint<'a>);

impl<'c> AsyncHttpClient<'c> for InteractionCodeGrant<'_> {
    type Error = <TokenEndpoint<'c> as AsyncHttpClient<'c>>::Error;
    type Future = <TokenEndpoint<'c> as AsyncHttpClient<'c>>::Future;

    fn call(&'c self, mut request: HttpRequest) -> Self::Future {
        let body = reworded(request.body());
        *request.body_mut() = body;
        self.0.call(request)
    }
}

fn reworded(form: &[u8]) -> Vec<u8> {
    let pairs = form_urlencoded::parse(form).map(|(name, value)| match (&*name, &*value) {
        ("grant_type", "authorization_code") => (name, "interaction_code".into()),
        ("code", _) => ("interaction_code".into(), value),
        _ => (name, value),
    });
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
        .into_bytes()
}
