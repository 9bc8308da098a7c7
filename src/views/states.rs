//! The states in which the gallery of a debug build shows a view. They are read off the calls by
//! which the app puts its `vestibule_dev::Gallery` together.

use std::collections::BTreeSet;

use syn::Item;
use syn::visit::{self, Visit};

use crate::source::{Crate, Scope, Want, is_for_tests, string_of};

/// The states that one call of the gallery's adds for a page of the library: what is put behind
/// the name of the view, and when people see it.
const OF_PAGES: [(&str, &[(&str, &str)]); 3] = [
    (
        "login",
        &[
            ("", "OIDC_LOGIN_PAGE=page"),
            ("-trouble", "the last sign-in failed"),
            ("-widget", "OIDC_LOGIN_PAGE=widget"),
        ],
    ),
    (
        "logged_out",
        &[
            ("", "signed out everywhere"),
            ("-here", "the provider could not be told"),
        ],
    ),
    ("errors", &[("-…", "each error of the library")]),
];

/// One state of one view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Below `/dev/views/`.
    pub(crate) name: String,
    /// When people see it, in the words of the gallery.
    pub(crate) when: String,
    pub(super) template: String,
}

/// The samples of an app.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// In the order of the source.
    pub(super) states: Vec<State>,
    /// The modules that put the gallery together. They make every view, which says nothing about
    /// when people see it.
    modules: BTreeSet<Vec<String>>,
}

impl Samples {
    pub(super) fn read(source: &Crate) -> Self {
        let mut samples = Self::default();
        for module in &source.modules {
            let mut gallery = GalleryUses {
                source,
                scope: Scope::of(module),
                is_used: false,
            };
            for item in module.items {
                gallery.visit_item(item);
            }
            if !gallery.is_used {
                continue;
            }
            let mut calls = Calls(Vec::new());
            for item in module.items {
                calls.visit_item(item);
            }
            if !calls.0.is_empty() {
                samples.states.append(&mut calls.0);
                samples.modules.insert(module.path.clone());
            }
        }
        samples
    }

    /// Whether a function is there to make samples.
    pub(super) fn have(&self, function: &[String]) -> bool {
        self.modules
            .iter()
            .any(|module| !module.is_empty() && function.starts_with(module))
    }
}

/// Looks for a use of the library's gallery in a module.
struct GalleryUses<'a> {
    source: &'a Crate,
    scope: Scope<'a>,
    is_used: bool,
}

impl<'ast> Visit<'ast> for GalleryUses<'_> {
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {
        // Modules are looked at one by one.
    }

    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {
        // Importing is no use.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        // Also the owner of `Gallery::new`.
        let longest = path.segments.len();
        for length in longest.saturating_sub(1).max(1)..=longest {
            let names: Vec<String> = path
                .segments
                .iter()
                .take(length)
                .map(|it| it.ident.to_string())
                .collect();
            let found = self.source.find(&self.scope, &names, Want::Type);
            self.is_used |= matches!(
                &found[..],
                [def] if self.source.in_dev_library(def) == Some("Gallery")
            );
        }
        visit::visit_path(self, path);
    }
}

/// Finds the calls that add states.
struct Calls(Vec<State>);

impl<'ast> Visit<'ast> for Calls {
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {
        // Modules are looked at one by one.
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let is_for_tests = match item {
            Item::Fn(item) => is_for_tests(&item.attrs),
            _ => false,
        };
        if !is_for_tests {
            visit::visit_item(self, item);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        // What a chain begins with comes first.
        visit::visit_expr_method_call(self, call);
        let mut arguments = call.args.iter().map_while(string_of);
        if call.method == "state" {
            if let (Some(name), Some(template), Some(when)) =
                (arguments.next(), arguments.next(), arguments.next())
            {
                self.0.push(State {
                    name,
                    when,
                    template,
                });
            }
            return;
        }
        let of_page = OF_PAGES.iter().find(|(method, _)| call.method == method);
        if let (Some((_, states)), Some(template)) = (of_page, arguments.next()) {
            let stem = template.split('.').next().unwrap_or(&template);
            let stem = stem.replace('_', "-");
            self.0.extend(states.iter().map(|(suffix, when)| State {
                name: format!("{stem}{suffix}"),
                when: (*when).to_owned(),
                template: template.clone(),
            }));
        }
    }
}
