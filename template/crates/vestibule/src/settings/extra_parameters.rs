//! Authorization parameters that the app adds. Those of the protocol itself are off
//! limits: each is one of the library's checks. `acr_values` and `max_age` are not
//! only sent, but become a demand that the ID token is checked against, and
//! `response_mode=form_post` makes the callback take the answer in a form.

use url::form_urlencoded;

use super::Demand;

/// Parameters that the library sends itself, and those that would change who asks
/// for what.
const RESERVED: [&str; 20] = [
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "dpop_jkt",
    "id_token_hint",
    "iss",
    "nonce",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// Asks for the answer in a form (OAuth 2.0 Form Post Response Mode), as Apple
/// demands for the scopes `email` and `name`.
const FORM_POST: (&str, &str) = ("response_mode", "form_post");

/// Whether the provider answers with a form.
pub(crate) fn ask_for_form_post(parameters: &[(String, String)]) -> bool {
    let mut pairs = parameters.iter();
    pairs.any(|(name, value)| (name.as_str(), value.as_str()) == FORM_POST)
}

/// The values that `prompt` may have in every request (OIDC Core 3.1.2.1,
/// Initiating User Registration 1.0). Not `none`: no one could sign in for the
/// first time.
const PROMPTS: [&str; 4] = ["login", "consent", "select_account", "create"];

/// Room for real parameters, yet a bound on what browsers carry.
const MAX_LENGTH: usize = 1024;

/// What every authorization request has besides what the protocol needs.
#[derive(Default)]
pub(super) struct ExtraParameters {
    /// Sent as they are.
    pub parameters: Vec<(String, String)>,
    /// Sent and checked (OIDC Core 3.1.2.1).
    pub demand: Demand,
}

/// The parameters in a string such as `ui_locales=de&audience=https://api`, and
/// what is wrong with it.
pub(super) fn read(query: &str) -> (ExtraParameters, Vec<String>) {
    let mut read = ExtraParameters::default();
    let mut names = Vec::new();
    let mut faults = Vec::new();
    if query.len() > MAX_LENGTH {
        faults.push(format!("is longer than {MAX_LENGTH} bytes."));
        return (read, faults);
    }
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if let Some(fault) = fault(&name, &value) {
            faults.push(fault);
            continue;
        }
        if names.contains(&name) {
            faults.push(format!("has «{name}» twice."));
            continue;
        }
        names.push(name.clone());
        match &*name {
            "acr_values" => read.demand.acr_values = contexts(&value).map(str::to_owned).collect(),
            "max_age" => read.demand.max_age = value.parse().ok(),
            _ => read
                .parameters
                .push((name.into_owned(), value.into_owned())),
        }
    }
    (read, faults)
}

/// The values in `acr_values`.
fn contexts(acr_values: &str) -> impl Iterator<Item = &str> {
    acr_values.split(' ').filter(|value| !value.is_empty())
}

fn fault(name: &str, value: &str) -> Option<String> {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic());
    let is_value = !value.is_empty() && !value.chars().any(char::is_control);
    if !is_name || !is_value {
        return Some(format!(
            "«{}» is not NAME=VALUE; join several with &, for example \
             ui_locales=de&prompt=select_account.",
            name.escape_debug()
        ));
    }
    if (name, value) != FORM_POST && RESERVED.contains(&name) {
        let instead = match name {
            "scope" => "Use OIDC_SCOPES.",
            "redirect_uri" => "Use OIDC_LOGIN_REDIRECT_URI.",
            "response_mode" => "Leave it out, or ask for form_post.",
            _ => "Leave it out.",
        };
        return Some(format!(
            "must not set «{name}», which the app sets itself. {instead}"
        ));
    }
    if name == "acr_values" && contexts(value).next().is_none() {
        return Some("has acr_values without a value.".to_owned());
    }
    if name == "max_age" && value.parse::<u64>().is_err() {
        return Some(format!(
            "«max_age={}» is not a number of seconds.",
            value.escape_debug()
        ));
    }
    let is_prompt = |word: &str| PROMPTS.contains(&word);
    if name == "prompt" && !value.split(' ').all(is_prompt) {
        let known = PROMPTS.join(", ");
        return Some(format!(
            "«prompt={value}» is not supported. Choose from: {known}."
        ));
    }
    None
}
