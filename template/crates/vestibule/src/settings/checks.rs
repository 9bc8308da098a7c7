//! One function for each kind of setting. They record faults and carry on, so that
//! everything that is wrong is reported at once.

use std::{net::IpAddr, ops::RangeInclusive, path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;
use url::Url;

use super::{
    AssertionAudience, ClientKey, Credential, Demand, Environment, Joining, LoginMode, LogoutUrl,
    ProviderSettings, PushedAuthorization, RelyingParty, Secret, SecretMethod, SessionStore,
    Settings, SignatureAlgorithm, Tenants, Userinfo, WidgetSettings, below,
    declarations::{self, Setting},
    environment::words,
    extra_parameters::{self, ExtraParameters},
    has_user, logout_url,
    strength::is_strong,
    widget::{Engine, WidgetAssets, WidgetFiles},
};
#[cfg(feature = "postgres")]
use crate::store::PostgresAddress;
#[cfg(feature = "redis")]
use crate::store::RedisAddress;
use crate::{
    joining,
    loopback::{is_https_or_loopback, is_loopback},
    paths::Paths,
    protocol::tenants,
};

/// Debug builds have a store of their own: whoever the development provider let in
/// must not meet a release build that runs in the same folder.
const DEFAULT_STORE: &str = if cfg!(debug_assertions) {
    "embedded:data/debug-user-sessions.redb"
} else {
    "embedded:data/user-sessions.redb"
};

pub(super) fn read(environment: &mut Environment<'_>) -> Settings {
    let base_url = environment.base_url();
    let providers = environment.providers(&base_url);
    let login_mode = environment.login_mode();
    let settings = Settings {
        paths: Paths::default(),
        listen: environment.listen(&base_url),
        trusted_proxies: environment.trusted_proxies(),
        login_rate: environment.declared_number(declarations::LOGIN_RATE, 1..=1_000_000),
        provider: match environment.string(declarations::PROVIDERS.name) {
            None => environment.provider(&base_url),
            Some(_) => None,
        },
        providers,
        relying_party: environment.relying_party(&base_url, &Paths::default().login_callback),
        joining: environment.joining(),
        login_mode,
        widget: environment.widget(login_mode),
        secrets: environment.secrets(),
        session_store: environment.session_store(),
        session_idle: environment.declared_duration(declarations::IDLE, 60, 1..=525_600),
        session_max: environment.declared_duration(declarations::MAX, 3600, 1..=8_760),
        sessions_per_person: environment.declared_number(declarations::PER_PERSON, 1..=1_000_000),
        session_ends_with_id_token: environment.yes_or_no(declarations::ENDS_WITH_ID_TOKEN.name),
        warnings: Vec::new(),
        base_url,
    };
    environment.check_proxies();
    environment.check_demand(&settings.relying_party.demand, login_mode);
    settings
}

impl Environment<'_> {
    fn declared_number(&mut self, setting: Setting, range: RangeInclusive<u64>) -> u64 {
        self.number(setting.name, setting.number(), range)
    }

    fn declared_duration(
        &mut self,
        setting: Setting,
        unit_seconds: u64,
        range: RangeInclusive<u64>,
    ) -> Duration {
        self.duration(setting.name, setting.number(), unit_seconds, range)
    }

    fn base_url(&mut self) -> Url {
        const VARIABLE: &str = declarations::BASE_URL.name;
        let local = Url::parse("http://localhost:8080").unwrap_or_else(|_| unreachable!());
        let Some(value) = self.string(VARIABLE) else {
            if !cfg!(debug_assertions) {
                self.fault(
                    VARIABLE,
                    "missing. Set it to the address that browsers use, for example https://app.example.com.",
                );
            }
            return local;
        };
        if has_placeholder(&value) {
            self.fault(
                VARIABLE,
                format!(
                    "«{value}» still contains a placeholder. Set it to the address that browsers use."
                ),
            );
            return local;
        }
        match Url::parse(&value) {
            Ok(url) if is_https_or_loopback(&url) => {
                if url.path().contains("//") {
                    self.fault(
                        VARIABLE,
                        format!("«{value}» has two slashes in a row in its path."),
                    );
                }
                if url.query().is_some() || url.fragment().is_some() || has_user(&url) {
                    self.fault(
                        VARIABLE,
                        "may only have a scheme, host, port and path: no user, ? or #.",
                    );
                }
                let mut url = url;
                let path = url.path().trim_end_matches('/').to_owned();
                url.set_path(&path);
                url
            }
            Ok(_) => {
                self.fault(
                    VARIABLE,
                    format!(
                        "«{value}» must start with https://. Plain http is only for localhost, because \
                         cookies would be sent unencrypted."
                    ),
                );
                local
            }
            Err(_) => {
                self.fault(
                    VARIABLE,
                    format!("«{value}» is not an absolute URL such as https://app.example.com."),
                );
                local
            }
        }
    }

    /// Port 0 is for tests: the operating system picks a port.
    fn listen(&mut self, base_url: &Url) -> String {
        const VARIABLE: &str = declarations::LISTEN.name;
        let Some(value) = self.string(VARIABLE) else {
            let port = match base_url.port() {
                Some(port) if is_loopback(base_url) => port,
                _ => 8080,
            };
            return format!("localhost:{port}");
        };
        let port = value.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            self.fault(
                VARIABLE,
                format!("«{value}» is not host:port such as 0.0.0.0:8080 or [::1]:8080."),
            );
        }
        value
    }

    fn trusted_proxies(&mut self) -> Vec<IpNet> {
        const VARIABLE: &str = declarations::TRUSTED_PROXIES.name;
        let value = self.string(VARIABLE).unwrap_or_default();
        let mut networks = Vec::new();
        for part in words(&value) {
            match part
                .parse()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
            {
                Ok(network) => networks.push(network),
                Err(_) => self.fault(
                    VARIABLE,
                    format!(
                        "«{part}» is not an address or network such as 10.0.0.7 or 10.0.0.0/8."
                    ),
                ),
            }
        }
        networks
    }

    /// `None`: a debug build will use the development provider, or a fault was recorded.
    pub(super) fn provider(&mut self, base_url: &Url) -> Option<ProviderSettings> {
        const VARIABLES: [&str; 7] = [
            declarations::ISSUER.name,
            declarations::DIRECT_URL.name,
            declarations::METADATA_URL.name,
            declarations::TENANTS.name,
            declarations::CLIENT_ID.name,
            declarations::CLIENT_SECRET.name,
            declarations::CLIENT_KEY_FILE.name,
        ];
        if cfg!(debug_assertions) && VARIABLES.iter().all(|name| self.string(name).is_none()) {
            if !is_loopback(base_url) {
                self.fault(
                    declarations::ISSUER.name,
                    format!(
                        "missing. The development provider lets anyone in, so it is only for localhost, \
                         but APP_BASE_URL is {base_url}."
                    ),
                );
            }
            return None;
        }
        let issuer = self.issuer();
        let direct_url = self.direct_url();
        let metadata_url = self.metadata_url(direct_url.as_ref());
        let tenants = self.tenants(&issuer);
        let client_id = self.credential_string(
            declarations::CLIENT_ID.name,
            "the client id that the provider shows for this app",
        );
        let credential = self.credential()?;
        Some(ProviderSettings {
            issuer,
            direct_url,
            metadata_url,
            client_id,
            credential,
            tenants,
        })
    }

    fn tenants(&mut self, issuer: &str) -> Option<Tenants> {
        const VARIABLE: &str = declarations::TENANTS.name;
        let value = self.string(VARIABLE)?;
        if tenants::parts(issuer).is_none() {
            self.fault(
                VARIABLE,
                "is only for an OIDC_ISSUER of many tenants, with organizations or common in its \
                 path.",
            );
        }
        let names: Vec<&str> = words(&value).collect();
        if names == ["*"] {
            return Some(Tenants::All);
        }
        let mut ids = Vec::new();
        for name in names {
            let id = name.to_ascii_lowercase();
            if tenants::is_tenant_id(&id) {
                ids.push(id);
            } else {
                self.fault(
                    VARIABLE,
                    format!(
                        "«{name}» is not the id of a tenant, such as \
                         6f1d2c3b-4a59-4e68-9777-8a9b0c1d2e3f. A single * admits all tenants, and \
                         so anybody."
                    ),
                );
            }
        }
        if words(&value).next().is_none() {
            self.fault(VARIABLE, "names no tenant.");
        }
        Some(Tenants::These(ids))
    }

    fn direct_url(&mut self) -> Option<Url> {
        const VARIABLE: &str = declarations::DIRECT_URL.name;
        let value = self.string(VARIABLE)?;
        let url = Url::parse(&value).ok();
        let Some(url) = url.filter(|url| ["http", "https"].contains(&url.scheme())) else {
            self.fault(
                VARIABLE,
                format!("«{value}» is not an absolute URL such as http://keycloak:8080."),
            );
            return None;
        };
        let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if has_more || has_user(&url) {
            self.fault(
                VARIABLE,
                "may only have a scheme, host and port, such as http://keycloak:8080: paths are those \
                 of the issuer.",
            );
        }
        Some(url)
    }

    fn metadata_url(&mut self, direct: Option<&Url>) -> Option<Url> {
        const VARIABLE: &str = declarations::METADATA_URL.name;
        let value = self.string(VARIABLE)?;
        let Ok(url) = Url::parse(&value) else {
            self.fault(
                VARIABLE,
                format!(
                    "«{value}» is not an absolute URL such as https://id.example.com/metadata.json."
                ),
            );
            return None;
        };
        let is_direct = direct.is_some_and(|direct| direct.origin() == url.origin());
        if !is_direct && !is_https_or_loopback(&url) {
            self.fault(
                VARIABLE,
                format!(
                    "«{value}» must start with https://. Plain http is only for localhost and \
                     OIDC_DIRECT_URL."
                ),
            );
        } else if url.fragment().is_some() || has_user(&url) {
            self.fault(VARIABLE, "must not have a user or #.");
        }
        Some(url)
    }

    /// `None`: a fault was recorded.
    fn credential(&mut self) -> Option<Credential> {
        const VARIABLE: &str = declarations::CLIENT_AUTH.name;
        let method = match self.string(VARIABLE).as_deref() {
            None => None,
            Some("basic" | "client_secret_basic") => Some(SecretMethod::Basic),
            Some("post" | "client_secret_post") => Some(SecretMethod::Post),
            Some("private_key_jwt") => return self.private_key(),
            Some("signed_secret") => return self.signed_secret(),
            Some(other) => {
                let hint = format!(
                    "«{other}» is not valid. Use basic, post, private_key_jwt or signed_secret, or \
                     leave it out."
                );
                self.fault(VARIABLE, hint);
                None
            }
        };
        if self.string(declarations::CLIENT_KEY_FILE.name).is_some() {
            self.fault(
                declarations::CLIENT_KEY_FILE.name,
                "has no effect. Set OIDC_CLIENT_AUTH=private_key_jwt too (signed_secret for Apple), \
                 or leave it out.",
            );
        }
        let secret = self.credential_string(
            declarations::CLIENT_SECRET.name,
            "the client secret that the provider shows for this app",
        );
        Some(Credential::Secret {
            secret: Secret::new(secret),
            method,
        })
    }

    fn private_key(&mut self) -> Option<Credential> {
        const METHOD: &str = "private_key_jwt";
        self.has_no_effect(declarations::CLIENT_SECRET, METHOD);
        self.has_no_effect(declarations::CLIENT_KEY_ISSUER, METHOD);
        let audience = self.choice(
            declarations::CLIENT_KEY_AUDIENCE.name,
            AssertionAudience::Issuer,
            &[
                ("issuer", AssertionAudience::Issuer),
                ("token_endpoint", AssertionAudience::TokenEndpoint),
                ("endpoint", AssertionAudience::Endpoint),
            ],
        );
        let key = self.client_key(
            "OIDC_CLIENT_AUTH=private_key_jwt needs a private key as a PEM file. Make one with: \
             openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out client-key.pem",
        );
        Some(Credential::PrivateKey {
            key: key?,
            id: self.string(declarations::CLIENT_KEY_ID.name),
            audience,
        })
    }

    fn signed_secret(&mut self) -> Option<Credential> {
        const METHOD: &str = "signed_secret";
        self.has_no_effect(declarations::CLIENT_SECRET, METHOD);
        self.has_no_effect(declarations::CLIENT_KEY_AUDIENCE, METHOD);
        let id = self.required(
            declarations::CLIENT_KEY_ID.name,
            "OIDC_CLIENT_AUTH=signed_secret needs the key's id at the provider.",
        );
        let issuer = self.required(
            declarations::CLIENT_KEY_ISSUER.name,
            "OIDC_CLIENT_AUTH=signed_secret needs it: at Apple, it is the team id.",
        );
        let key = self.client_key(
            "OIDC_CLIENT_AUTH=signed_secret needs the private key that the provider gave you, such \
             as AuthKey_….p8.",
        );
        Some(Credential::SignedSecret {
            key: key?,
            id,
            issuer,
        })
    }

    fn has_no_effect(&mut self, setting: Setting, method: &str) {
        if self
            .string(setting.name)
            .is_some_and(|it| it != setting.default)
        {
            self.fault(
                setting.name,
                format!("has no effect with OIDC_CLIENT_AUTH={method}. Leave it out."),
            );
        }
    }

    /// `None`: a fault was recorded.
    fn client_key(&mut self, wanted: &str) -> Option<Arc<ClientKey>> {
        const FILE: &str = declarations::CLIENT_KEY_FILE.name;
        let Some(file) = self.string(FILE) else {
            self.fault(FILE, format!("missing. {wanted}"));
            return None;
        };
        let read = std::fs::read(&file)
            .map_err(|error| format!("cannot be read: {error}."))
            .and_then(|pem| ClientKey::from_pem(&pem));
        read.map(Arc::new)
            .map_err(|cause| self.fault(FILE, format!("«{file}» {cause}")))
            .ok()
    }

    fn issuer(&mut self) -> String {
        const VARIABLE: &str = declarations::ISSUER.name;
        let Some(value) = self.string(VARIABLE) else {
            self.fault(
                VARIABLE,
                "missing. Set it to the provider's issuer URL, for example https://example.okta.com/oauth2/default.",
            );
            return String::new();
        };
        if has_placeholder(&value) {
            self.fault(
                VARIABLE,
                format!(
                    "«{value}» still contains a placeholder. Replace it with your provider's name."
                ),
            );
            return value;
        }
        match Url::parse(&value) {
            Err(_) => self.fault(VARIABLE, format!("«{value}» is not an absolute URL such as https://id.example.com.")),
            Ok(url) if !is_https_or_loopback(&url) => self.fault(
                VARIABLE,
                format!("«{value}» must start with https://. Plain http is only for localhost (OIDC Discovery 4)."),
            ),
            Ok(url) if url.query().is_some() || url.fragment().is_some() || has_user(&url) => {
                self.fault(VARIABLE, "must not have a user, ? or # (OIDC Discovery 2).");
            }
            Ok(url) if value.ends_with("/.well-known/openid-configuration") => {
                let issuer = url.as_str().trim_end_matches("/.well-known/openid-configuration");
                self.fault(VARIABLE, format!("is the metadata URL. The issuer is «{issuer}»."));
            }
            Ok(url) if url.path().contains("//") => {
                self.fault(VARIABLE, format!("«{value}» has two slashes in a row in its path."));
            }
            Ok(url) if url.path().matches("/oauth2/").count() > 1 => {
                self.fault(VARIABLE, format!("«{value}» names the authorization server twice."));
            }
            Ok(url) if url.host_str().is_some_and(|host| host.ends_with(".com.com")) => {
                self.fault(VARIABLE, format!("«{value}» has .com twice."));
            }
            Ok(url) => {
                if let Some(right) = okta_admin_host(&url) {
                    let hint = format!("is the address of Okta's admin console. Use https://{right} instead.");
                    self.fault(VARIABLE, hint);
                }
            }
        }
        value
    }

    fn credential_string(&mut self, variable: &'static str, what: &str) -> String {
        match self.string(variable) {
            None => self.fault(variable, format!("missing. Set it to {what}.")),
            Some(value) if is_placeholder(&value) => {
                self.fault(
                    variable,
                    format!("still is a placeholder. Set it to {what}."),
                );
            }
            Some(value) => return value,
        }
        String::new()
    }

    pub(super) fn relying_party(&mut self, base_url: &Url, callback: &str) -> RelyingParty {
        let login_redirect_uri = self.login_redirect_uri(base_url, callback);
        let ExtraParameters { parameters, demand } = self.extra_parameters();
        let logout_redirect_uri = self.redirect_uri(
            declarations::LOGOUT_REDIRECT_URI.name,
            below(base_url, &Paths::default().logged_out),
        );
        RelyingParty {
            scopes: self.scopes(),
            login_redirect_uri,
            logout_redirect_uri,
            clock_skew: self.declared_duration(declarations::CLOCK_SKEW, 1, 0..=600),
            timeout: self.declared_duration(declarations::TIMEOUT, 1, 1..=120),
            ca_file: self.ca_file(),
            userinfo: self.userinfo(),
            roles_claim: self
                .string(declarations::ROLES_CLAIM.name)
                .unwrap_or_else(|| declarations::ROLES_CLAIM.default.to_owned()),
            extra_parameters: parameters,
            demand,
            pushed_authorization: self.pushed_authorization(),
            signature_algorithms: self.signature_algorithms(),
            trusted_audiences: self.trusted_audiences(),
            logout_url: self.logout_url(),
            strict_logout_tokens: self.yes_or_no(declarations::STRICT_LOGOUT_TOKENS.name),
        }
    }

    fn extra_parameters(&mut self) -> ExtraParameters {
        let value = self
            .string(declarations::EXTRA_PARAMETERS.name)
            .unwrap_or_default();
        let (parameters, faults) = extra_parameters::read(&value);
        for hint in faults {
            self.fault(declarations::EXTRA_PARAMETERS.name, hint);
        }
        parameters
    }

    fn logout_url(&mut self) -> Option<LogoutUrl> {
        const VARIABLE: &str = declarations::LOGOUT_URL.name;
        let value = self.string(VARIABLE)?;
        if value.contains("YOUR-") || value.contains("YOUR_") {
            let hint = format!("«{value}» still contains a placeholder.");
            self.fault(VARIABLE, hint);
            return None;
        }
        logout_url::read(&value)
            .map_err(|hint| self.fault(VARIABLE, hint))
            .ok()
    }

    /// The widget makes the authorization request itself.
    pub(super) fn check_demand(&mut self, demand: &Demand, login_mode: LoginMode) {
        if login_mode.shows_widget() && !demand.is_empty() {
            self.fault(
                declarations::LOGIN_PAGE.name,
                "widget cannot ask for the acr_values or max_age in OIDC_EXTRA_PARAMETERS. Use \
                 redirect or page.",
            );
        }
    }

    fn pushed_authorization(&mut self) -> PushedAuthorization {
        use PushedAuthorization::{Always, Auto, Never};
        self.choice(
            declarations::PUSHED_AUTHORIZATION.name,
            Auto,
            &[("auto", Auto), ("always", Always), ("never", Never)],
        )
    }

    fn signature_algorithms(&mut self) -> Vec<SignatureAlgorithm> {
        const VARIABLE: &str = declarations::SIGNATURE_ALGORITHMS.name;
        let Some(value) = self.string(VARIABLE) else {
            return SignatureAlgorithm::ALL.to_vec();
        };
        let mut algorithms = Vec::new();
        for name in words(&value) {
            match SignatureAlgorithm::ALL
                .iter()
                .find(|alg| alg.name() == name)
            {
                Some(algorithm) => algorithms.push(*algorithm),
                None => {
                    let known = SignatureAlgorithm::ALL
                        .map(SignatureAlgorithm::name)
                        .join(" ");
                    self.fault(
                        VARIABLE,
                        format!("«{name}» is not supported. Choose from: {known}."),
                    );
                }
            }
        }
        if words(&value).next().is_none() {
            self.fault(
                VARIABLE,
                "contains no algorithm. Leave it out for the default.",
            );
        }
        algorithms
    }

    fn trusted_audiences(&mut self) -> Vec<String> {
        let value = self
            .string(declarations::TRUSTED_AUDIENCES.name)
            .unwrap_or_default();
        words(&value).map(str::to_owned).collect()
    }

    fn scopes(&mut self) -> Vec<String> {
        const VARIABLE: &str = declarations::SCOPES.name;
        let value = self
            .string(VARIABLE)
            .unwrap_or_else(|| declarations::SCOPES.default.to_owned());
        let scopes: Vec<String> = words(&value).map(str::to_owned).collect();
        // RFC 6749 3.3: printable ASCII without quotes or backslashes.
        let is_token = |scope: &String| {
            scope
                .chars()
                .all(|c| c.is_ascii_graphic() && c != '"' && c != '\\')
        };
        if !scopes.iter().all(is_token) {
            self.fault(
                VARIABLE,
                "must be names in plain ASCII, separated by spaces.",
            );
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            self.fault(
                VARIABLE,
                "must contain openid, otherwise the provider issues no ID token (OIDC Core 3.1.2.1).",
            );
        }
        scopes
    }

    /// The response has to go where the transaction's cookie is sent.
    fn login_redirect_uri(&mut self, base_url: &Url, callback: &str) -> Url {
        const VARIABLE: &str = declarations::LOGIN_REDIRECT_URI.name;
        let usual = below(base_url, callback);
        let uri = self.redirect_uri(VARIABLE, usual.clone());
        if uri.origin() != base_url.origin() {
            self.fault(
                VARIABLE,
                format!(
                    "«{uri}» is not below APP_BASE_URL, «{base_url}», so browsers would send no cookies \
                     there. Leave it out to use {usual}."
                ),
            );
        }
        uri
    }

    fn redirect_uri(&mut self, variable: &'static str, default: Url) -> Url {
        let Some(value) = self.string(variable) else {
            return default;
        };
        if has_placeholder(&value) {
            let hint =
                format!("«{value}» still contains a placeholder. Leave it out to use {default}.");
            self.fault(variable, hint);
            return default;
        }
        match Url::parse(&value) {
            Ok(url) if url.fragment().is_none() && is_https_or_loopback(&url) => return url,
            Ok(url) if url.fragment().is_some() => {
                self.fault(variable, "must not have a # (RFC 6749 3.1.2).")
            }
            Ok(_) => self.fault(
                variable,
                format!("«{value}» must start with https:// (http is only for localhost)."),
            ),
            Err(_) => self.fault(
                variable,
                format!("«{value}» is not an absolute URL. Leave it out to use {default}."),
            ),
        }
        default
    }

    fn ca_file(&mut self) -> Option<PathBuf> {
        self.readable_file(declarations::CA_FILE)
    }

    fn readable_file(&mut self, setting: Setting) -> Option<PathBuf> {
        let path = PathBuf::from(self.string(setting.name)?);
        if let Err(error) = std::fs::File::open(&path) {
            self.fault(
                setting.name,
                format!("«{}» cannot be read: {error}.", path.display()),
            );
        }
        Some(path)
    }

    pub(super) fn joining(&mut self) -> Joining {
        let groups = self.string(declarations::JOIN_GROUPS.name);
        let joining = Joining {
            domains: self.domains(declarations::JOIN_DOMAINS),
            invited_file: self.readable_file(declarations::JOIN_INVITED_FILE),
            groups: groups
                .iter()
                .flat_map(|it| entries(it))
                .map(str::to_owned)
                .collect(),
            contact: self
                .string(declarations::JOIN_CONTACT.name)
                .unwrap_or_else(|| declarations::JOIN_CONTACT.default.to_owned()),
            role_map: self.role_map(),
            default_role: self.string(declarations::DEFAULT_ROLE.name),
        };
        // A rule that lets nobody in would be taken for one that is not set.
        if groups.is_some() && joining.groups.is_empty() {
            self.fault(
                declarations::JOIN_GROUPS.name,
                "names no group. Semicolons separate several.",
            );
        }
        joining
    }

    /// A list of domains, in lowercase.
    pub(super) fn domains(&mut self, setting: Setting) -> Vec<String> {
        let Some(value) = self.string(setting.name) else {
            return Vec::new();
        };
        let mut domains = Vec::new();
        for word in words(&value) {
            match joining::domain(word.trim_start_matches('@')) {
                Some(domain) if !domain.contains('*') => domains.push(domain),
                _ => self.fault(
                    setting.name,
                    format!(
                        "«{word}» is not a domain such as example.com. Name each subdomain too: \
                         patterns are not possible."
                    ),
                ),
            }
        }
        if words(&value).next().is_none() {
            self.fault(setting.name, "names no domain.");
        }
        domains
    }

    fn role_map(&mut self) -> Vec<(String, String)> {
        const VARIABLE: &str = declarations::ROLE_MAP.name;
        let Some(value) = self.string(VARIABLE) else {
            return Vec::new();
        };
        let mut map = Vec::new();
        for entry in entries(&value) {
            // Names of groups may have an equals sign in them: CN=Finance.
            let parts = entry.rsplit_once('=');
            match parts.map(|(group, role)| (group.trim(), role.trim())) {
                Some((group, role)) if !group.is_empty() && !role.is_empty() => {
                    map.push((group.to_owned(), role.to_owned()));
                }
                _ => self.fault(
                    VARIABLE,
                    format!(
                        "«{entry}» is not GROUP=ROLE, such as Finance Admins=admin. Semicolons \
                         separate several."
                    ),
                ),
            }
        }
        if entries(&value).next().is_none() {
            self.fault(
                VARIABLE,
                "names no group. Write GROUP=ROLE; semicolons separate several.",
            );
        }
        map
    }

    fn userinfo(&mut self) -> Userinfo {
        use Userinfo::{Off, Optional, Required};
        self.choice(
            declarations::USERINFO.name,
            Optional,
            &[("optional", Optional), ("required", Required), ("off", Off)],
        )
    }

    pub(super) fn login_mode(&mut self) -> LoginMode {
        use LoginMode::{Page, Redirect};
        self.choice(
            declarations::LOGIN_PAGE.name,
            Redirect,
            &[
                ("redirect", Redirect),
                ("page", Page),
                ("widget", LoginMode::Widget),
            ],
        )
    }

    pub(super) fn widget(&mut self, login_mode: LoginMode) -> WidgetSettings {
        const ASSETS: &str = declarations::WIDGET_ASSETS.name;
        let engine = self.choice(
            declarations::WIDGET_ENGINE.name,
            Engine::Identity,
            &[("identity", Engine::Identity), ("classic", Engine::Classic)],
        );
        let assets = match self.string(ASSETS).as_deref() {
            None | Some("cdn") => WidgetAssets::Cdn,
            // The other login modes need no such folder.
            Some(_) if !login_mode.shows_widget() => WidgetAssets::Cdn,
            Some(folder) => match WidgetFiles::find(folder.as_ref()) {
                Ok(files) => WidgetAssets::Here(files),
                Err(hint) => {
                    self.fault(ASSETS, hint);
                    WidgetAssets::Cdn
                }
            },
        };
        WidgetSettings { engine, assets }
    }

    fn secrets(&mut self) -> Vec<Secret> {
        const VARIABLE: &str = declarations::SECRET.name;
        const HOW: &str = "Make one with: openssl rand -base64 48";
        let Some(value) = self.string(VARIABLE) else {
            if !cfg!(debug_assertions) {
                self.fault(VARIABLE, format!("missing. {HOW}"));
            }
            // Made up once the store is known.
            return Vec::new();
        };
        let secrets = secrets_in(&value);
        if secrets.is_empty() {
            self.fault(VARIABLE, format!("contains no secret. {HOW}"));
        }
        for (place, secret) in secrets.iter().enumerate() {
            let which = if secrets.len() > 1 {
                format!("number {} ", place + 1)
            } else {
                String::new()
            };
            let is_of_example = is_placeholder(secret)
                || ["example", "changeme", "change-me", "change_me"]
                    .iter()
                    .any(|word| secret.to_lowercase().contains(word));
            if secret.len() >= SHORTEST_SECRET && is_of_example {
                self.fault(
                    VARIABLE,
                    format!("{which}is a value from an example, which anyone can look up. {HOW}"),
                );
            } else if secret.len() < SHORTEST_SECRET || !is_strong(secret) {
                self.fault(
                    VARIABLE,
                    format!(
                        "{which}is too weak: use at least 32 random characters. A comma \
                         separates two secrets. {HOW}"
                    ),
                );
            }
        }
        secrets.into_iter().map(Secret::new).collect()
    }

    fn session_store(&mut self) -> SessionStore {
        const VARIABLE: &str = declarations::STORE.name;
        let value = self
            .string(VARIABLE)
            .unwrap_or_else(|| DEFAULT_STORE.to_owned());
        match value.split_once(':') {
            Some(("memory", "")) => SessionStore::Memory,
            Some(("embedded", path)) if !path.is_empty() => {
                SessionStore::Embedded(PathBuf::from(path))
            }
            Some(("postgres" | "postgresql", _)) => self.postgres_store(value),
            _ => self.redis_store(value),
        }
    }

    #[cfg(feature = "postgres")]
    fn postgres_store(&mut self, address: String) -> SessionStore {
        match PostgresAddress::parse(&address) {
            Ok(_) => SessionStore::Postgres(Secret::new(address)),
            // The value is left out of the message: it may contain a password.
            Err(form) => self.no_store(format!("must be an address of PostgreSQL: {form}.")),
        }
    }

    #[cfg(not(feature = "postgres"))]
    fn postgres_store(&mut self, _: String) -> SessionStore {
        self.no_store(
            "names PostgreSQL, and this build has no such store: write in Cargo.toml `vestibule = \
             { …, features = [\"postgres\"] }`.",
        )
    }

    #[cfg(feature = "redis")]
    fn redis_store(&mut self, address: String) -> SessionStore {
        match RedisAddress::parse(&address) {
            Ok(_) => SessionStore::Redis(Secret::new(address)),
            // The value is left out of the message: a mistyped URL may contain a
            // password.
            Err(form) => self.no_store(format!(
                "must be embedded:PATH, memory:, an address of PostgreSQL \
                 (postgres://HOST/DATABASE) or the address of Redis: {form}."
            )),
        }
    }

    #[cfg(not(feature = "redis"))]
    fn redis_store(&mut self, _: String) -> SessionStore {
        // The value is left out of the message: it may contain a password.
        self.no_store(
            "must be embedded:PATH, memory: or, with vestibule's feature of that name in \
             Cargo.toml, an address of `postgres` or `redis`.",
        )
    }

    /// Records why there is no store to name.
    fn no_store(&mut self, hint: impl Into<String>) -> SessionStore {
        self.fault(declarations::STORE.name, hint);
        SessionStore::Memory
    }

    /// The HTTP client reads these variables itself, and silently ignores unusable
    /// values.
    fn check_proxies(&mut self) {
        for variable in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
            let Some(value) = self.string(variable) else {
                continue;
            };
            let url = if value.contains("://") {
                Url::parse(&value)
            } else {
                Url::parse(&format!("http://{value}"))
            };
            if !url.is_ok_and(|url| ["http", "https"].contains(&url.scheme())) {
                // The value is left out of the message: it may contain a password.
                self.fault(variable, "must be http://HOST:PORT or https://HOST:PORT.");
            }
        }
    }
}

/// The entries of a list whose entries may have spaces and commas in them.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(';')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

/// Whether a URL contains a placeholder from documentation, such as
/// `{yourOktaDomain}` or `YOUR-ORG`.
fn has_placeholder(url: &str) -> bool {
    url.contains(['{', '}', '<', '>']) || url.contains("YOUR-") || url.contains("YOUR_")
}

/// Whether a value is nothing but a placeholder from documentation, such as
/// `{clientId}`, `<secret>`, `${SECRET}` or `YOUR_SECRET`. Random values may
/// contain any of these characters.
fn is_placeholder(value: &str) -> bool {
    let is_name = |name: &str| {
        let is_of_name = |c: char| c.is_alphanumeric() || " _-.".contains(c);
        !name.is_empty() && name.chars().all(is_of_name)
    };
    let brackets = [("${", "}"), ("{{", "}}"), ("{", "}"), ("<", ">")];
    let in_brackets = brackets.iter().any(|(open, close)| {
        let inner = value.strip_prefix(open);
        inner
            .and_then(|inner| inner.strip_suffix(close))
            .is_some_and(is_name)
    });
    let start = value.get(..5).unwrap_or_default();
    let is_yours = ["your-", "your_"].contains(&&*start.to_ascii_lowercase());
    in_brackets || is_yours && is_name(value)
}

/// The shortest secret that is accepted, in bytes.
const SHORTEST_SECRET: usize = 32;

/// The secrets in `new,old`. A comma after less than a whole secret is part of it,
/// and all commas are if nothing between them is long enough.
fn secrets_in(value: &str) -> Vec<String> {
    let parts = value.split(',').map(str::trim);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let is_short = |secret: &str| secret.len() < SHORTEST_SECRET;
    let is_one = parts.iter().all(|part| is_short(part));
    let mut secrets: Vec<String> = Vec::new();
    for part in parts {
        match secrets.last_mut() {
            Some(last) if is_one || is_short(last) => *last = format!("{last},{part}"),
            _ => secrets.push(part.to_owned()),
        }
    }
    secrets
}

/// The organisation's host, if this one is its admin console.
fn okta_admin_host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    ["okta.com", "oktapreview.com", "okta-emea.com"]
        .iter()
        .find_map(|domain| {
            let name = host.strip_suffix(domain)?.strip_suffix("-admin.")?;
            Some(format!("{name}.{domain}"))
        })
}
