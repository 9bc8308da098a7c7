//! Keeps a denial in the browser while the person is signed out at the provider, so
//! that they can read it when they come back.

use actix_web::{HttpRequest, cookie::Cookie, http::StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    cookies::{self, Cookies},
    deny::Deny,
    seal::{self, SealError, SealerRing},
    secret::Secret,
};

const COOKIE: &str = "denied";

/// How long the sign-out at the provider may take, in seconds.
const LIFE: u64 = 300;

/// The largest denial that fits into a cookie, in bytes.
const MOST: usize = 2048;

#[derive(Serialize, Deserialize)]
struct Note {
    code: String,
    title: String,
    text: String,
    status: u16,
}

/// Seals denials for the trip through the browser.
pub struct Denials(SealerRing);

impl Denials {
    /// Denials sealed with the app's secrets.
    pub fn new(secrets: &[Secret]) -> Result<Self, SealError> {
        SealerRing::new(secrets, "denial").map(Self)
    }

    /// The cookie that carries a denial; `None` if it would be too large.
    pub fn keep(&self, cookies: &Cookies, deny: &Deny) -> Option<Cookie<'static>> {
        let note = Note {
            code: deny.reason().code.clone().into_owned(),
            title: deny.reason().title.clone().into_owned(),
            text: deny.reason().text.clone().into_owned(),
            status: deny.reason().status.as_u16(),
        };
        let plain = serde_json::to_vec(&note).ok()?;
        if plain.len() > MOST {
            return None;
        }
        let sealed = self.0.seal(&plain, COOKIE.as_bytes()).ok()?;
        Some(cookies.make(cookies.name(COOKIE), seal::encode(&sealed), Some(LIFE)))
    }

    /// The denial that the browser brings back, and the cookie that clears it.
    pub fn take(
        &self,
        cookies: &Cookies,
        request: &HttpRequest,
    ) -> Option<(Deny, Cookie<'static>)> {
        let name = cookies.name(COOKIE);
        let sealed = str::from_utf8(cookies::sent(request, &name)?).ok()?;
        let plain = self.0.open(&seal::decode(sealed)?, COOKIE.as_bytes())?;
        let note: Note = serde_json::from_slice(&plain).ok()?;
        let deny = Deny::new(note.code)
            .title(note.title)
            .text(note.text)
            .status(StatusCode::from_u16(note.status).ok()?);
        Some((deny, cookies.clear(name)))
    }
}
