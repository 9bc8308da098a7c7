//! What the code of a new route takes for granted: crates, names in the app's views and tests, and
//! blocks of its templates. All of them are the owner's to change, so they are looked at before
//! anything is written.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{
    FnArg, GenericArgument, GenericParam, ImplItem, Item, ItemStruct, PathArguments, ReturnType,
    Safety, Signature, Token, Type, TypeParamBound, Visibility, WherePredicate,
};
use toml_edit::DocumentMut;

use crate::error::Error;
use crate::project::Project;
use crate::scaffold::{Guard, Kind};
use crate::source::{
    Crate, Def, Module, Scope, SourceFile, Want, imports, is_conditional, is_visible, plain_name,
    root_of,
};
use crate::views::{FOLDER, blocks, templates};

use super::draft::Draft;
use super::objection::Objection;

/// The template that new views extend, and the blocks of it that they fill.
const FRAME: &str = "frame.html";
const BLOCKS: [&str; 2] = ["title", "content"];
/// The type that goes with it.
const VIEW_FRAME: [&str; 3] = ["crate", "views", "Frame"];
/// What tests are written with, and where it is declared.
const SUPPORT: &str = "tests/it/support.rs";
const TESTS_ROOT: &str = "tests/it/main.rs";
/// How many arguments tests give to its functions, and whether they wait for them.
const CALLED: [(&str, usize, bool); 4] = [
    ("app", 0, false),
    ("assert_needs_sign_in", 1, true),
    ("signed_in_as", 1, true),
    ("signed_out", 0, true),
];

/// Fails with what is missing.
pub(super) fn check(project: &Project, source: &Crate, draft: &Draft) -> Result<(), Objection> {
    let mut missing = crates(project, draft)?;
    missing.extend(modules(source, draft));
    if draft.view_file.is_some() {
        missing.extend(View::new(source, draft).missing());
        missing.extend(frame(project)?);
    }
    if !missing.is_empty() {
        return Err(Objection::Lacks(missing));
    }
    let missing = support(project, draft)?;
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Objection::TestsLack(missing))
    }
}

/// The first names of what some code imports.
fn imported(text: &str) -> Vec<Vec<String>> {
    let items = syn::parse_file(text).map_or(Vec::new(), |syntax| syntax.items);
    let uses = items.iter().filter_map(|item| match item {
        Item::Use(item) => Some(imports(&item.tree)),
        _ => None,
    });
    uses.flatten().map(|(_, path)| path).collect()
}

/// Crates that the code names and the app's manifest doesn't.
fn crates(project: &Project, draft: &Draft) -> Result<Vec<String>, Error> {
    let manifest = project.manifest()?;
    let first_names = |text: &str| -> BTreeSet<String> {
        let paths = imported(text).into_iter();
        paths.filter_map(|path| path.into_iter().next()).collect()
    };
    let mut missing = Vec::new();
    let named = first_names(&draft.handler_file.1);
    for package in ["actix-web", "askama", "serde", "serde_json"] {
        if named.contains(&package.replace('-', "_")) && !manifest.has(package) {
            missing.push(format!(
                "`{package}` isn't among the dependencies in Cargo.toml"
            ));
        }
    }
    if let Some((_, text)) = &draft.test_file {
        let named = first_names(text);
        for package in ["serde_json", "tokio"] {
            let is_named = package == "tokio" || named.contains(package);
            if is_named && !manifest.has_in_tests(package) {
                missing.push(format!(
                    "`{package}`, which its tests use, isn't among the dependencies in Cargo.toml"
                ));
            }
        }
    }
    Ok(missing)
}

/// Modules of the app that the handler names and that aren't there in every build.
fn modules(source: &Crate, draft: &Draft) -> Vec<String> {
    let root_path = root_of(&draft.routes);
    let Some(root) = source.modules_at(root_path).next() else {
        return Vec::new();
    };
    let scope = Scope::of(root);
    let is_there = |path: &[String]| {
        let above = path.get(1..path.len().saturating_sub(1));
        let above = [root_path, above.unwrap_or_default()].concat();
        let found = source.find(&scope, path, Want::Type);
        // What is passed on from elsewhere was looked at when its name was chosen.
        let module = match &found[..] {
            [] => return false,
            [Def::Module(module)] => &module.path,
            _ => &above,
        };
        source.is_in_every_build(module) && source.is_reached(module, &draft.routes)
    };
    let new_role = draft.new_role.as_ref().map(|(role, _)| &role.type_name);
    let paths = imported(&draft.handler_file.1).into_iter();
    paths
        // Of the frame more is asked than to be there.
        .filter(|path| *path != VIEW_FRAME)
        .filter(|path| path.first().is_some_and(|first| first == "crate") && !is_there(path))
        // The type of a new role isn't there yet.
        .filter(|path| new_role.is_none_or(|new| path.last() != Some(new)))
        .map(|path| {
            format!(
                "there is no `{}` that it could name in every build",
                path.join("::")
            )
        })
        .collect()
}

/// What pages need of the module `views`.
struct View<'a> {
    source: &'a Crate,
    /// The module in which it is needed.
    from: &'a [String],
    fields: Vec<&'static str>,
}

impl<'a> View<'a> {
    fn new(source: &'a Crate, draft: &'a Draft) -> Self {
        let route = &draft.route;
        let mut fields = vec!["app_name"];
        if route.kind == Kind::Form && route.guard != Guard::Public {
            fields.push("visitor");
        }
        Self {
            source,
            from: &draft.routes,
            fields,
        }
    }

    fn missing(&self) -> Vec<String> {
        let error = self.source.library_path(&["Error"]).join("::");
        let mut missing = Vec::new();
        if !self.can_respond() {
            missing.push(format!(
                "there is no function `crate::views::respond` that takes `&impl Template` and \
                 returns `Result<HttpResponse, {error}>`"
            ));
        }
        match self.frame() {
            None => missing
                .push("there is no struct `crate::views::Frame` without parameters".to_owned()),
            Some((module, frame)) => {
                let fields = self.fields.iter();
                let hidden = fields.filter(|name| !self.has_field(module, frame, name));
                missing.extend(hidden.map(|name| {
                    format!("`crate::views::Frame` has no field `{name}` that handlers can see")
                }));
                if !self.has_maker(module, frame) {
                    missing.push(format!(
                        "there is no function `crate::views::Frame::of` that takes \
                         `&HttpRequest` and returns `Result<Frame, {error}>`"
                    ));
                }
            }
        }
        missing
    }

    fn find(&self, name: &str, want: Want) -> Vec<Def<'a>> {
        let path = ["crate", "views", name].map(str::to_owned);
        let root = self.source.modules_at(&[]).next();
        root.map_or(Vec::new(), |root| {
            self.source.find(&Scope::of(root), &path, want)
        })
    }

    fn sees(&self, visibility: &Visibility, module: &Module) -> bool {
        is_visible(visibility, &module.path, self.from)
    }

    fn can_respond(&self) -> bool {
        match &self.find("respond", Want::Value)[..] {
            [Def::Fn(module, function)] => {
                self.sees(&function.vis, module)
                    && !is_conditional(&function.attrs)
                    && takes_template(&function.sig)
                    && self.returns(module, &function.sig, &["HttpResponse"])
            }
            _ => false,
        }
    }

    fn frame(&self) -> Option<(&'a Module, &'a ItemStruct)> {
        let found = self.find("Frame", Want::Type);
        let [Def::Type(module, name)] = &found[..] else {
            return None;
        };
        let module: &'a Module = module;
        let mut items = module.items.iter().filter_map(|item| match item {
            Item::Struct(item) if plain_name(&item.ident) == *name => Some(item),
            _ => None,
        });
        let frame = items.next().filter(|_| items.next().is_none())?;
        let is_plain = frame.generics.params.is_empty() && !is_conditional(&frame.attrs);
        (is_plain && self.sees(&frame.vis, module)).then_some((module, frame))
    }

    fn has_field(&self, module: &Module, frame: &ItemStruct, name: &str) -> bool {
        frame.fields.iter().any(|field| {
            field.ident.as_ref().is_some_and(|ident| ident == name)
                && self.sees(&field.vis, module)
                && !is_conditional(&field.attrs)
        })
    }

    fn has_maker(&self, module: &Module, frame: &ItemStruct) -> bool {
        let name = plain_name(&frame.ident);
        self.source.modules.iter().any(|here| {
            let impls = here.items.iter().filter_map(|item| match item {
                Item::Impl(item) if item.trait_.is_none() && !is_conditional(&item.attrs) => {
                    Some(item)
                }
                _ => None,
            });
            impls
                .filter(|item| match &*item.self_ty {
                    Type::Path(path) => {
                        let found = self
                            .source
                            .resolve(&Scope::of(here), &path.path, Want::Type);
                        matches!(
                            &found[..],
                            [Def::Type(found, known)]
                                if std::ptr::eq(*found, module) && *known == name
                        )
                    }
                    _ => false,
                })
                .flat_map(|item| &item.items)
                .any(|item| match item {
                    ImplItem::Fn(function) => {
                        function.sig.ident == "of"
                            && self.sees(&function.vis, here)
                            && !is_conditional(&function.attrs)
                            && takes_reference(&function.sig)
                            && self.returns(here, &function.sig, &["Self", &name])
                    }
                    _ => false,
                })
        })
    }

    /// Whether a function returns `Result<…, Error>` with the library's error, and one of these.
    fn returns(&self, module: &Module, signature: &Signature, wanted: &[&str]) -> bool {
        let ReturnType::Type(_, output) = &signature.output else {
            return false;
        };
        let Type::Path(output) = &**output else {
            return false;
        };
        let Some(last) = output.path.segments.last() else {
            return false;
        };
        let PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return false;
        };
        let arguments: Vec<&GenericArgument> = arguments.args.iter().collect();
        let [
            GenericArgument::Type(Type::Path(value)),
            GenericArgument::Type(Type::Path(error)),
        ] = &arguments[..]
        else {
            return false;
        };
        let value = value.path.segments.last().map(|last| &last.ident);
        last.ident == "Result"
            && value.is_some_and(|value| wanted.iter().any(|name| value == name))
            && self
                .source
                .is_library_type(&Scope::of(module), &error.path, "Error")
    }
}

/// Whether a function takes one reference, and is called like any other.
fn takes_reference(signature: &Signature) -> bool {
    referenced(signature).is_some() && signature.generics.params.is_empty()
}

/// What the one argument of a function refers to.
fn referenced(signature: &Signature) -> Option<&Type> {
    let mut inputs = signature.inputs.iter();
    let (Some(FnArg::Typed(input)), None) = (inputs.next(), inputs.next()) else {
        return None;
    };
    let is_plain = signature.asyncness.is_none() && matches!(signature.safety, Safety::Default);
    match &*input.ty {
        Type::Reference(reference) if reference.mutability.is_none() && is_plain => {
            Some(&reference.elem)
        }
        _ => None,
    }
}

/// Whether a function takes a reference to any template.
fn takes_template(signature: &Signature) -> bool {
    let generics = &signature.generics;
    match referenced(signature) {
        Some(Type::ImplTrait(any)) => {
            generics.params.is_empty() && is_any_template([&any.bounds].into_iter())
        }
        Some(Type::Path(named)) => {
            let mut parameters = generics.params.iter();
            let (Some(GenericParam::Type(parameter)), None) =
                (parameters.next(), parameters.next())
            else {
                return false;
            };
            let predicates = generics.where_clause.iter().flat_map(|it| &it.predicates);
            let more = predicates.filter_map(|predicate| match predicate {
                WherePredicate::Type(predicate) => Some(&predicate.bounds),
                _ => None,
            });
            named.path.is_ident(&parameter.ident)
                && is_any_template(std::iter::once(&parameter.bounds).chain(more))
        }
        _ => false,
    }
}

type Bounds = Punctuated<TypeParamBound, Token![+]>;

/// Whether bounds ask for a template and nothing else.
fn is_any_template<'b>(bounds: impl Iterator<Item = &'b Bounds>) -> bool {
    let mut is_template = false;
    for bound in bounds.flatten() {
        let TypeParamBound::Trait(bound) = bound else {
            return false;
        };
        let last = bound
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string());
        match last.as_deref() {
            Some("Template") => is_template = true,
            Some("Sized") => {}
            _ => return false,
        }
    }
    is_template
}

/// What the template around new views lacks.
fn frame(project: &Project) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    if let Some(bytes) = project.read("askama.toml")?
        && !finds_plain_templates(&String::from_utf8_lossy(&bytes))
    {
        missing.push(format!(
            "by askama.toml, views don't stand in {FOLDER}/ or are written in another way"
        ));
    }
    match blocks(&templates(project)?, FRAME) {
        None => missing.push(format!("there is no {FOLDER}/{FRAME}")),
        Some(known) => {
            let unknown = BLOCKS.iter().filter(|block| !known.contains(**block));
            missing.extend(unknown.map(|block| format!("{FOLDER}/{FRAME} has no block `{block}`")));
        }
    }
    Ok(missing)
}

/// Whether Askama looks for templates where new views go, and reads them as usual.
fn finds_plain_templates(settings: &str) -> bool {
    let Ok(settings) = settings.parse::<DocumentMut>() else {
        return false;
    };
    let Some(general) = settings.get("general") else {
        return true;
    };
    let folders = general.get("dirs").and_then(|dirs| dirs.as_array());
    let is_read = folders.is_none_or(|folders| {
        let mut folders = folders.iter().filter_map(|folder| folder.as_str());
        folders.any(|folder| folder.trim_end_matches('/') == FOLDER)
    });
    is_read && general.get("default_syntax").is_none()
}

/// What the tests name that isn't there.
fn support(project: &Project, draft: &Draft) -> Result<Vec<String>, Error> {
    let Some((_, text)) = &draft.test_file else {
        return Ok(Vec::new());
    };
    let items_of = |path: &str| -> Result<Vec<Item>, Error> {
        let bytes = project.read(path)?.unwrap_or_default();
        Ok(SourceFile::parse(path, bytes).map_or(Vec::new(), |(_, syntax)| syntax.items))
    };
    let mut missing = Vec::new();
    let root = items_of(TESTS_ROOT)?;
    for module in ["routes", "support"] {
        let is_declared = root.iter().any(|item| {
            matches!(item, Item::Mod(item) if item.ident == module && !is_conditional(&item.attrs))
        });
        if !is_declared {
            missing.push(format!(
                "{TESTS_ROOT} doesn't declare the module `{module}`"
            ));
        }
    }
    let known: BTreeSet<String> = items_of(SUPPORT)?.iter().flat_map(passed_on).collect();
    for path in imported(text) {
        if let [first, second, name] = &path[..]
            && first == "crate"
            && second == "support"
            && !known.contains(name)
        {
            missing.push(format!(
                "{SUPPORT} has no `{name}` that its tests could use"
            ));
        }
    }
    Ok(missing)
}

/// The names that an item gives to other modules. A function that has to be called in another way
/// than tests do counts for nothing.
fn passed_on(item: &Item) -> Vec<String> {
    match item {
        Item::Fn(item) if !matches!(item.vis, Visibility::Inherited) => {
            let name = plain_name(&item.sig.ident);
            let is_called = (item.sig.inputs.len(), item.sig.asyncness.is_some());
            let known = CALLED.iter().find(|(known, ..)| *known == name);
            match known {
                Some((_, inputs, is_async)) if is_called != (*inputs, *is_async) => Vec::new(),
                _ => vec![name],
            }
        }
        Item::Use(item) if !matches!(item.vis, Visibility::Inherited) => imports(&item.tree)
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        _ => Vec::new(),
    }
}
