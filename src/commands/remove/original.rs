//! What `add route` would write for a route as it is now. If that is what is there, nobody has
//! edited it.

use clap::ValueEnum as _;
use syn::Item;
use syn::spanned::Spanned as _;

use crate::commands::add::draft::role_type;
use crate::error::Error;
use crate::project::Project;
use crate::routes::{Access, Fresh, Route};
use crate::scaffold::{self, Guard, Kind, Method, NewRole, NewRoute, Style};
use crate::source::{Crate, GuardNames, SourceFile, root_of, say_the_same};

use super::inventory::{Inventory, is_named};

/// A route as the arguments of `add route` would describe it; nothing if it can't have written it.
#[derive(Default)]
pub(in crate::commands) struct Original {
    /// The route, and the app's names for guards.
    route: Option<(NewRoute, GuardNames)>,
    role: Option<RoleType>,
}

/// The type of a role.
struct RoleType {
    name: String,
    /// The module that its `impl` is in.
    module: Vec<String>,
    /// How the trait is written there.
    trait_path: String,
}

impl Original {
    pub(in crate::commands) fn of(
        source: &Crate,
        routes_module: &[String],
        module: &str,
        routes: &[&Route],
        is_page: bool,
        style: Style,
    ) -> Self {
        let unknown = Self::default();
        let prefix = format!("{}::{module}::", routes_module.join("::"));
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
            [("GET", "show")] if is_page => (Kind::Page, Some(Method::Get)),
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
        let guard = guard(source, routes_module, &first.access);
        let (Some((guard, role)), Ok(names)) = (guard, source.guard_names(root_of(routes_module)))
        else {
            return unknown;
        };
        let route = NewRoute {
            module: module.to_owned(),
            path,
            method,
            guard,
            kind,
            style,
        };
        Self {
            route: Some((route, names)),
            role,
        }
    }

    /// What was asked for, and the app's names for guards.
    pub(in crate::commands) fn route(&self) -> Option<&(NewRoute, GuardNames)> {
        self.route.as_ref()
    }

    /// What isn't as it was written.
    pub(super) fn edited(&self, inventory: &Inventory<'_>) -> Result<Vec<String>, Error> {
        let mut edited = inventory.altered.clone();
        let written = match &self.route {
            Some((route, names)) => [
                Some(scaffold::handler(route, names)?),
                scaffold::view(route)?,
                match &inventory.tests {
                    Some(_) => Some(scaffold::tests(route, names)?),
                    None => None,
                },
            ],
            None => [None, None, None],
        };
        let there = [
            Some(&inventory.handler),
            inventory.view.as_ref(),
            inventory.tests.as_ref(),
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
        let places = edited.iter();
        let places = places.map(|place| format!("{place} isn't as `add route` wrote it"));
        Ok(places.collect())
    }

    /// Whether the role's type is in a file.
    pub(super) fn may_touch(&self, source: &Crate, file: &str) -> bool {
        let Some(role) = &self.role else {
            return false;
        };
        source.modules_at(&role.module).any(|module| {
            !module.is_inline && source.file_of(module).is_some_and(|it| it.path == file)
        })
    }

    /// The role in a file that is there for this route alone, as `add route` writes it.
    pub(super) fn unused_role(
        &self,
        items: &[Item],
        file: &SourceFile,
        inventory: &Inventory<'_>,
        project: &Project,
    ) -> Result<Option<UnusedRole>, Error> {
        let (Some(of), Some((route, _))) = (&self.role, &self.route) else {
            return Ok(None);
        };
        let Guard::Role(role) = &route.guard else {
            return Ok(None);
        };
        let unused = UnusedRole {
            type_name: of.name.clone(),
            name: role.name.clone(),
        };
        let about: Vec<&Item> = items.iter().filter(|item| unused.is_about(item)).collect();
        let (Some(first), Some(last)) = (about.first(), about.last()) else {
            return Ok(None);
        };
        let range = file.range(first.span()).start..file.range(last.span()).end;
        let there = file.text.get(range).unwrap_or_default();
        let written = scaffold::role(&NewRole {
            type_name: of.name.clone(),
            name: role.name.clone(),
            trait_path: of.trait_path.clone(),
        });
        // It is named by the struct and by the `impl`; documentation doesn't count.
        if !say_the_same(&written, there) || is_named(project, inventory, &of.name, 2)? {
            return Ok(None);
        }
        Ok(Some(unused))
    }
}

/// The type of a role that nothing needs any more.
pub(super) struct UnusedRole {
    type_name: String,
    /// In the provider's claims.
    pub(super) name: String,
}

impl UnusedRole {
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

fn guard(source: &Crate, routes: &[String], access: &Access) -> Option<(Guard, Option<RoleType>)> {
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
                .roles(root_of(routes))
                .find(|role| role.name().as_deref() == Some(name.as_str()))?;
            let (module, type_name) = role.of.clone()?;
            let is_decided_by_app = role.is_decided_by_app();
            let way = source.way_to(module, &type_name, routes)?;
            let written = role_type(source, &way, name.clone(), &type_name, is_decided_by_app);
            let role = RoleType {
                name: type_name,
                module: role.module.path.clone(),
                trait_path: role.trait_path,
            };
            Some((Guard::Role(written), Some(role)))
        }
        _ => None,
    }
}
