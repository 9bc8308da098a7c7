//! What a provider says of a person, as a set of named JSON values.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Claims about a person (OIDC Core 5). Present or absent as the provider
/// likes: nothing but `sub` is sure to be there.
///
/// They are in memory for as long as the person is signed in, so they are kept
/// in one piece: as parsed values they would take four times as much.
#[derive(Clone, Default, PartialEq)]
pub struct Claims {
    /// Name and value, name and value: strings as they are, other values as JSON.
    packed: Box<str>,
    parts: Box<[Part]>,
}

/// A claim's value as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawClaim<'a> {
    /// A string.
    String(&'a str),
    /// Anything else, as JSON.
    Json(&'a str),
}

/// Where one claim ends in the packed string; it begins where the one before
/// ends.
#[derive(Clone, Copy, PartialEq)]
struct Part {
    name_end: u32,
    end: u32,
    is_string: bool,
}

/// One claim in the packed string.
#[derive(Clone, Copy)]
struct Packed<'a> {
    name: &'a str,
    value: &'a str,
    is_string: bool,
}

impl Packed<'_> {
    fn parse(self) -> Value {
        if self.is_string {
            return self.value.into();
        }
        serde_json::from_str(self.value).unwrap_or_default()
    }
}

impl Claims {
    /// A claim's value.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.find(name).map(Packed::parse)
    }

    /// A claim that is a string and not empty.
    pub fn string(&self, name: &str) -> Option<&str> {
        let found = self.find(name)?;
        (found.is_string && !found.value.is_empty()).then_some(found.value)
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
            .find_map(|claim| self.string(claim))
            .unwrap_or("somebody")
    }

    /// The e-mail address, if the provider says that it checked it. Only such
    /// an address may decide who a person is (OIDC Core 5.7).
    pub fn verified_email(&self) -> Option<&str> {
        let verified = match self.get("email_verified")? {
            Value::Bool(verified) => verified,
            Value::String(text) => text == "true",
            _ => false,
        };
        let email = self.string("email")?;
        let well_formed = email.split('@').filter(|part| !part.is_empty()).count() == 2
            && email.matches('@').count() == 1;
        (verified && well_formed).then_some(email)
    }

    /// The strings at a path of names joined by dots, for example
    /// `realm_access.roles`; a name that itself holds dots (as Auth0's do, which
    /// are URLs) is found too. A single string counts as a list of one.
    pub fn strings_at(&self, path: &str) -> Vec<String> {
        match find(&self.to_map(), path) {
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
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value)> {
        self.all().map(|claim| (claim.name, claim.parse()))
    }

    /// All claims, by name, without parsing their values.
    pub fn raw(&self) -> impl Iterator<Item = (&str, RawClaim<'_>)> {
        self.all().map(|claim| {
            let value = if claim.is_string {
                RawClaim::String(claim.value)
            } else {
                RawClaim::Json(claim.value)
            };
            (claim.name, value)
        })
    }

    /// Leaves out what protects one message and says nothing of the person.
    pub(crate) fn drop_protocol_claims(&mut self) {
        let mut claims = self.to_map();
        claims.retain(|name, _| !["nonce", "at_hash", "c_hash"].contains(&name.as_str()));
        *self = claims.into();
    }

    /// Leaves out the largest claims, but never `sub`, until the rest is no
    /// longer than `most` bytes of JSON. Returns the names of those left out.
    pub(crate) fn drop_largest_above(&mut self, most: usize) -> Vec<String> {
        let mut sizes: Vec<(usize, String)> = self
            .iter()
            // `"name":value,`
            .map(|(name, value)| (name.len() + value.to_string().len() + 4, name.to_owned()))
            .collect();
        let mut total: usize = sizes.iter().map(|(size, _)| size).sum();
        if total <= most {
            return Vec::new();
        }
        sizes.retain(|(_, name)| name != "sub");
        sizes.sort_unstable();
        let mut dropped = Vec::new();
        let mut claims = self.to_map();
        while total > most
            && let Some((size, name)) = sizes.pop()
        {
            claims.remove(&name);
            total -= size;
            dropped.push(name);
        }
        *self = claims.into();
        dropped
    }

    /// Adds those of `more` that are not there yet.
    pub(crate) fn fill_up_from(&mut self, more: Claims) {
        let mut claims = self.to_map();
        for (name, value) in more.iter() {
            claims.entry(name).or_insert(value);
        }
        *self = claims.into();
    }

    fn find(&self, name: &str) -> Option<Packed<'_>> {
        self.all().find(|claim| claim.name == name)
    }

    fn all(&self) -> impl Iterator<Item = Packed<'_>> {
        let mut begin = 0;
        self.parts.iter().filter_map(move |part| {
            let (name_end, end) = (part.name_end as usize, part.end as usize);
            let claim = Packed {
                name: self.packed.get(begin..name_end)?,
                value: self.packed.get(name_end..end)?,
                is_string: part.is_string,
            };
            begin = end;
            Some(claim)
        })
    }

    fn to_map(&self) -> Map<String, Value> {
        let claims = self.iter();
        claims
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(claims: Map<String, Value>) -> Self {
        let mut packed = String::new();
        let mut parts = Vec::with_capacity(claims.len());
        for (name, value) in claims {
            packed.push_str(&name);
            let name_end = packed.len();
            match &value {
                Value::String(text) => packed.push_str(text),
                other => packed.push_str(&other.to_string()),
            }
            // No provider's answer comes near 4 GB: reading it is limited.
            let (Ok(name_end), Ok(end)) = (name_end.try_into(), packed.len().try_into()) else {
                break;
            };
            parts.push(Part {
                name_end,
                end,
                is_string: value.is_string(),
            });
        }
        Self {
            packed: packed.into(),
            parts: parts.into(),
        }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Claims;

    #[test]
    fn claims_come_out_as_they_went_in() {
        let value = json!({
            "": "no name",
            "sub": "alice",
            "empty": "",
            "quoted": "\"null\" \\ \u{0}",
            "null": null,
            "number": 7,
            "fraction": -1.5,
            "yes": true,
            "list": ["a", ["Zoë"], {}],
            "realm_access": {"roles": ["admin", 7]},
            "name": "Ёлка 🎄",
        });
        let claims: Claims = serde_json::from_value(value.clone()).unwrap_or_default();
        assert_eq!(serde_json::to_value(&claims).ok(), Some(value.clone()));
        for (name, value) in value.as_object().into_iter().flatten() {
            assert_eq!(claims.get(name).as_ref(), Some(value), "{name}");
            let text = value.as_str().filter(|text| !text.is_empty());
            assert_eq!(claims.string(name), text, "{name}");
        }
        assert_eq!(claims.get("nothing"), None);
        assert_eq!(claims.number("number"), Some(7));
        assert_eq!(claims.strings_at("realm_access.roles"), ["admin"]);

        let mut more = Claims::default();
        more.fill_up_from(claims.clone());
        assert_eq!(more, claims);
        assert_eq!(more.get("null"), Some(Value::Null));
    }
}
