//! The library as the app sees it: the crate `vestibule`, by whatever name the app calls it, and
//! its types. They are known by resolving names, never by where the app keeps what it makes of
//! them. The library's own source is not read.

use super::names::{Def, Scope, Want};
use super::tree::Crate;

/// The packages, and the names that their crates have unless the app gives them others.
pub(crate) const LIBRARY: &str = "vestibule";
pub(crate) const DEV_LIBRARY: &str = "vestibule-dev";

impl Crate {
    /// The name in the library of what a path stands for, if it is in the library.
    pub(crate) fn in_library<'d>(&self, def: &'d Def<'_>) -> Option<&'d str> {
        match def {
            Def::Other(path) => last_below(path, &self.library),
            _ => None,
        }
    }

    /// The same for the library of debug builds.
    pub(crate) fn in_dev_library<'d>(&self, def: &'d Def<'_>) -> Option<&'d str> {
        match def {
            Def::Other(path) => last_below(path, &self.dev_library),
            _ => None,
        }
    }

    /// The path of something in the library.
    pub(crate) fn library_path(&self, names: &[&str]) -> Vec<String> {
        let names = names.iter().map(|&name| name.to_owned());
        std::iter::once(self.library.clone()).chain(names).collect()
    }

    /// Whether a path means this type or trait of the library.
    pub(crate) fn is_library_type(&self, scope: &Scope<'_>, path: &syn::Path, name: &str) -> bool {
        let found = self.resolve(scope, path, Want::Type);
        matches!(&found[..], [def] if self.in_library(def) == Some(name))
    }
}

fn last_below<'p>(path: &'p [String], first: &str) -> Option<&'p str> {
    match path {
        [crate_name, .., last] if crate_name == first => Some(last),
        _ => None,
    }
}
