//! What was asked for, judged by itself: whether such names and paths can be. All faults are
//! named at once.

use heck::{ToKebabCase as _, ToSnakeCase as _, ToUpperCamelCase as _};

use crate::cli::AddRoute;
use crate::error::Error;
use crate::scaffold::{Kind, Method};
use crate::template::{KEYWORDS, reserved};

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
];

/// A route that may be possible.
#[derive(Debug)]
pub(super) struct Wish {
    /// The module of the handler.
    pub(super) module: String,
    /// The last part of the path, if no path was asked for.
    pub(super) name: String,
    pub(super) path: Option<String>,
    pub(super) method: Method,
    pub(super) guard: WishedGuard,
    pub(super) kind: Kind,
    pub(super) with_tests: bool,
}

/// Whom it is to let in.
#[derive(Debug)]
pub(super) enum WishedGuard {
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

impl WishedGuard {
    pub(super) fn is_public(&self) -> bool {
        matches!(self, Self::Public)
    }
}

impl Wish {
    pub(super) fn judge(arguments: &AddRoute) -> Result<Self, Error> {
        let mut faults = Vec::new();
        faults.extend(fault_in_name(&arguments.name));
        faults.extend(arguments.path.as_deref().and_then(fault_in_path));
        faults.extend(arguments.role.as_deref().and_then(fault_in_role));
        if !faults.is_empty() {
            return Err(Error::BadRoute(faults));
        }
        let guard = match (&arguments.role, arguments.fresh) {
            _ if arguments.public => WishedGuard::Public,
            (Some(name), _) => WishedGuard::Role {
                name: name.clone(),
                type_name: name.to_upper_camel_case(),
            },
            (None, Some(minutes)) => WishedGuard::Fresh {
                seconds: minutes.saturating_mul(60),
            },
            (None, None) => WishedGuard::SignedIn,
        };
        let kind = match (arguments.json, arguments.form) {
            (true, _) => Kind::Json,
            (_, true) => Kind::Form,
            _ => Kind::Page,
        };
        Ok(Self {
            module: arguments.name.replace('-', "_"),
            name: arguments.name.replace('_', "-"),
            path: arguments.path.clone(),
            method: arguments.method,
            guard,
            kind,
            with_tests: !arguments.no_tests,
        })
    }
}

/// Why a name can't be a route's, if so.
pub(super) fn fault_in_name(name: &str) -> Option<String> {
    let mut letters = name.chars();
    let is_plain = letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '-' | '_')
        });
    let module = name.replace('-', "_");
    if !is_plain {
        let better = name.to_kebab_case();
        let is_better = better != name && !better.is_empty() && fault_in_name(&better).is_none();
        let suggestion = if is_better {
            format!("; `{better}` can")
        } else {
            String::new()
        };
        let rest = "it begins with a small letter, and small letters, digits, `-` and `_` follow";
        return Some(format!("`{name}` can't be its NAME: {rest}{suggestion}"));
    }
    if name.len() > LONGEST_NAME {
        return Some(format!(
            "`{name}` can't be its NAME: it is longer than {LONGEST_NAME} letters"
        ));
    }
    if let Some(reason) = reserved(&module) {
        return Some(format!("`{name}` can't be its NAME: it {reason}"));
    }
    if module != module.to_snake_case() {
        return Some(format!(
            "`{name}` can't be its NAME: `{}` can",
            name.to_kebab_case()
        ));
    }
    if TAKEN_NAMES.contains(&module.as_str()) {
        return Some(format!(
            "`{name}` can't be its NAME: a module of that name would hide something else"
        ));
    }
    None
}

fn fault_in_path(path: &str) -> Option<String> {
    let fault = |reason: &str| Some(format!("`{path}` can't be its --path: {reason}"));
    let Some(parts) = path.strip_prefix('/') else {
        return fault("it has to begin with `/`");
    };
    if path.len() > LONGEST_PATH {
        return fault(&format!("it is longer than {LONGEST_PATH} letters"));
    }
    if path == "/" {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for part in parts.split('/') {
        if matches!(part, "" | "." | "..") {
            return fault("a part of it is empty or only dots");
        }
        let mut rest = part;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return fault("a `{` is never closed");
            };
            if let Some(reason) = fault_in_text(before).or(fault_in_parameter(name, &names)) {
                return fault(&reason);
            }
            if after.starts_with('{') {
                return fault("there is nothing between two parameters");
            }
            names.push(name);
            rest = after;
        }
        if let Some(reason) = fault_in_text(rest) {
            return fault(&reason);
        }
    }
    None
}

fn fault_in_text(text: &str) -> Option<String> {
    let odd = text
        .chars()
        .find(|letter| !letter.is_ascii_alphanumeric() && !"-._~".contains(*letter))?;
    Some(match odd {
        '*' => "a tail (`*`) has to be written by hand in src/routes/mod.rs".to_owned(),
        odd => format!("`{odd}` doesn't belong into a path"),
    })
}

fn fault_in_parameter(name: &str, others: &[&str]) -> Option<String> {
    if name.contains(':') {
        return Some(format!(
            "a rule (`{{{name}}}`) has to be written by hand in src/routes/mod.rs"
        ));
    }
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !is_plain || KEYWORDS.contains(&name) {
        return Some(format!("`{name}` can't be the name of a parameter"));
    }
    if others.contains(&name) {
        return Some(format!("two parameters are called `{name}`"));
    }
    None
}

fn fault_in_role(role: &str) -> Option<String> {
    let fault = |reason: &str| Some(format!("`{role}` can't be its --role: {reason}"));
    let is_plain = role
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || " -_.:/".contains(letter));
    if !is_plain || role.trim() != role || role.is_empty() {
        return fault("letters, digits, blanks, `-`, `_`, `.`, `:` and `/` can be in it");
    }
    if role.len() > LONGEST_NAME {
        return fault(&format!("it is longer than {LONGEST_NAME} letters"));
    }
    if syn::parse_str::<syn::Ident>(&role.to_upper_camel_case()).is_err() {
        return fault("no type can be named after it");
    }
    None
}
