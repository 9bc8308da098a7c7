//! The people who can sign in at an app's development provider. They stand in a file of its owner's,
//! whose text stays as it is but for the role that somebody is given or loses.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};

use crate::error::Error;
use crate::project::Project;

/// The file, below the app's folder.
pub(crate) const LIST: &str = "dev/people.json";

/// Who has a role at the development provider.
pub(crate) enum Holder {
    /// Somebody on the list already.
    Known,
    /// The person with this `sub`, once the list has the second text in place of the first.
    Given {
        sub: String,
        before: String,
        after: String,
    },
    /// Nobody, because the list isn't there or isn't as it was generated.
    Nobody,
}

/// Gives a role to the first person on the list who has any, unless somebody has this one.
pub(crate) fn give(project: &Project, role: &str) -> Result<Holder, Error> {
    let Some(before) = list(project)? else {
        return Ok(Holder::Nobody);
    };
    let Some(root) = parse(&before) else {
        return Ok(Holder::Nobody);
    };
    let people = people(&root);
    if people.iter().any(|person| person.place_of(role).is_some()) {
        return Ok(Holder::Known);
    }
    let Some(first) = people.into_iter().next() else {
        return Ok(Holder::Nobody);
    };
    first.roles.append(CstInputValue::String(role.to_owned()));
    Ok(Holder::Given {
        sub: first.sub,
        after: root.to_string(),
        before,
    })
}

/// The list as it is, and without what [`give`] did. Nothing if its owner has given the role to
/// somebody else, or to more than one person.
pub(crate) fn take_back(project: &Project, role: &str) -> Result<Option<(String, String)>, Error> {
    let Some(before) = list(project)? else {
        return Ok(None);
    };
    let Some(root) = parse(&before) else {
        return Ok(None);
    };
    let mut people = people(&root).into_iter();
    let Some(first) = people.next() else {
        return Ok(None);
    };
    let is_last = first.place_of(role).map(|(place, _)| place + 1) == Some(first.roles().len());
    if !is_last || people.any(|person| person.place_of(role).is_some()) {
        return Ok(None);
    }
    if let Some((_, element)) = first.place_of(role) {
        element.remove();
    }
    Ok(Some((before, root.to_string())))
}

fn list(project: &Project) -> Result<Option<String>, Error> {
    let bytes = project.read(LIST)?;
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

fn parse(text: &str) -> Option<CstRootNode> {
    CstRootNode::parse(text, &ParseOptions::default()).ok()
}

/// Somebody who has roles, be it none yet.
struct Person {
    sub: String,
    roles: CstArray,
}

impl Person {
    fn of(object: &CstObject) -> Option<Self> {
        Some(Self {
            sub: string(&object.get("sub")?.value()?)?,
            roles: object.array_value("roles")?,
        })
    }

    fn roles(&self) -> Vec<CstNode> {
        self.roles.elements()
    }

    fn place_of(&self, role: &str) -> Option<(usize, CstNode)> {
        let mut roles = self.roles().into_iter().enumerate();
        roles.find(|(_, element)| string(element).as_deref() == Some(role))
    }
}

fn people(root: &CstRootNode) -> Vec<Person> {
    let listed = root
        .object_value()
        .and_then(|list| list.array_value("people"));
    let listed = listed.map_or_else(Vec::new, |people| people.elements());
    let objects = listed.iter().filter_map(CstNode::as_object);
    objects.filter_map(|object| Person::of(&object)).collect()
}

fn string(node: &CstNode) -> Option<String> {
    node.as_string_lit()?.decoded_value().ok()
}
