//! Who can sign in: the people of the app's own list, or, where it has none, an
//! administrator, a user and people whose data is as awkward as that of real people.

use std::{collections::BTreeSet, fs, io, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The app's own list, in the folder where the app is started.
const LIST: &str = "dev/people.json";

/// Someone with an account at the development provider.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The `sub` claim, also the user name.
    pub sub: String,
    /// The `name` claim.
    pub name: String,
    /// The `given_name` claim.
    pub given_name: String,
    /// The `family_name` claim.
    pub family_name: String,
    /// The `email` claim; some people have none.
    pub email: Option<String>,
    /// The `email_verified` claim, sent with `email`.
    pub email_verified: bool,
    /// The `roles` claim.
    pub roles: Vec<String>,
    /// The `groups` claim.
    pub groups: Vec<String>,
    /// The `locale` claim, a BCP 47 language tag.
    pub locale: String,
    /// More claims, whichever scopes are asked for.
    pub claims: Map<String, Value>,
    /// What is special about this person; shown on the sign-in page.
    pub note: Option<String>,
}

impl Person {
    /// An ordinary person: a user with a verified e-mail address.
    fn new(given_name: &str, family_name: &str) -> Person {
        let sub = given_name.to_lowercase();
        Person {
            name: format!("{given_name} {family_name}"),
            given_name: given_name.to_owned(),
            family_name: family_name.to_owned(),
            email: Some(format!("{sub}@example.com")),
            email_verified: true,
            roles: vec!["user".to_owned()],
            groups: vec!["everyone".to_owned()],
            locale: "en".to_owned(),
            claims: Map::new(),
            note: None,
            sub,
        }
    }

    /// The people in a file that looks like the generated app's `dev/people.json`.
    ///
    /// # Errors
    /// The file cannot be read, or says something else
    /// ([`io::ErrorKind::InvalidData`]).
    pub fn listed_in(file: &Path) -> io::Result<Vec<Person>> {
        let text = fs::read_to_string(file);
        let text = text.map_err(|error| unusable(file, &error.to_string()))?;
        listed(&text).map_err(|fault| unusable(file, &fault))
    }

    /// The claims for `scopes` (OIDC Core 5.4), including `sub`. Roles, groups and
    /// [`claims`](Person::claims) are always included: which scope they need differs
    /// between providers.
    pub fn claims<'a>(&self, scopes: impl IntoIterator<Item = &'a str>) -> Value {
        let mut claims = Value::Object(self.claims.clone());
        claims["sub"] = json!(self.sub);
        claims["roles"] = json!(self.roles);
        claims["groups"] = json!(self.groups);
        for scope in scopes {
            match (scope, &self.email) {
                ("profile", _) => {
                    claims["name"] = json!(self.name);
                    claims["given_name"] = json!(self.given_name);
                    claims["family_name"] = json!(self.family_name);
                    claims["preferred_username"] = json!(self.sub);
                    claims["locale"] = json!(self.locale);
                }
                ("email", Some(email)) => {
                    claims["email"] = json!(email);
                    claims["email_verified"] = json!(self.email_verified);
                }
                _ => {}
            }
        }
        claims
    }

    /// Whether `login_hint` means this person: by subject or e-mail address,
    /// ignoring case.
    pub fn is_meant_by(&self, login_hint: &str) -> bool {
        let same = |name: &str| name.eq_ignore_ascii_case(login_hint);
        same(&self.sub) || self.email.as_deref().is_some_and(same)
    }
}

/// What such a file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    people: Vec<Entry>,
    /// Whether people with awkward data can sign in as well.
    #[serde(default)]
    odd_people: bool,
}

/// A person as the list has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    sub: String,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    email: Option<String>,
    email_verified: Option<bool>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
    locale: Option<String>,
    #[serde(default)]
    claims: Map<String, Value>,
    note: Option<String>,
}

impl From<Entry> for Person {
    fn from(entry: Entry) -> Self {
        let name = entry.name.unwrap_or_else(|| entry.sub.clone());
        let (given, family) = name.split_once(' ').unwrap_or((name.as_str(), ""));
        Person {
            given_name: entry.given_name.unwrap_or_else(|| given.to_owned()),
            family_name: entry.family_name.unwrap_or_else(|| family.to_owned()),
            email_verified: entry.email_verified.unwrap_or(entry.email.is_some()),
            email: entry.email,
            roles: entry.roles,
            groups: entry.groups,
            locale: entry.locale.unwrap_or_else(|| "en".to_owned()),
            claims: entry.claims,
            note: entry.note,
            sub: entry.sub,
            name,
        }
    }
}

/// Everyone who can sign in to an app that is started in the current folder, in the
/// order of the sign-in page.
pub(crate) fn of_app() -> io::Result<Vec<Person>> {
    let list = Path::new(LIST);
    match list.try_exists()? {
        true => Person::listed_in(list),
        false => Ok(built_in()),
    }
}

/// The same for the app's tests, which also know the people who come with this
/// crate, whoever is on the app's list.
pub(crate) fn of_tests() -> io::Result<Vec<Person>> {
    let mut people = of_app()?;
    for person in built_in() {
        if people.iter().all(|listed| listed.sub != person.sub) {
            people.push(person);
        }
    }
    Ok(people)
}

/// The people who come with this crate.
pub(super) fn built_in() -> Vec<Person> {
    ordinary_people().into_iter().chain(odd_people()).collect()
}

fn unusable(file: &Path, fault: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "{} does not say who can sign in at the development provider: {fault}. Correct it, \
             or delete it to have the people who come with vestibule-dev.",
            file.display()
        ),
    )
}

fn listed(text: &str) -> Result<Vec<Person>, String> {
    let list: List = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut people: Vec<Person> = list.people.into_iter().map(Person::from).collect();
    let mut known = BTreeSet::new();
    for person in &people {
        if person.sub.is_empty() {
            return Err(format!("the `sub` of {:?} is empty", person.name));
        }
        if !known.insert(person.sub.clone()) {
            return Err(format!("two people have the `sub` {:?}", person.sub));
        }
    }
    if list.odd_people {
        let odd = odd_people().into_iter();
        people.extend(odd.filter(|person| !known.contains(&person.sub)));
    }
    if people.is_empty() {
        return Err("it lists nobody".to_owned());
    }
    Ok(people)
}

/// Whom the generated app lists too.
fn ordinary_people() -> Vec<Person> {
    vec![
        Person {
            roles: vec!["admin".to_owned(), "user".to_owned()],
            groups: vec!["everyone".to_owned(), "staff".to_owned()],
            ..Person::new("Alice", "Archer")
        },
        Person::new("Bob", "Baker"),
        Person {
            email: None,
            email_verified: false,
            note: Some("has no e-mail address".to_owned()),
            ..Person::new("Carol", "Carter")
        },
        Person {
            email_verified: false,
            note: Some("has an e-mail address that is not verified".to_owned()),
            ..Person::new("Nina", "Novak")
        },
    ]
}

/// People whose data is as awkward as that of real people.
fn odd_people() -> Vec<Person> {
    let note = |note: &str| Some(note.to_owned());
    vec![
        Person {
            groups: (1..=300).map(|n| format!("group-{n:03}")).collect(),
            note: note("belongs to 300 groups"),
            ..Person::new("Dora", "Draper")
        },
        Person {
            name: format!("Erin {}", "von und zu Eselsohr-".repeat(500)),
            note: note("has a name of 10 KB"),
            ..Person::new("Erin", "Eselsohr")
        },
        Person {
            name: "فرح الفارسي".to_owned(),
            given_name: "فرح".to_owned(),
            family_name: "الفارسي".to_owned(),
            locale: "ar".to_owned(),
            note: note("has a right-to-left name"),
            ..Person::new("Farah", "Al-Farsi")
        },
        Person {
            name: r#"Mallory <script>alert("name")</script> O'Mallet & "Sons""#.to_owned(),
            family_name: r#"<img src=x onerror='alert("family name")'>"#.to_owned(),
            email: Some(r#""<script>alert(1)</script>"@example.com"#.to_owned()),
            email_verified: false,
            roles: vec![
                "user".to_owned(),
                "<script>alert('role')</script>".to_owned(),
            ],
            groups: vec![r#"" onmouseover="alert('group')"#.to_owned()],
            note: note("puts markup into every claim"),
            ..Person::new("Mallory", "Mallet")
        },
    ]
}
