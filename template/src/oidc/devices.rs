//! Where a person is signed in, for their own eyes, and how they end it there.
//! Browsers go by names from a short list: nothing of what one says of itself
//! is kept word for word, and nothing is decided by it.

use std::cmp::Reverse;

use actix_web::{HttpRequest, http::header::USER_AGENT};

use super::{
    Oidc,
    guard::User,
    seal,
    store::{Key, StoreError},
};

/// One browser in which a person is signed in.
#[derive(Clone, Debug)]
pub struct Device {
    /// Names it in forms. Of no use to sign in with.
    pub handle: String,
    /// The browser and its system, such as "Firefox on Linux".
    pub name: String,
    /// When the sign-in began, in Unix seconds.
    pub signed_in_at: u64,
    /// When the browser last made itself known, in Unix seconds.
    pub last_seen: u64,
    /// Whether it is the browser that asks.
    pub is_this: bool,
}

impl Oidc {
    /// Where the person is signed in: first the browser that asks, then the
    /// others, the latest visit first.
    ///
    /// # Errors
    /// The sign-in store cannot be reached.
    pub async fn devices(&self, user: &User) -> Result<Vec<Device>, StoreError> {
        let this = user.live().key;
        let rows = self.sign_ins.rows_of(user.live()).await?;
        let devices = rows.into_iter().map(|row| Device {
            handle: handle(&row.key),
            name: row.device,
            signed_in_at: row.created_at,
            last_seen: row.last_seen,
            is_this: row.key == this,
        });
        let mut devices: Vec<Device> = devices.collect();
        devices.sort_by_key(|device| Reverse((device.is_this, device.last_seen)));
        Ok(devices)
    }

    /// Ends the person's sign-in with this handle, or, without one, all but
    /// the one that asks; says how many there were. A handle that is not of
    /// this person ends nothing.
    ///
    /// # Errors
    /// The sign-in store cannot be reached; some may have ended already.
    pub async fn end_devices(&self, user: &User, asked: Option<&str>) -> Result<usize, StoreError> {
        let this = user.live().key;
        let mut ended = 0;
        for row in self.sign_ins.rows_of(user.live()).await? {
            let is_meant = match asked {
                Some(asked) => handle(&row.key) == asked,
                None => row.key != this,
            };
            if is_meant && self.sign_ins.end_by_key(row.key).await? {
                ended += 1;
            }
        }
        Ok(ended)
    }
}

fn handle(key: &Key) -> String {
    seal::encode(&seal::hash("device", &[key]))
}

/// Most say that they are several; the first that fits is the one.
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

/// The browser behind the request, such as "Firefox on Linux".
pub fn name(request: &HttpRequest) -> String {
    let agent = request.headers().get(USER_AGENT);
    describe(
        agent
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or_default(),
    )
}

fn describe(agent: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::describe;

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
            assert_eq!(describe(&agent), name, "{agent}");
        }
    }
}
