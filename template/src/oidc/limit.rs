//! How often one address may ask for the pages that begin and finish a sign-in:
//! each costs cryptography and perhaps a call to the provider. Other pages are
//! not limited here.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};

use actix_web::{
    Error, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use ipnet::IpNet;

use super::{
    error::{Reason, Refusal},
    guard,
};

/// Addresses share these many buckets. Memory is fixed whoever comes, and since
/// the hash is keyed nobody can choose with whom they share.
const BUCKETS: u64 = 4096;
const SECOND: u64 = 1_000_000_000;

/// A token bucket for each address, in its "generic cell rate" form: a bucket is
/// the time at which it will be full again.
pub struct LoginLimit {
    interval: u64,
    buckets: Vec<AtomicU64>,
    hasher: RandomState,
    began: Instant,
    has_warned: AtomicBool,
}

impl LoginLimit {
    /// So many requests a second, and as many at once.
    pub fn new(per_second: u64) -> Self {
        Self {
            interval: SECOND / per_second.max(1),
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            began: Instant::now(),
            has_warned: AtomicBool::new(false),
        }
    }

    /// Whether a request from this address at this time stays within the limit.
    pub fn admits(&self, address: IpAddr, now: Instant) -> bool {
        let now = now.saturating_duration_since(self.began).as_nanos();
        let now = u64::try_from(now).unwrap_or(u64::MAX / 2);
        let place = self.hasher.hash_one(household(address)) % BUCKETS;
        let bucket = usize::try_from(place).map(|place| self.buckets.get(place));
        let Ok(Some(bucket)) = bucket else {
            return false;
        };
        bucket
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                let full_at = full_at.max(now).saturating_add(self.interval);
                (full_at - now <= SECOND).then_some(full_at)
            })
            .is_ok()
    }
}

/// Whoever has one IPv6 address has its whole /64.
fn household(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}

/// Middleware: refuses what is too much, with a 429.
///
/// # Errors
/// What the page itself fails with.
pub async fn limit_logins<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let oidc = guard::oidc(request.request())?;
    let trusted = &oidc.settings.trusted_proxies;
    let limit = &oidc.login_limit;
    if let Some(address) = address_of(request.request(), trusted, &limit.has_warned)
        && !limit.admits(address, Instant::now())
    {
        let refusal = Refusal::from(Reason::TooManyLogins);
        return Ok(request.error_response(refusal).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Who asks: the peer, unless that is a proxy of ours; then whoever the proxies
/// say it was, read from the last hop back to the first that is not ours. What
/// stands before that, anybody can have written.
fn address_of(request: &HttpRequest, trusted: &[IpNet], warned: &AtomicBool) -> Option<IpAddr> {
    let is_ours = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = request.peer_addr()?.ip().to_canonical();
    let mut forwarded = request.headers().get_all("x-forwarded-for").peekable();
    if !is_ours(&peer) {
        if forwarded.peek().is_some() && !warned.swap(true, Ordering::Relaxed) {
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
