//! What a view's types have lost since they were first written, of all that its first text names.
//! Types can be told apart, what their methods do can't; the rest says `cargo check`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use quote::ToTokens as _;
use regex::Regex;
use syn::visit::{self, Visit};
use syn::{Field, Fields, Item};

use super::original::Original;
use crate::error::Error;
use crate::project::Project;
use crate::routes::Place;
use crate::source::{Crate, Def, Module, Scope, Want};
use crate::views::{FOLDER, takers, templates, types};

/// The parts of a template that Askama reads as code.
static CODE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}").ok());

/// What the first text may miss in the app as it is, in words.
pub(super) fn differences(
    project: &Project,
    original: &Original,
    app: &Crate,
) -> Result<Vec<String>, Error> {
    let files = templates(project)?;
    let mut shown = takers(&files, &original.template);
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
                    "nothing in src/ shows {FOLDER}/{template} any more"
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
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
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
                .push(format!("there is no type `{name}` any more")),
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
                .push(format!("`{name}` is another kind of type than it was")),
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
                Some(known) if written(known) != written(field) => self.found.push(format!(
                    "{owner} has a field `{name}` of another type than it was: `{}`, once `{}`",
                    written(known),
                    written(field)
                )),
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

/// A type as people write it: syntax is shown with a blank between any two words and marks.
fn written(field: &Field) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut text = String::new();
    for part in field.ty.to_token_stream().to_string().split(' ') {
        if text.ends_with(is_word) && part.starts_with(is_word) {
            text.push(' ');
        }
        text.push_str(part);
    }
    text
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
