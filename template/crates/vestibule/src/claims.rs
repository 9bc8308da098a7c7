//! What a provider says about a person, as named JSON values.

use std::{collections::HashSet, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::settings::words;

/// Claims about a person (OIDC Core 5). Only `sub` is certain to be there; the rest
/// is up to the provider.
///
/// They stay in memory for as long as the person is signed in, so they are kept in
/// one string: parsed values would take four times as much memory.
#[derive(Clone, Default, PartialEq)]
pub struct Claims {
    /// Name, value, name, value, …: strings as they are, other values as JSON.
    packed: Box<str>,
    /// By name.
    parts: Box<[Part]>,
    /// Which of them is the name to show: each page asks for it.
    display_name: Option<u32>,
}

/// A claim's value as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawClaim<'a> {
    /// A string.
    String(&'a str),
    /// Anything else, as JSON.
    Json(&'a str),
}

/// Where one claim is in the packed string.
#[derive(Clone, Copy, PartialEq)]
struct Part {
    begin: u32,
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

    /// A claim that is a non-empty string.
    pub fn string(&self, name: &str) -> Option<&str> {
        let found = self.find(name)?;
        (found.is_string && !found.value.is_empty()).then_some(found.value)
    }

    /// A claim that is a non-negative integer.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    /// The name to show for the person: the first of `name`, `preferred_username`,
    /// `email` and `sub` that is present.
    pub fn display_name(&self) -> &str {
        let part = self.display_name.and_then(|at| self.parts.get(at as usize));
        part.and_then(|part| self.claim(part))
            .map_or("someone", |claim| claim.value)
    }

    /// The e-mail address, if the provider says that it verified it. Only a
    /// verified address may be used to identify a person (OIDC Core 5.7).
    pub fn verified_email(&self) -> Option<&str> {
        let verified = match self.get("email_verified")? {
            Value::Bool(verified) => verified,
            Value::String(string) => string == "true",
            _ => false,
        };
        let email = self.string("email")?;
        let well_formed = email.split('@').filter(|part| !part.is_empty()).count() == 2
            && email.matches('@').count() == 1;
        (verified && well_formed).then_some(email)
    }

    /// The strings at a dotted path, for example `realm_access.roles`. Names that
    /// contain dots themselves, such as Auth0's URLs, are found too. A single
    /// string counts as a list of one.
    pub fn strings_at(&self, path: &str) -> Vec<String> {
        match find(&self.to_map(), path) {
            Some(Value::String(string)) => vec![string.clone()],
            Some(Value::Array(values)) => strings_in(values),
            _ => Vec::new(),
        }
    }

    /// The roles that the claims name at some of these paths, which are separated by
    /// spaces or commas. Each path is as in [`strings_at`](Self::strings_at). At its
    /// end may be a list of roles; one text with all of them, separated by commas or
    /// else by spaces; or an object whose names they are, as Zitadel writes them. A
    /// name whose value is `false` or `null` is no role.
    pub fn roles_at(&self, paths: &str) -> Vec<String> {
        let claims = self.to_map();
        let mut roles: Vec<String> = words(paths)
            .filter_map(|path| find(&claims, path))
            .flat_map(roles_in)
            .collect();
        let mut seen = HashSet::new();
        roles.retain(|role| !role.is_empty() && seen.insert(role.clone()));
        roles
    }

    /// Whether the provider says that it left one of these claims out of the token: Entra does
    /// with the groups of people who are in many (OIDC Core 5.6.2, distributed claims).
    pub(crate) fn leaves_out(&self, names: &str) -> bool {
        let elsewhere = self.get("_claim_names");
        words(names).any(|name| {
            let elsewhere = elsewhere.as_ref().and_then(|it| it.get(name));
            elsewhere.is_some() && self.get(name).is_none()
        })
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

    /// Drops claims that protect one message and say nothing about the person.
    pub(crate) fn drop_protocol_claims(&mut self) {
        let mut claims = self.to_map();
        claims.retain(|name, _| !["nonce", "at_hash", "c_hash"].contains(&name.as_str()));
        *self = claims.into();
    }

    /// Drops the largest claims, but never `sub`, until the rest is at most `most`
    /// bytes of JSON. Returns the names of the dropped claims.
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

    /// Adds the claims of `more` that are not there yet; `null` says nothing. A
    /// statement about an address always comes from where the address does: another
    /// source may mean another address (OIDC Core 5.7).
    pub(crate) fn fill_up_from(&mut self, more: Claims) {
        let mut claims = self.to_map();
        let mut more = more.to_map();
        for pair in VERIFIED {
            let (own, other) = (share(&claims, pair), share(&more, pair));
            // The source that says more of it; on a draw, the one that was there first.
            let loser = if other > own { &mut claims } else { &mut more };
            for name in pair {
                loser.remove(name);
            }
        }
        for (name, value) in more {
            let own = claims.entry(name).or_insert(Value::Null);
            if own.is_null() {
                *own = value;
            }
        }
        *self = claims.into();
    }

    fn find(&self, name: &str) -> Option<Packed<'_>> {
        self.claim(self.parts.get(self.position(name)?)?)
    }

    fn position(&self, name: &str) -> Option<usize> {
        let name_of = |part: &Part| self.packed.get(part.begin as usize..part.name_end as usize);
        let found = self
            .parts
            .binary_search_by(|part| name_of(part).cmp(&Some(name)));
        found.ok()
    }

    fn all(&self) -> impl Iterator<Item = Packed<'_>> {
        self.parts.iter().filter_map(|part| self.claim(part))
    }

    fn claim(&self, part: &Part) -> Option<Packed<'_>> {
        let (begin, name_end, end) = (part.begin, part.name_end, part.end);
        Some(Packed {
            name: self.packed.get(begin as usize..name_end as usize)?,
            value: self.packed.get(name_end as usize..end as usize)?,
            is_string: part.is_string,
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
    fn from(mut claims: Map<String, Value>) -> Self {
        // For a serde_json that keeps the order in which they came.
        claims.sort_keys();
        let mut packed = String::new();
        let mut parts = Vec::with_capacity(claims.len());
        for (name, value) in claims {
            let begin = packed.len();
            packed.push_str(&name);
            let name_end = packed.len();
            match &value {
                Value::String(string) => packed.push_str(string),
                other => packed.push_str(&other.to_string()),
            }
            // No response comes near 4 GB: its size is limited.
            let (Ok(begin), Ok(name_end), Ok(end)) = (
                begin.try_into(),
                name_end.try_into(),
                packed.len().try_into(),
            ) else {
                break;
            };
            parts.push(Part {
                begin,
                name_end,
                end,
                is_string: value.is_string(),
            });
        }
        let mut claims = Self {
            packed: packed.into(),
            parts: parts.into(),
            display_name: None,
        };
        claims.display_name = ["name", "preferred_username", "email", "sub"]
            .iter()
            .find(|name| claims.string(name).is_some())
            .and_then(|name| claims.position(name)?.try_into().ok());
        claims
    }
}

/// Addresses, each with the claim that says whether it was verified.
const VERIFIED: [[&str; 2]; 2] = [
    ["email", "email_verified"],
    ["phone_number", "phone_number_verified"],
];

/// How much of a pair is there: without the address, nothing.
fn share(claims: &Map<String, Value>, [address, verified]: [&str; 2]) -> u8 {
    let is_there = |name| claims.get(name).is_some_and(|value| !value.is_null());
    match (is_there(address), is_there(verified)) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    }
}

fn strings_in(values: &[Value]) -> Vec<String> {
    let strings = values.iter().filter_map(Value::as_str);
    strings.map(str::to_owned).collect()
}

fn roles_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.contains(',') => {
            text.split(',').map(|role| role.trim().to_owned()).collect()
        }
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::Array(roles) => strings_in(roles),
        Value::Object(roles) => roles
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)))
            .map(|(role, _)| role.clone())
            .collect(),
        _ => Vec::new(),
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

    use super::{Claims, RawClaim};

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
            let string = value.as_str().filter(|string| !string.is_empty());
            assert_eq!(claims.string(name), string, "{name}");
        }
        assert_eq!(claims.get("nothing"), None);
        assert_eq!(claims.number("number"), Some(7));
        assert_eq!(claims.strings_at("realm_access.roles"), ["admin"]);
        assert_eq!(claims.strings_at("sub"), ["alice"]);
        assert!(claims.strings_at("number").is_empty());
        assert!(claims.strings_at("realm_access.nothing").is_empty());

        let raw: Vec<_> = claims.raw().collect();
        assert_eq!(raw.len(), 11);
        assert!(raw.contains(&("number", RawClaim::Json("7"))));
        assert!(raw.contains(&("sub", RawClaim::String("alice"))));

        let mut more = Claims::default();
        more.fill_up_from(claims.clone());
        assert_eq!(more, claims);
        assert_eq!(more.get("null"), Some(Value::Null));
    }

    #[test]
    fn no_more_claims_are_dropped_than_need_be() {
        let value = json!({ "sub": "alice", "next": "bb", "largest": "cccc" });
        let mut claims: Claims = serde_json::from_value(value).unwrap_or_default();
        let room = r#""next":"bb","sub":"alice","#.len();
        assert_eq!(claims.drop_largest_above(room), ["largest"]);
        assert!(claims.drop_largest_above(room).is_empty());
        assert_eq!(claims.drop_largest_above(room - 1), ["next"]);
        assert!(claims.drop_largest_above(0).is_empty());
        assert_eq!(claims.string("sub"), Some("alice"));
    }
}
