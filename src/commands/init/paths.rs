//! Which paths are free for the sign-in, and where the app listens: read from literals.

use proc_macro2::TokenTree;
use quote::ToTokens as _;

use super::sources::{Sources, arguments, each_token, string};
use crate::routes::{Pattern, Reached, Table};

/// What the sign-in answers, below its prefix.
const PATHS: [&str; 5] = [
    "/login",
    "/authorization-code/callback",
    "/logout",
    "/logged-out",
    "/backchannel-logout",
];
/// The page that is written as an example.
const PAGE: &str = "/account";
/// Where these go, the best place first.
const PREFIXES: [&str; 4] = ["", "/auth", "/sign-in", "/oidc"];
/// Calls and attributes whose first argument is a path.
const TAKES_PATH: [&str; 3] = ["resource", "route", "scope"];
const VERBS: [&str; 9] = [
    "connect", "delete", "get", "head", "options", "patch", "post", "put", "trace",
];

struct Address {
    is_https: bool,
    host: String,
    port: u16,
}

/// What the app says about its paths.
#[derive(Default)]
pub(super) struct Paths {
    /// Literals that may be paths or patterns of paths.
    written: Vec<String>,
    /// Whether there is something that answers whatever nothing else does.
    catches_all: bool,
    /// Whether there is something that takes each path from what is registered after it.
    takes_all: bool,
    /// Addresses that it listens on.
    listens: Vec<Address>,
}

impl Paths {
    pub(super) fn of(sources: &Sources) -> Self {
        let mut paths = Self::default();
        for file in &sources.files {
            let tokens = file.syntax.to_token_stream();
            let mut called = None;
            let mut last = String::new();
            each_token(tokens, &mut |before, token| {
                paths.note(called.take(), token);
                if let TokenTree::Ident(name) = token {
                    let name = name.to_string();
                    called = called_by(&last, before, &name);
                    last = name;
                }
            });
        }
        paths
    }

    /// Notes what a token means after a name, `Files::new` being one.
    fn note(&mut self, called: Option<String>, token: &TokenTree) {
        if let Some(text) = string(token).filter(|text| text.starts_with('/')) {
            self.written.push(text);
        }
        let (Some(called), Some(arguments)) = (called, arguments(token)) else {
            return;
        };
        let mut tokens = arguments.into_iter();
        let first = tokens.next();
        let text = first.as_ref().and_then(string);
        match (called.as_str(), text) {
            ("default_service", _) => self.catches_all = true,
            ("Files::new", Some(text)) if text.trim_matches('/').is_empty() => {
                self.catches_all = true;
                self.takes_all = true;
            }
            ("scope", Some(text)) if text.trim_matches('/').is_empty() => self.takes_all = true,
            ("Files::new", Some(text)) => self.written.push(text),
            (name, Some(text))
                if [&TAKES_PATH[..], &VERBS].concat().contains(&name) && !text.starts_with('/') =>
            {
                self.written.push(format!("/{text}"));
            }
            (name, _) if is_bind(name) => {
                let is_https = ["rustls", "openssl"].iter().any(|it| name.contains(it));
                let address = first.as_ref().and_then(host_and_port);
                // Port 0 is any, as tests like it.
                let address = address.filter(|(_, port)| *port != 0);
                self.listens.extend(address.map(|(host, port)| Address {
                    is_https,
                    host,
                    port,
                }));
            }
            _ => {}
        }
    }

    /// Where browsers reach a debug build, if it always listens on the same port.
    pub(super) fn base_url(&self) -> Option<String> {
        let first = self.listens.first()?;
        let is_one = |other: &Address| (other.port, other.is_https) == (first.port, first.is_https);
        if !self.listens.iter().all(is_one) {
            return None;
        }
        let host = match first.host.as_str() {
            host @ ("127.0.0.1" | "[::1]") => host,
            "::1" => "[::1]",
            _ => "localhost",
        };
        let scheme = if first.is_https { "https" } else { "http" };
        Some(format!("{scheme}://{host}:{}", first.port))
    }

    /// Where the sign-in and its example page can go: before all paths of the sign-in, and the path
    /// of the page.
    pub(super) fn free(&self, table: Option<&Table>) -> Option<(&'static str, String)> {
        let is_free = |prefix: &&str| match table {
            Some(table) => all(prefix).iter().all(|path| {
                let reached = |method| table.reach(method, path);
                reached("GET") == Reached::Nothing && reached("POST") == Reached::Nothing
            }),
            None => !self.is_matched(prefix) && !self.is_written(prefix),
        };
        let is_good = |prefix: &&str| !(self.catches_all && prefix.is_empty()) && is_free(prefix);
        let mut prefixes = PREFIXES.into_iter();
        let best = prefixes.find(|prefix| is_good(prefix));
        // Patterns may match everything; then it is enough that the app has no such path.
        let good = best.or_else(|| {
            let mut prefixes = PREFIXES.into_iter().skip(1);
            prefixes.find(|prefix| !self.is_written(prefix))
        })?;
        Some((good, format!("{good}{PAGE}")))
    }

    /// Whether the app may take the paths of the sign-in from it, if it registers its own first.
    pub(super) fn come_before(&self, prefix: &str) -> bool {
        self.takes_all || self.is_matched(prefix)
    }

    /// Whether a pattern of the app may match one of the paths.
    fn is_matched(&self, prefix: &str) -> bool {
        let paths = all(prefix);
        let mut patterns = self.written.iter().filter(|it| it.contains('{'));
        patterns.any(|pattern| {
            let pattern = Pattern::new(pattern);
            paths.iter().any(|path| pattern.matches(path))
        })
    }

    /// Whether the app has one of the paths, or something else below the prefix.
    fn is_written(&self, prefix: &str) -> bool {
        let paths = all(prefix);
        let below = format!("{prefix}/");
        self.written.iter().any(|written| {
            let written = written.trim_end_matches('/');
            let is_below = !prefix.is_empty() && (written == prefix || written.starts_with(&below));
            is_below || paths.iter().any(|path| path == written)
        })
    }
}

fn all(prefix: &str) -> Vec<String> {
    let paths = PATHS.into_iter().chain([PAGE]);
    paths.map(|path| format!("{prefix}{path}")).collect()
}

/// What is called by a name, if that may be of interest.
fn called_by(last: &str, before: Option<&TokenTree>, name: &str) -> Option<String> {
    let is_method = matches!(before, Some(TokenTree::Punct(mark)) if mark.as_char() == '.');
    match name {
        "new" => Some(format!("{last}::new")),
        // `map.get("…")` takes no path.
        name if VERBS.contains(&name) && is_method => None,
        name => Some(name.to_owned()),
    }
}

/// An address that is written out: `"localhost:8080"` or `("localhost", 8080)`.
fn host_and_port(address: &TokenTree) -> Option<(String, u16)> {
    let TokenTree::Group(pair) = address else {
        let address = string(address)?;
        let (host, port) = address.rsplit_once(':')?;
        return Some((host.to_owned(), port.parse().ok()?));
    };
    let pair: Vec<_> = pair.stream().into_iter().collect();
    let host = pair.first().and_then(string).unwrap_or_default();
    match pair.last()? {
        TokenTree::Literal(port) => Some((host, port.to_string().parse().ok()?)),
        _ => None,
    }
}

fn is_bind(name: &str) -> bool {
    name == "bind" || name.starts_with("bind_")
}
