//! Actix's path patterns: what they match, and an example of it.

use std::cell::OnceCell;

use regex::Regex;

/// Values to try for parameters that have patterns of their own.
const EXAMPLES: [&str; 8] = [
    "example-of-a-parameter",
    "example",
    "1",
    "2026",
    "12",
    "2026-01-31",
    "a/b",
    "00000000-0000-4000-8000-000000000000",
];

/// A pattern such as `/reports/{id}`.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    rules: Rules,
    /// The pattern with `{}` for each parameter.
    outline: String,
}

#[derive(Debug, Clone)]
enum Rules {
    /// It has no parameters.
    Literal,
    Parameters(Parameters),
    /// Actix would panic at it.
    Broken,
}

/// The rules of a pattern with parameters. Most paths don't begin like it, and many patterns are
/// never looked at so closely, so the expressions are compiled when they are needed.
#[derive(Debug, Clone)]
struct Parameters {
    /// What comes before the first parameter.
    beginning: String,
    expression: String,
    /// For the whole of a path; nothing if Actix would panic at the pattern.
    whole: OnceCell<Option<Regex>>,
    /// For the beginning of a path.
    prefix: OnceCell<Option<Regex>>,
}

impl Parameters {
    fn whole(&self, path: &str) -> Option<&Regex> {
        self.compiled(path, &self.whole, "$")
    }

    fn prefix(&self, path: &str) -> Option<&Regex> {
        self.compiled(path, &self.prefix, "(?:/|$)")
    }

    fn compiled<'s>(
        &'s self,
        path: &str,
        known: &'s OnceCell<Option<Regex>>,
        end: &str,
    ) -> Option<&'s Regex> {
        if !path.starts_with(&self.beginning) {
            return None;
        }
        let expression = || Regex::new(&format!("^{}{end}", self.expression)).ok();
        known.get_or_init(expression).as_ref()
    }
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Self {
        if !pattern.contains('{') {
            return Self {
                rules: Rules::Literal,
                outline: pattern.to_owned(),
            };
        }
        let mut rule = String::new();
        let mut outline = String::new();
        let mut rest = pattern;
        while let Some((literal, after)) = rest.split_once('{') {
            rule.push_str(&regex::escape(literal));
            let Some((parameter, after)) = parameter(after) else {
                return Self {
                    rules: Rules::Broken,
                    outline: pattern.to_owned(),
                };
            };
            let (own_rule, after) = match (parameter.split_once(':'), after.strip_prefix('*')) {
                (Some((_, own)), _) => (own, after),
                (None, Some(after)) => (".*", after),
                (None, None) => ("[^/]+", after),
            };
            rule.push_str(&format!("(?:{own_rule})"));
            outline.push_str(literal);
            outline.push_str("{}");
            rest = after;
        }
        rule.push_str(&regex::escape(rest));
        outline.push_str(rest);
        let beginning = pattern.split('{').next().unwrap_or_default();
        let rules = Rules::Parameters(Parameters {
            beginning: beginning.to_owned(),
            expression: rule,
            whole: OnceCell::new(),
            prefix: OnceCell::new(),
        });
        Self { rules, outline }
    }

    /// A path that it matches, and that no other pattern is likely to mean.
    pub(crate) fn example(&self) -> Option<String> {
        EXAMPLES
            .iter()
            .map(|example| self.outline.replace("{}", example))
            .find(|path| self.matches(path))
    }

    /// Whether a path that this matches may match another pattern too, as far as their beginnings
    /// tell.
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        let (one, other) = (self.beginning(), other.beginning());
        one.starts_with(other) || other.starts_with(one)
    }

    /// What each path that it matches begins with.
    fn beginning(&self) -> &str {
        match &self.rules {
            Rules::Literal | Rules::Broken => &self.outline,
            Rules::Parameters(rules) => &rules.beginning,
        }
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        match &self.rules {
            Rules::Literal => self.outline == path,
            Rules::Parameters(rules) => rules.whole(path).is_some_and(|it| it.is_match(path)),
            Rules::Broken => false,
        }
    }

    /// The rest of a path after this pattern as a prefix.
    pub(crate) fn behind<'p>(&self, path: &'p str) -> Option<&'p str> {
        match &self.rules {
            Rules::Literal => path
                .strip_prefix(&self.outline)
                .filter(|rest| rest.is_empty() || rest.starts_with('/')),
            Rules::Parameters(rules) => {
                let found = rules.prefix(path)?.find(path)?;
                let slash = usize::from(found.as_str().ends_with('/'));
                path.get(found.end() - slash..)
            }
            Rules::Broken => None,
        }
    }
}

/// A parameter up to its closing brace, and what comes after. It may contain braces itself.
fn parameter(rest: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (at, character) in rest.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((rest.get(..at)?, rest.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_match_as_in_actix() {
        for (pattern, path, expected) in [
            ("/a", "/a", true),
            ("/a", "/a/", false),
            ("/a/{id}", "/a/7", true),
            ("/a/{id}", "/a/7/b", false),
            ("/a/{id}.txt", "/a/7.txt", true),
            (r"/a/{id:\d{2}}", "/a/77", true),
            (r"/a/{id:\d{2}}", "/a/7", false),
            ("/a/{rest:.*}", "/a/b/c", true),
            ("/a/{rest}*", "/a/b/c", true),
            ("/a.b", "/axb", false),
            ("/a/{", "/a/{", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn patterns_that_share_a_path_may_meet() {
        let may_meet = |one, other| Pattern::new(one).may_meet(&Pattern::new(other));
        for (one, other, expected) in [
            ("/a/{id}", "/a/b", true),
            ("/a/{id}", "/{any}", true),
            ("/{any:.*}", "/b", true),
            ("/a", "/a", true),
            ("/a/{id}", "/b", false),
            ("/a", "/b", false),
        ] {
            assert_eq!(may_meet(one, other), expected, "{one} {other}");
            assert_eq!(may_meet(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn prefixes_end_where_a_part_ends() {
        assert_eq!(Pattern::new("/a").behind("/a/b"), Some("/b"));
        assert_eq!(Pattern::new("/a").behind("/a"), Some(""));
        assert_eq!(Pattern::new("/a").behind("/ab"), None);
        assert_eq!(Pattern::new("").behind("/ab"), Some("/ab"));
        assert_eq!(Pattern::new("/{tenant}").behind("/x/y"), Some("/y"));
    }
}
