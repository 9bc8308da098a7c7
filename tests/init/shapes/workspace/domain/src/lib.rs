//! How far it is.

use serde::Serialize;

/// A distance in metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Metres(pub f64);

/// Reads a distance with its unit, such as `5km`.
pub fn parse(text: &str) -> Option<Metres> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    if let Some(text) = text.strip_suffix("km") {
        return number(text).map(|kilometres| Metres(kilometres * 1000.0));
    }
    if let Some(text) = text.strip_suffix("mi") {
        return number(text).map(|miles| Metres(miles * 1609.344));
    }
    number(text.strip_suffix('m')?).map(Metres)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood() {
        assert_eq!(parse("5km"), Some(Metres(5000.0)));
        assert_eq!(parse("1 mi"), Some(Metres(1609.344)));
        assert_eq!(parse("12m"), Some(Metres(12.0)));
        assert_eq!(parse("12"), None);
    }
}
