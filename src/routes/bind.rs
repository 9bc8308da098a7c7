//! What patterns bind.

use syn::visit::{self, Visit};
use syn::{Member, Pat};

use super::read::{Here, Reader, short};
use super::value::{Value, member_name};

impl<'a> Reader<'a> {
    /// Gives the names of a pattern the values that they match.
    pub(super) fn bind(&mut self, here: &mut Here<'a>, pattern: &Pat, value: Value<'a>) {
        match (pattern, value) {
            (Pat::Ident(pattern), value) if pattern.subpat.is_none() => {
                let is_slot = pattern.by_ref.is_some() && pattern.mutability.is_some();
                let value = if is_slot && !value.registers() {
                    Value::Unknown
                } else {
                    value
                };
                here.names.insert(pattern.ident.to_string(), value);
            }
            (Pat::Type(pattern), value) => self.bind(here, &pattern.pat, value),
            (Pat::Reference(pattern), value) => self.bind(here, &pattern.pat, value),
            (Pat::Paren(pattern), value) => self.bind(here, &pattern.pat, value),
            (Pat::Wild(_), _) => {}
            (Pat::Tuple(patterns), Value::List(values))
                if values.len() == patterns.elems.len()
                    && !patterns
                        .elems
                        .iter()
                        .any(|part| matches!(part, Pat::Rest(_))) =>
            {
                for (pattern, value) in patterns.elems.iter().zip(values) {
                    self.bind(here, pattern, value);
                }
            }
            (Pat::Struct(patterns), Value::Fields(fields)) => {
                for pattern in &patterns.fields {
                    let name = member_name(&pattern.member);
                    let value = fields.iter().find(|(known, _)| *known == name);
                    let value = value.map_or(Value::Unknown, |(_, value)| value.clone());
                    self.bind(here, &pattern.pat, value);
                }
            }
            // These two stand for what they hold.
            (Pat::TupleStruct(patterns), value)
                if patterns.elems.len() == 1
                    && (patterns.path.is_ident("Some") || patterns.path.is_ident("Ok"))
                    && !matches!(value, Value::List(_)) =>
            {
                if let Some(pattern) = patterns.elems.first() {
                    self.bind(here, pattern, value);
                }
            }
            (pattern, value) => {
                here.forget(pattern);
                if value.registers() {
                    self.lost(format!("`{}`", short(pattern)));
                }
            }
        }
    }
}

impl<'a> Here<'a> {
    /// Every name that a pattern binds now means something that isn't known.
    pub(super) fn forget(&mut self, pattern: &Pat) {
        for name in names_in(pattern) {
            self.names.insert(name, Value::Unknown);
        }
    }

    pub(super) fn set_field(&mut self, name: &str, field: &Member, value: Value<'a>) {
        match (self.names.get_mut(name), field) {
            (Some(Value::Fields(fields)), field) => {
                let field = member_name(field);
                match fields.iter_mut().find(|(known, _)| *known == field) {
                    Some((_, known)) => *known = value,
                    None => fields.push((field, value)),
                }
            }
            (Some(Value::List(values)), Member::Unnamed(index)) => {
                if let Some(known) = values.get_mut(index.index as usize) {
                    *known = value;
                }
            }
            _ => {}
        }
    }
}

/// The names that a pattern binds.
pub(super) fn names_in(pattern: &Pat) -> Vec<String> {
    struct Bound(Vec<String>);
    impl<'ast> Visit<'ast> for Bound {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.push(pattern.ident.to_string());
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut bound = Bound(Vec::new());
    bound.visit_pat(pattern);
    bound.0
}
