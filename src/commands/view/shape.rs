//! What the types of a view have lost since they were first written, of all that its original
//! names. Only fields and variants are compared; `cargo check` finds the rest.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use syn::visit::{self, Visit};
use syn::{Field, Fields, Item};

use super::original::Original;
use crate::error::Error;
use crate::project::Project;
use crate::routes::Place;
use crate::source::{Crate, Def, Module, Scope, Want, written};
use crate::views::{FOLDER, templates, types, users};

/// The parts of a template that Askama reads as code.
static CODE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}").ok());

/// What the original may miss in the app as it is.
pub(super) fn differences(
    project: &Project,
    original: &Original,
    app: &Crate,
) -> Result<Vec<String>, Error> {
    let files = templates(project)?;
    let mut shown = users(&files, &original.template);
    shown.push(&original.template);
    let (first, now) = (types(&original.source), types(app));
    let mut compared = Compared {
        first: &original.source,
        now: app,
        words: words(&original.text),
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    for template in shown {
        let of_template = |it: &&crate::views::Type| it.template == template;
        for was in first.iter().filter(of_template) {
            let same = now
                .iter()
                .filter(of_template)
                .find(|it| it.path == was.path);
            match same.or_else(|| now.iter().find(of_template)) {
                Some(is) => compared.item(&was.path, &is.path),
                None if template == original.template => compared.found.push(format!(
                    "nothing in src/ shows {FOLDER}/{template} any longer"
                )),
                None => {}
            }
        }
    }
    Ok(compared.found)
}

/// The words in the code of a template.
fn words(text: &str) -> BTreeSet<&str> {
    let code = CODE.as_ref().map(|code| code.find_iter(text));
    code.into_iter()
        .flatten()
        .flat_map(|code| {
            code.as_str()
                .split(|character: char| !character.is_alphanumeric() && character != '_')
        })
        .collect()
}

struct Compared<'a> {
    first: &'a Crate,
    now: &'a Crate,
    words: BTreeSet<&'a str>,
    seen: BTreeSet<Vec<String>>,
    found: Vec<String>,
}

impl<'a> Compared<'a> {
    /// Compares a type as it was with one that is there now.
    fn item(&mut self, was: &[String], is: &[String]) {
        if !self.seen.insert(was.to_vec()) {
            return;
        }
        let Some((module, first)) = item_at(self.first, was) else {
            return;
        };
        let name = is.join("::");
        match (first, item_at(self.now, is)) {
            (_, None) => self
                .found
                .push(format!("there is no type `{name}` any longer")),
            (Item::Struct(first), Some((here, Item::Struct(now)))) => {
                let at = Place::of(self.now, here, now.ident.span());
                let owner = format!("{at}: `{name}`");
                self.fields(module, &first.fields, &now.fields, &owner);
            }
            (Item::Enum(first), Some((here, Item::Enum(now)))) => {
                let at = Place::of(self.now, here, now.ident.span());
                for variant in &first.variants {
                    let known = now.variants.iter().find(|it| it.ident == variant.ident);
                    let variant_name = &variant.ident;
                    match known {
                        Some(known) => {
                            let owner = format!("{at}: `{name}::{variant_name}`");
                            self.fields(module, &variant.fields, &known.fields, &owner);
                        }
                        None if self.names(&variant_name.to_string()) => self.found.push(format!(
                            "{at}: `{name}` has no variant `{variant_name}`, which the view names"
                        )),
                        None => {}
                    }
                }
            }
            _ => self
                .found
                .push(format!("`{name}` is no longer the same kind of type")),
        }
    }

    /// Compares fields: those with a name by it, if the text names it; others by their place.
    fn fields(&mut self, module: &'a Module, first: &'a Fields, now: &Fields, owner: &str) {
        for (index, field) in first.iter().enumerate() {
            let name = field.ident.as_ref().map(ToString::to_string);
            let known = match &name {
                Some(name) if !self.names(name) => continue,
                Some(name) => now
                    .iter()
                    .find(|it| it.ident.as_ref().is_some_and(|it| it == name)),
                None => now.iter().nth(index),
            };
            let name = name.unwrap_or_else(|| index.to_string());
            match known {
                None => self.found.push(format!(
                    "{owner} has no field `{name}`, which the view names"
                )),
                Some(known) if written(&known.ty) != written(&field.ty) => {
                    self.found.push(format!(
                        "{owner} has a field `{name}` whose type was `{}` and is now `{}`",
                        written(&field.ty),
                        written(&known.ty)
                    ))
                }
                Some(_) => self.types_in(module, field),
            }
        }
    }

    /// Goes on to the app's own types that a field holds.
    fn types_in(&mut self, module: &'a Module, field: &'a Field) {
        let mut paths = Paths(Vec::new());
        paths.visit_type(&field.ty);
        for path in paths.0 {
            for def in self.first.resolve(&Scope::of(module), path, Want::Type) {
                if let Def::Type(module, name) = def {
                    let path = [&module.path[..], &[name]].concat();
                    self.item(&path, &path);
                }
            }
        }
    }

    fn names(&self, name: &str) -> bool {
        self.words.contains(name)
    }
}

fn item_at<'a>(source: &'a Crate, path: &[String]) -> Option<(&'a Module, &'a Item)> {
    let (name, above) = path.split_last()?;
    source.modules_at(above).find_map(|module| {
        let item = module.items.iter().find(|item| match item {
            Item::Struct(item) => item.ident == name,
            Item::Enum(item) => item.ident == name,
            _ => false,
        })?;
        Some((module, item))
    })
}

struct Paths<'a>(Vec<&'a syn::Path>);

impl<'a> Visit<'a> for Paths<'a> {
    fn visit_type_path(&mut self, path: &'a syn::TypePath) {
        self.0.push(&path.path);
        visit::visit_type_path(self, path);
    }
}
