//! The package that sign-in is brought into: where it is, whether it is an app that can have
//! sign-in, and what its owner should know about the versions that it is locked to.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike};

use crate::error::Error;
use crate::project::{Project, folder_with};
use crate::source::{DEV_LIBRARY, LIBRARY};

pub(super) const MANIFEST: &str = "Cargo.toml";
const LOCK: &str = "Cargo.lock";
const ACTIX: &str = "actix-web";
/// Frameworks that do what Actix-web does.
const OTHER_FRAMEWORKS: [&str; 9] = [
    "axum", "gotham", "ntex", "poem", "rocket", "salvo", "tide", "trillium", "warp",
];
/// The crates that are carried in need these.
const LEAST_ACTIX: (u64, u64) = (4, 18);
const LEAST_RUST: (u64, u64) = (1, 90);

/// A package.
pub(super) struct Package {
    pub(super) project: Project,
    pub(super) root: PathBuf,
    pub(super) text: String,
    pub(super) manifest: DocumentMut,
    pub(super) edition: String,
    /// The name by which the app calls actix-web.
    pub(super) actix: String,
    /// The manifest of the workspace that it is in, and where that is.
    pub(super) workspace: Option<(PathBuf, DocumentMut)>,
}

impl Package {
    /// The package that the current folder is in.
    pub(super) fn find() -> Result<Self, Error> {
        let root = folder_with(MANIFEST)?.ok_or(Error::NoPackage)?;
        let project = Project::at_root(root.clone())?;
        let path = root.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
        let manifest: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| Error::Manifest(error.to_string()))?;
        if manifest.get("package").is_none() {
            return Err(only_a_workspace(&root, &manifest));
        }
        let workspace = if manifest.get("workspace").is_some() {
            Some((root.clone(), manifest.clone()))
        } else {
            root.ancestors().skip(1).find_map(|above| {
                let manifest = read(above)?;
                manifest.get("workspace")?;
                Some((above.to_owned(), manifest))
            })
        };
        let inherited = workspace
            .as_ref()
            .and_then(|(_, workspace)| string(workspace, &["workspace", "package", "edition"]));
        let edition = string(&manifest, &["package", "edition"])
            .or(inherited)
            .unwrap_or_else(|| "2015".to_owned());
        Ok(Self {
            actix: project.manifest()?.crate_name_of(ACTIX),
            project,
            root,
            text,
            manifest,
            edition,
            workspace,
        })
    }

    /// Why it can't have sign-in, if so.
    pub(super) fn objection(&self) -> Option<Error> {
        let refused = |reason: String, advice: &str| Some(Error::no_sign_in(reason, advice));
        let Some(actix) = dependency(&self.manifest, ACTIX) else {
            let other = OTHER_FRAMEWORKS
                .into_iter()
                .find(|name| dependency(&self.manifest, name).is_some());
            return match other {
                Some(other) => refused(
                    format!("this app is made with {other}, and sign-in is for Actix-web 4"),
                    "for a new app, see `vestibule new`",
                ),
                None => refused(
                    "this package doesn't depend on actix-web".to_owned(),
                    "run it in the folder of an Actix-web app",
                ),
            };
        };
        if actix
            .as_table_like()
            .is_some_and(|it| it.contains_key("path") || it.contains_key("git"))
        {
            return refused(
                "actix-web is not the one of crates.io".to_owned(),
                "let Cargo.toml name a version of it",
            );
        }
        if let Some(version) = self.version_of(actix)
            && let Some(objection) = objection_to(&version)
        {
            return refused(objection, "change that first, then try again");
        }
        if dependency(&self.manifest, "shuttle-actix-web").is_some() {
            return refused(
                "the server of this app is Shuttle's, which takes routes but no middleware"
                    .to_owned(),
                "sign-in needs `App::new().wrap(…)`: start the app with `HttpServer::new` instead",
            );
        }
        let is_elsewhere = |name| {
            dependency(&self.manifest, name).is_some_and(|item| {
                !item
                    .as_table_like()
                    .is_some_and(|it| it.contains_key("path"))
            })
        };
        if [LIBRARY, DEV_LIBRARY].into_iter().any(is_elsewhere) {
            return refused(
                "it depends on vestibule already".to_owned(),
                "what is missing is in the README of that crate",
            );
        }
        let toolchain = self.toolchain()?;
        refused(
            format!(
                "rust-toolchain names Rust {toolchain}, and the sign-in needs {}.{}",
                LEAST_RUST.0, LEAST_RUST.1
            ),
            "update it first, then try again",
        )
    }

    /// The requirement in Cargo.toml, perhaps in that of the workspace.
    fn version_of(&self, dependency: &Item) -> Option<String> {
        let version = |item: &Item| {
            let own = item.as_str().map(str::to_owned);
            own.or_else(|| Some(item.as_table_like()?.get("version")?.as_str()?.to_owned()))
        };
        version(dependency).or_else(|| {
            let (_, workspace) = self.workspace.as_ref()?;
            let all = workspace.get("workspace")?.get("dependencies")?;
            version(all.get(ACTIX)?)
        })
    }

    /// A version of Rust that the app insists on and that is too old.
    fn toolchain(&self) -> Option<String> {
        let text = self.root.ancestors().find_map(|folder| {
            let names = ["rust-toolchain.toml", "rust-toolchain"];
            names
                .iter()
                .find_map(|name| fs::read_to_string(folder.join(name)).ok())
        })?;
        let channel = match text.parse::<DocumentMut>() {
            Ok(file) => string(&file, &["toolchain", "channel"])?,
            Err(_) => text.trim().to_owned(),
        };
        numbers(&channel).filter(|version| *version < LEAST_RUST)?;
        Some(channel)
    }

    /// What its owner should know about the versions that it is locked to.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(version) = string(&self.manifest, &["package", "rust-version"])
            && numbers(&version).is_some_and(|version| version < LEAST_RUST)
        {
            notes.push(format!(
                "Cargo.toml has rust-version = \"{version}\", but the sign-in needs Rust {}.{}",
                LEAST_RUST.0, LEAST_RUST.1
            ));
        }
        if let Some((root, workspace)) = &self.workspace
            && workspace.get("package").is_none()
            && let Some(folder) = self.root.strip_prefix(root).ok().and_then(Path::to_str)
        {
            notes.push(format!(
                "in the workspace {} `cargo test` runs the tests of the two crates too; to leave \
                 them out, add \"{}/crates\" to `exclude` there",
                root.display(),
                folder.replace('\\', "/")
            ));
        }
        let roots = [
            Some(&self.root),
            self.workspace.as_ref().map(|(root, _)| root),
        ];
        let mut roots = roots.into_iter().flatten();
        let lock = roots.find_map(|root| fs::read_to_string(root.join(LOCK)).ok());
        let Some(lock) = lock.and_then(|text| text.parse::<DocumentMut>().ok()) else {
            return notes;
        };
        let packages = lock.get("package").and_then(Item::as_array_of_tables);
        for package in packages.into_iter().flatten() {
            let text = |key: &str| package.get(key).and_then(Item::as_str).unwrap_or_default();
            let (name, version) = (text("name"), text("version"));
            let Some(numbers) = numbers(version) else {
                continue;
            };
            let brings = |name: &str| {
                let all = package.get("dependencies").and_then(Item::as_array);
                all.into_iter().flatten().any(|it| {
                    let it = it.as_str().unwrap_or_default();
                    it.split(' ').next() == Some(name)
                })
            };
            match name {
                ACTIX if numbers.0 == LEAST_ACTIX.0 && numbers < LEAST_ACTIX => {
                    notes.push(format!(
                        "Cargo.lock has actix-web {version}; the next build changes that to {}.{} \
                         or newer",
                        LEAST_ACTIX.0, LEAST_ACTIX.1
                    ));
                }
                "rustls" if numbers == (0, 23) && brings("aws-lc-rs") && !brings("ring") => {
                    notes.push(
                        "rustls is used with aws-lc-rs, and the sign-in brings ring: where the app \
                         makes a rustls configuration of its own, call \
                         `rustls::crypto::aws_lc_rs::default_provider().install_default()` first"
                            .to_owned(),
                    );
                }
                "redis" if numbers < (0, 32) => {
                    notes.push(format!(
                        "Cargo.lock has redis {version}; with its feature `redis` the crate \
                         vestibule brings 0.32 beside it"
                    ));
                }
                _ => {}
            }
        }
        notes
    }
}

/// A dependency by the name of its package.
pub(super) fn dependency<'m>(manifest: &'m DocumentMut, package: &str) -> Option<&'m Item> {
    let all = manifest.get("dependencies")?.as_table_like()?;
    let renamed = |item: &Item| {
        let package = item.as_table_like()?.get("package")?.as_str()?;
        Some(package.to_owned())
    };
    all.iter()
        .find(|(name, item)| renamed(item).as_deref().unwrap_or(name) == package)
        .map(|(_, item)| item)
}

/// Why a requirement for actix-web doesn't do.
fn objection_to(requirement: &str) -> Option<String> {
    let (major, _) = numbers(requirement)?;
    if major != LEAST_ACTIX.0 {
        return Some(format!(
            "it depends on actix-web {major}, and sign-in is for Actix-web 4"
        ));
    }
    let keeps_back = |part: &str| {
        numbers(part).is_some_and(|limit| match part.trim() {
            part if part.starts_with("<=") => limit < LEAST_ACTIX,
            part if part.starts_with('<') => limit <= LEAST_ACTIX,
            part if part.starts_with(['=', '~']) => part.contains('.') && limit < LEAST_ACTIX,
            _ => false,
        })
    };
    requirement.split(',').any(keeps_back).then(|| {
        format!(
            "it depends on actix-web {requirement}, and the sign-in needs {}.{} or newer",
            LEAST_ACTIX.0, LEAST_ACTIX.1
        )
    })
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u64, u64)> {
    let version = version.trim_start_matches(|it: char| !it.is_ascii_digit());
    let mut parts = version.split(['.', '-', '+', ',', ' ']);
    let major = parts.next()?.parse().ok()?;
    Some((
        major,
        parts.next().and_then(|part| part.parse().ok()).unwrap_or(0),
    ))
}

/// The refusal of a manifest that has members, but is no package.
fn only_a_workspace(root: &Path, manifest: &DocumentMut) -> Error {
    let apps: Vec<String> = members(root, manifest)
        .into_iter()
        .filter(|(_, manifest)| dependency(manifest, ACTIX).is_some())
        .filter_map(|(folder, _)| Some(folder.strip_prefix(root).ok()?.display().to_string()))
        .collect();
    let advice = match &apps[..] {
        [] => "none of its members depends on actix-web".to_owned(),
        [app] => format!("run it in {app}"),
        apps => format!("run it in one of these: {}", apps.join(", ")),
    };
    Error::no_sign_in(
        "this folder is a workspace, not a package".to_owned(),
        &advice,
    )
}

/// The members of a workspace that its manifest names, in order.
pub(super) fn members(root: &Path, workspace: &DocumentMut) -> Vec<(PathBuf, DocumentMut)> {
    let listed = workspace
        .get("workspace")
        .and_then(|table| table.get("members"))
        .and_then(Item::as_array);
    let folders = listed
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let pattern = glob::Pattern::escape(root.to_str()?);
            glob::glob(&format!("{pattern}/{}", entry.as_str()?)).ok()
        })
        .flatten()
        .filter_map(Result::ok);
    let mut found: Vec<_> = folders
        .filter_map(|folder| Some((folder.clone(), read(&folder)?)))
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found.dedup_by(|one, other| one.0 == other.0);
    found
}

fn read(folder: &Path) -> Option<DocumentMut> {
    fs::read_to_string(folder.join(MANIFEST)).ok()?.parse().ok()
}

fn string(document: &DocumentMut, keys: &[&str]) -> Option<String> {
    let mut table: &dyn TableLike = document.as_table();
    let (last, above) = keys.split_last()?;
    for key in above {
        table = table.get(key)?.as_table_like()?;
    }
    Some(table.get(last)?.as_str()?.to_owned())
}
