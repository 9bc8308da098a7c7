//! Levels of assurance: pages that demand of people to prove who they are in a
//! certain way (`acr`, OIDC Core 2), and how such a demand reaches `/login`
//! without anybody else being able to make one up.

use crate::{
    seal::{self, SealError, SealerRing},
    secret::Secret,
};

/// A level of assurance that pages can ask for: a type, so that a mistyped one
/// does not compile.
pub trait Assurance: 'static {
    /// The values of `acr` that reach the level, the preferred first. They are
    /// the provider's: see its documentation.
    const ACR_VALUES: &'static [&'static str];
}

/// Seals demands for their way through the browser.
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

    /// What was sealed; `None` if this app did not.
    pub fn open(&self, sealed: &str) -> Option<Vec<String>> {
        let plain = self.0.open(&seal::decode(sealed)?, &[])?;
        let plain = String::from_utf8(plain).ok()?;
        Some(plain.split(' ').map(str::to_owned).collect())
    }
}
