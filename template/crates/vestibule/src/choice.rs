//! Which of several providers a person signs in with.

use std::sync::Arc;

use actix_web::HttpRequest;

use crate::{cookies, joining, oidc::Oidc, provider::Provider, request_state};

/// Has the name of the provider that this browser used last. It is no secret: whoever can
/// read it can also see the page where people choose.
const COOKIE: &str = "provider";

/// How long it is remembered, in seconds.
const LIFE: u64 = 180 * 24 * 3600;

/// The provider, if it can be known without asking: the only one, or the one that this
/// browser used last.
pub(crate) fn without_asking<'a>(
    request: &HttpRequest,
    oidc: &'a Oidc,
) -> Option<&'a Arc<Provider>> {
    oidc.only_provider().or_else(|| last(request, oidc))
}

/// The provider that this browser used last.
pub(crate) fn last<'a>(request: &HttpRequest, oidc: &'a Oidc) -> Option<&'a Arc<Provider>> {
    let sent = cookies::sent(request, &oidc.cookies().name(COOKIE))?;
    oidc.provider_named(str::from_utf8(sent).ok()?)
}

/// Remembers that somebody has signed in at this provider, if there are others.
pub(crate) fn remember(oidc: &Oidc, provider: &Provider) {
    if oidc.only_provider().is_none() {
        let (cookies, name) = (oidc.cookies(), provider.name().to_owned());
        request_state::send(cookies.make(cookies.name(COOKIE), name, Some(LIFE)));
    }
}

/// The provider for people with addresses like this one.
pub(crate) fn by_address<'a>(oidc: &'a Oidc, address: &str) -> Option<&'a Arc<Provider>> {
    let (_, domain) = address.trim().rsplit_once('@')?;
    let domain = joining::domain(domain)?;
    let mut providers = oidc.all_providers().iter();
    providers.find(|provider| provider.settings().domains.contains(&domain))
}

/// Whether addresses can say anything here.
pub(crate) fn is_by_address(oidc: &Oidc) -> bool {
    let mut providers = oidc.providers();
    providers.any(|provider| !provider.domains.is_empty())
}
