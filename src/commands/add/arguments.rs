//! What the arguments of `add route` mean, and whether such names and paths are possible at all.
//! All faults are named at once.

use heck::{ToKebabCase as _, ToSnakeCase as _, ToUpperCamelCase as _};

use crate::cli::AddRoute;
use crate::scaffold::{Kind, Method};
use crate::template::{KEYWORDS, reserved};

use super::objection::Objection;

/// No longer, so that no line of code gets too long.
const LONGEST_NAME: usize = 32;
const LONGEST_PATH: usize = 72;

/// Names that would hide types, crates or modules that code takes for granted.
const TAKEN_NAMES: &[&str] = &[
    "actix_session",
    "actix_web",
    "app",
    "bool",
    "char",
    "f32",
    "f64",
    "i128",
    "i16",
    "i32",
    "i64",
    "i8",
    "isize",
    "lib",
    "main",
    "routes",
    "str",
    "u128",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
    "vestibule",
    "vestibule_dev",
];

/// The arguments, with their meaning.
#[derive(Debug)]
pub(super) struct Arguments {
    /// The module of the handler.
    pub(super) module: String,
    /// The last segment of the path, unless a path is given.
    pub(super) name: String,
    pub(super) path: Option<String>,
    pub(super) method: Method,
    pub(super) access: AccessArgument,
    pub(super) kind: Kind,
    pub(super) with_tests: bool,
}

/// Who is to be let in.
#[derive(Debug)]
pub(super) enum AccessArgument {
    Public,
    SignedIn,
    /// By the name in the provider's claims.
    Role {
        name: String,
        type_name: String,
    },
    Fresh {
        seconds: u64,
    },
}

impl Arguments {
    pub(super) fn read(typed: &AddRoute) -> Result<Self, Objection> {
        let mut faults = Vec::new();
        faults.extend(fault_in_name(&typed.name));
        faults.extend(typed.path.as_deref().and_then(fault_in_path));
        faults.extend(typed.role.as_deref().and_then(fault_in_role));
        if !faults.is_empty() {
            return Err(Objection::Usage(faults));
        }
        let access = match (&typed.role, typed.fresh) {
            _ if typed.public => AccessArgument::Public,
            (Some(name), _) => AccessArgument::Role {
                name: name.clone(),
                type_name: name.to_upper_camel_case(),
            },
            (None, Some(minutes)) => AccessArgument::Fresh {
                seconds: minutes.saturating_mul(60),
            },
            (None, None) => AccessArgument::SignedIn,
        };
        let kind = match (typed.json, typed.form) {
            (true, _) => Kind::Json,
            (_, true) => Kind::Form,
            _ => Kind::Page,
        };
        Ok(Self {
            module: typed.name.replace('-', "_"),
            name: typed.name.replace('_', "-"),
            path: typed.path.clone(),
            method: typed.method,
            access,
            kind,
            with_tests: !typed.no_tests,
        })
    }
}

/// What is wrong with the name of a route, if anything is.
fn fault_in_name(name: &str) -> Option<String> {
    let fault = |reason: &str| Some(format!("`{name}` can't be its NAME: {reason}"));
    let module = name.replace('-', "_");
    if !is_plain(name, "-_") {
        let other = name.to_kebab_case();
        let is_better = other != name && !other.is_empty() && fault_in_name(&other).is_none();
        let suggestion = if is_better {
            format!("; `{other}` would do")
        } else {
            String::new()
        };
        return fault(&format!(
            "NAME must start with a lowercase letter and contain only lowercase letters, digits, \
             `-` and `_`{suggestion}"
        ));
    }
    if name.len() > LONGEST_NAME {
        return fault(&format!("it is longer than {LONGEST_NAME} characters"));
    }
    if let Some(reason) = reserved(&module) {
        return fault(&format!("it {reason}"));
    }
    if module != module.to_snake_case() {
        return fault(&format!("use `{}`", name.to_kebab_case()));
    }
    if TAKEN_NAMES.contains(&module.as_str()) {
        return fault("a module of that name would hide something else");
    }
    None
}

/// Whether a name has the characters of a Rust name in lowercase, and no others but these.
fn is_plain(name: &str, others: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|character| {
            character.is_ascii_lowercase()
                || character.is_ascii_digit()
                || others.contains(character)
        })
}

fn fault_in_path(path: &str) -> Option<String> {
    let fault = |reason: &str| Some(format!("`{path}` can't be its --path: {reason}"));
    let Some(parts) = path.strip_prefix('/') else {
        return fault("a path must start with `/`");
    };
    if path.len() > LONGEST_PATH {
        return fault(&format!("it is longer than {LONGEST_PATH} characters"));
    }
    if path == "/" {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for part in parts.split('/') {
        if matches!(part, "" | "." | "..") {
            return fault("a part of it is empty, `.` or `..`");
        }
        let mut rest = part;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return fault("a `{` is never closed");
            };
            if let Some(reason) = fault_in_literal(before).or(fault_in_parameter(name, &names)) {
                return fault(&reason);
            }
            if after.starts_with('{') {
                return fault("there must be something between two parameters");
            }
            names.push(name);
            rest = after;
        }
        if let Some(reason) = fault_in_literal(rest) {
            return fault(&reason);
        }
    }
    None
}

fn fault_in_literal(literal: &str) -> Option<String> {
    let odd = literal
        .chars()
        .find(|character| !character.is_ascii_alphanumeric() && !"-._~".contains(*character))?;
    Some(match odd {
        '*' => "add a route with a tail (`*`) by hand".to_owned(),
        odd => format!("a path can't contain `{odd}`"),
    })
}

fn fault_in_parameter(name: &str, others: &[&str]) -> Option<String> {
    if name.contains(':') {
        return Some(format!(
            "add a route whose parameter has a pattern (`{{{name}}}`) by hand"
        ));
    }
    if !is_plain(name, "_") || KEYWORDS.contains(&name) {
        return Some(format!("a parameter can't be called `{name}`"));
    }
    if others.contains(&name) {
        return Some(format!("two parameters are called `{name}`"));
    }
    None
}

fn fault_in_role(role: &str) -> Option<String> {
    let fault = |reason: &str| Some(format!("`{role}` can't be its --role: {reason}"));
    let is_allowed = role
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || " -_.:/".contains(character));
    if !is_allowed || role.trim() != role || role.is_empty() {
        return fault(
            "a role may contain letters, digits, `-`, `_`, `.`, `:`, `/`, and spaces inside",
        );
    }
    if role.len() > LONGEST_NAME {
        return fault(&format!("it is longer than {LONGEST_NAME} characters"));
    }
    if syn::parse_str::<syn::Ident>(&role.to_upper_camel_case()).is_err() {
        return fault("no Rust type can be named after it");
    }
    None
}
