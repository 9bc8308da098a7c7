//! The links in the bar at the top of every page.

use actix_web::HttpRequest;
use vestibule::{Oidc, Visitor};

/// The links in their order. `vestibule add route` adds each page that needs no
/// parameter.
const LINKS: &[Link] = &[
    // The words, the path and who sees it.
];

/// A link in the bar.
pub struct Link {
    /// What people read.
    pub title: &'static str,
    /// The path, below that of the app.
    pub path: &'static str,
    audience: Audience,
}

/// Who sees a link. Who may follow it is up to its handler.
pub enum Audience {
    /// Everybody.
    Everybody,
    /// People who are signed in.
    SignedIn,
    /// People with this role.
    Role(&'static str),
}

impl Link {
    /// A link for these people.
    pub const fn to(title: &'static str, path: &'static str, audience: Audience) -> Self {
        Self {
            title,
            path,
            audience,
        }
    }

    fn is_for(&self, visitor: Option<&Visitor>) -> bool {
        match self.audience {
            Audience::Everybody => true,
            Audience::SignedIn => visitor.is_some(),
            Audience::Role(role) => visitor.is_some_and(|visitor| visitor.has_role(role)),
        }
    }
}

/// The links that a visitor sees.
pub(super) fn links(visitor: Option<&Visitor>) -> Vec<&'static Link> {
    LINKS.iter().filter(|link| link.is_for(visitor)).collect()
}

/// The path of the link to the page that was asked for, if there is one.
pub(super) fn current(request: &HttpRequest, oidc: &Oidc) -> Option<&'static str> {
    let here = request.path().strip_prefix(oidc.settings().base_path())?;
    let mut paths = LINKS.iter().map(|link| link.path);
    paths.find(|path| *path == here)
}
