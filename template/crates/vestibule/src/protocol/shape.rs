//! The kinds of JSON values, for log lines about documents and claims that are not
//! what the specifications say. Such lines name a member and its kind, never its
//! value.

use serde_json::{Map, Value};

/// What a value is, such as "an array".
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(string) if string.trim().is_empty() => "an empty string",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A member, unless it says nothing: providers write that as `null` or as an empty
/// string too.
pub(super) fn said<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let value = members.get(name)?;
    let is_empty = match value {
        Value::Null => true,
        Value::String(string) => string.trim().is_empty(),
        _ => false,
    };
    (!is_empty).then_some(value)
}

/// The standard claims (OIDC Core 5.1) by kind.
const STRINGS: [&str; 15] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
];
const BOOLEANS: [&str; 2] = ["email_verified", "phone_number_verified"];

/// Says in one line which standard claims have another kind than they should. They
/// are kept: no check needs them.
pub(super) fn note_odd_claims(claims: &Map<String, Value>, source: &'static str) {
    let odd: Vec<String> = claims.iter().filter_map(odd_claim).collect();
    if !odd.is_empty() {
        tracing::info!(
            source,
            claims = odd.join(", "),
            "claims of an unusual kind are kept as they are"
        );
    }
}

/// The claim's name and kind, if that is not its usual kind.
fn odd_claim((name, value): (&String, &Value)) -> Option<String> {
    // A language may follow the name (OIDC Core 5.2).
    let name = name.split('#').next()?;
    let known = |names: &[&'static str]| names.iter().find(|known| **known == name).copied();
    let (name, is_usual) = if let Some(name) = known(&STRINGS) {
        (name, value.is_string())
    } else if let Some(name) = known(&BOOLEANS) {
        (name, value.is_boolean())
    } else if let Some(name) = known(&["updated_at"]) {
        (name, value.is_number())
    } else {
        (known(&["address"])?, value.is_object())
    };
    (!is_usual).then(|| format!("{name} is {}", kind(value)))
}
