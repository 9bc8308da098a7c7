//! The routes of the running app, and what is known of each.

use std::{collections::BTreeSet, fmt};

use actix_web::{HttpRequest, dev::ResourceDef};
use serde::{Deserialize, Serialize};
use vestibule::{
    Error, Oidc,
    internals::{self, GuardSeen, Observation, Who},
};

use super::questions::{METHODS, Question};

/// Values to try for the parameters of a path.
const EXAMPLES: [&str; 6] = [
    "example",
    "1",
    "2026",
    "12",
    "2026-01-31",
    "00000000-0000-4000-8000-000000000000",
];

/// What asks all others. It is not asked itself, as that would never end.
const ASKS: (&str, &str) = ("POST", "/dev/routes");

/// All routes of the running app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Routes {
    /// The path below which the app is mounted; the paths here are without it.
    pub base_path: String,
    /// The routes, by path.
    pub routes: Vec<Route>,
}

/// A route, for one method.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Route {
    /// The method; `*` for any.
    pub method: String,
    /// The pattern of its path.
    pub path: String,
    /// Who may reach it.
    pub access: Access,
    /// Whether all its guards are known, also those that strangers do not get to.
    pub is_complete: bool,
    /// A path that it answers, below the base path; empty if none can be made up.
    pub example: String,
    /// What its guards want a request to say: names and values of header fields.
    pub headers: Vec<(String, String)>,
}

/// Who may reach a route. `vestibule routes --json` has the same form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Access {
    /// Everybody.
    #[non_exhaustive]
    Everybody {
        /// Whether that is declared, by a public table or an `Option<User>`.
        declared: bool,
    },
    /// People who are signed in.
    #[non_exhaustive]
    SignedIn {
        /// The roles that they need.
        roles: Vec<String>,
        /// How long ago they may have authenticated.
        fresh_seconds: Option<u64>,
        /// Further guards.
        guards: Vec<String>,
    },
    /// It is not known yet.
    #[non_exhaustive]
    Unknown {
        /// Why.
        reason: String,
        /// Whether a guard stands before it all the same.
        guarded: bool,
    },
}

/// A route in Actix's report.
#[derive(Deserialize)]
struct Reported {
    full_path: String,
    methods: Vec<String>,
    resource_type: String,
    #[serde(default)]
    patterns: Vec<String>,
    #[serde(default)]
    guards_detail: Vec<ReportedGuard>,
}

#[derive(Deserialize)]
struct ReportedGuard {
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

impl Routes {
    /// What is known now.
    pub(super) fn of(request: &HttpRequest, base_path: &str) -> Result<Self, Error> {
        let oidc = Oidc::of(request)?;
        let mut routes = Vec::new();
        for reported in report(request)? {
            // Public tables may have edges, which answer nothing.
            let is_edge = reported.full_path.ends_with(internals::EVERY_PATH);
            if reported.resource_type == "resource" && !is_edge {
                reported.add_to(&mut routes, &oidc, base_path);
            }
        }
        Ok(Self {
            base_path: base_path.to_owned(),
            routes,
        })
    }

    /// What to ask to learn whom each route lets in.
    pub(crate) fn questions(&self) -> Vec<Question> {
        let asked = |route: &&Route| !route.asks_others() && !route.example.is_empty();
        let routes = self.routes.iter().filter(asked);
        let mut questions: Vec<Question> = routes.clone().map(Route::question).collect();
        // Actix reports the methods of a path together: a route for any method may hide
        // behind one for a single method.
        for route in routes {
            for method in METHODS {
                let is_same = |known: &Route| known.path == route.path;
                let mut same = self.routes.iter().filter(|known| is_same(known));
                if !same.any(|known| known.method == method || known.method == "*") {
                    let question = Question {
                        method: method.to_owned(),
                        ..route.question()
                    };
                    if !questions.contains(&question) {
                        questions.push(question);
                    }
                }
            }
        }
        questions
    }
}

impl Route {
    /// Whether everybody gets an answer though nobody has declared that.
    pub(super) fn is_open(&self) -> bool {
        self.access == Access::Everybody { declared: false }
    }

    fn asks_others(&self) -> bool {
        (self.method.as_str(), self.path.as_str()) == ASKS
    }

    /// Whether there may be guards to which no stranger gets.
    pub(super) fn may_ask_more(&self) -> bool {
        !self.is_complete && matches!(self.access, Access::SignedIn { .. })
    }

    /// What a stranger asks it.
    pub(crate) fn question(&self) -> Question {
        Question {
            method: asked_method(&self.method).to_owned(),
            path: self.example.clone(),
            headers: self.headers.clone(),
        }
    }
}

fn asked_method(method: &str) -> &str {
    if method == "*" { "GET" } else { method }
}

impl Reported {
    /// Adds a route for each method.
    fn add_to(self, routes: &mut Vec<Route>, oidc: &Oidc, base_path: &str) {
        let example = example(&self.full_path).unwrap_or_default();
        let headers: Vec<(String, String)> = self
            .guards_detail
            .iter()
            .flat_map(|guard| &guard.details)
            .flat_map(|detail| &detail.headers)
            .map(|header| (header.name.clone(), header.value.clone()))
            .collect();
        let path = self.full_path.strip_prefix(base_path);
        let path = path.filter(|path| path.starts_with('/'));
        let path = path.unwrap_or(&self.full_path).to_owned();
        let route = |method: &str, access: Access, is_complete: bool| Route {
            method: method.to_owned(),
            path: path.clone(),
            access,
            is_complete,
            example: example.clone(),
            headers: headers.clone(),
        };

        let reported = if self.methods.is_empty() {
            vec!["*".to_owned()]
        } else {
            self.methods.clone()
        };
        for method in &reported {
            let (access, is_complete) = if (method.as_str(), path.as_str()) == ASKS {
                (Access::Everybody { declared: true }, true)
            } else {
                self.access(oidc, asked_method(method), &example)
            };
            routes.push(route(method, access, is_complete));
        }
        if reported.iter().any(|method| method == "*") {
            return;
        }
        for method in METHODS {
            if reported.iter().any(|known| known == method) {
                continue;
            }
            let (access, is_complete) = self.access(oidc, method, &example);
            // A guard before several methods says nothing of which there are.
            if matches!(access, Access::Everybody { .. }) {
                routes.push(route(method, access, is_complete));
            }
        }
    }

    /// Who may reach it, and whether all its guards are known.
    fn access(&self, oidc: &Oidc, method: &str, example: &str) -> (Access, bool) {
        let unknown = |reason: String| {
            let guarded = false;
            (Access::Unknown { reason, guarded }, false)
        };
        let answering = internals::pattern_of(oidc, method, example);
        let pattern = match &answering {
            Some(pattern) if self.is_at(pattern) => pattern,
            Some(other) => return unknown(format!("{other} answers {example}")),
            None => &self.full_path,
        };
        match internals::observation(oidc, method, pattern) {
            Some(seen) => (Access::of(&seen), seen.is_complete),
            None if example.is_empty() => unknown("no path is known that it answers".to_owned()),
            None => unknown("it has not answered yet".to_owned()),
        }
    }

    /// Whether this is the pattern of the answering route, which of several patterns names
    /// the first.
    fn is_at(&self, pattern: &str) -> bool {
        let pattern = if pattern.is_empty() { "/" } else { pattern };
        let first = self.patterns.first().map_or("", String::as_str);
        let mut own = self.patterns.iter();
        self.full_path == pattern
            || own.any(|own| {
                let above = self.full_path.strip_suffix(own.as_str());
                above.is_some_and(|above| pattern.strip_prefix(above) == Some(first))
            })
    }
}

impl Access {
    fn of(seen: &Observation) -> Self {
        match seen.who {
            Some(Who::Everybody) => Self::Everybody { declared: true },
            Some(Who::Undeclared) => Self::Everybody { declared: false },
            Some(Who::SignedIn) => Self::by(&seen.guards),
            None => Self::Unknown {
                reason: "no stranger has got as far as its guards".to_owned(),
                guarded: !seen.guards.is_empty(),
            },
        }
    }

    fn by(guards: &BTreeSet<GuardSeen>) -> Self {
        let (mut roles, mut fresh_seconds, mut further) = (Vec::new(), None, Vec::new());
        for guard in guards {
            match guard {
                GuardSeen::SignedIn => {}
                GuardSeen::Role(name) => roles.push((*name).to_owned()),
                // They are in order: the first is the strictest.
                GuardSeen::Fresh(seconds) => {
                    fresh_seconds.get_or_insert(*seconds);
                }
                GuardSeen::Assured(level) => {
                    let name = level.rsplit("::").next().unwrap_or(level);
                    further.push(format!("Assured<{name}>"));
                }
            }
        }
        Self::SignedIn {
            roles,
            fresh_seconds,
            guards: further,
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody { declared: true } => f.write_str("everybody"),
            Self::Everybody { declared: false } => {
                f.write_str("undeclared: neither guarded nor declared public")
            }
            Self::SignedIn {
                roles,
                fresh_seconds,
                guards,
            } => {
                f.write_str("signed in")?;
                for role in roles {
                    write!(f, ", role {role}")?;
                }
                if let Some(seconds) = fresh_seconds {
                    write!(f, ", at most {seconds} s ago")?;
                }
                guards.iter().try_for_each(|guard| write!(f, ", {guard}"))
            }
            Self::Unknown { reason, .. } => write!(f, "not known: {reason}"),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.method, self.path, self.access)
    }
}

/// A path that a pattern matches.
fn example(pattern: &str) -> Option<String> {
    let definition = ResourceDef::new(pattern);
    EXAMPLES.into_iter().find_map(|value| {
        let mut path = String::new();
        let mut values = std::iter::repeat(value);
        let is_whole = definition.resource_path_from_iter(&mut path, &mut values);
        (is_whole && definition.is_match(&path)).then_some(path)
    })
}

/// What Actix reports of the app that handles the request.
#[cfg(feature = "introspection")]
fn report(request: &HttpRequest) -> Result<Vec<Reported>, Error> {
    use actix_web::{introspection::IntrospectionTree, web::Data};

    let tree = request.app_data::<Data<IntrospectionTree>>();
    let tree = tree.ok_or_else(|| Error::internal("Actix reports no routes"))?;
    serde_json::from_str(&tree.report_as_json())
        .map_err(|error| Error::internal(format!("Actix reports its routes differently: {error}")))
}

/// Without the feature, there is no such page.
#[cfg(not(feature = "introspection"))]
fn report(_: &HttpRequest) -> Result<Vec<Reported>, Error> {
    Err(Error::not_found())
}
