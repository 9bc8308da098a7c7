//! What a person sees: results on stdout, messages on stderr, in colour only where that is wanted.
//! A reader that stops reading (`vestibule … | head`) is not an error; a result that is lost in any
//! other way is one.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Mutex;

use anstyle::{AnsiColor, Style};

use crate::error::Error;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const ADDED: Style = AnsiColor::Green.on_default();
const GONE: Style = AnsiColor::Red.on_default();
const HUNK: Style = AnsiColor::Cyan.on_default();
const NOTE: Style = AnsiColor::Green.on_default().bold();

/// Why a part of the result could not be written.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes a line of the result to stdout.
pub(crate) fn result(line: impl Display) {
    keep(writeln!(anstream::stdout(), "{line}"));
}

/// Makes sure that all of the result has been written.
pub(crate) fn finish() -> Result<(), Error> {
    keep(io::stdout().flush());
    let lost = LOST.lock().ok().and_then(|mut lost| lost.take());
    lost.map_or(Ok(()), |source| Err(Error::Output(source)))
}

/// Remembers what went wrong until the command has finished.
pub(crate) fn keep(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
        && let Ok(mut lost) = LOST.lock()
    {
        lost.get_or_insert(error);
    }
}

/// Writes a unified diff to stdout.
pub(crate) fn diff(text: &str) {
    let mut stdout = anstream::stdout();
    // Lines stay as they are: carriage returns belong to the files.
    for line in text.split_inclusive('\n') {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let style = match line.as_bytes().first() {
            Some(b'+') => ADDED,
            Some(b'-') => GONE,
            Some(b'@') => HUNK,
            _ => Style::new(),
        };
        keep(writeln!(stdout, "{style}{line}{style:#}"));
    }
}

/// Writes a message to stderr.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Writes a note that the person may want to act on.
pub(crate) fn note(line: impl Display) {
    say(format_args!("{NOTE}note:{NOTE:#} {line}"));
}

/// Writes an error, and what can be done about it.
pub(crate) fn show_error(error: &Error) {
    say(format_args!("{ERROR}error:{ERROR:#} {error}"));
    if let Some(hint) = error.hint() {
        say(format_args!("{HINT}hint:{HINT:#} {hint}"));
    }
}

/// The number of columns of stdout, if that is a terminal.
pub(crate) fn width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(usize::from(width.0))
}

/// Whether there is a terminal to ask on.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal()
        && std::io::stderr().is_terminal()
        && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
}
