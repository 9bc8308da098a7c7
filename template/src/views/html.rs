//! How text is escaped in HTML: `askama.toml` has all templates use it.

use std::fmt;

use askama::filters::{self, Escaper};

/// Escapes as Askama does. Most strings need none of it, which this sees at once
/// where Askama looks at one character after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html;

/// Whether a byte means something in HTML.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    special[b'"' as usize] = true;
    special[b'&' as usize] = true;
    special[b'\'' as usize] = true;
    special[b'<' as usize] = true;
    special[b'>' as usize] = true;
    special
};

impl Escaper for Html {
    fn write_escaped_str<W: fmt::Write>(&self, mut page: W, string: &str) -> fmt::Result {
        // Without a way out of the loop, which is quickest for strings this short.
        let special = string
            .bytes()
            .fold(false, |found, byte| found | SPECIAL[usize::from(byte)]);
        if special {
            filters::Html.write_escaped_str(page, string)
        } else {
            page.write_str(string)
        }
    }
}

#[cfg(test)]
mod tests {
    use askama::filters::{self, Escaper as _};

    use super::Html;

    #[test]
    fn whatever_askama_escapes_is_escaped() {
        for character in '\0'..='\u{7FF}' {
            let string = format!("a{character}long enough to be looked at in one go{character}");
            let (mut page, mut wanted) = (String::new(), String::new());
            assert!(Html.write_escaped_str(&mut page, &string).is_ok());
            let by_askama = filters::Html.write_escaped_str(&mut wanted, &string);
            assert!(by_askama.is_ok());
            assert_eq!(page, wanted);
        }
    }
}
