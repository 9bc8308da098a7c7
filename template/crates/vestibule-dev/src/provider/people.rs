//! Who can sign in: an administrator, a user, and people whose data is as awkward
//! as that of real people.

use serde_json::{Value, json};

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
            note: None,
            sub,
        }
    }

    /// The claims for `scopes` (OIDC Core 5.4), including `sub`. Roles and groups
    /// are always included: which scope they need differs between providers.
    pub fn claims<'a>(&self, scopes: impl IntoIterator<Item = &'a str>) -> Value {
        let mut claims = json!({
            "sub": self.sub,
            "roles": self.roles,
            "groups": self.groups,
        });
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

/// Everyone, in the order of the sign-in page.
pub(super) fn everyone() -> Vec<Person> {
    let note = |note: &str| Some(note.to_owned());
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
            note: note("has no e-mail address"),
            ..Person::new("Carol", "Carter")
        },
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
