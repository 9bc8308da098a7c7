//! Levels of assurance: pages can demand that people authenticate in a certain way
//! (`acr`, OIDC Core 2). The demand reaches `/login` sealed, so that no one else
//! can make one up.

use crate::{
    seal::{self, SealError, SealerRing},
    secret::Secret,
};

/// A level of assurance that pages can demand: a type, so that a typo does not
/// compile.
pub trait Assurance: 'static {
    /// The `acr` values that reach this level, preferred one first. They are
    /// defined by the provider: see its documentation.
    const ACR_VALUES: &'static [&'static str];
}

/// Seals demands for the trip through the browser.
pub struct Demands(SealerRing);

impl Demands {
    /// Demands sealed with the app's secrets.
    pub fn new(secrets: &[Secret]) -> Result<Self, SealError> {
        SealerRing::new(secrets, "assurance").map(Self)
    }

    /// A value for `/login?assurance=`.
    pub fn seal(&self, acr_values: &[&str]) -> Result<String, SealError> {
        let plain = acr_values.join(" ");
        Ok(seal::encode(&self.0.seal(plain.as_bytes(), &[])?))
    }

    /// The demand; `None` if this app did not seal it.
    pub fn open(&self, sealed: &str) -> Option<Vec<String>> {
        let plain = self.0.open(&seal::decode(sealed)?, &[])?;
        let plain = String::from_utf8(plain).ok()?;
        Some(plain.split(' ').map(str::to_owned).collect())
    }
}
