//! Every setting of the library: its name, default and meaning. The tables in the
//! documentation are tested against this list; the checks are in `checks.rs`.

/// A setting of the library.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// The default, as written in the environment; empty: none, or see the help.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
}

macro_rules! settings {
    ($($constant:ident: $name:literal, $default:literal, $help:literal;)*) => {
        $(pub(super) const $constant: Setting = Setting {
            name: $name,
            default: $default,
            help: $help,
        };)*

        /// All settings, in the order of the documentation.
        pub const ALL: &[Setting] = &[$($constant),*];
    };
}

settings! {
    BASE_URL: "APP_BASE_URL", "",
        "the URL where browsers reach the app; a path in it mounts the app there. Debug builds default to http://localhost:8080";
    LISTEN: "APP_LISTEN", "localhost:8080",
        "host and port to listen on";
    TRUSTED_PROXIES: "APP_TRUSTED_PROXIES", "",
        "addresses or networks of your reverse proxies, whose X-Forwarded-For is trusted";
    LOGIN_RATE: "APP_LOGIN_RATE", "50",
        "how many sign-in requests, or logout tokens that are refused, one address may send per second";
    ISSUER: "OIDC_ISSUER", "",
        "the provider's issuer URL; without it, debug builds can use the development provider";
    DIRECT_URL: "OIDC_DIRECT_URL", "",
        "scheme, host and port where the app itself reaches the provider, if not where browsers do, such as http://keycloak:8080";
    METADATA_URL: "OIDC_METADATA_URL", "",
        "the address of the provider's metadata, if it is not OIDC_ISSUER with /.well-known/openid-configuration";
    TENANTS: "OIDC_TENANTS", "",
        "whose people may sign in with an issuer of many tenants, such as https://login.microsoftonline.com/organizations/v2.0: the ids of the tenants, or * for all of them";
    CLIENT_ID: "OIDC_CLIENT_ID", "",
        "the app's client id at the provider";
    CLIENT_SECRET: "OIDC_CLIENT_SECRET", "",
        "the app's client secret";
    CLIENT_AUTH: "OIDC_CLIENT_AUTH", "",
        "basic, post, private_key_jwt with a key instead of the secret, or signed_secret with secrets that a key signs (Apple); the default is what the provider's metadata says";
    CLIENT_KEY_FILE: "OIDC_CLIENT_KEY_FILE", "",
        "the private key as a PEM file: RSA, P-256, P-384 or Ed25519";
    CLIENT_KEY_ID: "OIDC_CLIENT_KEY_ID", "",
        "the key's kid at the provider";
    CLIENT_KEY_ISSUER: "OIDC_CLIENT_KEY_ISSUER", "",
        "who signs the secrets of signed_secret: at Apple, the team id";
    CLIENT_KEY_AUDIENCE: "OIDC_CLIENT_KEY_AUDIENCE", "issuer",
        "the audience of client assertions: issuer, token_endpoint, or endpoint for the one being called";
    EXTRA_PARAMETERS: "OIDC_EXTRA_PARAMETERS", "",
        "extra parameters for every authorization request, such as ui_locales=de; acr_values and max_age are checked too";
    PUSHED_AUTHORIZATION: "OIDC_PAR", "auto",
        "pushed authorization requests: auto (where offered), always or never";
    SIGNATURE_ALGORITHMS: "OIDC_SIGNATURE_ALGORITHMS", "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 EdDSA",
        "the signature algorithms accepted on tokens";
    TRUSTED_AUDIENCES: "OIDC_TRUSTED_AUDIENCES", "",
        "audiences that tokens may name besides this client";
    SCOPES: "OIDC_SCOPES", "openid profile email",
        "the scopes to ask for; add offline_access if the provider requires it for refresh tokens";
    ROLES_CLAIM: "OIDC_ROLES_CLAIM", "roles",
        "the claims that hold the roles, for example realm_access.roles; several are separated by spaces";
    ROLE_MAP: "OIDC_ROLE_MAP", "",
        "which value in these claims gives which role, such as Finance Admins=admin; Ops=operator. No other value gives one then";
    DEFAULT_ROLE: "OIDC_DEFAULT_ROLE", "",
        "the role of people who get none from the claims";
    JOIN_DOMAINS: "OIDC_JOIN_DOMAINS", "",
        "only people with a verified e-mail address in one of these domains may sign in";
    JOIN_INVITED_FILE: "OIDC_JOIN_INVITED_FILE", "",
        "a file of verified e-mail addresses, one in each line, whose people may sign in too; it is read at each sign-in";
    JOIN_GROUPS: "OIDC_JOIN_GROUPS", "",
        "only people with one of these values in the claims that hold the roles may sign in; semicolons separate several";
    JOIN_CONTACT: "OIDC_JOIN_CONTACT", "the people who run it",
        "whom people who may not sign in are told to ask, such as it@example.com";
    LOGIN_REDIRECT_URI: "OIDC_LOGIN_REDIRECT_URI", "",
        "where the provider sends people back to, if not the default below APP_BASE_URL";
    LOGOUT_REDIRECT_URI: "OIDC_LOGOUT_REDIRECT_URI", "",
        "where the provider sends people after signing out, if not the default below APP_BASE_URL";
    STRICT_LOGOUT_TOKENS: "OIDC_STRICT_LOGOUT_TOKENS", "no",
        "yes accepts logout tokens of the type logout+jwt only; otherwise JWT or no type will do";
    LOGOUT_URL: "OIDC_LOGOUT_URL", "",
        "the provider's sign-out, if not that of its metadata, such as /logout?client_id={client_id}&logout_uri={redirect_uri}; {id_token} and {state} can be sent too";
    CLOCK_SKEW: "OIDC_CLOCK_SKEW_SECONDS", "120",
        "how far the provider's clock may differ from ours";
    TIMEOUT: "OIDC_TIMEOUT_SECONDS", "10",
        "the longest a call to the provider may take";
    CA_FILE: "OIDC_CA_FILE", "",
        "PEM file of certificate authorities to trust in addition to the system's";
    USERINFO: "OIDC_USERINFO", "optional",
        "required: no one is signed in without the userinfo endpoint's claims; off: it is not called";
    LOGIN_PAGE: "OIDC_LOGIN_PAGE", "redirect",
        "page shows the app's own login page first, widget shows it with the Okta Sign-In Widget";
    WIDGET_ENGINE: "OIDC_WIDGET_ENGINE", "identity",
        "classic for organisations that are not on Okta's Identity Engine";
    WIDGET_ASSETS: "OIDC_WIDGET_ASSETS", "cdn",
        "cdn, or a folder with the widget's files for the app to serve";
    PROVIDERS: "OIDC_PROVIDERS", "",
        "the names of several providers to choose from, such as entra google. Each has its own settings, as in OIDC_ENTRA_ISSUER; what it leaves out is as without its name";
    TITLE: "OIDC_{NAME}_TITLE", "",
        "what people call this one of several providers, such as Microsoft; the default is its host";
    ICON: "OIDC_{NAME}_ICON", "",
        "a picture of this one of several providers, as a path of the app such as /static/google.svg";
    DOMAINS: "OIDC_{NAME}_DOMAINS", "",
        "people with an e-mail address in one of these domains are led to this one of several providers";
    SECRET: "SESSION_SECRET", "",
        "seals cookies and user sessions; new,old replaces a secret without signing anyone out. Debug builds make one up";
    STORE: "SESSION_STORE", "",
        "where user sessions are kept: embedded:PATH, memory:, the address of Redis, or with the feature postgres that of a PostgreSQL database. The default is embedded:data/user-sessions.redb, or data/debug-user-sessions.redb in debug builds";
    IDLE: "SESSION_IDLE_MINUTES", "60",
        "minutes until an idle session ends, or up to a twelfth sooner";
    MAX: "SESSION_MAX_HOURS", "12",
        "hours until a session ends whatever happens";
    PER_PERSON: "SESSION_MAX_PER_PERSON", "100",
        "how many user sessions one person may have; one more ends the oldest";
    ENDS_WITH_ID_TOKEN: "SESSION_ENDS_WITH_ID_TOKEN", "no",
        "yes ends a session when its ID token expires, if that is sooner";
}

impl Setting {
    /// The default, where it is a number.
    pub(super) fn number(self) -> u64 {
        self.default.parse().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use super::ALL;
    use crate::Settings;

    #[test]
    fn what_is_read_is_declared_and_the_reverse() {
        let read = RefCell::new(BTreeSet::new());
        for auth in ["basic", "private_key_jwt"] {
            let _ = Settings::from_lookup(|name| {
                read.borrow_mut().insert(name.to_owned());
                match name {
                    "OIDC_CLIENT_AUTH" => Some(auth.to_owned()),
                    "OIDC_ISSUER" => Some("https://id.example.com".to_owned()),
                    _ => None,
                }
            });
        }
        let mut read = read.into_inner();
        read.retain(|name| !name.ends_with("_PROXY"));
        // Read only after a key has been loaded, and of several providers.
        for later in [
            "CLIENT_KEY_ID",
            "CLIENT_KEY_ISSUER",
            "{NAME}_TITLE",
            "{NAME}_ICON",
            "{NAME}_DOMAINS",
        ] {
            read.insert(format!("OIDC_{later}"));
        }
        let declared: BTreeSet<String> = ALL.iter().map(|one| one.name.to_owned()).collect();
        assert_eq!(read, declared);
    }

    #[test]
    fn the_table_in_the_readme_is_this_list() {
        let mut table = String::from("| variable | default | meaning |\n| --- | --- | --- |\n");
        for one in ALL {
            let default = match one.default {
                "" => String::new(),
                default => format!("`{default}`"),
            };
            table.push_str(&format!("| `{}` | {default} | {} |\n", one.name, one.help));
        }
        assert!(
            include_str!("../../README.md").contains(&table),
            "README.md must hold this table:\n{table}"
        );
    }

    #[test]
    fn a_default_written_out_changes_nothing() {
        let set = |written_out: bool| {
            Settings::from_lookup(|name| match name {
                "OIDC_ISSUER" => Some("https://id.example.com".to_owned()),
                "OIDC_CLIENT_ID" | "OIDC_CLIENT_SECRET" => Some("app".to_owned()),
                "APP_BASE_URL" => Some("http://localhost:8080".to_owned()),
                "SESSION_SECRET" => Some("8mFZ2kPq0sVtYw3LrXcB7nHjD5aGeU1i".to_owned()),
                _ => {
                    let declared = ALL.iter().find(|one| one.name == name)?;
                    written_out.then(|| declared.default.to_owned())
                }
            })
        };
        let (usual, written_out) = (set(false), set(true));
        assert!(usual.is_ok());
        assert_eq!(format!("{usual:?}"), format!("{written_out:?}"));
    }
}
