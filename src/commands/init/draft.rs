//! What is written, and the lines for those who write them by hand.

use std::fs;
use std::path::Path;

use syn::Item;

use super::code;
use super::manifest;
use super::package::{MANIFEST, Package, dependency, members};
use super::server::{Server, Unsure};
use super::sources::{File, Sources, below, folder_of};
use crate::commands::plan::Planned;
use crate::error::{Error, ManualSteps, Step};
use crate::project::RECORD;
use crate::source::{CannotEdit, DEV_LIBRARY, LIBRARY, imports};
use crate::template::FILES;

/// Where the crates are carried, as in a new app.
const CRATES: &str = "crates";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The modules that are written, and what they are called if the app has such a one.
const HOOKS: [&str; 2] = ["hooks", "sign_in_hooks"];
const PAGE: [&str; 2] = ["account", "signed_in"];
const IGNORED: &str = "/data/*.redb";

/// Where the sign-in goes in the app.
pub(super) struct Place {
    /// The file at the root of the crate.
    pub(super) root: String,
    /// Before the paths of the sign-in.
    pub(super) prefix: &'static str,
    /// The path of the example page.
    pub(super) page_path: String,
    /// Where browsers reach a debug build.
    pub(super) base_url: String,
}

/// Everything that is written but the app's own code.
pub(super) struct Draft {
    pub(super) place: Place,
    /// The names of the modules.
    pub(super) hooks: &'static str,
    pub(super) page: &'static str,
    /// The folder of the crates, as seen from the package.
    pub(super) crates: String,
    /// The name by which the app calls actix-web.
    pub(super) actix: String,
    pub(super) planned: Planned,
}

impl Draft {
    pub(super) fn new(package: &Package, sources: &Sources, place: Place) -> Result<Self, Error> {
        let root = sources.find(&place.root);
        let name = |candidates: [&'static str; 2]| {
            candidates
                .into_iter()
                .find(|name| is_free(package, root, &place.root, name))
                .ok_or_else(|| {
                    Error::no_sign_in(
                        format!(
                            "the app has modules called `{}`",
                            candidates.join("` and `")
                        ),
                        "rename one of them, then try again",
                    )
                })
        };
        let (hooks, page) = (name(HOOKS)?, name(PAGE)?);
        let mut draft = Self {
            hooks,
            page,
            crates: CRATES.to_owned(),
            actix: package.actix.clone(),
            planned: Planned::default(),
            place,
        };
        match carried_nearby(package)? {
            Some(folder) => draft.crates = folder,
            None => draft.carry(package)?,
        }
        draft.write(package)?;
        Ok(draft)
    }

    /// Carries the crates in, unless they are there already.
    fn carry(&mut self, package: &Package) -> Result<(), Error> {
        for name in [LIBRARY, DEV_LIBRARY] {
            let folder = format!("{CRATES}/{name}");
            self.planned.fold(&folder);
            let below = format!("{folder}/");
            for file in FILES.iter().filter(|file| file.path.starts_with(&below)) {
                let text = String::from_utf8_lossy(file.contents).into_owned();
                match package.project.read(file.path)? {
                    None => self.planned.push(file.path, None, Some(text)),
                    Some(there) if there == file.contents => {}
                    Some(_) => {
                        return Err(Error::no_sign_in(
                            format!("{} is there, and is another one", file.path),
                            "remove that folder, or rename it",
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, package: &Package) -> Result<(), Error> {
        let planned = &mut self.planned;
        let dependencies = manifest::dependencies(&self.crates, VERSION);
        let folder = folder_of(&self.place.root);
        let hooks = below(folder, &format!("{}.rs", self.hooks));
        let after =
            manifest::with(package, &dependencies, &hooks).map_err(|CannotEdit(reason)| {
                Error::CannotEdit {
                    file: MANIFEST.to_owned(),
                    reason,
                    by_hand: ManualSteps(vec![Step {
                        place:
                            "below `[dependencies]` in Cargo.toml, and then `vestibule init` again"
                                .to_owned(),
                        lines: manifest::lines(&dependencies),
                    }]),
                }
            })?;
        planned.push(MANIFEST, Some(package.text.clone()), Some(after));

        let own = self.actix.as_str();
        let settings = match self.place.prefix {
            "" => "Settings::from_lookup(setting)?".to_owned(),
            prefix => format!("Settings::from_lookup(setting)?.routes_under(\"{prefix}\")"),
        };
        let hooks = include_str!("texts/hooks.rs.txt")
            .replace("actix_web", own)
            .replace("Settings::from_lookup(setting)?", &settings)
            .replace("ADDRESS", &self.place.base_url);
        let page = include_str!("texts/page.rs.txt")
            .replace("actix_web", own)
            .replace("HOOKS", self.hooks)
            .replace("PAGE_PATH", &self.place.page_path);
        for (name, text) in [(self.hooks, hooks), (self.page, page)] {
            let path = below(folder, &format!("{name}.rs"));
            planned.push(&path, None, Some(text));
        }

        let example = include_str!("texts/env.example.txt")
            .replace("PREFIX", self.place.prefix)
            .replace("CRATE", &format!("{}/{LIBRARY}", self.crates));
        extend(package, planned, ".env.example", &example, |line| {
            line.trim_start_matches(['#', ' '])
                .starts_with("OIDC_ISSUER=")
        })?;
        if package.project.read(".gitignore")?.is_some() {
            extend(
                package,
                planned,
                ".gitignore",
                &format!("{IGNORED}\n"),
                |line| {
                    ["/data", "data", "/data/", "data/", "*.redb", IGNORED].contains(&line.trim())
                },
            )?;
        }
        let record = include_str!("texts/vestibule.toml.txt").replace("VERSION", VERSION);
        planned.push(RECORD, None, Some(record));
        Ok(())
    }

    /// Adds the edits of the app's own code.
    pub(super) fn edit(
        &mut self,
        package: &Package,
        sources: &Sources,
        server: &Server,
    ) -> Result<(), Unsure> {
        for (path, before, after) in code::edits(package, sources, self, server)? {
            self.planned.push(&path, Some(before), Some(after));
        }
        Ok(())
    }

    /// The refusal to edit the app's own code.
    pub(super) fn left_alone(&self, unsure: Unsure, boxes: bool) -> Error {
        let mut steps = vec![Step {
            place: "let this write everything else".to_owned(),
            lines: "vestibule init --by-hand".to_owned(),
        }];
        steps.extend(self.steps(unsure.app.as_deref(), boxes).0);
        Error::CannotEdit {
            file: unsure.file.unwrap_or_else(|| "the app's code".to_owned()),
            reason: unsure.reason,
            by_hand: ManualSteps(steps),
        }
    }

    /// What has to be done in the app's own code. `app` is what gives the `App` if `App::new()` is
    /// elsewhere: in a function or a macro, which doesn't see the variable `oidc`.
    pub(super) fn steps(&self, app: Option<&str>, boxes: bool) -> ManualSteps {
        let step = |place: String, lines: String| Step { place, lines };
        // At the end of the calls, nothing of the app's own wraps ours.
        let calls = code::calls(self, "crate::", "oidc", boxes && app.is_none());
        let app = app.unwrap_or("App::new()");
        ManualSteps(vec![
            step(
                format!("with the other modules in {}", self.place.root),
                format!("mod {};\nmod {};\n", self.page, self.hooks),
            ),
            step(
                "before `HttpServer::new`, where `.await` is allowed".to_owned(),
                code::start(self, "crate::", "oidc", "?"),
            ),
            step(
                format!(
                    "directly after `{app}`, in the closure that `HttpServer::new` is given, which \
                     has to be a `move` closure"
                ),
                calls.join("\n"),
            ),
        ])
    }
}

/// Adds lines to the end of a file, which is written if it isn't there, unless it has them.
fn extend(
    package: &Package,
    planned: &mut Planned,
    path: &str,
    lines: &str,
    has: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let Some(bytes) = package.project.read(path)? else {
        planned.push(path, None, Some(lines.to_owned()));
        return Ok(());
    };
    let before = String::from_utf8(bytes).map_err(|_| Error::NotUtf8(path.to_owned()))?;
    if before.lines().any(has) {
        return Ok(());
    }
    let gap = match before.as_str() {
        "" => "",
        text if !text.ends_with('\n') => "\n\n",
        _ if lines.starts_with('#') => "\n",
        _ => "",
    };
    let mut added = format!("{gap}{lines}");
    if before.contains("\r\n") {
        added = added.replace('\n', "\r\n");
    }
    let after = format!("{before}{added}");
    planned.push(path, Some(before), Some(after));
    Ok(())
}

/// Whether a module can be called so.
fn is_free(package: &Package, root: Option<&File>, path: &str, name: &str) -> bool {
    let at = package.project.at(folder_of(path)).join(name);
    if at.exists() || at.with_extension("rs").exists() {
        return false;
    }
    let is_dependency = dependency(&package.manifest, name).is_some();
    let items = root.map_or(&[][..], |root| &root.syntax.items);
    let is_taken = |item: &Item| match item {
        Item::Mod(item) => item.ident == name,
        Item::ExternCrate(item) => item.ident == name,
        Item::Use(item) => imports(&item.tree).iter().any(|(bound, _)| bound == name),
        _ => false,
    };
    !is_dependency && !items.iter().any(is_taken)
}

/// The crates that another member of the workspace carries: two copies would be in each other's
/// way.
fn carried_nearby(package: &Package) -> Result<Option<String>, Error> {
    let Some((root, workspace)) = &package.workspace else {
        return Ok(None);
    };
    let mut all = members(root, workspace);
    all.push((root.clone(), workspace.clone()));
    let own = |folder: &Path| dunce::canonicalize(folder).ok();
    let found = all.iter().find_map(|(folder, manifest)| {
        let path = dependency(manifest, LIBRARY)?
            .as_table_like()?
            .get("path")?;
        let there = own(&folder.join(path.as_str()?))?;
        (own(folder)? != own(&package.root)?).then_some(there)
    });
    let Some(there) = found else {
        return Ok(None);
    };
    let relative = there
        .parent()
        .filter(|_| there.ends_with(LIBRARY))
        .and_then(|folder| from(&own(&package.root)?, folder));
    let own_manifest = format!("{CRATES}/{LIBRARY}/{MANIFEST}");
    let ours = FILES.iter().find(|file| file.path == own_manifest);
    let is_same = fs::read(there.join(MANIFEST))
        .is_ok_and(|bytes| ours.is_some_and(|ours| ours.contents == bytes));
    match relative {
        Some(relative) if is_same => Ok(Some(relative)),
        _ => Err(Error::no_sign_in(
            format!(
                "this workspace has another vestibule in {}",
                there.display()
            ),
            "let this package depend on that one",
        )),
    }
}

/// The way from one folder to another, with `/` between the parts.
fn from(here: &Path, there: &Path) -> Option<String> {
    let common = here.ancestors().find(|above| there.starts_with(above))?;
    let up = here
        .strip_prefix(common)
        .ok()?
        .iter()
        .map(|_| "..".to_owned());
    let down: Option<Vec<String>> = there
        .strip_prefix(common)
        .ok()?
        .iter()
        .map(|part| Some(part.to_str()?.to_owned()))
        .collect();
    Some(up.chain(down?).collect::<Vec<_>>().join("/"))
}
