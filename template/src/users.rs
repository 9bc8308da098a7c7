//! The app's own records of people, here in memory. To keep them in a database,
//! give [`Users`] a connection pool: the key is (issuer, subject), and
//! `find_or_create` is an upsert.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{PoisonError, RwLock},
};

use vestibule::{UserSession, now};

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
type Accounts = BTreeMap<String, HashMap<String, Account>>;

/// Everybody who has signed in since the app started.
#[derive(Default)]
pub struct Users {
    accounts: RwLock<Accounts>,
}

impl Users {
    /// The person's account, created now if there is none.
    pub async fn find_or_create(&self, session: &UserSession) -> Account {
        match self.find(session) {
            Some(account) => account,
            None => self.update(session, |_| {}),
        }
    }

    /// Notes that the person has signed in.
    pub async fn count_sign_in(&self, session: &UserSession) {
        self.update(session, |account| account.sign_ins += 1);
    }

    /// How many people have an account.
    pub async fn count(&self) -> u64 {
        count(&self.accounts.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn find(&self, session: &UserSession) -> Option<Account> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        accounts
            .get(session.issuer())?
            .get(session.subject())
            .copied()
    }

    fn update(&self, session: &UserSession, change: impl FnOnce(&mut Account)) -> Account {
        let accounts = self.accounts.write();
        let mut accounts = accounts.unwrap_or_else(PoisonError::into_inner);
        let new = Account {
            number: count(&accounts) + 1,
            member_since: now(),
            sign_ins: 0,
        };
        let people = accounts.entry(session.issuer().to_owned()).or_default();
        let account = people.entry(session.subject().to_owned()).or_insert(new);
        change(account);
        *account
    }
}

fn count(accounts: &Accounts) -> u64 {
    accounts.values().map(|people| people.len() as u64).sum()
}
