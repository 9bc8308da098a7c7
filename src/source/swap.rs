//! Pieces of a file's code that are replaced by others. A piece is found by its tokens, so its
//! layout doesn't count; the result must have the new tokens in their place and no other change.

use std::ops::Range;

use super::edit::CannotEdit;
use super::file::{SourceFile, flatten};

/// One token: what it says and where it is.
struct Word {
    said: String,
    range: Range<usize>,
}

/// What a file's code says, token by token.
fn words(file: &SourceFile) -> Vec<Word> {
    let tokens = flatten(file.tokens()).into_iter();
    tokens
        .map(|(span, token)| {
            let range = file.range(span);
            let said = match token {
                Some(token) => token.to_string(),
                None => delimiter(file.text.get(range.clone())),
            };
            Word { said, range }
        })
        .collect()
}

/// A delimiter as it is written. Those of a doc comment aren't, and stand for its text.
fn delimiter(written: Option<&str>) -> String {
    let written = written.filter(|it| ["(", ")", "[", "]", "{", "}"].contains(it));
    written.unwrap_or_default().to_owned()
}

/// The tokens of a piece of code that is no file of its own.
fn words_of(code: &str) -> Result<Vec<String>, CannotEdit> {
    let tokens = code
        .parse()
        .map_err(|error| CannotEdit(format!("`{code}` can't be read: {error}")))?;
    let words = flatten(tokens)
        .into_iter()
        .map(|(span, token)| match token {
            Some(token) => token.to_string(),
            None => delimiter(code.get(span.byte_range())),
        });
    Ok(words.collect())
}

/// How often a file has some code, whatever its layout: `Users::open`.
pub(crate) fn count(file: &SourceFile, code: &str) -> usize {
    let counted = words_of(code).map(|wanted| places(&words(file), &wanted).count());
    counted.unwrap_or_default()
}

fn places<'w>(words: &'w [Word], wanted: &'w [String]) -> impl Iterator<Item = usize> + 'w {
    let windows = words.windows(wanted.len().max(1)).enumerate();
    windows
        .filter(move |(_, window)| window.iter().map(|word| &word.said).eq(wanted))
        .map(|(index, _)| index)
}

/// The file with each first piece of code replaced by the second. Each has to be there once, and
/// without comments that the other lacks. Where nothing takes its place, the space behind it goes
/// too.
pub(crate) fn swap(file: &SourceFile, pieces: &[(&str, &str)]) -> Result<String, CannotEdit> {
    let before = words(file);
    let mut expected: Vec<(usize, usize, Vec<String>)> = Vec::new();
    let mut splices: Vec<(Range<usize>, String)> = Vec::new();
    for (old, new) in pieces {
        let wanted = words_of(old)?;
        let mut found = places(&before, &wanted);
        let (Some(first), None) = (found.next(), found.next()) else {
            return Err(CannotEdit(format!(
                "it doesn't have this just once:\n{old}\n"
            )));
        };
        let end = first + wanted.len();
        let found = before.get(first..end).unwrap_or_default();
        let range = range_of(found);
        let written = file.text.get(range.clone()).unwrap_or_default();
        if !is_all_code(file, found) && !new.contains(written) {
            return Err(CannotEdit(format!(
                "there are comments within this:\n{old}\n"
            )));
        }
        let range = match new.is_empty() {
            true => range.start..range.end + space_after(&file.text, range.end),
            false => range,
        };
        let new_text = new.replace("\r\n", "\n").replace('\n', file.line_end());
        splices.push((range, new_text));
        expected.push((first, end, words_of(new)?));
    }
    splices.sort_by_key(|(range, _)| range.start);
    expected.sort_by_key(|(start, ..)| *start);

    let mut text = String::with_capacity(file.text.len() + 256);
    let mut done = 0;
    for (range, new) in splices {
        let kept = file.text.get(done..range.start);
        text.push_str(kept.ok_or_else(|| CannotEdit("two edits overlap".to_owned()))?);
        text.push_str(&new);
        done = range.end;
    }
    text.push_str(file.text.get(done..).unwrap_or_default());

    let mut said: Vec<String> = before.into_iter().map(|word| word.said).collect();
    for (start, end, new) in expected.into_iter().rev() {
        said.splice(start..end, new);
    }
    match SourceFile::parse(&file.path, text.clone().into_bytes()) {
        Ok((after, _)) if words(&after).iter().map(|word| &word.said).eq(&said) => Ok(text),
        _ => Err(CannotEdit(
            "the edit would change more than it should".to_owned(),
        )),
    }
}

/// From the first token to the last.
fn range_of(words: &[Word]) -> Range<usize> {
    let start = words.first().map_or(0, |word| word.range.start);
    start..words.last().map_or(start, |word| word.range.end)
}

/// Whether there is nothing but space between any two tokens.
fn is_all_code(file: &SourceFile, words: &[Word]) -> bool {
    words.windows(2).all(|pair| match pair {
        // The tokens of a doc comment are all in one place.
        [one, next] if next.range.start < one.range.end => true,
        [one, next] => {
            let between = file.text.get(one.range.end..next.range.start);
            between.is_some_and(|between| between.trim().is_empty())
        }
        _ => true,
    })
}

fn space_after(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    rest.len() - rest.trim_start().len()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails")]
mod tests {
    use super::{CannotEdit, SourceFile, count, swap};

    fn file(text: &str) -> SourceFile {
        SourceFile::parse("x.rs", text.as_bytes().to_vec())
            .unwrap()
            .0
    }

    fn swapped(text: &str, old: &str, new: &str) -> Result<String, CannotEdit> {
        swap(&file(text), &[(old, new)])
    }

    #[test]
    fn layout_does_not_count_and_the_rest_keeps_its_bytes() {
        let before = "// a.b()\nfn f() { \"a.b()\";  a\r\n  .b ( )\t; /* a.b() */ }";
        let after = "// a.b()\nfn f() { \"a.b()\";  c(1)\t; /* a.b() */ }";
        assert_eq!(swapped(before, "a.b()", "c(1)").unwrap(), after);
    }

    #[test]
    fn doc_comments_are_part_of_what_is_replaced() {
        let before = "struct S {\n    /// One.\n    a: A,\n    b: B,\n}\n";
        let after = "struct S {\n    /// Two.\n    c: C,\n    b: B,\n}\n";
        let (old, new) = ("/// One.\na: A,", "/// Two.\n    c: C,");
        assert_eq!(swapped(before, old, new).unwrap(), after);
        assert!(swapped(&before.replace("One", "Own"), old, new).is_err());
        let (before, after) = (before.replace('\n', "\r\n"), after.replace('\n', "\r\n"));
        assert_eq!(swapped(&before, old, new).unwrap(), after);
    }

    #[test]
    fn what_is_removed_leaves_no_gap() {
        let before = "fn f() {\n    a();\n    b();\n}\n";
        assert_eq!(
            swapped(before, "a();", "").unwrap(),
            "fn f() {\n    b();\n}\n"
        );
    }

    #[test]
    fn what_is_missing_twice_there_or_commented_is_left_alone() {
        for text in [
            "fn f() {}",
            "fn f() { a(); a(); }",
            "fn f() { a( /* why */ ); }",
        ] {
            assert!(swapped(text, "a()", "b()").is_err(), "{text}");
        }
        // Neither could be read afterwards.
        assert!(swapped("fn f() { a(); }", "f", "").is_err());
        assert!(swapped("fn f() { x.a(); }", "a", "b //").is_err());
    }

    #[test]
    fn what_is_added_to_keeps_its_comments() {
        let before = "fn f() { a(/* why */); }";
        let after = "fn f() { a(/* why */); b(); }";
        assert_eq!(
            swapped(before, "a(/* why */);", "a(/* why */); b();").unwrap(),
            after
        );
    }

    #[test]
    fn names_are_seen_in_code_alone() {
        assert_eq!(count(&file("fn f() { A :: b; c!(A::b) }"), "A::b"), 2);
        assert_eq!(
            count(&file("// A::b\nfn f() { \"A::b\"; A::c }"), "A::b"),
            0
        );
    }
}
