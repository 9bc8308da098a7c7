//! How often one address may ask for the pages that begin and finish a sign-in:
//! each costs cryptography and perhaps a call to the provider. Other pages are
//! not limited here.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
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
        let place = self.hasher.hash_one(network_prefix(address)) % BUCKETS;
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

impl LoginLimit {
    /// `true` the first time: what there is to say of a proxy is said once.
    pub fn warns_of_proxy(&self) -> bool {
        !self.has_warned.swap(true, Ordering::Relaxed)
    }
}

/// Whoever has one IPv6 address has its whole /64.
fn network_prefix(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}
