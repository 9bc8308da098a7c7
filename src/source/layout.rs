//! Whether two Rust files differ in nothing but their layout, whatever rustfmt was configured to
//! do. To rustfmt some tokens are layout too: trailing commas, braces around the body of a
//! closure, and how imports are grouped.

use std::ops::Range;

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{Item, ItemUse};

use super::comments;
use super::file::SourceFile;
use super::items::{globs, imports};

/// Whether two files differ in nothing but their layout. Comments are not layout.
pub(crate) fn say_the_same(one: &str, other: &str) -> bool {
    match (said_by(one), said_by(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// What a file says.
#[derive(PartialEq)]
struct Said {
    /// Tokens and comments in their order.
    words: Vec<String>,
    /// Imports are as good in any order, and in one item or many.
    imports: Vec<String>,
}

fn said_by(text: &str) -> Option<Said> {
    let text = text.replace("\r\n", "\n");
    let (file, syntax) = SourceFile::parse("", text.into_bytes()).ok()?;
    let mut words = Words {
        file: &file,
        found: Vec::new(),
    };
    words.read(file.tokens(), false);
    let mut imported = Vec::new();
    for item in &syntax.items {
        if let Item::Use(item) = item
            && item.attrs.is_empty()
            && item.leading_colon.is_none()
        {
            imported.extend(imports_of(item));
            let here = file.range(item.span());
            words
                .found
                .retain(|(range, _)| !here.contains(&range.start));
        }
    }
    imported.sort();
    for comment in comments::all(&file) {
        let rows = file.text.get(comment.clone()).unwrap_or_default().lines();
        let rows = rows.map(|row| (comment.clone(), row.trim().to_owned()));
        words.found.extend(rows.filter(|(_, row)| !row.is_empty()));
    }
    words.found.sort_by_key(|(range, _)| range.start);
    Some(Said {
        words: words.found.into_iter().map(|(_, word)| word).collect(),
        imports: imported,
    })
}

fn imports_of(item: &ItemUse) -> Vec<String> {
    let visibility = item.vis.to_token_stream();
    let named = imports(&item.tree).into_iter();
    let named = named.map(|(name, path)| format!("{} as {name}", path.join("::")));
    let all = globs(&item.tree).into_iter();
    let all = all.map(|path| format!("{}::*", path.join("::")));
    named
        .chain(all)
        .map(|import| format!("{visibility} {import}"))
        .collect()
}

/// The tokens of a file that mean something.
struct Words<'f> {
    file: &'f SourceFile,
    found: Vec<(Range<usize>, String)>,
}

impl Words<'_> {
    /// Reads the tokens of a file or of a group, which may be a tuple.
    fn read(&mut self, tokens: TokenStream, may_be_tuple: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let commas = tokens.iter().filter(|token| is_mark(token, ',')).count();
        let mut before = None;
        for (index, token) in tokens.iter().enumerate() {
            let after = tokens.get(index + 1);
            match token {
                TokenTree::Group(group) => {
                    let is_layout = is_body_of_closure(before, group, after);
                    if !is_layout {
                        self.add(group.span_open());
                    }
                    let is_round = group.delimiter() == Delimiter::Parenthesis;
                    self.read(group.stream(), is_round && !is_called(before));
                    if !is_layout {
                        self.add(group.span_close());
                    }
                }
                TokenTree::Punct(_) if is_mark(token, ',') => {
                    // `(a,)` is a tuple, `(a)` is not.
                    let is_layout = match after {
                        Some(after) => is_mark(after, '>'),
                        None => !(may_be_tuple && commas == 1),
                    };
                    if !is_layout {
                        self.add(token.span());
                    }
                }
                TokenTree::Punct(mark) => {
                    self.add(token.span());
                    // `a && b` is not `a & &b`.
                    let character = mark.as_char();
                    let is_doubled = matches!(character, '&' | '|')
                        && mark.spacing() == Spacing::Joint
                        && after.is_some_and(|after| is_mark(after, character));
                    if let Some((_, word)) = self.found.last_mut().filter(|_| is_doubled) {
                        word.push(character);
                    }
                }
                _ => self.add(token.span()),
            }
            before = Some(token);
        }
    }

    fn add(&mut self, span: Span) {
        let range = self.file.range(span);
        // Documentation comes as several tokens, all in one place.
        let is_there = self
            .found
            .last()
            .is_some_and(|(last, _)| range.end <= last.end);
        if !is_there {
            let text = self.file.text.get(range.clone()).unwrap_or_default();
            self.found.push((range, text.to_owned()));
        }
    }
}

fn is_mark(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == character)
}

/// Whether parentheses after a token hold the arguments of a function or a macro.
fn is_called(before: Option<&TokenTree>) -> bool {
    match before {
        // Not so after `return` and other keywords.
        Some(TokenTree::Ident(name)) => syn::parse2::<syn::Ident>(name.to_token_stream()).is_ok(),
        Some(token) => is_mark(token, '!'),
        None => false,
    }
}

/// Whether braces enclose the single expression of a closure.
fn is_body_of_closure(
    before: Option<&TokenTree>,
    group: &Group,
    after: Option<&TokenTree>,
) -> bool {
    group.delimiter() == Delimiter::Brace
        && before.is_some_and(|before| is_mark(before, '|'))
        && after.is_none_or(|after| is_mark(after, ','))
        && !group.stream().into_iter().any(|token| is_mark(&token, ';'))
}

#[cfg(test)]
mod tests {
    use super::say_the_same;

    #[test]
    fn layout_says_nothing() {
        for (one, other) in [
            ("fn f() {}", "fn  f( )\n{\r\n}\n"),
            ("fn f(a: A, b: B) {}", "fn f(\n\ta: A,\n\tb: B,\n) {}"),
            ("fn f(a: A) { g(a); }", "fn f(a: A,) { g(a,); }"),
            ("type A = B<C<D>>;", "type A = B<\n  C<D,>,\n>;"),
            (
                "fn f() { a().b()?.c(); }",
                "fn f() {\n  a()\n    .b()?\n    .c();\n}",
            ),
            (
                "fn f() { a!(b, [c]); }",
                "fn f() { a!(\n  b,\n  [c,],\n); }",
            ),
            (
                "fn f() { g(|a| a.b(), |c| d) }",
                "fn f() { g(|a| { a.b() }, |c| {\n d\n}) }",
            ),
            (
                "use a::{B, C, d::{self, E}, f::*};\nuse g as h;\nfn f() {}",
                "use g as h;\n\nuse a::{d::{E, self,}, B};\nuse a::f::*;\nuse a::C;\nfn f() {}",
            ),
            (
                "/// One.\n/* two */ fn f() {} // three",
                "  /// One.\n\n  /* two */\nfn f() {}\n// three\n",
            ),
            (
                "fn f() {\n    // a\n    // b\n}",
                "fn f() {\n  // a\n\n  // b\n}",
            ),
        ] {
            assert!(say_the_same(one, other), "{one}\n{other}");
        }
    }

    #[test]
    fn everything_else_says_something() {
        for (one, other) in [
            ("fn f() {}", "fn g() {}"),
            ("fn f() {}", "fn f() {} // a"),
            ("fn f() {}", "fn f(/* a */) {}"),
            ("fn f() {}", "// a\nfn f() {}"),
            ("fn f() {}", "/// a\nfn f() {}"),
            ("/// Ä.\nfn f() {}", "/// Ö.\nfn f() {}"),
            ("// a\nfn f() {}", "fn f() {}\n// a"),
            ("use a::b;", "use a::b; // a"),
            ("use a::{b};", "use a::{/* a */ b};"),
            ("use a::b;", "use a::c;"),
            ("use a::b;", "use a::b as c;"),
            ("use a::b;", "pub use a::b;"),
            ("use a::b;", "use ::a::b;"),
            ("use a::b;", "#[cfg(unix)]\nuse a::b;"),
            ("use a::b;", "use a::b::*;"),
            ("use a::b;", "use a::b;\nuse a::c;"),
            ("const A: &str = \"a b\";", "const A: &str = \"a  b\";"),
            ("const A: &str = \"a\";", "const A: &str = \"a,\";"),
            ("const A: &str = \"a\";", "const A: &str = r\"a\";"),
            ("const A: u8 = (1);", "const A: u8 = (1,);"),
            ("fn f() { return (1); }", "fn f() { return (1,); }"),
            ("fn f() { g((a)) }", "fn f() { g((a,)) }"),
            ("fn f() { a && b }", "fn f() { a & &b }"),
            ("fn f() { a.0.b }", "fn f() { a.0 .b() }"),
            ("fn f() { g(|a| { b }) }", "fn f() { g(|a| { b; }) }"),
            ("fn f() { { a } }", "fn f() { a }"),
            ("fn f() { g(|a| { b } - c) }", "fn f() { g(|a| b - c) }"),
            ("fn f() { a; }", "fn f() { a }"),
            ("fn f() {}", "fn f() {"),
        ] {
            assert!(!say_the_same(one, other), "{one}\n{other}");
        }
    }
}
