//! Where settings are read from, and the faults found so far.

use std::{
    cell::RefCell, collections::BTreeSet, ops::RangeInclusive, str::FromStr, time::Duration,
};

use super::{
    Fault, Faults,
    several::{self, Prefix},
};

/// The environment while settings are read from it. Faults are recorded and reading
/// goes on, so that all of them are reported at once.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
    /// The variables whose values are in quotes.
    quoted: RefCell<BTreeSet<String>>,
    /// Whose settings are being read, if there are several providers.
    provider: Option<Prefix>,
}

impl<'a> Environment<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            faults: Vec::new(),
            quoted: RefCell::default(),
            provider: None,
        }
    }

    /// Reads settings of one provider: where it has a value of its own, that one.
    pub(super) fn of_provider<T>(
        &mut self,
        prefix: Prefix,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.provider = Some(prefix);
        let read = read(self);
        self.provider = None;
        read
    }

    /// The variable that a setting is read from.
    fn variable_of(&self, setting: &str) -> String {
        let own = self.provider.as_ref().and_then(|it| it.variable(setting));
        own.filter(|own| !several::is_shared(setting) || self.is_set(own) || !self.is_set(setting))
            .unwrap_or_else(|| setting.to_owned())
    }

    fn is_set(&self, variable: &str) -> bool {
        (self.lookup)(variable).is_some_and(|value| !value.trim().is_empty())
    }

    pub(super) fn into_faults(mut self) -> Result<(), Faults> {
        for variable in self.quoted.take() {
            self.fault(
                &variable,
                "the quotes around the value are part of it. Leave them out: `docker --env-file` \
                 and some others, unlike a shell, do not remove them.",
            );
        }
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Faults(self.faults))
        }
    }

    /// A variable's value without surrounding spaces; `None` if it is empty or not
    /// set. If it is in quotes, that is a fault of its own, and what is in them is
    /// returned.
    pub fn string(&self, variable: &str) -> Option<String> {
        let variable = self.variable_of(variable);
        let value = (self.lookup)(&variable)?;
        let mut value = value.trim();
        for quote in ['"', '\''] {
            let inner = value.strip_prefix(quote);
            if let Some(inner) = inner.and_then(|inner| inner.strip_suffix(quote)) {
                self.quoted.borrow_mut().insert(variable.clone());
                value = inner.trim();
                break;
            }
        }
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A variable that must be set. If it is not, a fault is recorded and an empty
    /// value returned. `hint` says what to set it to.
    pub fn required(&mut self, variable: &str, hint: &str) -> String {
        self.string(variable).unwrap_or_else(|| {
            self.fault(variable, format!("missing. {hint}"));
            String::new()
        })
    }

    /// Records that a variable cannot be used. The hint says what is wrong and what
    /// to do about it; it must not contain a secret.
    pub fn fault(&mut self, variable: &str, hint: impl Into<String>) {
        let (variable, mut hint) = (self.variable_of(variable), hint.into());
        if let Some(provider) = &self.provider {
            hint = provider.in_words(&hint);
        }
        // What all providers share is read once for each of them.
        let is_known = |fault: &Fault| fault.variable == variable && fault.hint == hint;
        if !self.faults.iter().any(is_known) {
            self.faults.push(Fault { variable, hint });
        }
    }

    /// `yes` or `no`; `no` if the variable is not set.
    pub fn yes_or_no(&mut self, variable: &str) -> bool {
        self.choice(variable, false, &[("yes", true), ("no", false)])
    }

    /// The choice that the variable's value stands for; `usual` if it is not set.
    pub fn choice<T: Copy>(&mut self, variable: &str, usual: T, choices: &[(&str, T)]) -> T {
        let Some(asked) = self.string(variable) else {
            return usual;
        };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == asked) {
            return *choice;
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let words = match words.split_last() {
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        self.fault(variable, format!("«{asked}» is not valid. Use {words}."));
        usual
    }

    /// A whole number within a range; `default` if the variable is not set.
    pub fn number(&mut self, variable: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        match self.string(variable) {
            None => default,
            Some(value) => match u64::from_str(&value) {
                Ok(number) if range.contains(&number) => number,
                _ => {
                    let (low, high) = (range.start(), range.end());
                    self.fault(
                        variable,
                        format!("«{value}» is not a whole number from {low} to {high}."),
                    );
                    default
                }
            },
        }
    }

    /// A number of seconds, minutes or the like within a range, in the variable's
    /// own unit; `default` if it is not set.
    pub fn duration(
        &mut self,
        variable: &str,
        default: u64,
        unit_seconds: u64,
        range: RangeInclusive<u64>,
    ) -> Duration {
        let number = self.number(variable, default, range);
        Duration::from_secs(number.saturating_mul(unit_seconds))
    }
}

/// The entries of a list, separated by spaces or commas.
pub(crate) fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split([' ', ',']).filter(|word| !word.is_empty())
}
