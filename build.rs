//! Embeds template/ in the program, the crates that an app carries among it: a table of files
//! sorted by path, each with its bytes and whether it can be executed. What editors and builds
//! leave behind is left out.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Names that never belong to a template: version control, build output, editors, secrets. A
/// manifest is always a `Cargo.toml.liquid`, even where it has no placeholders: Cargo leaves a
/// folder with a `Cargo.toml` out of the published package.
const NEVER: [&str; 9] = [
    ".DS_Store",
    ".env",
    ".git",
    ".idea",
    ".vscode",
    "Cargo.lock",
    "Cargo.toml",
    "Thumbs.db",
    "target",
];
/// The same by ending: backups, merge leftovers, swap files, databases of the embedded store.
const NEVER_ENDING: [&str; 7] = ["~", ".bak", ".orig", ".redb", ".rej", ".swo", ".swp"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=template");

    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("template");
    let mut files = BTreeMap::new();
    collect(&root, "", &mut files)?;

    let mut table = String::from("&[\n");
    for (path, source) in &files {
        let rendered = source
            .extension()
            .is_some_and(|extension| extension == "liquid");
        let source_text = source
            .to_str()
            .ok_or("the path of the repository is not UTF-8")?;
        let executable = executable(source)?;
        writeln!(
            table,
            "    File {{ path: {path:?}, rendered: {rendered}, executable: {executable}, \
             contents: include_bytes!({source_text:?}) }},"
        )?;
    }
    table.push_str("]\n");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    fs::write(out.join("template.rs"), table)?;
    Ok(())
}

/// Adds the files below `folder` to `files`, by their path in the generated app.
fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, PathBuf>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let source = entry.path();
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| format!("{} is not UTF-8", source.display()))?;
        let junk = NEVER.contains(&name)
            || NEVER_ENDING.iter().any(|ending| name.ends_with(ending))
            || name.starts_with(".#")
            || (name.starts_with('#') && name.ends_with('#'));
        if junk {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            // cargo-generate drops symbolic links, so the two ways would differ.
            return Err(format!("{} is a symbolic link", source.display()).into());
        }
        if kind.is_dir() {
            collect(&source, &format!("{prefix}{name}/"), files)?;
            continue;
        }
        let path = format!("{prefix}{}", name.strip_suffix(".liquid").unwrap_or(name));
        if files.insert(path.clone(), source).is_some() {
            return Err(
                format!("template/{path} and template/{path}.liquid give the same file").into(),
            );
        }
    }
    Ok(())
}

#[cfg(unix)]
fn executable(file: &Path) -> Result<bool, Box<dyn Error>> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(file)?.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn executable(_file: &Path) -> Result<bool, Box<dyn Error>> {
    Ok(false)
}
