//! What browsers let a page of this app do (Content Security Policy 3): run the
//! scripts that carry the response's nonce, load the app's own files, and
//! nothing else unless a handler has asked for it.

use std::{cell::OnceCell, convert::Infallible, rc::Rc};

use actix_web::{
    HttpMessage, HttpRequest,
    dev::ServiceRequest,
    http::header::{HeaderValue, InvalidHeaderValue},
};

use crate::{
    oidc::{
        Oidc,
        error::{Reason, Refusal},
        seal,
    },
    text::text,
};

/// For a page that needs nothing but the app's own files.
pub(crate) const PLAIN: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; \
                                form-action 'self'; frame-ancestors 'none'";

/// What templates put on their scripts, `nonce="{{ frame.nonce }}"`; empty
/// until it is first asked for.
#[derive(Default)]
struct Nonce(OnceCell<Rc<str>>);

/// What a page needs from elsewhere. Each is a list of origins.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// For style sheets, images and fonts; scripts have their nonce.
    pub files: Vec<String>,
    /// For what scripts ask.
    pub calls: Vec<String>,
}

/// Gives the response to this request a nonce of its own.
pub(crate) fn prepare(request: &ServiceRequest) {
    request.extensions_mut().insert(Nonce::default());
}

/// The nonce of the response to this request.
///
/// # Errors
/// The operating system gave no random numbers, or `edge` does not wrap the
/// app.
pub fn nonce(request: &HttpRequest) -> Result<Rc<str>, Refusal> {
    let extensions = request.extensions();
    let Some(Nonce(cell)) = extensions.get() else {
        return Err(Reason::Internal("app.rs does not wrap the app in edge".to_owned()).into());
    };
    let nonce = match cell.get() {
        Some(nonce) => Rc::clone(nonce),
        None => seal::passing_text()?.into(),
    };
    Ok(Rc::clone(cell.get_or_init(|| nonce)))
}

/// Lets the response to this request load from elsewhere, and its scripts add
/// styles, which must carry the nonce.
pub fn allow(request: &HttpRequest, sources: Sources) {
    request.extensions_mut().insert(sources);
}

/// The header's value for the response to this request. It goes with every
/// page, so it is written in one go.
///
/// # Errors
/// A source that a handler asked for is no header value.
pub(crate) fn header_value(
    request: &HttpRequest,
    oidc: &Oidc,
) -> Result<HeaderValue, InvalidHeaderValue> {
    let extensions = request.extensions();
    let script = match extensions.get().and_then(|Nonce(cell)| cell.get()) {
        Some(nonce) => ["'nonce-", nonce, "'"],
        None => ["'none'", "", ""],
    };
    // Forms may lead to the provider as well: signing out ends there, and
    // browsers hold the redirect against the form. While nothing is known of
    // it, as just after a start, its issuer's origin is likely to be the one.
    let provider = oidc.provider.known();
    let targets = match &provider {
        Some(known) => ["", known.form_targets()],
        None => [" ", oidc.provider.origin()],
    };
    let Ok(policy) = text(256, |policy| {
        let mut say = |texts: &[&str]| {
            texts
                .iter()
                .for_each(|text| policy.extend_from_slice(text.as_bytes()))
        };
        say(&["default-src 'self'; script-src "]);
        say(&script);
        say(&["; object-src 'none'; base-uri 'none'; frame-ancestors "]);
        say(&[frame_ancestors(request), "; form-action 'self'"]);
        say(&targets);
        if let Some(Sources { files, calls }) = extensions.get::<Sources>() {
            let (files, calls) = (joined(files), joined(calls));
            say(&["; style-src 'self' "]);
            say(&script);
            say(&[&files, "; img-src 'self'", &files, "; font-src 'self'"]);
            say(&[&files, "; connect-src 'self'", &calls]);
        }
        Ok::<_, Infallible>(())
    });
    HeaderValue::from_maybe_shared(policy)
}

/// Who may show the page in a frame: nobody, but for the gallery of views.
fn frame_ancestors(request: &HttpRequest) -> &'static str {
    #[cfg(debug_assertions)]
    if crate::dev::may_be_framed(request) {
        return "'self'";
    }
    let _ = request;
    "'none'"
}

fn joined(origins: &[String]) -> String {
    origins.iter().map(|origin| format!(" {origin}")).collect()
}
