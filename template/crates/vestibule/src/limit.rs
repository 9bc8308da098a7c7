//! How often one address may use the pages that start and finish a sign-in, send
//! logout tokens that are refused, and have the provider's keys read: each request
//! costs cryptography and perhaps a call to the provider. Other pages are not limited.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// All addresses share this many buckets, so memory is bounded. The hash is keyed,
/// so no one can choose whom they share with.
const BUCKETS: u64 = 4096;

/// A token bucket for each address as a "generic cell rate": a bucket is the time
/// at which it will be full again.
pub struct LoginLimit {
    interval: u64,
    window: u64,
    buckets: Vec<AtomicU64>,
    hasher: RandomState,
    began: Instant,
    has_warned: AtomicBool,
}

impl LoginLimit {
    /// Allows this many requests a second, and as many at once.
    pub fn new(per_second: u64) -> Self {
        Self::within(per_second, Duration::from_secs(1))
    }

    /// Allows this many requests in this time, and as many at once.
    pub fn within(requests: u64, time: Duration) -> Self {
        let window = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2);
        Self {
            interval: window / requests.max(1),
            window,
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            began: Instant::now(),
            has_warned: AtomicBool::new(false),
        }
    }

    /// Whether a request from this address at this time is within the limit.
    pub fn admits(&self, address: IpAddr, now: Instant) -> bool {
        let Some(bucket) = self.bucket(address) else {
            return false;
        };
        let now = self.nanoseconds(now);
        bucket
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                self.after_one_more(full_at, now)
            })
            .is_ok()
    }

    /// Whether it would be, without counting it.
    pub fn has_room(&self, address: IpAddr, now: Instant) -> bool {
        let now = self.nanoseconds(now);
        self.bucket(address).is_some_and(|bucket| {
            let full_at = bucket.load(Ordering::Relaxed);
            self.after_one_more(full_at, now).is_some()
        })
    }

    fn bucket(&self, address: IpAddr) -> Option<&AtomicU64> {
        let place = self.hasher.hash_one(network_prefix(address)) % BUCKETS;
        self.buckets.get(usize::try_from(place).ok()?)
    }

    fn nanoseconds(&self, now: Instant) -> u64 {
        let now = now.saturating_duration_since(self.began).as_nanos();
        u64::try_from(now).unwrap_or(u64::MAX / 2)
    }

    /// When the bucket is full again after one more request, if there is room for it.
    fn after_one_more(&self, full_at: u64, now: u64) -> Option<u64> {
        let full_at = full_at.max(now).saturating_add(self.interval);
        (full_at - now <= self.window).then_some(full_at)
    }
}

impl LoginLimit {
    /// `true` the first time: the warning about a proxy is logged once.
    pub fn warns_of_proxy(&self) -> bool {
        !self.has_warned.swap(true, Ordering::Relaxed)
    }
}

/// The owner of one IPv6 address has its whole /64.
fn network_prefix(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}
