//! Yours: the app's own records of people, here in memory. Put your database
//! in its place: the key is (issuer, subject), and `find_or_create` is an
//! upsert.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use foldhash::HashMap;

use crate::oidc::sign_in::{SignIn, now};

/// What the app knows of a person.
#[derive(Debug)]
pub struct Account {
    /// The app's own number for the person.
    pub number: u64,
    /// When the person first signed in, in Unix seconds.
    pub member_since: u64,
    /// How often the person has signed in.
    pub sign_ins: AtomicU64,
}

/// Everybody who has ever signed in, as far as this process remembers.
#[derive(Default)]
pub struct Users {
    /// By issuer, then by subject.
    accounts: RwLock<HashMap<String, HashMap<String, Arc<Account>>>>,
    count: AtomicU64,
}

impl Users {
    /// The person's account, made now if there is none.
    pub fn find_or_create(&self, sign_in: &SignIn) -> Arc<Account> {
        let (issuer, subject) = (&sign_in.issuer, &sign_in.subject);
        {
            let issuers = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(account) = issuers.get(issuer).and_then(|people| people.get(subject)) {
                return Arc::clone(account);
            }
        }
        let mut issuers = self
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let people = issuers.entry(issuer.clone()).or_default();
        let account = people.entry(subject.clone()).or_insert_with(|| {
            Arc::new(Account {
                number: self.count.fetch_add(1, Ordering::Relaxed) + 1,
                member_since: now(),
                sign_ins: AtomicU64::new(0),
            })
        });
        Arc::clone(account)
    }

    /// How many people have an account.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Notes that the person has signed in.
    pub fn count_sign_in(&self, sign_in: &SignIn) {
        self.find_or_create(sign_in)
            .sign_ins
            .fetch_add(1, Ordering::Relaxed);
    }
}
