//! A new route, as far as it is known to be possible.

use std::fmt;

/// A route that is to be added, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewRoute {
    /// The module of its handler: `monthly_reports`.
    pub(crate) module: String,
    /// As browsers see it: `/reports/{id}`.
    pub(crate) path: String,
    pub(crate) method: Method,
    pub(crate) guard: Guard,
    pub(crate) kind: Kind,
    pub(crate) style: Style,
}

/// How an app writes its handlers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Style {
    /// Whether pages are views, as in a new app.
    pub(crate) has_views: bool,
    /// Whether there is a gallery that shows pages from sample data.
    pub(crate) has_gallery: bool,
    /// The path in the attribute of the handler, which registers it: `#[get("/reports")]`.
    pub(crate) attribute: Option<String>,
}

impl Style {
    /// That of a new app.
    pub(crate) fn of_template() -> Self {
        Self {
            has_views: true,
            has_gallery: true,
            attribute: None,
        }
    }
}

/// What a route answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Page,
    Json,
    Form,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Whom a route lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Guard {
    Public,
    SignedIn,
    Role(RoleType),
    Fresh { seconds: u64 },
}

/// A role, and how handlers name its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleType {
    /// In the provider's claims.
    pub(crate) name: String,
    /// What is imported for it: `crate::hooks::self`. Nothing where that name means something else.
    pub(crate) import: Option<String>,
    /// What is written then: `hooks::Admin`.
    pub(crate) written: String,
    /// Whether the app decides who has it, and not the claims alone.
    pub(crate) is_decided_by_app: bool,
}

/// A role that the app doesn't know yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewRole {
    pub(crate) type_name: String,
    pub(crate) name: String,
    /// How the trait is written where the type goes, with its arguments.
    pub(crate) trait_path: String,
}

/// A module's name as a heading.
pub(crate) fn title_of(module: &str) -> String {
    let words = module.replace('_', " ");
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => words,
    }
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The function of `actix_web::web` for it.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    /// What its handler is called.
    pub(crate) fn handler(self) -> &'static str {
        match self {
            Self::Get => "show",
            Self::Post => "create",
            Self::Put => "replace",
            Self::Patch => "update",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Guard {
    /// In words, with names between marks.
    pub(crate) fn who(&self, mark: &str) -> String {
        match self {
            Self::Public => "everybody".to_owned(),
            Self::SignedIn => "people who are signed in".to_owned(),
            Self::Role(role) => format!("people with the role {mark}{}{mark}", role.name),
            Self::Fresh { seconds } => {
                let minutes = seconds / 60;
                let unit = if minutes == 1 { "minute" } else { "minutes" };
                format!("people who signed in within the last {minutes} {unit}")
            }
        }
    }
}

impl NewRoute {
    /// The names between braces in the path.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let parts = self.path.split('{').skip(1);
        parts
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// A path that it answers.
    pub(crate) fn example(&self) -> String {
        self.parameters()
            .iter()
            .fold(self.path.clone(), |path, name| {
                path.replace(&format!("{{{name}}}"), "1")
            })
    }

    /// The module's name as a heading.
    pub(crate) fn title(&self) -> String {
        title_of(&self.module)
    }

    /// Methods and handlers, one for each registration.
    pub(crate) fn handlers(&self) -> Vec<(Method, &'static str)> {
        match self.kind {
            Kind::Page => vec![(Method::Get, "show")],
            Kind::Json => vec![(self.method, self.method.handler())],
            Kind::Form => vec![(Method::Get, "show"), (Method::Post, "send")],
        }
    }

    /// Whether it shows a view.
    pub(crate) fn is_view(&self) -> bool {
        self.style.has_views && self.kind != Kind::Json
    }

    /// Whether the gallery can show it.
    pub(crate) fn has_sample(&self) -> bool {
        self.is_view() && self.style.has_gallery
    }

    /// Whether the bar can link to it.
    pub(crate) fn has_link(&self) -> bool {
        self.is_view() && self.parameters().is_empty()
    }

    /// Whether it reads a body of JSON.
    pub(crate) fn has_body(&self) -> bool {
        let methods = [Method::Post, Method::Put, Method::Patch];
        self.kind == Kind::Json && methods.contains(&self.method)
    }

    /// Whether scripts have to send the person's CSRF token.
    pub(crate) fn needs_token(&self) -> bool {
        self.kind == Kind::Json && self.method != Method::Get && self.guard != Guard::Public
    }
}
