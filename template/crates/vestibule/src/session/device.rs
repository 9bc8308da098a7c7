//! Where a person is signed in, for them to see and to end. Browsers get names from
//! a short list: nothing that a browser sends is stored verbatim, and nothing is
//! decided by it.

use crate::{seal, store::ListedRow};

/// One browser in which a person is signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Device {
    /// Identifies it in forms. It cannot be used to sign in.
    pub handle: String,
    /// The browser and its system, such as "Firefox on Linux".
    pub name: String,
    /// When the person signed in there, in Unix seconds.
    pub signed_in_at: u64,
    /// When the browser was last seen, in Unix seconds.
    pub last_seen: u64,
    /// Whether it is the browser that sent this request.
    pub is_this: bool,
}

/// Most browsers claim to be several; the first match counts.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("curl/", "curl"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// The browser that sends this `User-Agent`, such as "Firefox on Linux".
pub fn describe_browser(agent: &str) -> String {
    let first = |list: &[(&str, &'static str)]| {
        let fits = list.iter().find(|(mark, _)| agent.contains(mark));
        fits.map(|&(_, name)| name)
    };
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "An unknown browser".to_owned(),
    }
}

impl Device {
    /// The browser of a row; `is_this`: it sent this request.
    pub(crate) fn of(row: ListedRow, is_this: bool) -> Self {
        Self {
            handle: Self::handle_of(&row),
            name: row.device,
            signed_in_at: row.created_at,
            last_seen: row.last_seen,
            is_this,
        }
    }

    /// The handle of the browser in a row.
    pub(crate) fn handle_of(row: &ListedRow) -> String {
        seal::encode(&seal::hash("device", &[&row.key]))
    }
}

#[cfg(test)]
mod tests {
    use super::describe_browser;

    #[test]
    fn browsers_are_told_apart() {
        const GECKO: &str =
            "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, name) in [
            (GECKO.to_owned(), "Firefox on Linux"),
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64) {WEBKIT} Chrome/142.0 Safari/537.36"),
                "Chrome on Windows",
            ),
            (
                format!(
                    "Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.0"
                ),
                "Edge on Windows",
            ),
            (
                format!(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {WEBKIT} Version/18.1 Mobile Safari/604.1"
                ),
                "Safari on iPhone",
            ),
            (
                format!(
                    "Mozilla/5.0 (Linux; Android 16) {WEBKIT} Chrome/142.0 Mobile Safari/537.36"
                ),
                "Chrome on Android",
            ),
            ("<script>".to_owned(), "An unknown browser"),
            (String::new(), "An unknown browser"),
        ] {
            assert_eq!(describe_browser(&agent), name, "{agent}");
        }
    }
}
