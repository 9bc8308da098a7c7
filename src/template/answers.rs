//! Answers: what was given, by whom, whether it is good, and what holds in the end.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::BadTemplate;
use super::name::AppName;
use super::questions::{QUESTIONS, Question, suggestion};

/// cargo-generate's name for the app's name.
pub(crate) const NAME_KEY: &str = "project-name";
const CRATE_NAME_KEY: &str = "crate_name";

/// An answer before it is judged.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// Where an answer comes from, the weakest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    ValuesFile(PathBuf),
    Define,
    Flag(&'static str),
}

/// One thing that is wrong with what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) subject: String,
    pub(crate) message: String,
}

impl Fault {
    /// A fault of `subject`: a flag, a key or an argument as the person wrote it.
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

/// The answers for an app. Those that are missing are asked for, or take their defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answers {
    name: Option<AppName>,
    values: BTreeMap<&'static str, String>,
}

impl Answers {
    /// The name, if it was among what was given.
    pub(crate) fn take_name(&mut self) -> Option<AppName> {
        self.name.take()
    }

    /// Whether people sign in at the provider that is built into debug builds.
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

/// Judges everything that was given, and keeps for each key the value that goes before the
/// others. All faults are found, also those of values that would not have counted.
pub(crate) fn judge(mut given: Vec<Given>) -> Result<(Answers, Vec<Fault>), BadTemplate> {
    // What comes later replaces what came before; among equals the order of typing stays.
    given.sort_by(|one, other| one.origin.cmp(&other.origin));
    let mut answers = Answers::default();
    let mut faults = Vec::new();
    for Given { key, value, origin } in given {
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
        return format!("follows from the name; set `{NAME_KEY}` instead");
    }
    let known = || std::iter::once(NAME_KEY).chain(QUESTIONS.iter().map(|question| question.key));
    format!(
        "there is no such answer{}; there are {}",
        suggestion(key, known()),
        known().collect::<Vec<_>>().join(", "),
    )
}
