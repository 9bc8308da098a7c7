//! From files and answers to the bytes of an app: as cargo-generate does it, but stricter.
//! cargo-generate takes unknown variables as empty and copies some files unrendered; here a
//! mistake in any part of the template that is evaluated is an error.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use liquid::model::{DisplayCow, KStringCow, State, Value};
use liquid::{Object, ObjectView, Parser, ParserBuilder, ValueView};

use super::File;
use super::answers::Answers;
use super::filters::CASES;
use super::name::AppName;

/// A file of the app, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RenderedFile {
    /// With `/` between the parts.
    pub(crate) path: Cow<'static, str>,
    pub(crate) executable: bool,
    pub(crate) contents: Cow<'static, [u8]>,
}

/// A mistake in the template, so never the fault of the person who uses it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadTemplate {
    #[error("template/{path}.liquid is not UTF-8 (line {line})")]
    NotUtf8 { path: &'static str, line: usize },
    #[error("template/{path}.liquid{}: {message}", at(*line))]
    Liquid {
        path: &'static str,
        line: Option<usize>,
        message: String,
    },
    #[error("the rule for `{key}` is broken: {error}")]
    Rule {
        key: &'static str,
        error: regex::Error,
    },
    #[error("Liquid's filters could not be set up: {0}")]
    Filters(liquid::Error),
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}"))
        .unwrap_or_default()
}

/// Renders all files, in their order, or fails at the first mistake.
pub(crate) fn render(
    files: &[File],
    name: &AppName,
    answers: &Answers,
) -> Result<Vec<RenderedFile>, BadTemplate> {
    let parser = CASES
        .into_iter()
        .fold(ParserBuilder::with_stdlib(), ParserBuilder::filter)
        .build()
        .map_err(BadTemplate::Filters)?;
    let placeholders = answers.placeholders(name);
    files
        .iter()
        .map(|file| {
            let contents = if file.rendered {
                Cow::Owned(render_file(&parser, file, &placeholders)?.into_bytes())
            } else {
                Cow::Borrowed(file.contents)
            };
            Ok(RenderedFile {
                path: file.path.into(),
                executable: file.executable,
                contents,
            })
        })
        .collect()
}

fn render_file(parser: &Parser, file: &File, placeholders: &Object) -> Result<String, BadTemplate> {
    let path = file.path;
    let text = std::str::from_utf8(file.contents).map_err(|error| {
        let good = file.contents.iter().take(error.valid_up_to());
        BadTemplate::NotUtf8 {
            path,
            line: good.filter(|byte| **byte == b'\n').count() + 1,
        }
    })?;
    let fault = |error: &liquid::Error, line| BadTemplate::Liquid {
        path,
        line,
        message: first_line(&error.to_string()),
    };
    let template = parser
        .parse(text)
        .map_err(|error| fault(&error, line_of_syntax_error(parser, text)))?;
    let watched = Watched {
        placeholders,
        missed: RefCell::default(),
    };
    let rendered = template.render(&watched);
    if let Some(name) = watched.missed.into_inner() {
        return Err(BadTemplate::Liquid {
            path,
            line: line_of_variable(text, &name),
            message: format!("unknown variable `{name}`"),
        });
    }
    rendered.map_err(|error| fault(&error, None))
}

fn first_line(message: &str) -> String {
    let mut lines = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().to_owned();
    match lines.find_map(|line| line.strip_prefix("= ").or(line.strip_prefix("requested "))) {
        Some(detail) => format!("{first} {detail}"),
        None => first,
    }
}

/// The last line of the shortest beginning of the text that has the mistake. Liquid reports the
/// position of a mistake only in prose, and not for every kind.
fn line_of_syntax_error(parser: &Parser, text: &str) -> Option<usize> {
    let whole = parser.parse(text).err()?.to_string();
    let headline = first_line(&whole);
    let mut beginning = String::with_capacity(text.len());
    for (index, line) in text.split_inclusive('\n').enumerate() {
        beginning.push_str(line);
        if parser
            .parse(&beginning)
            .is_err_and(|error| first_line(&error.to_string()) == headline)
        {
            return Some(index + 1);
        }
    }
    None
}

/// The first line that has the variable inside a tag.
fn line_of_variable(text: &str, name: &str) -> Option<usize> {
    let mut in_tag = false;
    for (index, line) in text.lines().enumerate() {
        let mut rest = line;
        while !rest.is_empty() {
            let marks: [&str; 2] = if in_tag { ["}}", "%}"] } else { ["{{", "{%"] };
            let end = marks.iter().filter_map(|mark| rest.find(mark)).min();
            let (part, next) = rest.split_at(end.map_or(rest.len(), |end| end));
            if in_tag && mentions(part, name) {
                return Some(index + 1);
            }
            if end.is_some() {
                in_tag = !in_tag;
            }
            rest = next.get(2..).unwrap_or_default();
        }
    }
    None
}

fn mentions(code: &str, name: &str) -> bool {
    code.split(|it: char| !(it.is_alphanumeric() || it == '_' || it == '-'))
        .any(|word| word == name)
}

/// What each loop of Liquid looks for by itself: the loop around it.
const OUTER_LOOP: &str = "forloop";

/// The placeholders, noting when one is asked for that doesn't exist. Liquid itself takes a
/// condition on an unknown variable as false.
#[derive(Debug)]
struct Watched<'a> {
    placeholders: &'a Object,
    missed: RefCell<Option<String>>,
}

impl ObjectView for Watched<'_> {
    fn as_value(&self) -> &dyn ValueView {
        self
    }

    fn size(&self) -> i64 {
        self.placeholders.size()
    }

    fn keys<'k>(&'k self) -> Box<dyn Iterator<Item = KStringCow<'k>> + 'k> {
        ObjectView::keys(self.placeholders)
    }

    fn values<'k>(&'k self) -> Box<dyn Iterator<Item = &'k dyn ValueView> + 'k> {
        ObjectView::values(self.placeholders)
    }

    fn iter<'k>(&'k self) -> Box<dyn Iterator<Item = (KStringCow<'k>, &'k dyn ValueView)> + 'k> {
        ObjectView::iter(self.placeholders)
    }

    fn contains_key(&self, index: &str) -> bool {
        ObjectView::get(self, index).is_some()
    }

    fn get<'s>(&'s self, index: &str) -> Option<&'s dyn ValueView> {
        let found = ObjectView::get(self.placeholders, index);
        if found.is_none() && index != OUTER_LOOP {
            self.missed
                .borrow_mut()
                .get_or_insert_with(|| index.to_owned());
        }
        found
    }
}

impl ValueView for Watched<'_> {
    fn as_debug(&self) -> &dyn fmt::Debug {
        self
    }

    fn render(&self) -> DisplayCow<'_> {
        self.placeholders.render()
    }

    fn source(&self) -> DisplayCow<'_> {
        self.placeholders.source()
    }

    fn type_name(&self) -> &'static str {
        self.placeholders.type_name()
    }

    fn query_state(&self, state: State) -> bool {
        self.placeholders.query_state(state)
    }

    fn to_kstr(&self) -> KStringCow<'_> {
        self.placeholders.to_kstr()
    }

    fn to_value(&self) -> Value {
        self.placeholders.to_value()
    }

    fn as_object(&self) -> Option<&dyn ObjectView> {
        Some(self)
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that fails")]
mod tests {
    use super::{File, render};
    use crate::template::{Answers, AppName, FILES};

    fn outcome(contents: &'static [u8]) -> Result<String, String> {
        let file = File {
            path: "notes.md",
            rendered: true,
            executable: false,
            contents,
        };
        let name = AppName::new("My App").map_err(|bad| bad.message())?;
        let mut files =
            render(&[file], &name, &Answers::default()).map_err(|error| error.to_string())?;
        let contents = files.remove(0).contents.into_owned();
        String::from_utf8(contents).map_err(|error| error.to_string())
    }

    #[test]
    fn placeholders_conditions_and_case_filters_are_rendered() {
        let text = b"{{project-name}} {{crate_name | upper_camel_case}}\r\n\
            {%- if provider == \"dev\" %} dev{% endif %}{# kept #}";
        assert_eq!(outcome(text), Ok("my-app MyApp dev{# kept #}".to_owned()));
    }

    #[test]
    fn an_unknown_variable_is_an_error_with_file_and_line() {
        let expected = Err("template/notes.md.liquid, line 3: unknown variable `nmae`".to_owned());
        assert_eq!(outcome(b"nmae\n\n{{ nmae }}\n"), expected);
        assert_eq!(
            outcome(b"{{provider}}\n\n{% if nmae %}x{% endif %}\n"),
            expected
        );
        assert_eq!(
            outcome(b"\n{% if provider == 'dev' and\n nmae %}x{% endif %}\n"),
            expected
        );
        assert_eq!(outcome(b"\n\n{{ provider | append: nmae }}"), expected);
    }

    #[test]
    fn a_member_of_a_string_is_an_error() {
        let error = outcome(b"{{ provider.name }}").expect_err("a string has no members");
        assert!(error.starts_with("template/notes.md.liquid: "), "{error}");
    }

    #[test]
    fn bad_syntax_and_unknown_filters_are_errors_with_file_and_line() {
        for text in [
            b"fine\n{{ provider | no_such_filter }}\nfine" as &[u8],
            b"fine\n{{ provider |\n}}",
            b"fine\n{% no_such_tag %}\n{{provider}}",
            b"fine\n{{ provider | kebab_case: 1 }}\n",
        ] {
            let error = outcome(text).expect_err("bad Liquid");
            assert!(
                error.starts_with("template/notes.md.liquid, line "),
                "{error}"
            );
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error_with_file_and_line() {
        let expected = "template/notes.md.liquid is not UTF-8 (line 2)".to_owned();
        assert_eq!(outcome(b"fine\n\xff\n"), Err(expected));
    }

    #[test]
    fn the_template_renders_with_the_defaults() {
        let name = AppName::new("my-app").expect("a good name");
        let files = render(FILES, &name, &Answers::default()).expect("a good template");
        assert_eq!(files.len(), FILES.len());
        assert!(FILES.is_sorted_by_key(|file| file.path));
    }
}
