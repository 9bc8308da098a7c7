//! Yours: the app's own records of people, here in memory. Put your database
//! in its place: the key is (issuer, subject), and `find_or_create` is an
//! upsert.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

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
pub struct Users(RwLock<HashMap<String, Arc<Account>>>);

impl Users {
    /// The person's account, made now if there is none.
    pub fn find_or_create(&self, sign_in: &SignIn) -> Arc<Account> {
        let key = key(sign_in);
        {
            let accounts = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(account) = accounts.get(&key) {
                return Arc::clone(account);
            }
        }
        let mut accounts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let number = accounts.len() as u64 + 1;
        let account = accounts.entry(key).or_insert_with(|| {
            Arc::new(Account {
                number,
                member_since: now(),
                sign_ins: AtomicU64::new(0),
            })
        });
        Arc::clone(account)
    }

    /// How many people have an account.
    pub fn count(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Notes that the person has signed in.
    pub fn count_sign_in(&self, sign_in: &SignIn) {
        self.find_or_create(sign_in)
            .sign_ins
            .fetch_add(1, Ordering::Relaxed);
    }
}

/// A blank cannot be part of an issuer, so no two people share a key.
fn key(sign_in: &SignIn) -> String {
    format!("{} {}", sign_in.issuer, sign_in.subject)
}
