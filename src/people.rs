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
    /// Nobody who is known: there is no list, or it isn't as it was generated.
    Unknown,
}

/// Gives a role to the first person on the list who has any, unless somebody has this one.
pub(crate) fn give(project: &Project, role: &str) -> Result<Holder, Error> {
    let Some((before, root)) = list(project)? else {
        return Ok(Holder::Unknown);
    };
    let people = people(&root);
    if people.iter().any(|person| person.role(role).is_some()) {
        return Ok(Holder::Known);
    }
    let Some(first) = people.into_iter().next() else {
        return Ok(Holder::Unknown);
    };
    first.roles.append(CstInputValue::String(role.to_owned()));
    Ok(Holder::Given {
        sub: first.sub,
        after: root.to_string(),
        before,
    })
}

/// The list as it is, and without what [`give`] did. Nothing if somebody else has the role too, as
/// then its owner has given it to them.
pub(crate) fn take_back(project: &Project, role: &str) -> Result<Option<(String, String)>, Error> {
    let Some((before, root)) = list(project)? else {
        return Ok(None);
    };
    let mut people = people(&root).into_iter();
    let given = people.next().and_then(|first| first.role(role));
    if people.any(|person| person.role(role).is_some()) {
        return Ok(None);
    }
    Ok(given.map(|given| {
        given.remove();
        (before, root.to_string())
    }))
}

/// The text of the list, and what it says.
fn list(project: &Project) -> Result<Option<(String, CstRootNode)>, Error> {
    let text = project.read(LIST)?.map(String::from_utf8);
    Ok(text.and_then(|text| {
        let text = text.ok()?;
        let root = CstRootNode::parse(&text, &ParseOptions::default()).ok()?;
        Some((text, root))
    }))
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

    fn role(&self, role: &str) -> Option<CstNode> {
        let mut roles = self.roles.elements().into_iter();
        roles.find(|element| string(element).as_deref() == Some(role))
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
