//! What a person sees: results on stdout, talk on stderr, both without colour where that is
//! not wanted. A reader that went away (`vestibule … | head`) is not an error.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};

use crate::error::Error;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const NOTE: Style = AnsiColor::Green.on_default().bold();

/// Writes a line of the result to stdout.
pub(crate) fn result(line: impl Display) {
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// Says something to the person who watches.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Says something that the person may want to act on.
pub(crate) fn note(line: impl Display) {
    say(format_args!("{NOTE}note:{NOTE:#} {line}"));
}

/// Shows an error, and below it what can be done about it.
pub(crate) fn show_error(error: &Error) {
    say(format_args!("{ERROR}error:{ERROR:#} {error}"));
    if let Some(hint) = error.hint() {
        say(format_args!("{HINT}hint:{HINT:#} {hint}"));
    }
}

/// Whether somebody is there to answer a question.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal()
        && std::io::stderr().is_terminal()
        && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
}
