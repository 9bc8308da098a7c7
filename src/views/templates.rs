//! How templates use each other, and the attribute by which a type says which one it shows.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

use crate::source::string_of;

/// `{% extends "frame.html" %}` and the like; comments are skipped.
static USES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?s)\{#.*?#\}|\{%[-~+]?\s*(?:extends|include|import)\s+"([^"]+)""#).ok()
});

/// `{% block content %}`, and the template that another one begins with.
static BLOCKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?s)\{#.*?#\}|\{%[-~+]?\s*block\s+(\w+)|\{%[-~+]?\s*extends\s+"(?<above>[^"]+)""#)
        .ok()
});

/// The blocks that a template can fill which extends another one; nothing if that isn't there.
pub(crate) fn blocks(templates: &[(String, String)], extended: &str) -> Option<BTreeSet<String>> {
    let mut blocks = BTreeSet::new();
    let mut seen = Vec::new();
    let mut above = Some(extended);
    while let Some(name) = above.take().filter(|name| !seen.contains(name)) {
        seen.push(name);
        let (_, text) = templates.iter().find(|(known, _)| known == name)?;
        for found in BLOCKS.as_ref()?.captures_iter(text) {
            blocks.extend(found.get(1).map(|block| block.as_str().to_owned()));
            above = found.name("above").map(|it| it.as_str()).or(above);
        }
    }
    Some(blocks)
}

/// The templates that a template extends, includes or imports.
fn used_by(text: &str) -> Vec<&str> {
    let Some(pattern) = USES.as_ref() else {
        return Vec::new();
    };
    pattern
        .captures_iter(text)
        .filter_map(|found| Some(found.get(1)?.as_str()))
        .collect()
}

/// Which of some templates, each with its text, use another one, directly or by way of others.
pub(crate) fn users<'t>(templates: &'t [(String, String)], used: &str) -> Vec<&'t str> {
    let mut found: Vec<&str> = Vec::new();
    let mut wanted = vec![used];
    while let Some(name) = wanted.pop() {
        for (user, text) in templates {
            if used_by(text).contains(&name) && user != used && !found.contains(&user.as_str()) {
                found.push(user);
                wanted.push(user);
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
            Meta::NameValue(pair) if pair.path.is_ident("path") => string_of(&pair.value),
            _ => None,
        })
}

#[cfg(test)]
mod tests {
    use super::users;

    #[test]
    fn templates_are_used_by_way_of_others_and_not_by_comments() {
        let templates = [
            ("a.html", "{% extends \"frame.html\" %}"),
            ("b.html", "{%- include \"a.html\" -%}"),
            ("c.html", "{# {% extends \"frame.html\" %} #}"),
            ("frame.html", "{% import \"frame.html\" as own %}"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(users(&templates, "frame.html"), ["a.html", "b.html"]);
    }
}
