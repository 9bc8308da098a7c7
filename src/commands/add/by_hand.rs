//! The lines for an app that `vestibule init` brought sign-in into. It has no views and no tests
//! like those of a new app, and registers its routes in a way of its own.

use syn::Item;

use super::arguments::{AccessArgument, Arguments};
use crate::error::{Error, ManualSteps, Step};
use crate::routes::{Table, TableKind};
use crate::scaffold::{Kind, Method};
use crate::source::{Crate, as_code};

/// The refusal to add a route there, for a reason.
pub(super) fn refusal(source: &Crate, table: &Table, arguments: &Arguments, reason: &str) -> Error {
    let hooks = hooks_of(source);
    let module = &arguments.module;
    let path = match &arguments.path {
        Some(path) => path.clone(),
        None => format!("/{}", arguments.name),
    };
    let (guard, needs_account) = guard_of(arguments);
    let mut routes = vec![(arguments.method, module.clone())];
    let mut code = vec![imports(&hooks, arguments, needs_account)];
    if let AccessArgument::Role { name, type_name } = &arguments.access {
        code.push(format!(
            "struct {type_name};\n\n\
             impl vestibule::Role<Account> for {type_name} {{\n    \
                 const NAME: &'static str = \"{name}\";\n}}\n"
        ));
    }
    code.push(match &guard {
        Some(guard) => format!(
            "async fn {module}(user: {guard}) -> String {{\n    \
                 format!(\"Hello, {{}}!\", user.name())\n}}\n"
        ),
        None => format!("async fn {module}() -> &'static str {{\n    \"Hello!\"\n}}\n"),
    });
    if arguments.kind == Kind::Form {
        routes.push((Method::Post, format!("receive_{module}")));
        code.push(receiver(module, guard.as_deref()));
    }
    let lines = routes.into_iter().map(|(method, handler)| {
        let method = method.function();
        format!("config.route(\"{path}\", web::{method}().to({handler}));\n")
    });
    Error::CannotEdit {
        file: "the app".to_owned(),
        reason: reason.to_owned(),
        by_hand: ManualSteps(vec![
            registration(source, table, guard.is_none(), lines),
            Step {
                place: "beside that".to_owned(),
                lines: code.join("\n"),
            },
        ]),
    }
}

/// Where the lines go that register the routes.
fn registration(
    source: &Crate,
    table: &Table,
    is_public: bool,
    lines: impl Iterator<Item = String>,
) -> Step {
    if is_public {
        let lines: String = lines.map(|line| format!("    {line}")).collect();
        let config = source.library_path(&["PublicConfig"]).join("::");
        return Step {
            place: "below `.configure(oidc.routes())`".to_owned(),
            lines: format!(".configure(oidc.public(|config: &mut {config}| {{\n{lines}}}))"),
        };
    }
    let mut mounts = table.mounts.iter();
    let mounted = mounts.find(|mount| mount.kind == Some(TableKind::Protected));
    Step {
        place: match mounted {
            Some(mount) => format!("in `{}`", as_code(&mount.function)),
            None => "in the function that `oidc.protected(…)` is given".to_owned(),
        },
        lines: lines.collect(),
    }
}

/// The module that has the type `User`.
fn hooks_of(source: &Crate) -> String {
    let mut modules = source.all_modules();
    let is_user = |item: &Item| matches!(item, Item::Type(item) if item.ident == "User");
    let hooks = modules.find(|module| module.items.iter().any(is_user));
    hooks.map_or_else(|| "hooks".to_owned(), |module| as_code(&module.path))
}

/// The type of the argument that guards a handler, and whether it names the app's `Account`.
fn guard_of(arguments: &Arguments) -> (Option<String>, bool) {
    match &arguments.access {
        AccessArgument::Public => (None, false),
        AccessArgument::SignedIn => (Some("User".to_owned()), false),
        AccessArgument::Role { type_name, .. } => {
            (Some(format!("vestibule::Has<{type_name}, Account>")), true)
        }
        AccessArgument::Fresh { seconds } => {
            (Some(format!("vestibule::Fresh<{seconds}, Account>")), true)
        }
    }
}

fn imports(hooks: &str, arguments: &Arguments, needs_account: bool) -> String {
    let is_public = matches!(arguments.access, AccessArgument::Public);
    let takes_account = needs_account || arguments.kind == Kind::Form && !is_public;
    let names: Vec<&str> = [
        takes_account.then_some("Account"),
        (!is_public && !needs_account).then_some("User"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let from_hooks = match &names[..] {
        [] => String::new(),
        [name] => format!("use crate::{hooks}::{name};\n"),
        names => format!("use crate::{hooks}::{{{}}};\n", names.join(", ")),
    };
    format!("use actix_web::web;\n{from_hooks}")
}

/// A handler for a form.
fn receiver(module: &str, guard: Option<&str>) -> String {
    let (form, user) = match guard {
        None => ("vestibule::PublicForm<Fields>", String::new()),
        Some("User") => ("vestibule::SignedForm<Fields, Account>", String::new()),
        Some(guard) => (
            "vestibule::SignedForm<Fields, Account>",
            format!("_: {guard}, "),
        ),
    };
    format!(
        "#[derive(serde::Deserialize)]\n\
         struct Fields {{\n    \
             text: String,\n}}\n\n\
         async fn receive_{module}({user}form: {form}) -> String {{\n    \
             form.fields.text\n}}\n"
    )
}
