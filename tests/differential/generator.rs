//! Makes up tables of routes: their source, and the paths to ask each for.

use std::fmt::Write as _;
use std::ops::Range;

/// How many handlers of each kind there are. A table takes them in turn, so that an answer tells
/// which of its routes gave it.
const HANDLERS: u64 = 12;
/// The kinds: open, for optional users, signed in, with a role, fresh. Most are of the ends of it.
const KINDS: [&str; 8] = ["o", "o", "o", "u", "u", "p", "r", "f"];

const HEAD: &str = r#"
use actix_web::web::{ServiceConfig, scope};
use actix_web::{App, HttpServer};
use vestibule::Oidc;

pub struct Admin;

impl vestibule::Role for Admin {
    const NAME: &'static str = "admin";
}

/// Conditions that only the running app knows.
pub fn on() -> bool {
    std::hint::black_box(true)
}

pub fn off() -> bool {
    std::hint::black_box(false)
}
"#;

/// What the modules of tables begin with.
const NAMES: &str = "
use actix_web::web::{self, ServiceConfig, delete, get, post, put, resource, route, scope};
use actix_web::{guard, http::Method};
use vestibule::{ProtectedConfig, PublicConfig, ensure_authenticated};

use super::handlers::{self, *};
use super::{off, on};
";

pub struct Written {
    pub source: String,
    /// A line for each table: its number, whether it is plain or odd, and paths.
    pub probes: String,
}

pub fn tables(seed: u64, numbers: Range<u64>) -> Written {
    let mut source = HEAD.to_owned();
    source.push_str("\npub mod handlers {\n    use vestibule::{Fresh, Has, User};\n");
    for index in 0..HANDLERS {
        for (kind, argument) in [
            ("o", ""),
            ("p", "_: Option<User>"),
            ("u", "_: User"),
            ("r", "_: Has<super::Admin>"),
            ("f", "_: Fresh<86_400>"),
        ] {
            let _ = write!(
                source,
                "\n    pub async fn {kind}{index}({argument}) -> &'static str {{\n        \
                 \"{kind}{index}\"\n    }}\n"
            );
        }
    }
    source.push_str("}\n");
    let mut probes = String::new();
    let mut mounts = String::new();
    for number in numbers {
        let table = Table::new(seed, number).written();
        source.push_str(&table.source);
        mounts.push_str(&table.mount);
        let kind = if table.is_odd { "odd" } else { "plain" };
        let _ = writeln!(probes, "{number} {kind} {}", table.probes.join(" "));
    }
    let _ = write!(
        source,
        "// all\n#[allow(clippy::all)]\npub fn all(cfg: &mut ServiceConfig, oidc: &Oidc) {{\n{mounts}}}\n\n\
         pub fn serve(oidc: Oidc) {{\n    let _ = HttpServer::new(move || {{\n        App::new()\n            \
         .wrap(oidc.middleware())\n            .configure(|cfg| all(cfg, &oidc))\n    }});\n}}\n"
    );
    Written { source, probes }
}

struct WrittenTable {
    source: String,
    mount: String,
    is_odd: bool,
    probes: Vec<String>,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn pick<'s>(&mut self, choices: &[&'s str]) -> &'s str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// What routes are registered on.
#[derive(Clone, Copy, PartialEq)]
enum Config {
    /// Actix's.
    Any,
    /// The library's, which takes less.
    Protected,
    /// The library's, which takes what Actix's config functions register too.
    Public,
}

impl Config {
    fn written(self) -> &'static str {
        match self {
            Self::Any => "ServiceConfig",
            Self::Protected => "ProtectedConfig",
            Self::Public => "PublicConfig",
        }
    }
}

/// A table that is being written.
struct Table {
    random: Random,
    number: u64,
    /// Whether there may be code in it that the reader needn't understand.
    is_odd: bool,
    /// Functions and constants beside it.
    beside: String,
    probes: Vec<String>,
    names: u64,
    handlers: u64,
    /// How many statements it may still have, with those of the functions that it calls.
    left: u64,
}

impl Table {
    fn new(seed: u64, number: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(number));
        Self {
            is_odd: random.one_in(3),
            left: 4 + random.below(8),
            random,
            number,
            beside: String::new(),
            probes: Vec::new(),
            names: 0,
            handlers: 0,
        }
    }

    fn written(mut self) -> WrittenTable {
        let number = self.number;
        let prefix = format!("/t{number}");
        let mount = match self.random.below(11) {
            0 => format!("scope(\"{prefix}\").configure(t{number}::table)"),
            1 => format!("scope(\"{prefix}\").configure(|inner| t{number}::table(inner))"),
            2 => format!(
                "scope(\"{prefix}\").wrap(oidc.ensure_authenticated()).configure(t{number}::table)"
            ),
            3 => format!(
                "scope(\"{prefix}\").configure(t{number}::table).wrap(vestibule::ensure_authenticated())"
            ),
            4 => format!("scope(\"{prefix}\").configure(oidc.protected(t{number}::members))"),
            5 => format!(
                "scope(\"{prefix}\").configure(oidc.protected(t{number}::members))\
                 .configure(oidc.public(t{number}::table))"
            ),
            6 => format!(
                "scope(\"{prefix}\").configure(oidc.public(|cfg: &mut vestibule::PublicConfig| \
                 t{number}::open(cfg)))"
            ),
            7 | 8 => format!("scope(\"{prefix}\").configure(oidc.public(t{number}::open))"),
            _ => format!("scope(\"{prefix}\").configure(oidc.public(t{number}::table))"),
        };
        let mut functions = String::new();
        for (name, config) in [
            ("table", Config::Any),
            ("members", Config::Protected),
            ("open", Config::Public),
        ] {
            if mount.contains(&format!("::{name}")) {
                let body = self.statements(&prefix, config, 3, 2);
                let kind = config.written();
                let _ = write!(
                    functions,
                    "\npub fn {name}(cfg: &mut {kind}) {{\n{body}}}\n"
                );
            }
        }
        let code = format!("{NAMES}{functions}{}", self.beside);
        // Indentation is for people, and would change strings of many lines: there are none.
        let code = code.replace('\n', "\n    ").replace("\n    \n", "\n\n");
        let source = format!(
            "// table {number}\n#[allow(nonstandard_style, unused, unreachable_code, clippy::all)]\n\
             pub mod t{number} {{{}\n}}\n\n",
            code.trim_end()
        );
        WrittenTable {
            source,
            mount: format!("    cfg.service({mount});\n"),
            is_odd: self.is_odd,
            probes: self.probes,
        }
    }

    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    fn handler(&mut self) -> String {
        let kind = self.random.pick(&KINDS);
        self.handlers += 1;
        format!("{kind}{}", self.handlers % HANDLERS)
    }

    /// A handler as an argument of `.to()`.
    fn answer(&mut self) -> String {
        let handler = self.handler();
        match self.random.below(16) {
            0 => format!("handlers::{handler}"),
            1 => format!("crate::handlers::{handler}"),
            2 => "|| async { \"closure\" }".to_owned(),
            3 => {
                let name = self.name("renamed");
                let _ = write!(self.beside, "\nuse crate::handlers::{handler} as {name};\n");
                name
            }
            _ => handler,
        }
    }

    /// A route, such as `get().to(o1)`.
    fn route(&mut self) -> String {
        let answer = self.answer();
        match self.random.below(20) {
            0 => format!("web::to({answer})"),
            1 => format!("route().guard(guard::Get()).to({answer})"),
            2 => format!("get().to({answer}).wrap(ensure_authenticated())"),
            3 => format!("route().method(Method::GET).to({answer}).wrap(ensure_authenticated())"),
            4 => format!("web::method(Method::PUT).to({answer})"),
            5 => format!("route().method(Method::DELETE).to({answer})"),
            6 => format!("get().guard(guard::Header(\"x-odd\", \"yes\")).to({answer})"),
            7 => format!("route().guard(guard::Any(guard::Get()).or(guard::Put())).to({answer})"),
            8 => format!(
                "route().guard(guard::Not(guard::Header(\"x-never\", \"yes\"))).to({answer})"
            ),
            9 => format!("put().to({answer})"),
            10 => format!("delete().to({answer})"),
            11..=13 => format!("post().to({answer})"),
            _ => format!("get().to({answer})"),
        }
    }

    fn probe(&mut self, prefix: &str, path: &str) {
        let slash = if path.is_empty() || path.starts_with('/') {
            ""
        } else {
            "/"
        };
        self.probes.push(format!("{prefix}{slash}{path}"));
    }

    /// A path below a prefix, noted as one to ask for.
    fn path(&mut self, prefix: &str) -> String {
        let name = self.name("p");
        let (path, asked) = match self.random.below(16) {
            // Twins.
            0 => ("/a".to_owned(), "/a".to_owned()),
            1 => ("/b".to_owned(), "/b".to_owned()),
            2 => ("/a/{id}".to_owned(), "/a/7".to_owned()),
            3 => (format!("/{name}/{{id}}"), format!("/{name}/7")),
            4 => (format!("/{name}/{{id:\\\\d+}}"), format!("/{name}/42")),
            5 => (format!("/{name}/{{rest:.*}}"), format!("/{name}/d/e")),
            6 => (format!("/{name}/{{rest}}*"), format!("/{name}/d/e")),
            7 => (name.clone(), format!("/{name}")),
            8 => (format!("/{name}/"), format!("/{name}/")),
            9 if prefix.matches('/').count() > 1 => (String::new(), String::new()),
            10 if prefix.matches('/').count() > 1 => ("/".to_owned(), "/".to_owned()),
            11 => (
                format!("/{name}/{{id}}-{{part}}.txt"),
                format!("/{name}/7-x.txt"),
            ),
            _ => (format!("/{name}"), format!("/{name}")),
        };
        self.probe(prefix, &asked);
        // Beside and below of it.
        if self.random.one_in(4) {
            self.probe(prefix, &format!("{asked}/z"));
        }
        path
    }

    fn wrap(&mut self) -> &'static str {
        match self.random.below(8) {
            0 | 1 => ".wrap(ensure_authenticated())",
            2 => ".wrap(vestibule::ensure_authenticated())",
            _ => "",
        }
    }

    fn resource(&mut self, prefix: &str) -> String {
        let path = self.path(prefix);
        let mut code = if self.random.one_in(8) {
            let other = self.path(prefix);
            format!("resource([\"{path}\", \"{other}\"])")
        } else {
            format!("resource(\"{path}\")")
        };
        if self.random.one_in(6) {
            code.push_str(self.wrap());
        }
        match self.random.below(6) {
            0 => {
                let answer = self.answer();
                let _ = write!(code, ".to({answer})");
            }
            1 => {
                let (one, other) = (self.answer(), self.answer());
                let _ = write!(code, ".get({one}).post({other})");
            }
            _ => {
                for _ in 0..=self.random.below(2) {
                    let route = self.route();
                    let _ = write!(code, ".route({route})");
                }
            }
        }
        if self.random.one_in(6) {
            let answer = self.answer();
            let _ = write!(code, ".default_service(web::to({answer}))");
        }
        if self.random.one_in(8) {
            code.push_str(".guard(guard::Header(\"x-odd\", \"yes\"))");
        }
        if self.random.one_in(12) {
            code.push_str(".guard(guard::Get())");
        }
        code.push_str(self.wrap());
        code
    }

    fn scope(&mut self, prefix: &str, depth: u64) -> String {
        let name = self.name("s");
        let (written, asked) = match self.random.below(12) {
            0 => (name.clone(), format!("/{name}")),
            1 => (format!("/{name}/{{of_{name}}}"), format!("/{name}/blue")),
            2 => (format!("/{name}/deep/er"), format!("/{name}/deep/er")),
            3 => (format!("/{name}/"), format!("/{name}/")),
            // Twins: what the first has got doesn't come to the second.
            4 => ("/twin".to_owned(), "/twin".to_owned()),
            _ => (format!("/{name}"), format!("/{name}")),
        };
        let below = format!("{prefix}{asked}");
        let mut code = format!("scope(\"{written}\")");
        if self.random.one_in(6) {
            code.push_str(self.wrap());
        }
        for _ in 0..=self.random.below(3) {
            let _ = match self.random.below(9) {
                0 | 1 if depth > 0 => {
                    let inner = self.scope(&below, depth - 1);
                    write!(code, ".service({inner})")
                }
                2 if depth > 0 => {
                    let inner = self.statements(&below, Config::Any, depth - 1, 1);
                    write!(code, ".configure(|cfg| {{\n{inner}    }})")
                }
                3 if depth > 0 => {
                    let helper = self.helper(&below, Config::Any, depth - 1);
                    write!(code, ".configure({helper})")
                }
                4 => {
                    let resource = self.resource(&below);
                    write!(code, ".service({resource})")
                }
                5 => {
                    let attributed = self.attributed(&below);
                    write!(code, ".service({attributed})")
                }
                6 if self.random.one_in(2) => {
                    let answer = self.answer();
                    self.probe(&below, "/else");
                    write!(code, ".default_service(web::to({answer}))")
                }
                _ => {
                    let (path, route) = (self.path(&below), self.route());
                    write!(code, ".route(\"{path}\", {route})")
                }
            };
        }
        if self.random.one_in(10) {
            code.push_str(".guard(guard::Header(\"x-odd\", \"yes\"))");
        }
        code.push_str(self.wrap());
        code
    }

    /// A handler that says by its attributes where it is reached.
    fn attributed(&mut self, prefix: &str) -> String {
        let name = self.name("attributed");
        let path = self.path(prefix);
        let path = if path.is_empty() || path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        };
        let argument = self.random.pick(&["", "", "_: vestibule::User"]);
        let attributes = match self.random.below(5) {
            0 => format!("#[actix_web::post(\"{path}\")]"),
            1 => {
                format!("#[actix_web::route(\"{path}\", method = \"GET\", method = \"PUT\")]")
            }
            2 => {
                let other = format!("/{}", self.name("q"));
                self.probe(prefix, &other);
                format!("#[actix_web::routes]\n#[get(\"{path}\")]\n#[delete(\"{other}\")]")
            }
            3 => format!("#[actix_web::get(\"{path}\", wrap = \"ensure_authenticated()\")]"),
            _ => format!("#[actix_web::get(\"{path}\")]"),
        };
        let _ = write!(
            self.beside,
            "\n{attributes}\npub async fn {name}({argument}) -> &'static str {{\n    \"{name}\"\n}}\n"
        );
        name
    }

    /// A function with more of the table.
    fn helper(&mut self, prefix: &str, config: Config, depth: u64) -> String {
        let name = self.name("more");
        let body = self.statements(prefix, config, depth, 1);
        let _ = write!(
            self.beside,
            "\nfn {name}(cfg: &mut {}) {{\n{body}}}\n",
            config.written()
        );
        name
    }

    fn statements(&mut self, prefix: &str, config: Config, depth: u64, least: u64) -> String {
        let mut code = String::new();
        let mut count = least + self.random.below(4);
        while count > 0 && (self.left > 0 || code.is_empty()) {
            count -= 1;
            self.left = self.left.saturating_sub(1);
            let is_odd = self.is_odd && self.random.one_in(3);
            let statement = match config {
                _ if is_odd => self.odd(prefix, config, depth),
                Config::Any if self.random.one_in(4) => self.plain_of_actix(prefix, depth),
                Config::Public if self.random.one_in(4) => self.plain_of_public(prefix, depth),
                _ => self.plain(prefix, config, depth),
            };
            for line in statement.lines() {
                let _ = writeln!(code, "    {line}");
            }
        }
        code
    }

    /// What the reader has to understand.
    fn plain(&mut self, prefix: &str, config: Config, depth: u64) -> String {
        match self.random.below(16) {
            0..=2 => {
                let resource = self.resource(prefix);
                format!("cfg.service({resource});")
            }
            3..=5 if depth > 0 => {
                let scope = self.scope(prefix, depth - 1);
                format!("cfg.service({scope});")
            }
            6 if depth > 0 => {
                let helper = self.helper(prefix, config, depth - 1);
                format!("cfg.configure({helper});")
            }
            7 if depth > 0 => {
                let helper = self.helper(prefix, config, depth - 1);
                format!("{helper}(cfg);")
            }
            8 if depth > 0 => {
                let (name, scope) = (self.name("v"), self.scope(prefix, depth - 1));
                format!("let {name} = {scope};\ncfg.service({name});")
            }
            9 => {
                let (name, path) = (self.name("PATH"), self.path(prefix));
                let (route, other) = (self.route(), self.route());
                let _ = write!(self.beside, "\nconst {name}: &str = \"{path}\";\n");
                self.probe(prefix, &format!("{path}/below"));
                // A tail, and a path of two, can't be gone on with.
                if path.is_empty() || path.contains('*') || path.ends_with('/') {
                    format!("cfg.route({name}, {route});")
                } else {
                    format!(
                        "cfg.route({name}, {route});\n\
                         cfg.route(&format!(\"{{{name}}}/below\"), {other});"
                    )
                }
            }
            10 => {
                let (path, route) = (self.path(prefix), self.route());
                let (second, other) = (self.path(prefix), self.route());
                format!("cfg.route(\"{path}\", {route}).route(\"{second}\", {other});")
            }
            11 => {
                let (name, path, route) = (self.name("v"), self.path(prefix), self.route());
                format!("let {name} = {route};\ncfg.route(\"{path}\", {name});")
            }
            _ => {
                let (path, route) = (self.path(prefix), self.route());
                format!("cfg.route(\"{path}\", {route});")
            }
        }
    }

    /// The same of what only Actix's config takes.
    fn plain_of_actix(&mut self, prefix: &str, depth: u64) -> String {
        match self.random.below(3) {
            0 => {
                let answer = self.answer();
                self.probe(prefix, "/else/where");
                format!("cfg.default_service(web::to({answer}));")
            }
            1 if depth > 0 => {
                let inner = self.statements(prefix, Config::Any, depth - 1, 1);
                format!("cfg.configure(|cfg| {{\n{inner}}});")
            }
            _ => {
                let attributed = self.attributed(prefix);
                format!("cfg.service({attributed});")
            }
        }
    }

    /// The same of what the library's config takes because Actix's does.
    fn plain_of_public(&mut self, prefix: &str, depth: u64) -> String {
        match self.random.below(4) {
            0 if depth > 0 => {
                let helper = self.helper(prefix, Config::Any, depth - 1);
                format!("cfg.configure({helper});")
            }
            1 | 2 if depth > 0 => {
                let config = if self.random.one_in(2) {
                    Config::Any
                } else {
                    Config::Public
                };
                let (kind, inner) = (
                    config.written(),
                    self.statements(prefix, config, depth - 1, 1),
                );
                format!("cfg.configure(|cfg: &mut {kind}| {{\n{inner}}});")
            }
            _ => {
                let attributed = self.attributed(prefix);
                format!("cfg.service({attributed});")
            }
        }
    }

    /// What the reader may call unread, but must not misread.
    #[allow(clippy::too_many_lines)]
    fn odd(&mut self, prefix: &str, config: Config, depth: u64) -> String {
        let (path, route, other) = (self.path(prefix), self.route(), self.route());
        let (handler, hidden, name) = (self.handler(), self.handler(), self.name("v"));
        let condition = self.random.pick(&["on()", "off()"]);
        let kind = config.written();
        match self.random.below(26) {
            0 => format!(
                "#[cfg(debug_assertions)]\nlet {name} = {route};\n#[cfg(not(debug_assertions))]\n\
                 let {name} = {other};\ncfg.route(\"{path}\", {name});"
            ),
            1 => format!(
                "let mut {name} = {route};\nif {condition} {{\n    {name} = {other};\n}}\n\
                 cfg.route(\"{path}\", {name});"
            ),
            2 => format!(
                "let mut {name} = {route};\nlet slot = &mut {name};\n*slot = {other};\n\
                 cfg.route(\"{path}\", {name});"
            ),
            3 => format!("let ({name}, _) = ({route}, {other});\ncfg.route(\"{path}\", {name});"),
            4 => format!(
                "{{\n    use crate::handlers::{handler} as {hidden};\n    \
                 cfg.route(\"{path}\", get().to({hidden}));\n}}"
            ),
            5 => {
                format!("let {name} = (&mut *cfg, \"{path}\");\n{name}.0.route({name}.1, {route});")
            }
            6 => format!("for table in [&mut *cfg] {{\n    table.route(\"{path}\", {route});\n}}"),
            7 => {
                let more = self.path(prefix);
                format!(
                    "for path in [\"{path}\", \"{more}\"] {{\n    cfg.route(path, {route});\n}}"
                )
            }
            8 => {
                let (end, literal) = (self.random.pick(&["", "/x"]), self.name("q"));
                self.probe(prefix, &format!("{literal}{end}"));
                format!(
                    "let mut {name} = \"/{literal}\".to_owned();\n{name}.push_str(\"{end}\");\n\
                     cfg.route(&{name}, {route});"
                )
            }
            9 => {
                let helper = self.name("made");
                let _ = write!(
                    self.beside,
                    "\nfn {helper}() -> actix_web::Route {{\n    if {condition} {{\n        \
                     return {route};\n    }}\n    {other}\n}}\n"
                );
                format!("cfg.route(\"{path}\", {helper}());")
            }
            10 => format!(
                "if {condition} {{\n    cfg.route(\"{path}\", {route});\n}} else {{\n    \
                 cfg.route(\"{path}\", {other});\n}}"
            ),
            11 => "if off() {\n    return;\n}".to_owned(),
            12 => {
                format!("#[cfg(not(debug_assertions))]\nreturn;\ncfg.route(\"{path}\", {route});")
            }
            13 => format!(
                "let {name} = 'found: {{\n    if {condition} {{\n        break 'found {route};\n    }}\n    \
                 {other}\n}};\ncfg.route(\"{path}\", {name});"
            ),
            14 => format!(
                "match {condition} {{\n    true => {{\n        cfg.route(\"{path}\", {route});\n    }}\n    \
                 false => {{\n        cfg.route(\"{path}\", {other});\n    }}\n}}"
            ),
            15 => format!(
                "let mut {name} = |path: &str| {{\n    cfg.route(path, {route});\n}};\n{name}(\"{path}\");"
            ),
            16 if depth > 0 => {
                let scope = format!("/{}", self.name("s"));
                let inside = self.path(&format!("{prefix}{scope}"));
                let wrap = self.wrap();
                format!(
                    "let {name} = scope(\"{scope}\").configure(|inner: &mut ServiceConfig| {{\n    \
                     inner.route(\"{inside}\", {route});\n    cfg.route(\"{path}\", {other});\n}}){wrap};\n\
                     cfg.service({name});"
                )
            }
            17 => {
                let (outer, inner) = match config {
                    Config::Any => ("'h", ""),
                    Config::Protected | Config::Public => ("'h, 'c", "<'c>"),
                };
                format!(
                    "struct Holder_{name}<{outer}>(&'h mut {kind}{inner});\n\
                     let {name} = Holder_{name}(&mut *cfg);\n{name}.0.route(\"{path}\", {route});"
                )
            }
            18 => format!(
                "macro_rules! {name} {{\n    ($cfg:ident, $path:literal) => {{\n        \
                 $cfg.route($path, {route})\n    }};\n}}\n{name}!(cfg, \"{path}\");"
            ),
            19 => {
                let helper = self.name("added");
                let _ = write!(
                    self.beside,
                    "\nfn {helper}(path: &str, route: actix_web::Route, cfg: &mut {kind}) {{\n    \
                     cfg.route(path, route);\n}}\n"
                );
                format!("{helper}(\"{path}\", {route}, cfg);")
            }
            20 => {
                let helper = self.name("generic");
                let _ = write!(
                    self.beside,
                    "\nfn {helper}<F: FnOnce(&mut {kind})>(cfg: &mut {kind}, more: F) {{\n    more(cfg);\n}}\n"
                );
                format!("{helper}(cfg, |inner| {{\n    inner.route(\"{path}\", {route});\n}});")
            }
            21 => format!(
                "let {name} = [(\"{path}\", {route})];\nfor (path, route) in {name} {{\n    \
                 cfg.route(path, route);\n}}"
            ),
            22 => format!(
                "let {name} = if {condition} {{ {route} }} else {{ {other} }};\n\
                 cfg.route(\"{path}\", {name});"
            ),
            23 => format!(
                "let {name} = Some({route});\nif let Some(found) = {name} {{\n    \
                 cfg.route(\"{path}\", found);\n}}"
            ),
            24 => format!("let {handler} = {hidden};\ncfg.route(\"{path}\", get().to({handler}));"),
            _ => format!("cfg.route(concat!(\"{path}\", \"/c\"), {route});"),
        }
    }
}
