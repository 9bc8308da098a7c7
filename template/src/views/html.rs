//! Texts that templates show as they are, since they are HTML already. They are
//! for what stands on every page: any other text a template escapes itself.

use std::fmt::{self, Write};

use askama::{
    FastWritable, Values,
    filters::{self, Escaper, HtmlSafe},
};

/// A text that was escaped once, for the many pages that show it.
#[derive(Clone, Debug)]
pub struct Html(Box<str>);

impl Html {
    /// Escapes a text.
    pub fn escaped(text: &str) -> Self {
        let mut html = String::with_capacity(text.len());
        // Writing to memory does not fail.
        let _ = filters::Html.write_escaped_str(&mut html, text);
        Self(html.into())
    }
}

/// A text that the app's own code spells out.
#[derive(Clone, Copy, Debug)]
pub struct Literal(pub &'static str);

/// A path of this app, as browsers see it.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    pub(super) base: &'a str,
    pub(super) path: &'static str,
}

impl Html {
    fn show(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Literal {
    fn show(&self, out: &mut dyn Write) -> fmt::Result {
        out.write_str(self.0)
    }
}

impl Link<'_> {
    #[inline]
    fn show(&self, out: &mut dyn Write) -> fmt::Result {
        if !self.base.is_empty() {
            self.show_base(out)?;
        }
        out.write_str(self.path)
    }

    // Apart, so that the usual case is short enough to be written in place.
    #[cold]
    fn show_base(&self, out: &mut dyn Write) -> fmt::Result {
        filters::Html.write_escaped_str(out, self.base)
    }
}

macro_rules! show_as_it_is {
    ($($kind:ty),*) => { $(
        impl HtmlSafe for $kind {}

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.show(f)
            }
        }

        impl FastWritable for $kind {
            fn write_into(&self, out: &mut dyn Write, _: &dyn Values) -> askama::Result<()> {
                Ok(self.show(out)?)
            }
        }
    )* };
}

show_as_it_is!(Html, Literal, Link<'_>);
