//! The questions that an app is made from, the same as in `cargo-generate.toml`. The app's name
//! is not among them: it has rules of its own in [`super::name`].

use regex::Regex;

use super::BadTemplate;

pub(crate) const PROVIDERS: &[&str] = &[
    "dev", "okta", "auth0", "cognito", "entra", "google", "keycloak", "other",
];
pub(crate) const LOGIN_PAGES: &[&str] = &["redirect", "page", "widget"];
pub(crate) const SESSION_STORES: &[&str] = &["embedded", "memory", "redis"];

/// Something that has to be known before an app can be written.
#[derive(Debug)]
pub(crate) struct Question {
    /// Its name in templates, values files and `-d`.
    pub(crate) key: &'static str,
    pub(crate) prompt: &'static str,
    /// Why it is asked, or what each choice means.
    pub(crate) reason: &'static str,
    pub(crate) default: &'static str,
    pub(crate) rule: Rule,
}

/// Which answers are valid.
#[derive(Debug)]
pub(crate) enum Rule {
    OneOf(&'static [&'static str]),
    /// A regular expression, and the same in words.
    Matches {
        pattern: &'static str,
        words: &'static str,
    },
}

/// In the order in which they are asked.
pub(crate) static QUESTIONS: [Question; 6] = [
    Question {
        key: "description",
        prompt: "What is the app, in one line?",
        reason: "It stands in Cargo.toml and at the head of the README.",
        default: "A web app that people can sign in to",
        rule: Rule::Matches {
            pattern: r#"^[^\p{Cc}\u{2028}-\u{202E}\u{2066}-\u{2069}"\\`{}<>]{1,200}$"#,
            words: "one line of 1 to 200 characters without \" \\ ` { } < >",
        },
    },
    Question {
        key: "provider",
        prompt: "Which OpenID Connect provider do people sign in with?",
        reason: "It decides what the settings in .env.example explain. With dev the app runs without any account; the provider can be set later.",
        default: "dev",
        rule: Rule::OneOf(PROVIDERS),
    },
    Question {
        key: "issuer",
        prompt: "What is the provider's issuer URL? (empty: set OIDC_ISSUER later)",
        reason: "The app reads the provider's addresses and keys there.",
        default: "",
        rule: Rule::Matches {
            pattern: r"^(?:(?:https://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[::1\])|http://(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]))(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%+:@/-]*)?)?$",
            words: "an https URL, or an http URL on localhost, without query and fragment",
        },
    },
    Question {
        key: "client_id",
        prompt: "What is the app's client id there? (empty: set OIDC_CLIENT_ID later)",
        reason: "The provider gives it to you when you register the app.",
        default: "",
        rule: Rule::Matches {
            pattern: r"^[A-Za-z0-9._~:@/+=-]{0,255}$",
            words: "at most 255 of the characters A-Z a-z 0-9 . _ ~ : @ / + = -",
        },
    },
    Question {
        key: "login_page",
        prompt: "What do people see when they sign in?",
        reason: "redirect: the provider's page at once; page: one of the app's own first; widget: that page with the Okta Sign-In Widget.",
        default: "redirect",
        rule: Rule::OneOf(LOGIN_PAGES),
    },
    Question {
        key: "session_store",
        prompt: "Where are user sessions kept?",
        reason: "embedded: a file, for one instance of the app; redis: for several; memory: nothing outlives a restart.",
        default: "embedded",
        rule: Rule::OneOf(SESSION_STORES),
    },
];

impl Question {
    /// What is wrong with an answer; `None` if it is valid.
    pub(crate) fn objection(&self, answer: &str) -> Result<Option<String>, BadTemplate> {
        match self.rule {
            Rule::OneOf(choices) if choices.contains(&answer) => Ok(None),
            Rule::OneOf(choices) => Ok(Some(format!(
                "{} is not one of {}{}",
                quoted(answer),
                choices.join(", "),
                suggestion(answer, choices.iter().copied()),
            ))),
            Rule::Matches { pattern, words } => {
                let regex = Regex::new(pattern).map_err(|error| BadTemplate::Rule {
                    key: self.key,
                    error,
                })?;
                let good = regex.is_match(answer);
                Ok((!good).then(|| format!("{} is not {words}", quoted(answer))))
            }
        }
    }
}

/// An answer as it is shown in a message: on one line, without control characters, and not too
/// long.
pub(crate) fn quoted(answer: &str) -> String {
    const LONGEST: usize = 80;
    let shown: String = answer
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    let shown = shown
        .replace("\\\"", "\"")
        .replace("\\'", "'")
        .replace("\\\\", "\\");
    let rest = if answer.chars().nth(LONGEST).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{shown}{rest}`")
}

/// ` (did you mean …?)`, if one of the candidates looks like it.
pub(crate) fn suggestion<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    const ALIKE: f64 = 0.8;
    candidates
        .map(|candidate| (strsim::jaro_winkler(typed, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| format!(" (did you mean `{candidate}`?)"))
        .unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails")]
mod tests {
    use toml_edit::{DocumentMut, Item};

    use super::{QUESTIONS, Rule};

    #[test]
    fn cargo_generate_asks_the_same_questions() {
        let config: DocumentMut = include_str!("../../cargo-generate.toml").parse().unwrap();
        let placeholders = config.get("placeholders").and_then(Item::as_table).unwrap();
        let keys: Vec<&str> = placeholders.iter().map(|(key, _)| key).collect();
        assert_eq!(
            keys,
            QUESTIONS
                .iter()
                .map(|question| question.key)
                .collect::<Vec<_>>()
        );

        for question in &QUESTIONS {
            let placeholder = placeholders
                .get(question.key)
                .and_then(Item::as_table)
                .unwrap();
            let text = |key| placeholder.get(key).and_then(Item::as_str);
            assert_eq!(text("type"), Some("string"));
            let prompt = format!("{} {}", question.prompt, question.reason);
            assert_eq!(text("prompt"), Some(&*prompt));
            assert_eq!(text("default"), Some(question.default));
            assert_eq!(question.objection(question.default).unwrap(), None);
            let choices = placeholder.get("choices").and_then(Item::as_array);
            match question.rule {
                Rule::OneOf(expected) => {
                    let choices = choices
                        .unwrap()
                        .iter()
                        .map(|choice| choice.as_str().unwrap());
                    assert_eq!(choices.collect::<Vec<_>>(), expected);
                    assert_eq!(text("regex"), None);
                }
                Rule::Matches { pattern, .. } => {
                    assert!(choices.is_none());
                    assert_eq!(text("regex"), Some(pattern));
                }
            }
        }
    }
}
