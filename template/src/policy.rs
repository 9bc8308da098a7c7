//! What browsers let a page of this app do (Content Security Policy 3): run the
//! scripts that carry the response's nonce, load the app's own files, and
//! nothing else unless a handler has asked for it.

use std::cell::OnceCell;

use actix_web::{HttpMessage, HttpRequest, dev::ServiceRequest};

use crate::oidc::{
    Oidc,
    error::{Reason, Refusal},
    seal,
};

/// What templates put on their scripts, `nonce="{{ frame.nonce }}"`; empty
/// until it is first asked for.
#[derive(Default)]
struct Nonce(OnceCell<String>);

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
pub fn nonce(request: &HttpRequest) -> Result<String, Refusal> {
    let extensions = request.extensions();
    let Some(Nonce(cell)) = extensions.get::<Nonce>() else {
        return Err(Reason::Internal("app.rs does not wrap the app in edge".to_owned()).into());
    };
    let nonce = match cell.get() {
        Some(nonce) => nonce.clone(),
        None => seal::encode(&seal::random_bytes::<16>()?),
    };
    Ok(cell.get_or_init(|| nonce).clone())
}

/// Lets the response to this request load from elsewhere, and its scripts add
/// styles, which must carry the nonce.
pub fn allow(request: &HttpRequest, sources: Sources) {
    request.extensions_mut().insert(sources);
}

/// The header's value for the response to this request.
pub(crate) fn header_value(request: &HttpRequest, oidc: &Oidc) -> String {
    let extensions = request.extensions();
    let nonce = extensions
        .get::<Nonce>()
        .and_then(|Nonce(nonce)| nonce.get());
    let script = nonce.map_or("'none'".to_owned(), |nonce| format!("'nonce-{nonce}'"));
    // Forms may lead to the provider as well: signing out ends there, and
    // browsers hold the redirect against the form.
    let provider = oidc.provider.known();
    let targets = provider.as_ref().map_or("", |known| known.form_targets());
    let ancestors = frame_ancestors(request);
    let mut policy = format!(
        "default-src 'self'; script-src {script}; object-src 'none'; base-uri 'none'; \
         frame-ancestors {ancestors}; form-action 'self'{targets}"
    );
    if let Some(Sources { files, calls }) = extensions.get::<Sources>() {
        let (files, calls) = (joined(files), joined(calls));
        policy.push_str(&format!(
            "; style-src 'self' {script}{files}; img-src 'self'{files}; font-src 'self'{files}; \
             connect-src 'self'{calls}"
        ));
    }
    policy
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
