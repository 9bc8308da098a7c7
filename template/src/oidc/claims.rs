//! What a provider says of a person, as a set of named JSON values.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Claims about a person (OIDC Core 5). Present or absent as the provider
/// likes: nothing but `sub` is sure to be there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// A claim's value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is a text and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A claim that is a whole, not negative number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    /// What to call the person: the first of `name`, `preferred_username`,
    /// `email` and `sub` that there is.
    pub fn display_name(&self) -> &str {
        ["name", "preferred_username", "email", "sub"]
            .iter()
            .find_map(|claim| self.text(claim))
            .unwrap_or("somebody")
    }

    /// The e-mail address, if the provider says that it checked it. Only such
    /// an address may decide who a person is (OIDC Core 5.7).
    pub fn verified_email(&self) -> Option<&str> {
        let verified = match self.get("email_verified")? {
            Value::Bool(verified) => *verified,
            Value::String(text) => text == "true",
            _ => false,
        };
        let email = self.text("email")?;
        let well_formed = email.split('@').filter(|part| !part.is_empty()).count() == 2
            && email.matches('@').count() == 1;
        (verified && well_formed).then_some(email)
    }

    /// The texts at a path of names joined by dots, for example
    /// `realm_access.roles`; a name that itself holds dots (as Auth0's do, which
    /// are URLs) is found too. A single text counts as a list of one.
    pub fn texts_at(&self, path: &str) -> Vec<String> {
        match find(&self.0, path) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(values)) => values
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// All claims, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Leaves out what protects one message and says nothing of the person.
    pub fn drop_protocol_claims(&mut self) {
        self.0
            .retain(|name, _| !["nonce", "at_hash", "c_hash"].contains(&name.as_str()));
    }

    /// Leaves out the largest claims, but never `sub`, until the rest is no
    /// longer than `most` bytes of JSON. Returns the names of those left out.
    pub fn drop_largest_above(&mut self, most: usize) -> Vec<String> {
        let mut sizes: Vec<(usize, String)> = self
            .iter()
            // `"name":value,`
            .map(|(name, value)| (name.len() + value.to_string().len() + 4, name.to_owned()))
            .collect();
        let mut total: usize = sizes.iter().map(|(size, _)| size).sum();
        sizes.retain(|(_, name)| name != "sub");
        sizes.sort_unstable();
        let mut dropped = Vec::new();
        while total > most
            && let Some((size, name)) = sizes.pop()
        {
            self.0.remove(&name);
            total -= size;
            dropped.push(name);
        }
        dropped
    }

    /// Adds those of `more` that are not there yet.
    pub fn fill_up_from(&mut self, more: Claims) {
        for (name, value) in more.0 {
            self.0.entry(name).or_insert(value);
        }
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(claims: Map<String, Value>) -> Self {
        Self(claims)
    }
}

fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let inner = claims.get(&path[..dot])?.as_object()?;
        find(inner, &path[dot + 1..])
    })
}
