//! A file that rustfmt would leave as it is stays one.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::source::say_the_same;

/// The text after an edit, formatted if the one before was, and if rustfmt changes nothing but
/// layout.
pub(super) fn as_before(before: &str, after: String, edition: &str, folder: &Path) -> String {
    let format = |text: &str| rustfmt(text, edition, folder);
    if format(before).as_deref() != Some(before) {
        return after;
    }
    match format(&after) {
        Some(formatted) if say_the_same(&after, &formatted) => formatted,
        _ => after,
    }
}

/// What rustfmt makes of a text with the settings that apply in a folder, if it is there.
fn rustfmt(text: &str, edition: &str, folder: &Path) -> Option<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", edition])
        .current_dir(folder)
        // Where the app names a toolchain that isn't there, none is installed.
        .env("RUSTUP_AUTO_INSTALL", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    // It reads everything before it writes anything.
    rustfmt.stdin.take()?.write_all(text.as_bytes()).ok()?;
    let output = rustfmt.wait_with_output().ok()?;
    let is_good = output.status.success();
    String::from_utf8(output.stdout).ok().filter(|_| is_good)
}
