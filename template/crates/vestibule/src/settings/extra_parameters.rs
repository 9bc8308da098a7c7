//! Authorization parameters that the app adds. Those of the protocol itself are off
//! limits: each is one of the library's checks.

use url::form_urlencoded;

/// Parameters that the library sends itself, and those that would change who asks
/// for what.
const RESERVED: [&str; 22] = [
    "acr_values",
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
    "max_age",
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

/// The values that `prompt` may have in every request (OIDC Core 3.1.2.1,
/// Initiating User Registration 1.0). Not `none`: no one could sign in for the
/// first time.
const PROMPTS: [&str; 4] = ["login", "consent", "select_account", "create"];

/// Room for real parameters, yet a bound on what browsers carry.
const MAX_LENGTH: usize = 1024;

/// The parameters in a string such as `ui_locales=de&audience=https://api`, and
/// what is wrong with it.
pub(super) fn read(query: &str) -> (Vec<(String, String)>, Vec<String>) {
    let mut parameters: Vec<(String, String)> = Vec::new();
    let mut faults = Vec::new();
    if query.len() > MAX_LENGTH {
        faults.push(format!("is longer than {MAX_LENGTH} bytes."));
        return (parameters, faults);
    }
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match fault(&name, &value) {
            Some(fault) => faults.push(fault),
            None if parameters.iter().any(|(known, _)| *known == name) => {
                faults.push(format!("has «{name}» twice."));
            }
            None => parameters.push((name.into_owned(), value.into_owned())),
        }
    }
    (parameters, faults)
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
    if RESERVED.contains(&name) {
        let instead = match name {
            "scope" => "Use OIDC_SCOPES.",
            "redirect_uri" => "Use OIDC_LOGIN_REDIRECT_URI.",
            "max_age" => "Use the guard Fresh on the pages that need it.",
            "acr_values" => "Use the guard Assured on the pages that need it.",
            _ => "Leave it out.",
        };
        return Some(format!(
            "must not set «{name}», which the app sets itself. {instead}"
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
