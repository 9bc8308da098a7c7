//! Authorization parameters that the owner adds. Those that the protocol itself
//! uses stay out of reach: each of them is a check of this app.

use url::form_urlencoded;

/// What this app sends itself, and what would change who asks for what.
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

/// What `prompt` may say in every request (OIDC Core 3.1.2.1, Initiating User
/// Registration 1.0). Not `none`: then nobody new could sign in.
const PROMPTS: [&str; 4] = ["login", "consent", "select_account", "create"];

/// Room for real ones, yet a bound on what browsers carry.
const MAX_LENGTH: usize = 1024;

/// The parameters in a text such as `ui_locales=de&audience=https://api`, and
/// what is wrong with it.
pub(super) fn read(text: &str) -> (Vec<(String, String)>, Vec<String>) {
    let mut parameters: Vec<(String, String)> = Vec::new();
    let mut faults = Vec::new();
    if text.len() > MAX_LENGTH {
        faults.push(format!("is longer than {MAX_LENGTH} bytes."));
        return (parameters, faults);
    }
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
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
            "«{}» is not NAME=VALUE; several are joined by &, for example \
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
            "«prompt={value}» is not known. Choose from: {known}."
        ));
    }
    None
}
