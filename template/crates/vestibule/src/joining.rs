//! Who may join, by settings. The app's own rules, in [`Hooks`](crate::Hooks), come on top.

use std::{collections::HashSet, path::PathBuf};

use actix_web::web;
use url::Host;

use crate::{claims::Claims, deny::Deny};

/// Who may join, and with which roles. Checked at each sign-in.
///
/// Without rules everybody may whom the provider lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Joining {
    /// People with a verified e-mail address in one of these domains may. Subdomains
    /// have to be named too.
    pub domains: Vec<String>,
    /// A file with the addresses of people who may, too, one in each line. It is read
    /// at each sign-in.
    pub invited_file: Option<PathBuf>,
    /// Whoever may by their address, or anybody if there is no rule for that, has to be
    /// in one of these groups. They are read where the roles are.
    pub groups: Vec<String>,
    /// Whom people who may not can ask, as the end of a sentence.
    pub contact: String,
    /// Which group gives which role. If there are any, no other role of the provider's
    /// claims counts.
    pub role_map: Vec<(String, String)>,
    /// The role of people who get none from the provider's claims.
    pub default_role: Option<String>,
}

impl Joining {
    /// Whether a person may sign in; `groups` are what the claims name where roles are.
    ///
    /// # Errors
    /// Why not.
    pub(crate) async fn check(&self, claims: &Claims, groups: &[String]) -> Result<(), Deny> {
        self.check_address(claims).await?;
        if self.groups.is_empty() || groups.iter().any(|group| self.groups.contains(group)) {
            return Ok(());
        }
        Err(self.turned_away("they are in no group of OIDC_JOIN_GROUPS"))
    }

    async fn check_address(&self, claims: &Claims) -> Result<(), Deny> {
        if self.domains.is_empty() && self.invited_file.is_none() {
            return Ok(());
        }
        let Some(email) = claims.verified_email() else {
            return Err(self.without_verified_email(claims));
        };
        let domain = email.rsplit_once('@').and_then(|(_, name)| domain(name));
        if domain.is_some_and(|domain| self.domains.contains(&domain)) {
            return Ok(());
        }
        let Some(file) = self.invited_file.clone() else {
            return Err(self.turned_away("their domain is not in OIDC_JOIN_DOMAINS"));
        };
        let read = web::block(move || std::fs::read_to_string(file)).await;
        let list = read
            .map_err(|error| error.to_string())
            .and_then(|read| read.map_err(|error| error.to_string()))
            .map_err(|error| {
                Deny::unavailable(format!("OIDC_JOIN_INVITED_FILE cannot be read: {error}"))
            })?;
        if is_listed(&list, email) {
            return Ok(());
        }
        Err(self.turned_away("OIDC_JOIN_DOMAINS and OIDC_JOIN_INVITED_FILE do not have them"))
    }

    fn without_verified_email(&self, claims: &Claims) -> Deny {
        if claims.string("email").is_none() {
            let cause = "the provider gave no e-mail address: is email among OIDC_SCOPES?";
            return Deny::new("email_missing")
                .title("Your account has no e-mail address")
                .text(format!(
                    "This app goes by e-mail addresses. Add one where you sign in, or ask {}.",
                    self.contact
                ))
                .because(cause);
        }
        Deny::new("email_unverified")
            .title("Your e-mail address is not verified")
            .text(format!(
                "Verify it where you sign in, then try again, or ask {}.",
                self.contact
            ))
            .because("OIDC_JOIN_DOMAINS and OIDC_JOIN_INVITED_FILE need a verified address")
    }

    pub(crate) fn turned_away(&self, cause: &'static str) -> Deny {
        Deny::new("not_admitted")
            .title("Your account has no access to this app")
            .text(format!("To get access, ask {}.", self.contact))
            .because(cause)
    }

    /// A person's roles, from what the claims name where roles are.
    pub(crate) fn roles(&self, named: Vec<String>) -> Vec<String> {
        let mut roles = if self.role_map.is_empty() {
            named
        } else {
            let given = self.role_map.iter();
            let given = given.filter(|(group, _)| named.contains(group));
            let mut seen = HashSet::new();
            given
                .map(|(_, role)| role.clone())
                .filter(|role| seen.insert(role.clone()))
                .collect()
        };
        if roles.is_empty() {
            roles.extend(self.default_role.clone());
        }
        roles
    }
}

/// A domain as it is compared: in lowercase, and in ASCII (UTS 46).
pub(crate) fn domain(name: &str) -> Option<String> {
    match Host::parse(name) {
        Ok(Host::Domain(domain)) => Some(domain),
        _ => None,
    }
}

/// Whether a line of the list is this address. Lines that start with `#` are comments.
fn is_listed(list: &str, email: &str) -> bool {
    let email = email.to_lowercase();
    let lines = list.lines().map(str::trim);
    lines
        .filter(|line| !line.starts_with('#'))
        .any(|line| line.to_lowercase() == email)
}
