//! One provider's documents, and how they get into the test provider's mouth.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;
use vestibule_dev::provider::{DevProvider, Endpoint};

use super::front::{Front, Paths};

/// What a provider publishes and answers, and what comes of that.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The app's settings for it.
    pub settings: BTreeMap<String, String>,
    metadata: Value,
    keys: Value,
    /// What comes with a code, besides the state.
    callback: BTreeMap<String, String>,
    /// The token response to a code.
    pub token: Value,
    pub id_token: Value,
    /// `None`: it has no such endpoint.
    userinfo: Option<Value>,
    /// The token response to a refresh token, if it gives any.
    pub refreshed: Option<Value>,
    /// The answer to a refresh token that is over.
    pub refused: Option<Refused>,
    /// What somebody is sent back with who does not get in there.
    pub declined: Declined,
    pub person: Person,
    /// Where people sign out; `None`: they cannot.
    pub sign_out: Option<SignOut>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub status: u16,
    pub body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declined {
    pub pairs: BTreeMap<String, String>,
    /// The code of the app's error.
    pub code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    pub email: Option<String>,
    pub verified_email: Option<String>,
    pub roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOut {
    pub endpoint: String,
    pub parameters: Vec<String>,
}

/// The endpoints that the app itself calls.
const ENDPOINTS: [(&str, Endpoint); 5] = [
    ("jwks_uri", Endpoint::Keys),
    (
        "pushed_authorization_request_endpoint",
        Endpoint::PushedAuthorization,
    ),
    ("token_endpoint", Endpoint::Token),
    ("userinfo_endpoint", Endpoint::Userinfo),
    ("revocation_endpoint", Endpoint::Revocation),
];

impl Sample {
    /// The documents with all hosts moved to the front, and the paths to serve there.
    pub fn read(text: &str, front: &Front) -> (Self, Paths) {
        let published: Self = serde_json::from_str(text).unwrap();
        let issuer = published.url("issuer").unwrap();
        let mut paths = Paths::new();
        let well_known = format!(
            "{}{}",
            issuer.path().trim_end_matches('/'),
            Endpoint::Metadata.path()
        );
        paths.insert(well_known, Endpoint::Metadata);
        let mut moved = text.replace(&origin(&issuer), &front.issuer());
        let authorization = published.url("authorization_endpoint");
        let called = ENDPOINTS.iter().filter_map(|(name, endpoint)| {
            let url = published.url(name)?;
            let known = paths.insert(url.path().to_owned(), *endpoint);
            assert!(known.is_none(), "two endpoints at {url}");
            Some(url)
        });
        for url in called.chain(authorization) {
            moved = moved.replace(&origin(&url), &front.elsewhere());
        }
        (serde_json::from_str(&moved).unwrap(), paths)
    }

    /// A member of the metadata that has to be there.
    pub fn member(&self, name: &str) -> &str {
        self.metadata[name].as_str().unwrap()
    }

    /// Whether the metadata name an endpoint.
    pub fn offers(&self, name: &str) -> bool {
        self.metadata.get(name).is_some()
    }

    fn url(&self, name: &str) -> Option<Url> {
        let url = self.metadata.get(name)?.as_str().unwrap();
        Some(Url::parse(url).unwrap())
    }

    /// Whether it sends people back with a form instead of a query.
    pub fn answers_by_form(&self) -> bool {
        let parameters = self.settings.get("OIDC_EXTRA_PARAMETERS");
        parameters.is_some_and(|all| all.contains("response_mode=form_post"))
    }

    /// Has the test provider say all this, with this token response.
    pub fn replay(&self, provider: &DevProvider, token_response: &Value) {
        let faults = provider.faults();
        faults.clear();
        let metadata = self.metadata.clone();
        faults.json(Endpoint::Metadata, move |answer| *answer = metadata.clone());
        let keys = self.keys.clone();
        faults.json(Endpoint::Keys, move |answer| {
            *answer = filled(&keys, &answer["keys"][0]);
        });
        let token_response = token_response.clone();
        faults.json(Endpoint::Token, move |answer| {
            *answer = filled(&token_response, answer);
        });
        let (claims, key) = (self.id_token.clone(), self.signing_key());
        faults.id_token(move |token| {
            token.claims = filled(&claims, &token.claims);
            token.header["typ"] = json!("JWT");
            token.header["kid"] = key["kid"].clone();
        });
        if let Some(claims) = self.userinfo.clone() {
            faults.json(Endpoint::Userinfo, move |answer| *answer = claims.clone());
        }
        let more = self.callback.clone();
        faults.authorization_response(move |pairs| {
            pairs.retain(|(name, _)| name != "iss");
            pairs.extend(more.clone());
        });
    }

    /// The key whose numbers are the test provider's.
    fn signing_key(&self) -> Value {
        let mut keys = self.keys["keys"].as_array().unwrap().iter();
        keys.find(|key| key["n"] == "{n}").unwrap().clone()
    }
}

/// The scheme, host and port, as they are written.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// A document in which a string such as `{nonce}` stands for what the test provider
/// says under that name. If it says nothing, the member is left out.
fn filled(document: &Value, said: &Value) -> Value {
    match document {
        Value::String(text) => {
            let name = text
                .strip_prefix('{')
                .and_then(|text| text.strip_suffix('}'));
            name.map_or_else(|| document.clone(), |name| said[name].clone())
        }
        Value::Array(values) => values.iter().map(|value| filled(value, said)).collect(),
        Value::Object(members) => {
            let members = members.iter().filter_map(|(name, value)| {
                let filled = filled(value, said);
                let is_left_out = filled.is_null() && !value.is_null();
                (!is_left_out).then(|| (name.clone(), filled))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
