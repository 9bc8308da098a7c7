//! Answers: what was given and where, whether it is valid, and which one counts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::BadTemplate;
use super::name::AppName;
use super::questions::{QUESTIONS, Question, suggestion};

/// cargo-generate's name for the app's name.
pub(crate) const NAME_KEY: &str = "project-name";
const CRATE_NAME_KEY: &str = "crate_name";

/// An answer before it is checked.
#[derive(Debug, Clone)]
pub(crate) struct RawAnswer {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// Where an answer comes from, the lowest precedence first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    ValuesFile(PathBuf),
    Define,
    Flag(&'static str),
}

/// One thing that is wrong with the answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) subject: String,
    pub(crate) message: String,
}

impl Fault {
    /// A fault of `subject`: a flag, a key or an argument as it was typed.
    pub(crate) fn new(subject: &str, message: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            message: message.to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}

/// The answers for an app. Missing ones are asked for, or have their defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    name: Option<AppName>,
    values: BTreeMap<&'static str, String>,
}

impl Answers {
    /// The name, if it was among the answers.
    pub(crate) fn take_name(&mut self) -> Option<AppName> {
        self.name.take()
    }

    /// Whether people sign in with the provider that debug builds bring along.
    pub(crate) fn uses_dev_provider(&self) -> bool {
        self.values
            .get("provider")
            .is_none_or(|provider| provider == "dev")
    }

    pub(crate) fn has(&self, question: &Question) -> bool {
        self.values.contains_key(question.key)
    }

    pub(crate) fn set(&mut self, question: &Question, answer: String) {
        self.values.insert(question.key, answer);
    }

    /// The answer to a question, or its default.
    pub(crate) fn get<'a>(&'a self, question: &'a Question) -> &'a str {
        self.values
            .get(question.key)
            .map_or(question.default, String::as_str)
    }

    /// What the template's placeholders stand for.
    pub(super) fn placeholders(&self, name: &AppName) -> liquid::Object {
        let mut placeholders = liquid::Object::new();
        let mut set = |key: &'static str, value: String| {
            placeholders.insert(key.into(), liquid::model::Value::scalar(value));
        };
        set(NAME_KEY, name.package().to_owned());
        set(CRATE_NAME_KEY, name.crate_name());
        for question in &QUESTIONS {
            set(question.key, self.get(question).to_owned());
        }
        placeholders
    }
}

/// Checks all answers, and keeps for each key the one with the highest precedence. All faults are
/// found, also in answers that would not have counted.
pub(crate) fn check(mut typed: Vec<RawAnswer>) -> Result<(Answers, Vec<Fault>), BadTemplate> {
    // A later one replaces an earlier one; among equals the order of typing stays.
    typed.sort_by(|one, other| one.origin.cmp(&other.origin));
    let mut answers = Answers::default();
    let mut faults = Vec::new();
    for RawAnswer { key, value, origin } in typed {
        let subject = origin.subject(&key);
        if key == NAME_KEY {
            match AppName::new(&value) {
                Ok(name) => answers.name = Some(name),
                Err(bad) => faults.push(Fault {
                    subject,
                    message: bad.with_suggestion(),
                }),
            }
        } else if let Some(question) = QUESTIONS.iter().find(|question| question.key == key) {
            match question.objection(&value)? {
                None => answers.set(question, value),
                Some(message) => faults.push(Fault { subject, message }),
            }
        } else {
            faults.push(Fault {
                subject,
                message: unknown_key(&key),
            });
        }
    }
    Ok((answers, faults))
}

impl Origin {
    fn subject(&self, key: &str) -> String {
        match self {
            Self::ValuesFile(file) => format!("`{key}` in {}", file.display()),
            Self::Define => format!("-d {key}"),
            Self::Flag(flag) => (*flag).to_owned(),
        }
    }
}

fn unknown_key(key: &str) -> String {
    if key == CRATE_NAME_KEY {
        return format!("is derived from the name; set `{NAME_KEY}` instead");
    }
    let known = || std::iter::once(NAME_KEY).chain(QUESTIONS.iter().map(|question| question.key));
    format!(
        "is not a known answer{}; known are {}",
        suggestion(key, known()),
        known().collect::<Vec<_>>().join(", "),
    )
}
