//! Limits how often one address may use the sign-in pages, and finds the real
//! address behind proxies.

use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use crate::{
    error::{Error, ErrorKind},
    oidc::Oidc,
    visitor,
};
use actix_web::{
    HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

/// Middleware: answers requests over the limit with a 429.
///
/// # Errors
/// The errors of the page itself.
pub(super) async fn limit_logins<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let oidc = visitor::oidc()?;
    if let Some(address) = address_of(request.request(), &oidc)
        && !oidc.login_limit().admits(address, Instant::now())
    {
        let error = Error::from(ErrorKind::TooManyLogins);
        return Ok(request.error_response(error).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// The client's address: the peer, or, if that is one of our proxies, the last
/// forwarded hop that is not ours. Anyone can write the hops before that.
pub(super) fn address_of(request: &HttpRequest, oidc: &Oidc) -> Option<IpAddr> {
    let trusted = &oidc.settings().trusted_proxies;
    let is_ours = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = request.peer_addr()?.ip().to_canonical();
    let mut forwarded = request.headers().get_all("x-forwarded-for").peekable();
    if !is_ours(&peer) {
        if forwarded.peek().is_some() && oidc.login_limit().warns_of_proxy() {
            tracing::warn!(
                "the request names an address that it was forwarded for. If this peer is one of your \
                 proxies, add it to APP_TRUSTED_PROXIES: until then, everyone behind it shares one \
                 limit on sign-ins"
            );
        }
        return Some(peer);
    }
    let hops: Vec<&str> = forwarded
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut last = peer;
    for hop in hops.into_iter().rev() {
        let Some(address) = address_in(hop.trim()) else {
            break;
        };
        last = address.to_canonical();
        if !is_ours(&last) {
            break;
        }
    }
    Some(last)
}

/// The address in one hop: some proxies add the port, and put IPv6 addresses in
/// brackets.
fn address_in(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || {
        let address = hop.strip_prefix('[')?.strip_suffix(']')?;
        address.parse().ok().map(IpAddr::V6)
    };
    hop.parse().ok().or_else(with_port).or_else(in_brackets)
}
