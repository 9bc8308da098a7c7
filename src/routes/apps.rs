//! Where apps are put together: what `HttpServer::new` is given, and every other `App::new`.

use std::rc::Rc;

use proc_macro2::{TokenStream, TokenTree};
use syn::{ExprPath, Type};

use super::node::{Node, Place};
use super::oidc::Library;
use super::read::{Reader, short};
use super::sites::{Body, Site, Sites, Use};
use crate::source::{Crate, Def, Scope, Want, flatten};

/// What makes an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    App,
    Server,
    /// It has the name of one of these, but it can't be told whether it is Actix's.
    Perhaps,
}

/// What all apps of the source register.
pub(super) fn read(source: &Crate, library: &Rc<Library>) -> Vec<Node> {
    let mut apps = Apps {
        source,
        library,
        nodes: Vec::new(),
        known: Vec::new(),
    };
    let mut sites = Vec::new();
    for module in source.all_modules() {
        sites.extend(Sites::in_module(module, |scope, found| match found {
            Use::Called(path, _) | Use::Named(path) => maker(source, scope, path).is_some(),
            Use::Macro(call) => may_make(source, scope, call),
            Use::Method(_) => false,
        }));
    }
    let (servers, others): (Vec<_>, Vec<_>) = sites
        .into_iter()
        .partition(|site| apps.made_at(site) == Some(Maker::Server));
    for site in &servers {
        apps.serve(site);
    }
    for site in others {
        apps.make(site);
    }
    apps.nodes
}

struct Apps<'a, 'l> {
    source: &'a Crate,
    library: &'l Rc<Library>,
    nodes: Vec<Node>,
    /// Where the apps begin that have been read.
    known: Vec<Place>,
}

impl<'a> Apps<'a, '_> {
    fn made_at(&self, site: &Site<'a>) -> Option<Maker> {
        match site.found {
            Use::Called(path, _) | Use::Named(path) => maker(self.source, &site.scope, path),
            Use::Method(_) | Use::Macro(_) => None,
        }
    }

    fn unread(&mut self, site: &Site<'a>, reason: String) {
        let at = Place::of(self.source, site.module, site.span);
        self.nodes.push(Node::Unread { at, reason });
    }

    /// Reads what a server is given.
    fn serve(&mut self, site: &Site<'a>) {
        let maker = match site.found {
            Use::Called(_, call) => call.args.first(),
            _ => None,
        };
        let Some(maker) = maker else {
            return self.unread(site, "`HttpServer::new`".to_owned());
        };
        let mut reader = Reader::new(self.source, self.library);
        self.nodes.extend(reader.made_app(site, maker));
        self.known.append(&mut reader.apps);
    }

    /// Reads an app that is made elsewhere: where it is put together, which may be where the
    /// function that makes it is called.
    fn make(&mut self, site: Site<'a>) {
        let mut seen: Vec<usize> = Vec::new();
        let mut wanted = vec![site];
        while let Some(site) = wanted.pop() {
            let name = match site.found {
                Use::Macro(call) => Some(format!("the macro `{}!`", short(&call.path))),
                Use::Called(path, _) | Use::Named(path) => {
                    let is_unclear = self.made_at(&site) == Some(Maker::Perhaps);
                    is_unclear.then(|| format!("`{}`", short(&path.path)))
                }
                Use::Method(_) => None,
            };
            if let Some(name) = name {
                self.unread(&site, name);
                continue;
            }
            let at = Place::of(self.source, site.module, site.span);
            if self.known.contains(&at) || seen.contains(&site.start) {
                continue;
            }
            seen.push(site.start);
            let mut reader = Reader::new(self.source, self.library);
            if let (Some((Body::Block(_), 0)), Some(function)) = (&site.body, &site.function)
                && function.of.is_none()
            {
                let callers = reader.uses_of(function);
                if !callers.is_empty() {
                    wanted.extend(callers);
                    continue;
                }
            }
            self.nodes.extend(reader.app(&site));
            self.known.append(&mut reader.apps);
        }
    }
}

/// What a path makes, if it is the `new` of one of Actix's types, or may be.
fn maker<'a>(source: &'a Crate, scope: &Scope<'a>, path: &'a ExprPath) -> Option<Maker> {
    let mut names = path
        .path
        .segments
        .iter()
        .rev()
        .map(|segment| &segment.ident);
    if names.next()? != "new" {
        return None;
    }
    let found = match &path.qself {
        None => source.resolve(scope, &path.path, Want::Value),
        // `<App<_>>::new`
        Some(of) => match &*of.ty {
            Type::Path(of) => source.resolve(scope, &of.path, Want::Type),
            _ => return None,
        },
    };
    let called_so = names.next().and_then(|name| named(&name.to_string()));
    found.iter().find_map(|def| match def {
        Def::Other(names) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            match names[..] {
                ["actix_web", .., of, "new"] | ["actix_web", .., of] if named(of).is_some() => {
                    named(of)
                }
                [.., of, "new"] if named(of).is_some() => Some(Maker::Perhaps),
                _ => None,
            }
        }
        Def::Unclear => called_so.map(|_| Maker::Perhaps),
        _ => None,
    })
}

fn named(name: &str) -> Option<Maker> {
    match name {
        "App" => Some(Maker::App),
        "HttpServer" => Some(Maker::Server),
        _ => None,
    }
}

/// Whether a macro may make an app: its tokens name what does, or it brings a file that isn't
/// read.
fn may_make<'a>(source: &'a Crate, scope: &Scope<'a>, call: &syn::Macro) -> bool {
    let tokens: Vec<TokenTree> = all_tokens(call.tokens.clone());
    let is_include = call
        .path
        .segments
        .last()
        .is_some_and(|last| last.ident == "include");
    // What a build script has written isn't the owner's code.
    let is_generated = tokens.iter().any(|token| match token {
        TokenTree::Literal(literal) => literal.to_string().contains("OUT_DIR"),
        _ => false,
    });
    if is_include && !is_generated {
        return true;
    }
    tokens.windows(4).any(|window| match window {
        [
            TokenTree::Ident(of),
            TokenTree::Punct(one),
            TokenTree::Punct(other),
            TokenTree::Ident(new),
        ] if one.as_char() == ':' && other.as_char() == ':' && new == "new" => {
            let of = of.to_string();
            named(of.as_str()).is_some()
                || source.find(scope, &[of], Want::Type).iter().any(is_maker)
        }
        _ => false,
    })
}

/// Whether something is one of Actix's types from which an app is made.
fn is_maker(def: &Def<'_>) -> bool {
    match def {
        Def::Other(names) => match names.split_last() {
            Some((last, above)) => {
                above.first().is_some_and(|first| first == "actix_web")
                    && named(last.as_str()).is_some()
            }
            None => false,
        },
        _ => false,
    }
}

fn all_tokens(tokens: TokenStream) -> Vec<TokenTree> {
    flatten(tokens)
        .into_iter()
        .filter_map(|(_, token)| token)
        .collect()
}
