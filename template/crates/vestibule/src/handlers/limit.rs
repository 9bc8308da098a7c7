//! Refuses whoever asks for the sign-in's pages too often, and finds out who that
//! is behind proxies.

use std::{net::IpAddr, time::Instant};

use actix_web::{
    HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use ipnet::IpNet;

use crate::{
    error::{Error, ErrorKind},
    limit::LoginLimit,
    visitor,
};

/// Middleware: refuses what is too much, with a 429.
///
/// # Errors
/// What the page itself fails with.
pub(super) async fn limit_logins<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let oidc = visitor::oidc()?;
    if let Some(address) = address_of(
        request.request(),
        &oidc.settings().trusted_proxies,
        oidc.login_limit(),
    ) && !oidc.login_limit().admits(address, Instant::now())
    {
        let refusal = Error::from(ErrorKind::TooManyLogins);
        return Ok(request.error_response(refusal).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Who asks: the peer, unless that is a proxy of ours; then whoever the proxies
/// say it was, read from the last hop back to the first that is not ours. What
/// stands before that, anybody can have written.
fn address_of(request: &HttpRequest, trusted: &[IpNet], limit: &LoginLimit) -> Option<IpAddr> {
    let is_ours = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = request.peer_addr()?.ip().to_canonical();
    let mut forwarded = request.headers().get_all("x-forwarded-for").peekable();
    if !is_ours(&peer) {
        if forwarded.peek().is_some() && limit.warns_of_proxy() {
            tracing::warn!(
                %peer,
                "a request names the address that it was forwarded for. If this peer is a proxy of \
                 yours, add it to APP_TRUSTED_PROXIES: until then all who come through it share \
                 one limit on sign-ins"
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
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        last = address.to_canonical();
        if !is_ours(&last) {
            break;
        }
    }
    Some(last)
}
