//! One source file: its text, and the way to it from its syntax.

use std::ops::Range;

use proc_macro2::{Span, TokenStream, TokenTree};

/// A file that could be parsed as Rust.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// From the app's folder, with `/` between the parts.
    pub(crate) path: String,
    /// All of it, byte for byte.
    pub(crate) text: String,
    /// Where spans start counting: after a byte order mark and a `#!` line.
    start: usize,
}

/// Why a file could not be parsed.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{path} is not UTF-8")]
    NotUtf8 { path: String },
    #[error("{path}:{line} can't be parsed: {message}")]
    Syntax {
        path: String,
        line: usize,
        message: String,
    },
}

const BYTE_ORDER_MARK: &str = "\u{feff}";

impl SourceFile {
    /// A file and its syntax tree.
    pub(crate) fn parse(path: &str, bytes: Vec<u8>) -> Result<(Self, syn::File), Unreadable> {
        let text = String::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8 {
            path: path.to_owned(),
        })?;
        let start = start_of_tokens(&text);
        let tokens = text.get(start..).unwrap_or_default();
        let syntax = syn::parse_file(tokens).map_err(|error| Unreadable::Syntax {
            path: path.to_owned(),
            line: error.span().start().line,
            message: error.to_string(),
        })?;
        let file = Self {
            path: path.to_owned(),
            text,
            start,
        };
        Ok((file, syntax))
    }

    /// All tokens, so no comments.
    pub(super) fn tokens(&self) -> TokenStream {
        let text = self.text.get(self.start..).unwrap_or_default();
        // It was parsed before, so this can't fail.
        text.parse().unwrap_or_default()
    }

    /// Where a piece of syntax is in the text.
    pub(crate) fn range(&self, span: Span) -> Range<usize> {
        let range = span.byte_range();
        range.start + self.start..range.end + self.start
    }

    /// The line ending of the file.
    pub(crate) fn line_end(&self) -> &'static str {
        match self.text.find('\n').map(|end| self.text.get(..end)) {
            Some(Some(first)) if first.ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }
}

fn start_of_tokens(text: &str) -> usize {
    let mark = if text.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    let rest = text.get(mark..).unwrap_or_default();
    let is_shebang = rest.strip_prefix("#!").is_some_and(|rest| {
        // `#![…]` is an attribute, also with space in between.
        !rest.trim_start().starts_with('[')
    });
    if is_shebang {
        mark + rest.find('\n').unwrap_or(rest.len())
    } else {
        mark
    }
}

/// Tokens in order, with those inside groups; a delimiter itself is `None`.
pub(crate) fn flatten(tokens: TokenStream) -> Vec<(Span, Option<TokenTree>)> {
    let mut flat = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                flat.push((group.span_open(), None));
                flat.extend(flatten(group.stream()));
                flat.push((group.span_close(), None));
            }
            token => flat.push((token.span(), Some(token))),
        }
    }
    flat
}
