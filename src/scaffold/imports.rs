//! `use` items as rustfmt writes them.

use std::collections::BTreeMap;

use super::WIDTH;
use crate::source::compare_imports;

const INDENT: &str = "    ";

/// A name, and what is imported below it.
#[derive(Debug, Default)]
struct Tree(BTreeMap<String, Tree>);

/// The items for some paths: one for each crate, those of the app after an empty line.
pub(super) fn imports(paths: &[&str]) -> String {
    let mut tree = Tree::default();
    for path in paths {
        let mut place = &mut tree;
        for name in path.split("::") {
            place = place.0.entry(name.to_owned()).or_default();
        }
    }
    let own = tree.0.remove("crate");
    let mut crates: Vec<_> = tree.0.iter().collect();
    crates.sort_by(|(one, _), (next, _)| compare_imports(one, next));
    let mut items: Vec<String> = crates.iter().map(|(name, tree)| item(name, tree)).collect();
    if let Some(own) = own {
        if !items.is_empty() {
            items.push(String::new());
        }
        items.push(item("crate", &own));
    }
    items.join("\n")
}

fn item(name: &str, tree: &Tree) -> String {
    let line = format!("use {};", written(name, tree, ""));
    match line.split_once('{') {
        Some((head, list)) if line.len() > WIDTH && !line.contains('\n') => {
            let names = list.trim_end_matches("};").split(", ");
            format!("{head}{{\n{}}};", packed(names))
        }
        _ => line,
    }
}

/// A list that is too long for one line, with as much on each line as it can hold.
fn packed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for name in names {
        if !line.is_empty() && INDENT.len() + line.len() + 1 + name.len() + 1 > WIDTH {
            lines.push_str(&format!("{INDENT}{line}\n"));
            line.clear();
        }
        let space = if line.is_empty() { "" } else { " " };
        line.push_str(&format!("{space}{name},"));
    }
    format!("{lines}{INDENT}{line}\n")
}

fn written(name: &str, tree: &Tree, indent: &str) -> String {
    let mut children: Vec<_> = tree.0.iter().collect();
    // `self` goes before everything else.
    children.sort_by(|(one, _), (next, _)| {
        let is_other = |name: &str| name != "self";
        let order = is_other(one).cmp(&is_other(next));
        order.then_with(|| compare_imports(one, next))
    });
    match &children[..] {
        [] => name.to_owned(),
        [(only, _)] if *only == "self" => name.to_owned(),
        [(only, below)] => format!("{name}::{}", written(only, below, indent)),
        children => {
            let inner = format!("{indent}    ");
            let parts: Vec<String> = children
                .iter()
                .map(|(name, below)| written(name, below, &inner))
                .collect();
            if parts.iter().any(|part| part.contains('{')) {
                let lines: String = parts
                    .iter()
                    .map(|part| format!("{inner}{part},\n"))
                    .collect();
                format!("{name}::{{\n{lines}{indent}}}")
            } else {
                format!("{name}::{{{}}}", parts.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::imports;

    #[test]
    fn imports_look_as_rustfmt_writes_them() {
        let written = imports(&[
            "serde::Deserialize",
            "actix_web::web::Path",
            "actix_web::HttpRequest",
            "crate::hooks::self",
            "crate::views::self",
            "crate::views::Frame",
            "crate::oidc::error::One",
            "crate::oidc2::Two",
            "crate::oidc10::Ten",
        ]);
        assert_eq!(
            written,
            "use actix_web::{HttpRequest, web::Path};\nuse serde::Deserialize;\n\n\
             use crate::{\n    hooks,\n    oidc::error::One,\n    oidc2::Two,\n    oidc10::Ten,\n    views::{self, Frame},\n};"
        );
    }
}
