//! What `add route` would have written for a route as it is now: if that is what there is,
//! nobody has edited it.

use clap::ValueEnum as _;
use syn::Item;
use syn::spanned::Spanned as _;

use crate::commands::add::site::ROUTES;
use crate::error::Error;
use crate::project::Project;
use crate::routes::{Access, Fresh, Route};
use crate::scaffold::{self, Guard, Kind, Method, NewRole, NewRoute};
use crate::source::{Crate, SourceFile, say_the_same};

use super::traces::{Traces, is_named};
use crate::commands::add::build::role_type;

/// A route as `add route` may have been asked for it; nothing if it can't have been.
pub(in crate::commands) struct Memory {
    route: Option<NewRoute>,
    /// The role's type, and the module that it is in.
    role: Option<(String, Vec<String>)>,
}

impl Memory {
    pub(in crate::commands) fn of(
        source: &Crate,
        module: &str,
        routes: &[&Route],
        has_view: bool,
    ) -> Self {
        let unknown = Self {
            route: None,
            role: None,
        };
        let prefix = format!("{ROUTES}::{module}::");
        let handlers: Vec<(&str, &str)> = routes
            .iter()
            .filter_map(|route| {
                let name = route.handler.name.strip_prefix(&prefix)?;
                Some((route.method.as_str(), name))
            })
            .collect();
        let Some(first) = routes.first() else {
            return unknown;
        };
        let is_one = routes
            .iter()
            .all(|route| (&route.path, &route.access) == (&first.path, &first.access));
        let (kind, method) = match &handlers[..] {
            [("GET", "show"), ("POST", "send")] => (Kind::Form, Some(Method::Get)),
            [("GET", "show")] if has_view => (Kind::Page, Some(Method::Get)),
            [(method, handler)] => (
                Kind::Json,
                Method::value_variants()
                    .iter()
                    .copied()
                    .find(|known| known.name() == *method && known.handler() == *handler),
            ),
            _ => return unknown,
        };
        let (Some(method), Some(path), true) = (method, first.path.clone(), is_one) else {
            return unknown;
        };
        let Some((guard, role)) = guard(source, &first.access) else {
            return unknown;
        };
        Self {
            route: Some(NewRoute {
                module: module.to_owned(),
                path,
                method,
                guard,
                kind,
            }),
            role,
        }
    }

    /// What may have been asked for.
    pub(in crate::commands) fn route(&self) -> Option<&NewRoute> {
        self.route.as_ref()
    }

    /// What isn't as it was written.
    pub(super) fn edited(
        &self,
        project: &Project,
        traces: &Traces<'_>,
    ) -> Result<Vec<String>, Error> {
        let mut edited = traces.altered.clone();
        let written = match &self.route {
            Some(route) => [
                Some(scaffold::handler(route)?),
                scaffold::view(route)?,
                match &traces.tests {
                    Some(_) => Some(scaffold::tests(route, &project.library()?)?),
                    None => None,
                },
            ],
            None => [None, None, None],
        };
        let there = [
            Some(&traces.handler),
            traces.view.as_ref(),
            traces.tests.as_ref(),
        ];
        for (written, there) in written.into_iter().zip(there) {
            let Some((path, text)) = there else { continue };
            let is_as_written = written.is_some_and(|written| {
                if path.ends_with(".rs") {
                    say_the_same(&written, text)
                } else {
                    written == text.replace("\r\n", "\n")
                }
            });
            if !is_as_written {
                edited.push(path.clone());
            }
        }
        let told = edited.iter();
        let told = told.map(|place| format!("{place} isn't as `add route` wrote it"));
        Ok(told.collect())
    }

    /// Whether the role's type stands in a file.
    pub(super) fn may_touch(&self, source: &Crate, file: &str) -> bool {
        let Some((_, module)) = &self.role else {
            return false;
        };
        source.modules_at(module).any(|module| {
            !module.is_inline && source.file_of(module).is_some_and(|it| it.path == file)
        })
    }

    /// The role that stands in a file for this route alone, as `add route` writes it.
    pub(super) fn forgettable_role(
        &self,
        items: &[Item],
        file: &SourceFile,
        traces: &Traces<'_>,
        project: &Project,
    ) -> Result<Option<Forgettable>, Error> {
        let (Some((type_name, _)), Some(route)) = (&self.role, &self.route) else {
            return Ok(None);
        };
        let Guard::Role(role) = &route.guard else {
            return Ok(None);
        };
        let forgettable = Forgettable {
            type_name: type_name.clone(),
        };
        let about: Vec<&Item> = items
            .iter()
            .filter(|item| forgettable.is_about(item))
            .collect();
        let (Some(first), Some(last)) = (about.first(), about.last()) else {
            return Ok(None);
        };
        let range = file.range(first.span()).start..file.range(last.span()).end;
        let there = file.text.get(range).unwrap_or_default();
        let is_as_written = ["Role", "crate::oidc::guard::Role"].iter().any(|path| {
            let written = scaffold::role(&NewRole {
                type_name: type_name.clone(),
                name: role.name.clone(),
                trait_path: (*path).to_owned(),
            });
            say_the_same(&written, there)
        });
        // Once as a struct and once in the `impl`; documentation is no code.
        if !is_as_written || is_named(project, traces, type_name, 2)? {
            return Ok(None);
        }
        Ok(Some(forgettable))
    }
}

/// A role's type that nothing needs any more.
pub(super) struct Forgettable {
    type_name: String,
}

impl Forgettable {
    /// Whether an item is the type or its `impl`.
    pub(super) fn is_about(&self, item: &Item) -> bool {
        match item {
            Item::Struct(item) => item.ident == self.type_name,
            Item::Impl(item) => match &*item.self_ty {
                syn::Type::Path(path) => path.path.is_ident(&self.type_name),
                _ => false,
            },
            _ => false,
        }
    }
}

type RolePlace = Option<(String, Vec<String>)>;

fn guard(source: &Crate, access: &Access) -> Option<(Guard, RolePlace)> {
    let (roles, fresh) = match access {
        Access::Everybody { .. } => return Some((Guard::Public, None)),
        Access::SignedIn {
            roles,
            fresh,
            guards,
        } if guards.is_empty() => (roles, fresh),
        _ => return None,
    };
    match (&roles[..], fresh) {
        ([], None) => Some((Guard::SignedIn, None)),
        ([], Some(Fresh::Seconds(seconds))) => Some((Guard::Fresh { seconds: *seconds }, None)),
        ([name], None) => {
            let role = source
                .roles()
                .find(|role| role.name().as_deref() == Some(name.as_str()))?;
            let type_name = role.type_name()?;
            let path = role.module.path.clone();
            let written = role_type(&path, name.clone(), &type_name, role.is_decided_here());
            Some((Guard::Role(written), Some((type_name, path))))
        }
        _ => None,
    }
}
