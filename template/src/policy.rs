//! What browsers let a page of this app do (Content Security Policy 3): run the
//! script that stands in the frame of all pages, and those that carry the
//! response's nonce, load the app's own files, and nothing else unless a handler
//! has asked for it.

use std::{fmt, rc::Rc, sync::LazyLock};

use actix_web::{HttpMessage, HttpRequest, http::header::HeaderValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use crate::{
    current,
    oidc::{
        Oidc,
        error::{Reason, Refusal},
        protocol::Discovered,
        seal,
    },
};

/// For a page that needs nothing but the app's own files.
const PLAIN: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);

/// Stands inside each page for somebody who is signed in. Browsers may bring a
/// page back exactly as it was when somebody goes back, even after signing out:
/// so it is hidden when it is left, and asked for again when it is brought back.
pub(crate) const FRESH: &str = include_str!("../templates/fresh.js");

/// What browsers know [`FRESH`] by (Content Security Policy 3, 2.3.1).
static FRESH_HASH: LazyLock<String> = LazyLock::new(|| {
    // What browsers make of line ends before they look at a script.
    let script = FRESH.replace("\r\n", "\n");
    let hash = digest(&SHA256, script.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(hash))
});

/// What templates put on scripts of their own, `nonce="{{ frame.nonce }}"`: the
/// response gets one when it is first shown.
pub struct Nonce;

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&nonce().map_err(|_| fmt::Error)?)
    }
}

/// What a page needs from elsewhere. Each is a list of origins.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// For style sheets, images and fonts; scripts have their nonce.
    pub files: Vec<String>,
    /// For what scripts ask.
    pub calls: Vec<String>,
}

/// The nonce of the response to the request that is being answered, chosen when
/// it is first asked for.
///
/// # Errors
/// The operating system gave no random numbers, or `edge` does not wrap the
/// app.
pub fn nonce() -> Result<Rc<str>, Refusal> {
    if let Some(nonce) = current::nonce() {
        return Ok(nonce);
    }
    let nonce: Rc<str> = seal::passing_text()?.into();
    if current::remember_nonce(&nonce) {
        return Ok(nonce);
    }
    Err(Reason::Internal("app.rs does not wrap the app in edge".to_owned()).into())
}

/// Lets the response to this request load from elsewhere, and its scripts add
/// styles, which must carry the nonce.
pub fn allow(request: &HttpRequest, sources: Sources) {
    request.extensions_mut().insert(sources);
}

/// The header's value for the response to this request. Most pages ask for
/// nothing of their own, so what they all have is made once.
pub(crate) fn header_value(request: &HttpRequest, oidc: &Oidc) -> HeaderValue {
    let extensions = request.extensions();
    let (nonce, sources) = (current::nonce(), extensions.get::<Sources>());
    let is_framed = is_framed(request);
    oidc.provider.look(|known| match known {
        Some(known) if nonce.is_none() && sources.is_none() && !is_framed => {
            known.usual_policy().clone()
        }
        // Forms may lead to the provider as well: signing out ends there, and
        // browsers hold the redirect against the form. While nothing is known of
        // it, as just after a start, its issuer's origin is likely to be the one.
        known => {
            let unknown = format!(" {}", oidc.provider.origin());
            let targets = known.map_or(unknown.as_str(), Discovered::form_targets);
            written(nonce.as_deref(), sources, is_framed, targets)
        }
    })
}

/// The header's value for pages that ask for nothing of their own, whose forms
/// may lead to these origins, each after a blank.
pub(crate) fn usual(form_targets: &str) -> HeaderValue {
    written(None, None, false, form_targets)
}

fn written(
    nonce: Option<&str>,
    sources: Option<&Sources>,
    is_framed: bool,
    form_targets: &str,
) -> HeaderValue {
    let hash = &*FRESH_HASH;
    let script = nonce.map_or_else(|| hash.clone(), |nonce| format!("'nonce-{nonce}' {hash}"));
    let frame_ancestors = if is_framed { "'self'" } else { "'none'" };
    let mut policy = format!(
        "default-src 'self'; script-src {script}; object-src 'none'; base-uri 'none'; \
         frame-ancestors {frame_ancestors}; form-action 'self'{form_targets}"
    );
    if let Some(Sources { files, calls }) = sources {
        let (files, calls) = (joined(files), joined(calls));
        let style = nonce.map_or_else(String::new, |nonce| format!(" 'nonce-{nonce}'"));
        policy.push_str(&format!(
            "; style-src 'self'{style}{files}; img-src 'self'{files}; font-src 'self'{files}; \
             connect-src 'self'{calls}"
        ));
    }
    HeaderValue::try_from(policy).unwrap_or_else(|error| {
        tracing::error!(%error, "a source that policy::allow was given cannot be sent");
        PLAIN
    })
}

/// Whether this app's own pages may show the page in a frame.
fn is_framed(request: &HttpRequest) -> bool {
    #[cfg(debug_assertions)]
    return crate::dev::may_be_framed(request);
    #[cfg(not(debug_assertions))]
    {
        let _ = request;
        false
    }
}

fn joined(origins: &[String]) -> String {
    origins.iter().map(|origin| format!(" {origin}")).collect()
}
