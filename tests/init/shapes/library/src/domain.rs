//! Who waits.

use std::sync::Mutex;

/// An address that a letter could reach.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim().split_once('@') {
            Some((name, host)) if !name.is_empty() && host.contains('.') => {
                Ok(Self(text.trim().to_owned()))
            }
            _ => Err(format!("“{text}” is no e-mail address")),
        }
    }
}

pub struct Waitlist {
    places: usize,
    addresses: Mutex<Vec<Address>>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Joined {
    Now,
    Before,
    Full,
}

impl Waitlist {
    pub fn new(places: usize) -> Self {
        Self {
            places,
            addresses: Mutex::default(),
        }
    }

    pub fn join(&self, address: Address) -> Joined {
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(|lock| lock.into_inner());
        if addresses.contains(&address) {
            return Joined::Before;
        }
        if addresses.len() >= self.places {
            return Joined::Full;
        }
        addresses.push(address);
        Joined::Now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_host_is_no_address() {
        assert!(Address::parse("ursula").is_err());
        assert!(Address::parse("@example.org").is_err());
        assert!(Address::parse(" ursula@example.org ").is_ok());
    }

    #[test]
    fn nobody_waits_twice() {
        let list = Waitlist::new(2);
        let join = |text| list.join(Address::parse(text).unwrap());
        assert_eq!(join("a@example.org"), Joined::Now);
        assert_eq!(join("a@example.org"), Joined::Before);
        assert_eq!(join("b@example.org"), Joined::Now);
        assert_eq!(join("c@example.org"), Joined::Full);
    }
}
