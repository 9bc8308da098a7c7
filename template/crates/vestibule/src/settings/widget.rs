//! The Okta Sign-In Widget: which version, which engine, and where browsers get its
//! files. How pages use it is in the crate's `widget.rs`.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::digest;

/// The version of [`SCRIPT`] and [`STYLE`].
pub const VERSION: &str = "7.49.0";

/// A file of the widget that pages load, with the hash that browsers check
/// (Subresource Integrity). The same bytes are on Okta's CDN and in the npm
/// package.
pub struct Pinned {
    /// The path below the widget's folder.
    pub path: &'static str,
    /// `sha384-` followed by the hash.
    pub integrity: &'static str,
}

/// The widget itself, for both engines.
pub const SCRIPT: Pinned = Pinned {
    path: "js/okta-sign-in.min.js",
    integrity: "sha384-eDl7WzGfDRVYk/9ZezL7LYLmnoJ/GjgM7fFmlAYSJUwKKoeq13vCVgE4hzhx0vgo",
};

/// Its style sheet.
pub const STYLE: Pinned = Pinned {
    path: "css/okta-sign-in.min.css",
    integrity: "sha384-fLGJJCv4UKDlcJUEjSD6dTXNShnOMN7uxy8lrzxBtV62Ib/HlSNS4ZXnTF7oHaTq",
};

/// How the widget is set up.
#[derive(Clone, Debug)]
pub struct WidgetSettings {
    /// The engine that the organisation runs.
    pub engine: Engine,
    /// Where browsers get the widget from.
    pub assets: WidgetAssets,
}

/// Okta's two generations of sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Okta Identity Engine: the widget ends with an `interaction_code`.
    Identity,
    /// The classic engine: the widget ends with a session token, which the
    /// authorization endpoint turns into a code.
    Classic,
}

/// Where browsers get the widget's files from.
#[derive(Clone, Debug)]
pub enum WidgetAssets {
    /// Okta's content delivery network.
    Cdn,
    /// This app.
    Here(Arc<WidgetFiles>),
}

/// The widget's files on disk, found once at startup: nothing outside this list is
/// ever served.
#[derive(Debug)]
pub struct WidgetFiles {
    folder: PathBuf,
    names: BTreeSet<String>,
}

impl WidgetFiles {
    /// Finds the files in the npm package's folder `dist`.
    ///
    /// # Errors
    /// What is missing and how to get it.
    pub fn find(folder: &Path) -> Result<Arc<Self>, String> {
        for pinned in [SCRIPT, STYLE] {
            let file = folder.join(pinned.path);
            let bytes = fs::read(&file).map_err(|error| {
                format!("{} cannot be read: {error}. {}", file.display(), how())
            })?;
            let hash = digest::digest(&digest::SHA384, &bytes);
            if pinned.integrity != format!("sha384-{}", BASE64_STANDARD.encode(hash)) {
                return Err(format!(
                    "{} does not belong to version {VERSION}. {}",
                    file.display(),
                    how()
                ));
            }
        }
        let mut names = BTreeSet::new();
        for part in ["js", "css", "font", "img", "labels/json"] {
            collect(folder, part, &mut names)
                .map_err(|error| format!("its folder {part} cannot be read: {error}. {}", how()))?;
        }
        Ok(Arc::new(Self {
            folder: folder.to_owned(),
            names,
        }))
    }

    /// The path of a file, named with slashes; `None` if the widget has no such
    /// file.
    pub fn path_of(&self, name: &str) -> Option<PathBuf> {
        self.names.get(name).map(|name| self.folder.join(name))
    }
}

fn how() -> String {
    format!(
        "Get it with: npm install --no-save --prefix okta-widget \
         @okta/okta-signin-widget@{VERSION}, and set OIDC_WIDGET_ASSETS to \
         okta-widget/node_modules/@okta/okta-signin-widget/dist"
    )
}

/// Adds the names of all files below `part`.
fn collect(folder: &Path, part: &str, names: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(part))? {
        let entry = entry?;
        let Ok(file_name) = entry.file_name().into_string() else {
            continue;
        };
        let name = format!("{part}/{file_name}");
        // A symbolic link could lead out of the folder.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(folder, &name, names)?;
        } else if kind.is_file() {
            names.insert(name);
        }
    }
    Ok(())
}
