//! The orders in which rustfmt keeps items. They differ: modules are sorted by their bytes,
//! imports as the 2024 style has it.

use std::cmp::Ordering;

/// The order of the names of two `mod` items.
pub(super) fn compare_modules(left: &str, right: &str) -> Ordering {
    left.cmp(right)
}

/// The order of two names in a `use` item: `_` comes before digits, digits before letters, and
/// runs of digits are compared as numbers.
pub(crate) fn compare_imports(left: &str, right: &str) -> Ordering {
    by_version(left, right).then_with(|| left.cmp(right))
}

fn by_version(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (number_left, number_right) = (digits(left), digits(right));
        if !number_left.is_empty() && !number_right.is_empty() {
            let (short_left, short_right) = (
                number_left.trim_start_matches('0'),
                number_right.trim_start_matches('0'),
            );
            let order = (short_left.len(), short_left).cmp(&(short_right.len(), short_right));
            if order.is_ne() {
                return order;
            }
            left = left.get(number_left.len()..).unwrap_or_default();
            right = right.get(number_right.len()..).unwrap_or_default();
            continue;
        }
        let (mut rest_left, mut rest_right) = (left.chars(), right.chars());
        match (rest_left.next(), rest_right.next()) {
            (Some(one), Some(other)) if one == other => {}
            // Also when both end here: then they are equal.
            (one, other) => return one.map(rank).cmp(&other.map(rank)),
        }
        (left, right) = (rest_left.as_str(), rest_right.as_str());
    }
}

fn digits(text: &str) -> &str {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn rank(character: char) -> (u8, char) {
    (u8::from(character != '_'), character)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails")]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::{compare_imports, compare_modules};

    const NAMES: [&str; 18] = [
        "report2", "report10", "report", "report_2", "report02", "reports", "ab", "a_b", "a2b",
        "a2", "a10", "a", "a_", "a1_0", "a1b0", "b", "admin", "api",
    ];

    /// What rustfmt makes of some source.
    fn formatted(source: &str) -> String {
        let mut rustfmt = Command::new("rustfmt")
            .args(["--edition", "2024"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = rustfmt.stdin.take().unwrap();
        stdin.write_all(source.as_bytes()).unwrap();
        drop(stdin);
        let output = rustfmt.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn rustfmt_leaves_sorted_modules_as_they_are() {
        let mut names = NAMES;
        names.sort_by(|one, next| compare_modules(one, next));
        let source: String = names.map(|name| format!("mod {name};\n")).concat();
        assert_eq!(formatted(&source), source);
    }

    #[test]
    fn rustfmt_leaves_sorted_imports_as_they_are() {
        let camel = NAMES.map(|name| name.to_uppercase().replace('_', ""));
        let mut names: Vec<&str> = NAMES
            .into_iter()
            .chain(camel.iter().map(String::as_str))
            .collect();
        names.sort_by(|one, next| compare_imports(one, next));
        names.dedup();
        let source: String = names
            .iter()
            .map(|name| format!("use x::{name}::y;\n"))
            .collect();
        assert_eq!(formatted(&source), source);
        let list: String = names
            .iter()
            .map(|name| format!("    {name}::y,\n"))
            .collect();
        let source = format!("use crate::{{\n{list}}};\n");
        let unbroken = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(unbroken(&formatted(&source)), unbroken(&source));
    }
}
