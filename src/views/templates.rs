//! What templates say of each other, and the attribute by which a type says which one it shows.

use std::sync::LazyLock;

use regex::Regex;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

use crate::source::text_of;

/// `{% extends "frame.html" %}` and its like; comments are passed over.
static TAKES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?s)\{#.*?#\}|\{%[-~+]?\s*(?:extends|include|import)\s+"([^"]+)""#).ok()
});

/// The templates that a template extends, includes or imports.
fn taken(text: &str) -> Vec<&str> {
    let Some(pattern) = TAKES.as_ref() else {
        return Vec::new();
    };
    pattern
        .captures_iter(text)
        .filter_map(|found| Some(found.get(1)?.as_str()))
        .collect()
}

/// Which of some templates, each with its text, take another into their pages, directly or by
/// way of others.
pub(crate) fn takers<'t>(templates: &'t [(String, String)], taken_in: &str) -> Vec<&'t str> {
    let mut found: Vec<&str> = Vec::new();
    let mut wanted = vec![taken_in];
    while let Some(name) = wanted.pop() {
        for (taker, text) in templates {
            if taken(text).contains(&name) && taker != taken_in && !found.contains(&taker.as_str())
            {
                found.push(taker);
                wanted.push(taker);
            }
        }
    }
    found.sort_unstable();
    found
}

/// The template that a type shows: `#[template(path = "…")]`.
pub(crate) fn template_of(attributes: &[Attribute]) -> Option<String> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("template"))
        .filter_map(|attribute| {
            attribute
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .ok()
        })
        .flatten()
        .find_map(|argument| match argument {
            Meta::NameValue(pair) if pair.path.is_ident("path") => text_of(&pair.value),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::takers;

    #[test]
    fn templates_are_taken_in_by_way_of_others_and_not_by_comments() {
        let templates = [
            ("a.html", "{% extends \"frame.html\" %}"),
            ("b.html", "{%- include \"a.html\" -%}"),
            ("c.html", "{# {% extends \"frame.html\" %} #}"),
            ("frame.html", "{% import \"frame.html\" as own %}"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(takers(&templates, "frame.html"), ["a.html", "b.html"]);
    }
}
