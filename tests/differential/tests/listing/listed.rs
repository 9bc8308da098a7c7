//! What `vestibule routes` says of the tables.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use actix_web::dev::ResourceDef;
use serde_json::Value;

use crate::asked::Answer;

/// What the path of a line ends in that has everything below it.
const ALL_BELOW: &str = "/…";

/// The program, beside the folder of this test unless `VESTIBULE` says where.
fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("VESTIBULE") {
        return program.into();
    }
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap().parent().unwrap();
    let program = folder.join(format!("vestibule{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} isn't there: `cargo build --package vestibule-cli` makes it",
        program.display()
    );
    program
}

/// One line of the listing.
pub struct Row {
    method: String,
    path: Option<String>,
    is_default: bool,
    condition: Option<String>,
    handler: String,
    who: Who,
}

/// Who gets an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Everybody,
    SignedIn {
        /// Whether it takes a role.
        role: bool,
        /// Whether it takes a recent sign-in.
        fresh: bool,
    },
    Unknown,
}

pub struct Listing {
    rows: Vec<(usize, Row)>,
    /// The tables of which something isn't read, each with what.
    unclear: Vec<(usize, String)>,
}

impl Listing {
    pub fn read(source: &str) -> Self {
        let listing = listing(source);
        let tables = tables_of_lines(source);
        let table_at = |place: &Value| {
            let line = place["line"].as_u64().unwrap() as usize;
            tables[line - 1].unwrap_or_else(|| panic!("{place} is in no table"))
        };
        let mut read = Self {
            rows: Vec::new(),
            unclear: Vec::new(),
        };
        for place in listing["unread"].as_array().unwrap() {
            read.unclear.push((table_at(place), place.to_string()));
        }
        for route in listing["routes"].as_array().unwrap() {
            let row = Row::read(route);
            let table = match row.table() {
                Some(table) => table,
                None => table_at(&route["registered"]),
            };
            if row.path.is_none() || row.who == Who::Unknown {
                read.unclear.push((table, route.to_string()));
            }
            read.rows.push((table, row));
        }
        read
    }

    pub fn rows_of(&self, table: usize) -> Vec<&Row> {
        let rows = self.rows.iter().filter(|(of, _)| *of == table);
        rows.map(|(_, row)| row).collect()
    }

    pub fn unclear(&self, table: usize) -> Option<&str> {
        let mut unclear = self.unclear.iter();
        let (_, reason) = unclear.find(|(of, _)| *of == table)?;
        Some(reason)
    }
}

impl Row {
    fn read(route: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let access = &route["access"];
        let handler = text(&route["handler"]).unwrap();
        Self {
            method: text(&route["method"]).unwrap(),
            path: text(&route["path"]),
            is_default: route["default"] == true,
            condition: text(&route["condition"]),
            handler: handler.rsplit("::").next().unwrap().to_owned(),
            who: match access["who"].as_str().unwrap() {
                "everybody" => Who::Everybody,
                "signed_in" => Who::SignedIn {
                    role: !access["roles"].as_array().unwrap().is_empty(),
                    fresh: !access["fresh_seconds"].is_null(),
                },
                _ => Who::Unknown,
            },
        }
    }

    /// The number of the table that the path is in.
    fn table(&self) -> Option<usize> {
        let path = self.path.as_deref()?.strip_prefix("/t")?;
        path.split('/').next()?.parse().ok()
    }

    fn pattern(&self) -> Option<ResourceDef> {
        let path = self.path.as_deref()?;
        Some(match path.strip_suffix(ALL_BELOW) {
            Some(folder) => ResourceDef::prefix(folder),
            None => ResourceDef::new(path),
        })
    }

    pub fn matches(&self, path: &str) -> bool {
        self.pattern().is_some_and(|pattern| pattern.is_match(path))
    }

    /// A path that it is for.
    pub fn example(&self) -> Option<String> {
        let mut path = String::new();
        let is_whole = self
            .pattern()?
            .resource_path_from_iter(&mut path, ["7", "8", "9", "10"]);
        is_whole.then_some(path)
    }

    pub fn is(&self, answer: &Answer) -> bool {
        (self.method == "*" || self.method == answer.method)
            && self.handler == answer.handler
            && self.who == answer.who
            && self.matches(&answer.path)
    }

    /// Whether it only answers sometimes: in some builds, or what nothing else does.
    pub fn may_be_left_out(&self) -> bool {
        self.condition.is_some() || self.is_default
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_deref().unwrap_or("?");
        let (method, handler, who) = (&self.method, &self.handler, self.who);
        write!(f, "{method} {path} by {handler} for {who:?}")?;
        match &self.condition {
            Some(condition) => write!(f, " ({condition})"),
            None => Ok(()),
        }
    }
}

/// What `vestibule routes --json` says of an app with this source.
fn listing(source: &str) -> Value {
    let app = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = app.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("vestibule.toml", "[template]\nversion = \"0.1.0\"\n");
    write(
        "Cargo.toml",
        "[package]\nname = \"tables\"\n\n[dependencies]\nactix-web = \"4\"\nvestibule = \"0.1\"\n",
    );
    write("src/lib.rs", source);
    let output = Command::new(program())
        .args(["routes", "--json"])
        .current_dir(app.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The table in which each line of the source is.
fn tables_of_lines(source: &str) -> Vec<Option<usize>> {
    let mut table = None;
    let lines = source.lines().map(|line| {
        if let Some(number) = line.strip_prefix("// table ") {
            table = Some(number.parse().unwrap());
        } else if line == "// all" {
            table = None;
        }
        table
    });
    lines.collect()
}

/// The source of one table, and how it is mounted.
pub fn table(source: &str, number: usize) -> String {
    let lines = source.lines().zip(tables_of_lines(source));
    let mount = format!("\"/t{number}\"");
    let lines = lines.filter(|(line, table)| *table == Some(number) || line.contains(&mount));
    lines.map(|(line, _)| format!("{line}\n")).collect()
}
