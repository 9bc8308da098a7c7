//! Who may reach a route: what its handler asks for, and the middleware before it.

use super::handler::Need;
use super::node::Middleware;

/// Who may reach a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody; `declared` if the source says that this is meant.
    Everybody { declared: bool },
    /// People who are signed in, and who meet what is listed.
    SignedIn {
        roles: Vec<String>,
        fresh: Option<Fresh>,
        /// Further guards of the library, by their types.
        guards: Vec<String>,
    },
    /// Only code of the app's own decides: a type or middleware by this name.
    Own(String),
    /// It can't be told, for this reason.
    Unclear(String),
}

impl Access {
    /// Why that isn't known, if it isn't.
    pub(crate) fn doubt(&self) -> Option<String> {
        match self {
            Self::Everybody { .. } | Self::SignedIn { .. } => None,
            Self::Own(name) => Some(format!("it can't be told whom `{name}` lets pass")),
            Self::Unclear(reason) => Some(reason.clone()),
        }
    }
}

/// How recently a person must have signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fresh {
    Seconds(u64),
    /// How many seconds only the compiler can tell.
    Recently,
}

/// Works it out for one route.
pub(super) fn access(middleware: &[Middleware], needs: &[Need], declared_public: bool) -> Access {
    if needs.contains(&Need::Unknown) {
        return Access::Unclear("the handler can't be found".to_owned());
    }
    let in_some_builds = needs.iter().find_map(|need| match need {
        Need::SomeBuilds(guard) => Some(guard),
        _ => None,
    });
    if let Some(guard) = in_some_builds {
        return Access::Unclear(format!("`{guard}` is an argument in some builds only"));
    }
    let mut roles = Vec::new();
    let mut guards = Vec::new();
    let mut fresh = None;
    let mut is_signed_in = middleware.contains(&Middleware::EnsureAuthenticated);
    for need in needs {
        match need {
            Need::SignedIn => {}
            Need::Role(role) => roles.push(role.clone()),
            Need::Fresh(seconds) => fresh = Some(stricter(fresh, *seconds)),
            Need::Guard(guard) => guards.push(guard.clone()),
            Need::Anybody
            | Need::Csrf
            | Need::Session
            | Need::Own(_)
            | Need::SomeBuilds(_)
            | Need::Unknown => continue,
        }
        is_signed_in = true;
    }
    if is_signed_in {
        return Access::SignedIn {
            roles,
            fresh,
            guards,
        };
    }
    if declared_public
        || middleware.contains(&Middleware::DeclaresPublic)
        || needs.contains(&Need::Anybody)
    {
        return Access::Everybody { declared: true };
    }
    let own = needs.iter().find_map(|need| match need {
        Need::Own(name) => Some(name),
        _ => None,
    });
    let own = own.or_else(|| {
        middleware.iter().find_map(|one| match one {
            Middleware::Own(name) => Some(name),
            Middleware::EnsureAuthenticated | Middleware::DeclaresPublic => None,
        })
    });
    match own {
        Some(name) => Access::Own(name.clone()),
        None => Access::Everybody { declared: false },
    }
}

/// The names of what stands before a handler and of what it asks for.
pub(super) fn checks(middleware: &[Middleware], needs: &[Need]) -> Vec<String> {
    let before = middleware.iter().filter_map(|one| match one {
        Middleware::EnsureAuthenticated => Some("ensure_authenticated".to_owned()),
        Middleware::Own(name) => Some(name.clone()),
        Middleware::DeclaresPublic => None,
    });
    let asked = needs.iter().filter_map(|need| match need {
        Need::SignedIn => Some("signed in".to_owned()),
        Need::Role(role) => Some(format!("role {role}")),
        Need::Fresh(seconds) => Some(seconds.map_or(Fresh::Recently, Fresh::Seconds).to_string()),
        Need::Guard(name) | Need::Own(name) | Need::SomeBuilds(name) => Some(name.clone()),
        Need::Anybody | Need::Csrf | Need::Session | Need::Unknown => None,
    });
    let mut names: Vec<String> = before.chain(asked).collect();
    names.sort();
    names.dedup();
    names
}

fn stricter(known: Option<Fresh>, seconds: Option<u64>) -> Fresh {
    let next = seconds.map_or(Fresh::Recently, Fresh::Seconds);
    match (known, next) {
        (Some(Fresh::Seconds(known)), Fresh::Seconds(next)) => Fresh::Seconds(known.min(next)),
        (Some(Fresh::Seconds(known)), Fresh::Recently) => Fresh::Seconds(known),
        (_, next) => next,
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everybody { declared: true } => f.write_str("everybody"),
            // Its owner has yet to say who may.
            Self::Everybody { declared: false } | Self::Own(_) => f.write_str("undecided"),
            Self::SignedIn {
                roles,
                fresh,
                guards,
            } => {
                let mut parts: Vec<String> =
                    roles.iter().map(|role| format!("role {role}")).collect();
                parts.extend(fresh.map(|fresh| fresh.to_string()));
                parts.extend(guards.iter().cloned());
                if parts.is_empty() {
                    return f.write_str("signed in");
                }
                f.write_str(&parts.join(", "))
            }
            Self::Unclear(_) => f.write_str("can't be told"),
        }
    }
}

impl std::fmt::Display for Fresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Seconds(seconds) if *seconds >= 60 && seconds % 60 == 0 => {
                write!(f, "fresh {} min", seconds / 60)
            }
            Self::Seconds(seconds) => write!(f, "fresh {seconds} s"),
            Self::Recently => f.write_str("fresh"),
        }
    }
}
