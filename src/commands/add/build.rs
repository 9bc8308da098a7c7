//! The files of a new route, and the edits of those that have to name it.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::Item;
use syn::spanned::Spanned as _;

use crate::commands::plan::Planned;
use crate::error::{ByHand, Error, Step};
use crate::project::Project;
use crate::scaffold::{self, CALL_WIDTH, Guard, NewRole, NewRoute, RoleType, WIDTH};
use crate::source::{Crate, Def, Edit, Module, Scope, SourceFile, Unsure, Want, config_of};

use super::site::{Firsts, ROUTES, Site};
use super::wish::{Wish, WishedGuard};

/// Where tests of routes are declared.
pub(crate) const TESTS: &str = "tests/it/routes/mod.rs";
/// Where roles go if there are none yet.
const HOOKS: &str = "hooks";

/// A route that was asked for, in the terms of the app.
pub(crate) struct Asked {
    pub(crate) route: NewRoute,
    /// What the function that registers it is given for its path.
    registered: String,
    pub(crate) new_role: Option<(NewRole, RolePlace)>,
    pub(crate) handler_file: (String, String),
    pub(crate) view_file: Option<(String, String)>,
    pub(crate) test_file: Option<(String, String)>,
}

/// Where the type of a new role goes.
pub(crate) struct RolePlace {
    file: String,
    /// Where the last role stands that is there.
    behind: Option<Span>,
}

impl Asked {
    pub(super) fn new(
        project: &Project,
        source: &Crate,
        wish: Wish,
        base: &str,
    ) -> Result<Self, Error> {
        let path = wish.path.unwrap_or_else(|| format!("{base}/{}", wish.name));
        let registered = match path.strip_prefix(base) {
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => {
                return Err(Error::BadRoute(vec![format!(
                    "`{path}` can't be its --path: such routes are mounted below {base}, so it \
                     has to begin with {base}/"
                )]));
            }
        };
        let (guard, new_role) = guard(source, wish.guard)?;
        let route = NewRoute {
            module: wish.module,
            path,
            method: wish.method,
            guard,
            kind: wish.kind,
        };
        let folder = source
            .modules_at(&[ROUTES.to_owned()])
            .next()
            .map_or("src/routes", |module| module.folder.as_str());
        let module = &route.module;
        let view = scaffold::view(&route)?;
        let test_file = if wish.with_tests {
            let tests = scaffold::tests(&route, &project.library()?)?;
            Some((format!("tests/it/routes/{module}.rs"), tests))
        } else {
            None
        };
        Ok(Self {
            handler_file: (format!("{folder}/{module}.rs"), scaffold::handler(&route)?),
            view_file: view.map(|view| (format!("templates/{module}.html"), view)),
            test_file,
            registered,
            new_role,
            route,
        })
    }

    /// The paths of the files that are to be made.
    pub(super) fn new_files(&self) -> impl Iterator<Item = &str> {
        self.texts().map(|(path, _)| path.as_str())
    }

    fn texts(&self) -> impl Iterator<Item = &(String, String)> {
        [&self.handler_file]
            .into_iter()
            .chain(&self.view_file)
            .chain(&self.test_file)
    }

    /// An edit that can't be made, with everything that can be done in its place.
    pub(super) fn unsure(&self, what: &str, reason: String) -> Error {
        Error::Unsure {
            what: what.to_owned(),
            reason,
            by_hand: ByHand(self.steps()),
        }
    }

    /// What adds the route by hand.
    fn steps(&self) -> Vec<Step> {
        let module = &self.route.module;
        let function = if self.route.guard == Guard::Public {
            "public"
        } else {
            "protected"
        };
        let mut steps = vec![
            Step {
                place: "in src/routes/mod.rs, beside the other modules".to_owned(),
                lines: format!("pub mod {module};"),
            },
            Step {
                place: format!("where routes like those of `routes::{function}` are registered"),
                lines: self
                    .route
                    .handlers()
                    .into_iter()
                    .map(|(method, handler)| {
                        let call = format!("actix_web::web::{}()", method.function());
                        let handler = format!("crate::{ROUTES}::{module}::{handler}");
                        statement("cfg", &self.registered, &call, &handler) + "\n"
                    })
                    .collect(),
            },
        ];
        if let Some((role, place)) = &self.new_role {
            steps.push(Step {
                place: format!("in {}", place.file),
                lines: scaffold::role(role),
            });
        }
        if self.test_file.is_some() {
            steps.push(Step {
                place: format!("in {TESTS}"),
                lines: format!("mod {module};"),
            });
        }
        steps.extend(self.texts().map(|(path, text)| Step {
            place: format!("new file {path}"),
            lines: text.clone(),
        }));
        steps
    }
}

/// The guard in the terms of the app: a role's type is one that is there, or a new one.
fn guard(
    source: &Crate,
    wished: WishedGuard,
) -> Result<(Guard, Option<(NewRole, RolePlace)>), Error> {
    let (name, type_name) = match wished {
        WishedGuard::Public => return Ok((Guard::Public, None)),
        WishedGuard::SignedIn => return Ok((Guard::SignedIn, None)),
        WishedGuard::Fresh { seconds } => return Ok((Guard::Fresh { seconds }, None)),
        WishedGuard::Role { name, type_name } => (name, type_name),
    };
    let mut known = source
        .roles()
        .filter(|role| role.name().as_deref() == Some(name.as_str()));
    if let Some(role) = known.next() {
        let (Some(type_name), None) = (role.type_name(), known.next()) else {
            return Err(Error::InTheWay(vec![format!(
                "several types are the role `{name}`"
            )]));
        };
        let is_decided_here = role.is_decided_here();
        let written = role_type(&role.module.path, name, &type_name, is_decided_here);
        return Ok((Guard::Role(written), None));
    }
    let (module, behind) = match source.roles().last() {
        Some(last) => (last.module, Some(last.item.span())),
        None => {
            let hooks = source.modules_at(&[HOOKS.to_owned()]).next();
            let hooks = hooks.ok_or_else(|| {
                let reason = format!("there is no role, and no module `{HOOKS}` to put one into");
                Error::InTheWay(vec![reason])
            })?;
            (hooks, None)
        }
    };
    let file = source.file_of(module).map(|file| file.path.clone());
    let file = file.unwrap_or_default();
    if let Some(reason) = type_taken(source, module, &type_name) {
        return Err(Error::InTheWay(vec![format!(
            "{file} {reason}, which isn't the role `{name}`"
        )]));
    }
    let hooks = source.modules_at(&[HOOKS.to_owned()]).next();
    for module in [Some(module), hooks].into_iter().flatten() {
        if let Some(call) = macro_that_may_make(module, &type_name) {
            let file = source.file_of(module).map_or("", |file| &file.path);
            return Err(Error::InTheWay(vec![format!(
                "the macro `{call}!` in {file} may make a type `{type_name}`, so whether there \
                 is a role `{name}` can't be told"
            )]));
        }
    }
    let role = NewRole {
        trait_path: trait_path(source, module),
        type_name: type_name.clone(),
        name: name.clone(),
    };
    let written = role_type(&module.path, name, &type_name, false);
    Ok((
        Guard::Role(written),
        Some((role, RolePlace { file, behind })),
    ))
}

/// How handlers name a role's type: by its module, so that it can't clash with what else they
/// import.
pub(crate) fn role_type(
    module: &[String],
    name: String,
    type_name: &str,
    is_decided_here: bool,
) -> RoleType {
    let (import, written) = match module.last() {
        Some(last) => (
            format!("crate::{}", module.join("::")),
            format!("{last}::{type_name}"),
        ),
        None => (format!("crate::{type_name}"), type_name.to_owned()),
    };
    RoleType {
        name,
        import,
        written,
        is_decided_here,
    }
}

/// Why a new type can't have this name in a module, if so.
fn type_taken(source: &Crate, module: &Module, name: &str) -> Option<String> {
    let is_free = |want| source.is_free(module, name, want);
    if !is_free(Want::Type) || !is_free(Want::Value) {
        return Some(format!("has something called `{name}` already"));
    }
    // A type of the module's own would hide `Result` and the like.
    let firsts = Firsts::of(module, name);
    (firsts.alone || firsts.followed).then(|| format!("uses a `{name}` from elsewhere"))
}

/// The macro at the top of a module that may expand to a type of this name.
fn macro_that_may_make(module: &Module, name: &str) -> Option<String> {
    module.items.iter().find_map(|item| {
        let Item::Macro(item) = item else { return None };
        let call = item.mac.path.segments.last()?.ident.to_string();
        (call == "include" || has_word(item.mac.tokens.clone(), name)).then_some(call)
    })
}

fn has_word(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => has_word(group.stream(), word),
        _ => false,
    })
}

fn trait_path(source: &Crate, module: &Module) -> String {
    let found = source.find(&Scope::of(module), &["Role".to_owned()], Want::Type);
    let is_imported = matches!(
        &found[..],
        [Def::Type(module, name)] if module.path == ["oidc", "guard"] && name == "Role"
    );
    if is_imported {
        "Role".to_owned()
    } else {
        "crate::oidc::guard::Role".to_owned()
    }
}

/// Plans everything.
pub(super) fn plan(
    project: &Project,
    source: &Crate,
    site: &Site<'_>,
    asked: &Asked,
) -> Result<Planned, Error> {
    let mut planned = Planned::default();
    for (path, text) in asked.texts() {
        planned.push(path, None, Some(text.clone()));
    }
    let unsure = |what: &str| {
        let what = what.to_owned();
        move |Unsure(reason): Unsure| asked.unsure(&what, reason)
    };

    let (module_file, function_file) = (site.module_file, site.function_file);
    let mut edit = Edit::of(module_file).map_err(unsure(&module_file.path))?;
    edit.declare_module(&asked.route.module)
        .map_err(unsure(&module_file.path))?;
    let mut other = if module_file.path == function_file.path {
        None
    } else {
        Some(Edit::of(function_file).map_err(unsure(&function_file.path))?)
    };
    other
        .as_mut()
        .unwrap_or(&mut edit)
        .register(
            site.function,
            &statements(source, site, asked).map_err(unsure(&function_file.path))?,
        )
        .map_err(unsure(&function_file.path))?;
    for (edit, file) in [(Some(edit), module_file), (other, function_file)] {
        if let Some(edit) = edit {
            let after = edit.finish().map_err(unsure(&file.path))?;
            planned.push(&file.path, Some(file.text.clone()), Some(after));
        }
    }

    if let Some((role, place)) = &asked.new_role {
        add_role(source, role, place, &mut planned).map_err(unsure(&place.file))?;
    }
    if asked.test_file.is_some() {
        declare_tests(project, asked, &mut planned)?;
    }
    Ok(planned)
}

fn statements(source: &Crate, site: &Site<'_>, asked: &Asked) -> Result<Vec<String>, Unsure> {
    let config = config_of(site.function)?;
    let handlers = asked.route.handlers().into_iter();
    Ok(handlers
        .map(|(method, handler)| {
            let call = site.method_call(source, method.function());
            let handler = site.handler(&asked.route.module, handler);
            statement(&config, &asked.registered, &call, &handler)
        })
        .collect())
}

/// A registration as rustfmt writes it at the top of a function.
fn statement(config: &str, path: &str, call: &str, handler: &str) -> String {
    let route = format!("{call}.to({handler})");
    let arguments = format!("\"{path}\", {route}");
    let one = format!("{config}.route({arguments});");
    if arguments.len() <= CALL_WIDTH && one.len() + 4 <= WIDTH {
        one
    } else {
        format!("{config}.route(\n    \"{path}\",\n    {route},\n);")
    }
}

fn add_role(
    source: &Crate,
    role: &NewRole,
    place: &RolePlace,
    planned: &mut Planned,
) -> Result<(), Unsure> {
    let file = source
        .files
        .iter()
        .find(|file| file.path == place.file)
        .ok_or_else(|| Unsure("it can't be read".to_owned()))?;
    let mut edit = Edit::of(file)?;
    edit.add_items(place.behind, &scaffold::role(role))?;
    planned.push(&file.path, Some(file.text.clone()), Some(edit.finish()?));
    Ok(())
}

fn declare_tests(project: &Project, asked: &Asked, planned: &mut Planned) -> Result<(), Error> {
    let unsure = |reason: String| {
        let without_tests = Step {
            place: "or, to write all but the tests".to_owned(),
            lines: format!("vestibule add route {} … --no-tests", asked.route.module),
        };
        Error::Unsure {
            what: TESTS.to_owned(),
            reason,
            by_hand: ByHand([vec![without_tests], asked.steps()].concat()),
        }
    };
    let bytes = project.read(TESTS)?;
    let bytes = bytes.ok_or_else(|| unsure("it isn't there".to_owned()))?;
    let (file, syntax) =
        SourceFile::parse(TESTS, bytes).map_err(|error| unsure(error.to_string()))?;
    let name = &asked.route.module;
    let is_taken = syntax.items.iter().any(|item| match item {
        syn::Item::Mod(item) => item.ident == name,
        _ => false,
    });
    if is_taken {
        return Err(Error::InTheWay(vec![format!(
            "{TESTS} has a module `{name}` already"
        )]));
    }
    Edit::of(&file)
        .and_then(|mut edit| {
            edit.declare_module(name)?;
            edit.finish()
        })
        .map_err(|Unsure(reason)| unsure(reason))
        .map(|after| planned.push(TESTS, Some(file.text.clone()), Some(after)))
}
