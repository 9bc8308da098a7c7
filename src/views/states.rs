//! The states in which the gallery of a debug build shows a view. They are read off its calls of
//! `state("name", "view.html", "when", …)`.

use syn::Expr;
use syn::visit::{self, Visit};

use crate::source::{Crate, text_of};

/// The module of the gallery.
const GALLERY: [&str; 2] = ["dev", "gallery"];

/// One state of one view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// Below `/dev/views/`.
    pub(crate) name: String,
    /// When people see it, as the gallery says it.
    pub(crate) when: String,
    pub(super) template: String,
}

/// All that can be read, in the order of the gallery.
pub(super) fn read(source: &Crate) -> Vec<State> {
    let mut found = States(Vec::new());
    for module in &source.modules {
        let path = module.path.iter().map(String::as_str);
        if path.take(GALLERY.len()).eq(GALLERY) {
            for item in &module.items {
                found.visit_item(item);
            }
        }
    }
    found.0
}

struct States(Vec<State>);

impl<'ast> Visit<'ast> for States {
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {
        // Modules are looked at one by one.
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let mut arguments = call.args.iter().map_while(text_of);
        if let (Some(name), Some(template), Some(when)) =
            (arguments.next(), arguments.next(), arguments.next())
            && matches!(&*call.func, Expr::Path(path) if path.path.is_ident("state"))
        {
            self.0.push(State {
                name,
                when,
                template,
            });
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_macro(&mut self, call: &'ast syn::ExprMacro) {
        // `vec![…]` holds the list.
        let parser = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        if let Ok(parts) = call.mac.parse_body_with(parser) {
            for part in &parts {
                let mut inner = Self(Vec::new());
                inner.visit_expr(part);
                self.0.append(&mut inner.0);
            }
        }
    }
}
