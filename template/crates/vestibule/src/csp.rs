//! What browsers let the app's pages do (Content Security Policy 3): run the
//! library's own script and scripts with the response's nonce, load the app's own
//! files, and nothing else unless a handler asks for it. Sent by
//! [`Oidc::security_headers`](crate::Oidc::security_headers).

use std::{fmt, rc::Rc, sync::LazyLock};

use actix_web::{HttpMessage, HttpRequest, http::header::HeaderValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use crate::{error::Error, request_state, seal};

/// For pages that need nothing but the app's own files.
const PLAIN: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);

/// For whatever is not a page, but may be opened like one: a picture with scripts in
/// it, for example.
pub(crate) const FILE: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Put this in a `<script>` on every page for signed-in people. Browsers may
/// restore a page exactly as it was when someone goes back, even after signing out:
/// the script hides the page when it is left and reloads it when it is restored. It
/// needs no nonce, as the policy names its hash.
pub const FRESH_SCRIPT: &str = include_str!("../templates/fresh.js");

/// The hash by which browsers recognise [`FRESH_SCRIPT`] (Content Security Policy
/// 3, 2.3.1).
static FRESH_HASH: LazyLock<String> = LazyLock::new(|| {
    // Browsers normalise line endings before they hash a script.
    let script = FRESH_SCRIPT.replace("\r\n", "\n");
    let hash = digest(&SHA256, script.as_bytes());
    format!("'sha256-{}'", STANDARD.encode(hash))
});

/// For templates to put on their own scripts, as `nonce="{{ nonce }}"`: the nonce
/// is created when it is first shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nonce;

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&nonce().map_err(|_| fmt::Error)?)
    }
}

/// What a page may load from elsewhere: lists of origins.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// For style sheets, images and fonts; scripts use the nonce.
    pub files: Vec<String>,
    /// For requests made by scripts.
    pub calls: Vec<String>,
}

/// The nonce for the response to the current request, created on first use.
///
/// # Errors
/// The operating system returned no random numbers, or `Oidc::middleware` does not
/// wrap the app.
pub fn nonce() -> Result<Rc<str>, Error> {
    if let Some(nonce) = request_state::nonce() {
        return Ok(nonce);
    }
    let nonce: Rc<str> = seal::passing_string()?.into();
    if request_state::remember_nonce(&nonce) {
        return Ok(nonce);
    }
    Err(Error::internal(request_state::NOT_WRAPPED))
}

/// Lets the response to this request load from these sources, and its scripts add
/// styles that carry the nonce.
pub fn allow(request: &HttpRequest, sources: Sources) {
    request.extensions_mut().insert(sources);
}

/// Lets pages of this app show the response to this request in a frame.
pub fn allow_framing(request: &HttpRequest) {
    request.extensions_mut().insert(Framed);
}

/// The response may be framed by pages of this app.
struct Framed;

/// Whether the response to this request needs more than [`usual`] allows.
pub(crate) fn needs_special(request: &HttpRequest) -> bool {
    let extensions = request.extensions();
    request_state::nonce().is_some()
        || extensions.contains::<Sources>()
        || extensions.contains::<Framed>()
}

/// The header value for the response to this request; its forms may lead to these
/// origins.
pub(crate) fn written_for(request: &HttpRequest, form_targets: &[String]) -> HeaderValue {
    let extensions = request.extensions();
    written(
        request_state::nonce().as_deref(),
        extensions.get::<Sources>(),
        extensions.contains::<Framed>(),
        form_targets,
    )
}

/// The header value for pages with no special needs; their forms may lead to these
/// origins.
pub(crate) fn usual(form_targets: &[String]) -> HeaderValue {
    written(None, None, false, form_targets)
}

fn written(
    nonce: Option<&str>,
    sources: Option<&Sources>,
    is_framed: bool,
    form_targets: &[String],
) -> HeaderValue {
    let hash = &*FRESH_HASH;
    let script = nonce.map_or_else(|| hash.clone(), |nonce| format!("'nonce-{nonce}' {hash}"));
    let frame_ancestors = if is_framed { "'self'" } else { "'none'" };
    let mut policy = format!(
        "default-src 'self'; script-src {script}; object-src 'none'; base-uri 'none'; \
         frame-ancestors {frame_ancestors}; form-action 'self'{}",
        joined(form_targets)
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
        tracing::error!(%error, "a source passed to csp::allow is not valid in a header");
        PLAIN
    })
}

fn joined(origins: &[String]) -> String {
    origins.iter().map(|origin| format!(" {origin}")).collect()
}
