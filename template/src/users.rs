//! Yours: the app's own records of people, here in memory. Put your database
//! in its place: the key is (issuer, subject), and `find_or_create` is an
//! upsert.

use std::sync::{PoisonError, RwLock};

use foldhash::HashMap;

use crate::oidc::sign_in::{SignIn, now};

/// What the app knows of a person.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// The app's own number for the person.
    pub number: u64,
    /// When the person first signed in, in Unix seconds.
    pub member_since: u64,
    /// How often the person has signed in.
    pub sign_ins: u64,
}

/// By issuer, then by subject.
type Accounts = HashMap<String, HashMap<String, Account>>;

/// Everybody who has ever signed in, as far as this process remembers.
#[derive(Default)]
pub struct Users {
    accounts: RwLock<Accounts>,
}

impl Users {
    /// The person's account, made now if there is none.
    pub fn find_or_create(&self, sign_in: &SignIn) -> Account {
        {
            let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
            let people = accounts.get(&sign_in.issuer);
            if let Some(account) = people.and_then(|people| people.get(&sign_in.subject)) {
                return *account;
            }
        }
        self.change(sign_in, |_| {})
    }

    /// Notes that the person has signed in.
    pub fn count_sign_in(&self, sign_in: &SignIn) {
        self.change(sign_in, |account| account.sign_ins += 1);
    }

    /// How many people have an account.
    pub fn count(&self) -> u64 {
        count(&self.accounts.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, sign_in: &SignIn, change: impl FnOnce(&mut Account)) -> Account {
        let accounts = self.accounts.write();
        let mut accounts = accounts.unwrap_or_else(PoisonError::into_inner);
        let next = Account {
            number: count(&accounts) + 1,
            member_since: now(),
            sign_ins: 0,
        };
        let people = accounts.entry(sign_in.issuer.clone()).or_default();
        let account = people.entry(sign_in.subject.clone()).or_insert(next);
        change(account);
        *account
    }
}

fn count(accounts: &Accounts) -> u64 {
    accounts.values().map(|people| people.len() as u64).sum()
}
