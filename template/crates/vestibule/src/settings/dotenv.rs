//! The file `.env`, which debug builds read.

use std::{env, fs};

use super::{Fault, Faults};

/// Stands for a `$` while the file is parsed; no file has it.
const DOLLAR: char = '\u{E000}';
/// Stands for a `$` after a backslash, which is taken as it is.
const ESCAPED: char = '\u{E001}';

/// Reads the file into the environment, where it never overrides what is set.
/// Returns what is likely to be a mistake in it.
///
/// # Errors
/// The file is there and cannot be read.
pub(super) fn load() -> Result<Vec<Fault>, Faults> {
    let path = match dotenvy::dotenv() {
        Ok(path) => path,
        Err(error) if error.not_found() => return Ok(Vec::new()),
        Err(error) => {
            let hint = match error {
                // The line may contain a secret, so only its number would help, and
                // the parser does not reveal that.
                dotenvy::Error::LineParse(..) => {
                    "a line is not of the form NAME=VALUE; values with spaces or # need quotes"
                        .to_owned()
                }
                other => other.to_string(),
            };
            return Err(Faults(vec![fault(hint)]));
        }
    };
    let text = fs::read_to_string(path).unwrap_or_default();
    let lost = lost_dollars(&text).into_iter();
    Ok(lost
        .map(|name| {
            fault(format!(
                "the value of {name} has a $ outside single quotes, and what followed it was \
                 replaced by nothing. Put the value in single quotes, or write \\$."
            ))
        })
        .collect())
}

fn fault(hint: String) -> Fault {
    Fault {
        variable: ".env".to_owned(),
        hint,
    }
}

/// The variables whose values have lost a `$`, because it and the letters after it
/// were taken for the name of a variable that is not set.
fn lost_dollars(text: &str) -> Vec<String> {
    let marked = text
        .replace("\\$", &ESCAPED.to_string())
        .replace('$', &DOLLAR.to_string());
    let as_read = dotenvy::Iter::new(text.as_bytes()).filter_map(Result::ok);
    let marked = dotenvy::Iter::new(marked.as_bytes()).filter_map(Result::ok);
    as_read
        .zip(marked)
        .filter(|((name, as_read), (_, marked))| {
            let is_used = env::var(name).is_ok_and(|value| value == *as_read);
            let written = marked.matches([DOLLAR, ESCAPED]).count();
            is_used && as_read.matches('$').count() < written && names_nothing(marked)
        })
        .map(|((name, _), _)| name)
        .collect()
}

/// Whether what follows a `$` is no variable that is set.
fn names_nothing(marked: &str) -> bool {
    marked.split(DOLLAR).skip(1).any(|after| {
        let name = match after.strip_prefix('{') {
            Some(braced) => braced.split('}').next().unwrap_or_default(),
            None => after
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap_or_default(),
        };
        name.is_empty() || env::var_os(name).is_none()
    })
}
