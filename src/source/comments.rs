//! Comments next to a piece of code. The syntax tree has none, so they are found in the text.

use std::ops::Range;

use super::file::{SourceFile, flatten};

/// A comment next to code that is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    pub(crate) line: usize,
    /// Its first line.
    pub(crate) text: String,
    /// Whether it is removed with the code, or stays.
    pub(crate) is_removed: bool,
}

impl Comment {
    pub(super) fn new(text: &str, range: &Range<usize>, is_removed: bool) -> Self {
        let before = text.get(..range.start).unwrap_or_default();
        let comment = text.get(range.clone()).unwrap_or_default().trim();
        Self {
            line: before.matches('\n').count() + 1,
            text: comment.lines().next().unwrap_or_default().to_owned(),
            is_removed,
        }
    }
}

/// Everything between the tokens of a file that isn't white space.
pub(super) fn all(file: &SourceFile) -> Vec<Range<usize>> {
    let end = file.text.len();
    let tokens = flatten(file.tokens()).into_iter();
    let tokens = tokens
        .map(|(span, _)| file.range(span))
        .chain(std::iter::once(end..end));
    let mut done = 0;
    let mut found = Vec::new();
    for token in tokens {
        let gap = file.text.get(done..token.start).unwrap_or_default();
        let start = done + gap.len() - gap.trim_start().len();
        if !gap.trim().is_empty() {
            found.push(start..start + gap.trim().len());
        }
        // The tokens of documentation are all in one place.
        done = done.max(token.end);
    }
    found
}

/// The comment between the end of some code and the end of its line.
pub(super) fn trailing(text: &str, end: usize) -> Option<Range<usize>> {
    let rest = text.get(end..)?;
    let row = rest.lines().next()?;
    let comment = row.trim();
    let is_one = comment.starts_with("//")
        || (comment.starts_with("/*") && comment.find("*/") == comment.len().checked_sub(2));
    let indent = row.len() - row.trim_start().len();
    is_one.then(|| end + indent..end + row.trim_end().len())
}

/// The lines of comments directly above a line.
pub(super) fn above(text: &str, line_start: usize) -> Option<Range<usize>> {
    let mut start = line_start;
    while let Some(line) = line_before(text, start) {
        let row = text.get(line..start).unwrap_or_default().trim();
        if row.starts_with("//") {
            start = line;
        } else if row.ends_with("*/") {
            let opening = text.get(..start)?.rfind("/*")?;
            let opening_line = text.get(..opening)?.rfind('\n').map_or(0, |end| end + 1);
            let is_alone = text.get(opening_line..opening)?.trim().is_empty();
            if !is_alone {
                break;
            }
            start = opening_line;
        } else {
            break;
        }
    }
    (start < line_start).then_some(start..line_start)
}

fn line_before(text: &str, line_start: usize) -> Option<usize> {
    let above = text.get(..line_start)?.strip_suffix('\n')?;
    Some(above.rfind('\n').map_or(0, |end| end + 1))
}

#[cfg(test)]
mod tests {
    use super::{above, trailing};

    fn above_the_end(text: &str) -> Option<&str> {
        text.get(above(text, text.len())?)
    }

    #[test]
    fn comments_above_are_those_that_touch() {
        for (text, expected) in [
            ("a;\n", None),
            ("a; // b\n", None),
            ("// b\n\n", None),
            ("a;\n  // b\n  // c\n", Some("  // b\n  // c\n")),
            ("a;\r\n// b\r\n", Some("// b\r\n")),
            ("a;\n/* b\n c */\n// d\n", Some("/* b\n c */\n// d\n")),
            ("a; /* b\n c */\n", None),
            ("// b\n", Some("// b\n")),
        ] {
            assert_eq!(above_the_end(text), expected, "{text:?}");
        }
    }

    #[test]
    fn trailing_comments_end_their_line() {
        for (text, expected) in [
            ("a; // b \nc", Some("// b")),
            ("a; /* b */\n", Some("/* b */")),
            ("a; /* b */ c; /* d */\n", None),
            ("a;\n// b", None),
            ("a;", None),
        ] {
            let found = trailing(text, 2).and_then(|range| text.get(range));
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
