//! Where the pages of the library are: by default, or as the app sets it on its settings. The
//! defaults are data here; a test compares them with the library.

use std::rc::Rc;

use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprMethodCall, ImplItem, Item, Member, Signature, Stmt};

use super::exits::attributes;
use super::oidc::Library;
use super::read::Reader;
use super::value::Value;
use crate::source::{Crate, is_conditional, is_for_tests};

/// The fields of the library's `Paths`, with their defaults.
const DEFAULT_PATHS: [(&str, &str); 7] = [
    ("login", "/login"),
    ("login_callback", "/authorization-code/callback"),
    ("after_login", "/"),
    ("logout", "/logout"),
    ("logged_out", "/logged-out"),
    ("backchannel_logout", "/backchannel-logout"),
    ("widget_files", "/static/okta-signin-widget"),
];

/// The methods of `Settings` that say where the pages are.
pub(super) const WITH_PATHS: &str = "with_paths";
pub(super) const ROUTES_UNDER: &str = "routes_under";

/// What the app sets as paths of the library's pages.
#[derive(Debug, Clone)]
pub(super) enum PathSetting<'a> {
    /// `with_paths`
    Paths(Value<'a>),
    /// `routes_under`
    Under(Value<'a>),
}

/// Where the library's pages are, by the field of `Paths`; `None`: it can't be told.
#[derive(Debug, Clone)]
pub(super) struct PagePaths(Vec<(&'static str, Option<String>)>);

impl Default for PagePaths {
    fn default() -> Self {
        let paths = DEFAULT_PATHS.iter();
        Self(
            paths
                .map(|(name, path)| (*name, Some((*path).to_owned())))
                .collect(),
        )
    }
}

impl PagePaths {
    /// Reads them off the calls by which the app sets them.
    pub(super) fn read(source: &Crate, library: &Rc<Library>) -> Self {
        let mut is_known = true;
        let mut settings = Vec::new();
        let mut functions = 0;
        for module in source.all_modules() {
            let mut found = Vec::new();
            for item in module.items {
                functions_that_set_paths(item, &mut found);
            }
            for (signature, block, uses) in found {
                let mut reader = Reader::new(source, library);
                reader.path_settings(module, signature, block);
                is_known &= uses.uncertain == 0 && reader.path_settings.len() == uses.count;
                settings.append(&mut reader.path_settings);
                functions += 1;
            }
        }
        // In which order functions run isn't known.
        if !is_known || functions > 1 {
            return Self::unknown();
        }
        let paths = settings
            .into_iter()
            .fold(default_paths(), |paths, next| match (next, paths) {
                (PathSetting::Paths(paths), _) => paths,
                (PathSetting::Under(Value::String(prefix)), Value::Fields(paths)) => {
                    paths_under(&paths, &prefix)
                }
                (PathSetting::Under(_), _) => Value::Unknown,
            });
        let Value::Fields(paths) = paths else {
            return Self::unknown();
        };
        let mut read = Self::unknown();
        for (name, path) in &mut read.0 {
            let value = paths.iter().find(|(known, _)| known == name);
            *path = value.and_then(|(_, value)| value.string());
        }
        read
    }

    fn unknown() -> Self {
        Self(
            DEFAULT_PATHS
                .iter()
                .map(|(name, _)| (*name, None))
                .collect(),
        )
    }

    pub(super) fn path(&self, field: &str) -> Option<String> {
        let (_, path) = self.0.iter().find(|(name, _)| *name == field)?;
        path.clone()
    }

    /// The same as a value of the type `Paths`.
    pub(super) fn value<'a>(&self) -> Value<'a> {
        let paths = self.0.iter().map(|(name, path)| {
            let path = path.clone().map_or(Value::Unknown, Value::String);
            ((*name).to_owned(), path)
        });
        Value::Fields(paths.collect())
    }
}

/// The default paths, as a struct literal would have them.
pub(super) fn default_paths<'a>() -> Value<'a> {
    let fields = DEFAULT_PATHS.iter();
    let fields = fields.map(|(name, path)| {
        let path = Value::String((*path).to_owned());
        ((*name).to_owned(), path)
    });
    Value::Fields(fields.collect())
}

/// What `Paths::under` makes of paths.
pub(super) fn paths_under<'a>(paths: &[(String, Value<'a>)], prefix: &str) -> Value<'a> {
    let prefix = prefix.trim_end_matches('/');
    let below = paths.iter().map(|(name, path)| {
        let path = match path {
            Value::String(path) if name != "after_login" => {
                Value::String(format!("{prefix}{path}"))
            }
            path => path.clone(),
        };
        (name.clone(), path)
    });
    Value::Fields(below.collect())
}

/// The functions in an item that set paths, with how often they do so.
fn functions_that_set_paths<'a>(
    item: &'a Item,
    found: &mut Vec<(&'a Signature, &'a Block, SettingUses)>,
) {
    let mut add = |signature, block: &'a Block| {
        let mut uses = SettingUses::default();
        uses.visit_block(block);
        if uses.count > 0 {
            found.push((signature, block, uses));
        }
    };
    match item {
        Item::Fn(item) if !is_for_tests(&item.attrs) => add(&item.sig, &item.block),
        Item::Impl(item) if !is_for_tests(&item.attrs) => {
            for item in &item.items {
                if let ImplItem::Fn(method) = item {
                    add(&method.sig, &method.block);
                }
            }
        }
        _ => {}
    }
}

/// Counts the places where paths are set.
#[derive(Default)]
struct SettingUses {
    count: usize,
    /// Of these, how many may not be reached, or more than once.
    uncertain: usize,
}

impl SettingUses {
    fn uncertainly(&mut self, visit: impl FnOnce(&mut Self)) {
        let before = self.count;
        visit(self);
        self.uncertain += self.count - before;
    }
}

impl<'ast> Visit<'ast> for SettingUses {
    fn visit_expr_if(&mut self, it: &'ast syn::ExprIf) {
        self.uncertainly(|this| visit::visit_expr_if(this, it));
    }

    fn visit_expr_match(&mut self, it: &'ast syn::ExprMatch) {
        self.uncertainly(|this| visit::visit_expr_match(this, it));
    }

    fn visit_expr_for_loop(&mut self, it: &'ast syn::ExprForLoop) {
        self.uncertainly(|this| visit::visit_expr_for_loop(this, it));
    }

    fn visit_expr_while(&mut self, it: &'ast syn::ExprWhile) {
        self.uncertainly(|this| visit::visit_expr_while(this, it));
    }

    fn visit_expr_loop(&mut self, it: &'ast syn::ExprLoop) {
        self.uncertainly(|this| visit::visit_expr_loop(this, it));
    }

    /// What comes later may not be reached; but for a failure, which ends all.
    fn visit_expr_return(&mut self, it: &'ast syn::ExprReturn) {
        let is_failure = matches!(
            it.expr.as_deref(),
            Some(Expr::Call(call)) if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Err"))
        );
        self.uncertain += usize::from(!is_failure);
        visit::visit_expr_return(self, it);
    }

    fn visit_expr_async(&mut self, it: &'ast syn::ExprAsync) {
        self.uncertainly(|this| visit::visit_expr_async(this, it));
    }

    fn visit_expr_closure(&mut self, it: &'ast syn::ExprClosure) {
        self.uncertainly(|this| visit::visit_expr_closure(this, it));
    }

    fn visit_stmt(&mut self, it: &'ast Stmt) {
        let is_conditional = match it {
            Stmt::Local(local) => is_conditional(&local.attrs),
            Stmt::Expr(expression, _) => is_conditional(attributes(expression)),
            Stmt::Macro(call) => is_conditional(&call.attrs),
            Stmt::Item(_) => false,
        };
        if is_conditional {
            self.uncertainly(|this| visit::visit_stmt(this, it));
        } else {
            visit::visit_stmt(self, it);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let is_one = call.method == WITH_PATHS || call.method == ROUTES_UNDER;
        self.count += usize::from(is_one && call.args.len() == 1);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        // `settings.paths` is a field too.
        let mut left = &*assign.left;
        while let Expr::Field(field) = left {
            let is_paths = matches!(&field.member, Member::Named(name) if name == "paths");
            self.count += usize::from(is_paths);
            left = &field.base;
        }
        visit::visit_expr_assign(self, assign);
    }
}
