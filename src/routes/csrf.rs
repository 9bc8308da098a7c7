//! Whether a page of another site could have a browser change something in the name of the person
//! who sits before it (cross-site request forgery). `SameSite` cookies make that hard, and other
//! origins of the same site are not stopped by them.

use super::access::Access;
use super::handler::{Handler, Need};

/// Methods that change nothing (RFC 9110 9.2.1).
const SAFE: [&str; 4] = ["GET", "HEAD", "OPTIONS", "TRACE"];

/// Whether it is checked that a page of the app sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Csrf {
    /// It need not be: nothing changes, or no cookie says in whose name.
    NotNeeded,
    Checked,
    Missing,
    /// It can't be told, as it can't be told who may reach the route.
    Unclear,
}

/// Works it out for one method of a route.
pub(super) fn csrf(method: &str, access: &Access, handler: &Handler) -> Csrf {
    if SAFE.contains(&method) {
        return Csrf::NotNeeded;
    }
    if handler.needs.contains(&Need::Csrf) {
        return Csrf::Checked;
    }
    let mut needs = handler.needs.iter();
    let goes_by_cookie = needs.any(|need| matches!(need, Need::Anybody | Need::Session));
    match access {
        Access::Own(_) | Access::Unclear(_) | Access::Everybody { declared: false } => {
            Csrf::Unclear
        }
        // Files and redirects change nothing.
        _ if handler.place.is_none() => Csrf::NotNeeded,
        Access::SignedIn { .. } => Csrf::Missing,
        Access::Everybody { declared: true } if goes_by_cookie => Csrf::Missing,
        Access::Everybody { declared: true } => Csrf::NotNeeded,
    }
}

/// As the table shows it: nothing where there is nothing to check.
impl std::fmt::Display for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotNeeded | Self::Unclear => "",
            Self::Checked => "checked",
            Self::Missing => "missing",
        })
    }
}
