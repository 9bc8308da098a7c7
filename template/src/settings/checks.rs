//! One function for each kind of setting. They note faults and go on, so that
//! a person who sets the app up sees all that is wrong at once.

use std::{
    net::IpAddr, ops::RangeInclusive, path::PathBuf, str::FromStr, sync::Arc, time::Duration,
};

use ipnet::IpNet;
use tracing_subscriber::filter::{LevelFilter, Targets};
use url::{Host, Url};

use super::{
    AssertionAudience, Credential, Fault, Faults, LoginPage, ProviderSettings, PushedAuthorization,
    RelyingParty, Secret, SecretMethod, SessionStore, Settings, SignatureAlgorithm, Userinfo,
    WidgetSettings, below, extra_parameters,
    widget::{Engine, WidgetAssets, WidgetFiles},
};
use crate::{
    app::Paths,
    oidc::{protocol::ClientKey, seal, store::RedisAddress},
    telemetry,
};

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn read(paths: &'static Paths, lookup: Lookup<'_>) -> Result<Settings, Faults> {
    let mut reader = Reader {
        lookup,
        paths,
        faults: Vec::new(),
    };
    let base_url = reader.base_url();
    let login_page = reader.login_page();
    let settings = Settings {
        paths,
        listen: reader.listen(&base_url),
        trusted_proxies: reader.trusted_proxies(),
        login_rate: reader.number("APP_LOGIN_RATE", 50, 1..=1_000_000),
        provider: reader.provider(&base_url),
        relying_party: reader.relying_party(&base_url),
        login_page,
        widget: reader.widget(login_page),
        secrets: reader.secrets(),
        session_store: reader.session_store(),
        session_idle: reader.duration("SESSION_IDLE_MINUTES", 60, 60, 1..=525_600),
        session_max: reader.duration("SESSION_MAX_HOURS", 12, 3600, 1..=8_760),
        session_ends_with_id_token: reader.yes_or_no("SESSION_ENDS_WITH_ID_TOKEN"),
        log: reader.log(),
        base_url,
    };
    reader.check_proxies();
    if reader.faults.is_empty() {
        Ok(settings)
    } else {
        Err(Faults(reader.faults))
    }
}

struct Reader<'a> {
    lookup: Lookup<'a>,
    paths: &'static Paths,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn get(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable)
    }

    fn fault(&mut self, variable: &'static str, mend: impl Into<String>) {
        self.faults.push(Fault {
            variable,
            mend: mend.into(),
        });
    }

    fn base_url(&mut self) -> Url {
        const VARIABLE: &str = "APP_BASE_URL";
        let local = Url::parse("http://localhost:8080").unwrap_or_else(|_| unreachable!());
        let Some(text) = self.get(VARIABLE) else {
            if !cfg!(debug_assertions) {
                self.fault(
                    VARIABLE,
                    "missing. Set it to the address that browsers use, for example https://app.example.com.",
                );
            }
            return local;
        };
        if is_placeholder(&text) {
            self.fault(
                VARIABLE,
                format!(
                    "«{text}» still holds a placeholder. Set it to the address that browsers use."
                ),
            );
            return local;
        }
        match Url::parse(&text) {
            Ok(url) if is_https_or_loopback(&url) => {
                if url.path().contains("//") {
                    self.fault(
                        VARIABLE,
                        format!("«{text}» has two slashes in a row in its path."),
                    );
                }
                if url.query().is_some() || url.fragment().is_some() || has_user(&url) {
                    self.fault(
                        VARIABLE,
                        "must be scheme, host, port and path only: no user, ? or #.",
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
                        "«{text}» must start with https://. Plain http is for localhost only, \
                         because cookies would travel unprotected."
                    ),
                );
                local
            }
            Err(_) => {
                self.fault(
                    VARIABLE,
                    format!("«{text}» is no absolute URL such as https://app.example.com."),
                );
                local
            }
        }
    }

    /// Port 0 is for tests: the operating system chooses.
    fn listen(&mut self, base_url: &Url) -> String {
        const VARIABLE: &str = "APP_LISTEN";
        let Some(text) = self.get(VARIABLE) else {
            let port = match base_url.port() {
                Some(port) if is_loopback(base_url) => port,
                _ => 8080,
            };
            return format!("localhost:{port}");
        };
        let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            self.fault(
                VARIABLE,
                format!("«{text}» is not host:port, such as 0.0.0.0:8080 or [::1]:8080."),
            );
        }
        text
    }

    fn trusted_proxies(&mut self) -> Vec<IpNet> {
        const VARIABLE: &str = "APP_TRUSTED_PROXIES";
        let text = self.get(VARIABLE).unwrap_or_default();
        let mut networks = Vec::new();
        for part in words(&text) {
            match part
                .parse()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
            {
                Ok(network) => networks.push(network),
                Err(_) => self.fault(
                    VARIABLE,
                    format!("«{part}» is no address or network, such as 10.0.0.7 or 10.0.0.0/8."),
                ),
            }
        }
        networks
    }

    /// `None`: a debug build brings the development provider.
    fn provider(&mut self, base_url: &Url) -> Option<ProviderSettings> {
        const VARIABLES: [&str; 4] = [
            "OIDC_ISSUER",
            "OIDC_CLIENT_ID",
            "OIDC_CLIENT_SECRET",
            "OIDC_CLIENT_KEY_FILE",
        ];
        if cfg!(debug_assertions) && VARIABLES.iter().all(|name| self.get(name).is_none()) {
            if !is_loopback(base_url) {
                self.fault(
                    "OIDC_ISSUER",
                    format!(
                        "missing. Only at localhost does the app bring a provider of its own, for \
                         everybody is let in there; APP_BASE_URL is {base_url}."
                    ),
                );
            }
            return None;
        }
        let issuer = self.issuer();
        let client_id = self.credential_text(
            "OIDC_CLIENT_ID",
            "the client id that the provider shows for this app",
        );
        let credential = self.credential()?;
        Some(ProviderSettings {
            issuer,
            client_id,
            credential,
        })
    }

    /// `None`: there is a fault.
    fn credential(&mut self) -> Option<Credential> {
        const VARIABLE: &str = "OIDC_CLIENT_AUTH";
        let method = match self.get(VARIABLE).as_deref() {
            None => None,
            Some("basic" | "client_secret_basic") => Some(SecretMethod::Basic),
            Some("post" | "client_secret_post") => Some(SecretMethod::Post),
            Some("private_key_jwt") => return self.private_key(),
            Some(other) => {
                let mend = format!(
                    "«{other}» is not known. Use basic, post or private_key_jwt, or leave it out."
                );
                self.fault(VARIABLE, mend);
                None
            }
        };
        if self.get("OIDC_CLIENT_KEY_FILE").is_some() {
            self.fault(
                "OIDC_CLIENT_KEY_FILE",
                "is not used. Set OIDC_CLIENT_AUTH=private_key_jwt too, or leave it out.",
            );
        }
        let secret = self.credential_text(
            "OIDC_CLIENT_SECRET",
            "the client secret that the provider shows for this app",
        );
        Some(Credential::Secret {
            secret: Secret::new(secret),
            method,
        })
    }

    fn private_key(&mut self) -> Option<Credential> {
        const FILE: &str = "OIDC_CLIENT_KEY_FILE";
        if self.get("OIDC_CLIENT_SECRET").is_some() {
            self.fault(
                "OIDC_CLIENT_SECRET",
                "is not used with OIDC_CLIENT_AUTH=private_key_jwt. Leave it out.",
            );
        }
        let audience = self.choice(
            "OIDC_CLIENT_KEY_AUDIENCE",
            AssertionAudience::Issuer,
            &[
                ("issuer", AssertionAudience::Issuer),
                ("token_endpoint", AssertionAudience::TokenEndpoint),
                ("endpoint", AssertionAudience::Endpoint),
            ],
        );
        let Some(file) = self.get(FILE) else {
            self.fault(
                FILE,
                "missing. OIDC_CLIENT_AUTH=private_key_jwt needs a private key as a PEM file; make \
                 one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out \
                 client-key.pem",
            );
            return None;
        };
        let read = std::fs::read(&file)
            .map_err(|error| format!("cannot be read: {error}."))
            .and_then(|pem| ClientKey::from_pem(&pem));
        match read {
            Ok(key) => Some(Credential::PrivateKey {
                key: Arc::new(key),
                id: self.get("OIDC_CLIENT_KEY_ID"),
                audience,
            }),
            Err(cause) => {
                self.fault(FILE, format!("«{file}» {cause}"));
                None
            }
        }
    }

    fn issuer(&mut self) -> String {
        const VARIABLE: &str = "OIDC_ISSUER";
        let Some(text) = self.get(VARIABLE) else {
            self.fault(
                VARIABLE,
                "missing. Set it to the provider's issuer URL, for example https://example.okta.com/oauth2/default.",
            );
            return String::new();
        };
        if is_placeholder(&text) {
            self.fault(
                VARIABLE,
                format!("«{text}» still holds a placeholder. Put your provider's name in."),
            );
            return text;
        }
        match Url::parse(&text) {
            Err(_) => self.fault(VARIABLE, format!("«{text}» is no absolute URL such as https://id.example.com.")),
            Ok(url) if !is_https_or_loopback(&url) => self.fault(
                VARIABLE,
                format!("«{text}» must start with https://. Plain http is for localhost only (OIDC Discovery 4)."),
            ),
            Ok(url) if url.query().is_some() || url.fragment().is_some() || has_user(&url) => {
                self.fault(VARIABLE, "must have no user, ? or # (OIDC Discovery 2).");
            }
            Ok(url) if text.ends_with("/.well-known/openid-configuration") => {
                let issuer = url.as_str().trim_end_matches("/.well-known/openid-configuration");
                self.fault(VARIABLE, format!("is the metadata's address. The issuer is «{issuer}»."));
            }
            Ok(url) if url.path().contains("//") => {
                self.fault(VARIABLE, format!("«{text}» has two slashes in a row in its path."));
            }
            Ok(url) if url.path().matches("/oauth2/").count() > 1 => {
                self.fault(VARIABLE, format!("«{text}» names the authorization server twice."));
            }
            Ok(url) if url.host_str().is_some_and(|host| host.ends_with(".com.com")) => {
                self.fault(VARIABLE, format!("«{text}» has .com twice."));
            }
            Ok(url) => {
                if let Some(right) = okta_admin_host(&url) {
                    let mend = format!("is the address of Okta's admin console. Use https://{right} instead.");
                    self.fault(VARIABLE, mend);
                }
            }
        }
        text
    }

    fn credential_text(&mut self, variable: &'static str, what: &str) -> String {
        match self.get(variable) {
            None => self.fault(variable, format!("missing. Set it to {what}.")),
            Some(text) if is_placeholder(&text) => {
                self.fault(
                    variable,
                    format!("still holds a placeholder. Set it to {what}."),
                );
            }
            Some(text) => return text,
        }
        String::new()
    }

    fn relying_party(&mut self, base_url: &Url) -> RelyingParty {
        let login_redirect_uri = self.login_redirect_uri(base_url);
        let logout_redirect_uri = self.redirect_uri(
            "OIDC_LOGOUT_REDIRECT_URI",
            below(base_url, self.paths.logged_out),
        );
        RelyingParty {
            scopes: self.scopes(),
            login_redirect_uri,
            logout_redirect_uri,
            clock_skew: self.duration("OIDC_CLOCK_SKEW_SECONDS", 120, 1, 0..=600),
            timeout: self.duration("OIDC_TIMEOUT_SECONDS", 10, 1, 1..=120),
            ca_file: self.ca_file(),
            userinfo: self.userinfo(),
            roles_claim: self
                .get("OIDC_ROLES_CLAIM")
                .unwrap_or_else(|| "roles".to_owned()),
            extra_parameters: self.extra_parameters(),
            pushed_authorization: self.pushed_authorization(),
            signature_algorithms: self.signature_algorithms(),
            trusted_audiences: self.trusted_audiences(),
        }
    }

    fn extra_parameters(&mut self) -> Vec<(String, String)> {
        let text = self.get("OIDC_EXTRA_PARAMETERS").unwrap_or_default();
        let (parameters, faults) = extra_parameters::read(&text);
        for mend in faults {
            self.fault("OIDC_EXTRA_PARAMETERS", mend);
        }
        parameters
    }

    fn pushed_authorization(&mut self) -> PushedAuthorization {
        use PushedAuthorization::{Always, Auto, Never};
        self.choice(
            "OIDC_PAR",
            Auto,
            &[("auto", Auto), ("always", Always), ("never", Never)],
        )
    }

    fn signature_algorithms(&mut self) -> Vec<SignatureAlgorithm> {
        const VARIABLE: &str = "OIDC_SIGNATURE_ALGORITHMS";
        let Some(text) = self.get(VARIABLE) else {
            return SignatureAlgorithm::ALL.to_vec();
        };
        let mut algorithms = Vec::new();
        for name in words(&text) {
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
                        format!("«{name}» cannot be accepted. Choose from: {known}."),
                    );
                }
            }
        }
        if words(&text).next().is_none() {
            self.fault(
                VARIABLE,
                "names no algorithm. Leave it out for the default.",
            );
        }
        algorithms
    }

    fn trusted_audiences(&mut self) -> Vec<String> {
        let text = self.get("OIDC_TRUSTED_AUDIENCES").unwrap_or_default();
        words(&text).map(str::to_owned).collect()
    }

    fn scopes(&mut self) -> Vec<String> {
        const VARIABLE: &str = "OIDC_SCOPES";
        let text = self
            .get(VARIABLE)
            .unwrap_or_else(|| "openid profile email".to_owned());
        let scopes: Vec<String> = words(&text).map(str::to_owned).collect();
        // RFC 6749 3.3: printable ASCII without quotes and backslashes.
        let is_token = |scope: &String| {
            scope
                .chars()
                .all(|c| c.is_ascii_graphic() && c != '"' && c != '\\')
        };
        if !scopes.iter().all(is_token) {
            self.fault(
                VARIABLE,
                "must be names of plain ASCII, separated by spaces.",
            );
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            self.fault(
                VARIABLE,
                "must contain openid, else the provider gives no ID token (OIDC Core 3.1.2.1).",
            );
        }
        scopes
    }

    /// The answer has to come to where the attempt's cookie is.
    fn login_redirect_uri(&mut self, base_url: &Url) -> Url {
        const VARIABLE: &str = "OIDC_LOGIN_REDIRECT_URI";
        let usual = below(base_url, self.paths.login_callback);
        let uri = self.redirect_uri(VARIABLE, usual.clone());
        if uri.origin() != base_url.origin() {
            self.fault(
                VARIABLE,
                format!(
                    "«{uri}» is elsewhere than APP_BASE_URL, «{base_url}»: browsers would bring no \
                     cookies there. Leave it out to use {usual}."
                ),
            );
        }
        uri
    }

    fn redirect_uri(&mut self, variable: &'static str, default: Url) -> Url {
        let Some(text) = self.get(variable) else {
            return default;
        };
        if is_placeholder(&text) {
            let mend =
                format!("«{text}» still holds a placeholder. Leave it out to use {default}.");
            self.fault(variable, mend);
            return default;
        }
        match Url::parse(&text) {
            Ok(url) if url.fragment().is_none() && is_https_or_loopback(&url) => return url,
            Ok(url) if url.fragment().is_some() => {
                self.fault(variable, "must have no # (RFC 6749 3.1.2).")
            }
            Ok(_) => self.fault(
                variable,
                format!("«{text}» must start with https:// (http is for localhost only)."),
            ),
            Err(_) => self.fault(
                variable,
                format!("«{text}» is no absolute URL. Leave it out to use {default}."),
            ),
        }
        default
    }

    fn ca_file(&mut self) -> Option<PathBuf> {
        const VARIABLE: &str = "OIDC_CA_FILE";
        let path = PathBuf::from(self.get(VARIABLE)?);
        if let Err(error) = std::fs::File::open(&path) {
            self.fault(
                VARIABLE,
                format!("«{}» cannot be read: {error}.", path.display()),
            );
        }
        Some(path)
    }

    fn userinfo(&mut self) -> Userinfo {
        use Userinfo::{Off, Optional, Required};
        self.choice(
            "OIDC_USERINFO",
            Optional,
            &[("optional", Optional), ("required", Required), ("off", Off)],
        )
    }

    fn login_page(&mut self) -> LoginPage {
        use LoginPage::{Page, Redirect, Widget};
        self.choice(
            "OIDC_LOGIN_PAGE",
            Redirect,
            &[("redirect", Redirect), ("page", Page), ("widget", Widget)],
        )
    }

    fn widget(&mut self, login_page: LoginPage) -> WidgetSettings {
        const ASSETS: &str = "OIDC_WIDGET_ASSETS";
        let engine = self.choice(
            "OIDC_WIDGET_ENGINE",
            Engine::Identity,
            &[("identity", Engine::Identity), ("classic", Engine::Classic)],
        );
        let assets = match self.get(ASSETS).as_deref() {
            None | Some("cdn") => WidgetAssets::Cdn,
            // Another login page needs no such folder.
            Some(_) if login_page != LoginPage::Widget => WidgetAssets::Cdn,
            Some(folder) => match WidgetFiles::find(folder.as_ref()) {
                Ok(files) => WidgetAssets::Here(files),
                Err(mend) => {
                    self.fault(ASSETS, mend);
                    WidgetAssets::Cdn
                }
            },
        };
        WidgetSettings { engine, assets }
    }

    fn secrets(&mut self) -> Vec<Secret> {
        const VARIABLE: &str = "SESSION_SECRET";
        const HOW: &str = "Make one with: openssl rand -base64 48";
        let Some(text) = self.get(VARIABLE) else {
            if !cfg!(debug_assertions) {
                self.fault(VARIABLE, format!("missing. {HOW}"));
                return Vec::new();
            }
            // Good for as long as the process lives: only sign-ins that are
            // under way are lost when it restarts.
            return match seal::random_text() {
                Ok(secret) => vec![Secret::new(secret)],
                Err(error) => {
                    self.fault(VARIABLE, format!("missing, and {error}."));
                    Vec::new()
                }
            };
        };
        let secrets: Vec<&str> = text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .collect();
        if secrets.is_empty() {
            self.fault(VARIABLE, format!("holds no secret. {HOW}"));
        }
        for (place, secret) in secrets.iter().enumerate() {
            let which = if secrets.len() > 1 {
                format!("number {} ", place + 1)
            } else {
                String::new()
            };
            let mut distinct: Vec<char> = secret.chars().collect();
            distinct.sort_unstable();
            distinct.dedup();
            if secret.len() < 32 || distinct.len() < 10 {
                self.fault(
                    VARIABLE,
                    format!("{which}is too weak: use at least 32 random characters. {HOW}"),
                );
            } else if is_placeholder(secret)
                || ["example", "changeme", "change-me", "change_me"]
                    .iter()
                    .any(|word| secret.to_lowercase().contains(word))
            {
                self.fault(
                    VARIABLE,
                    format!("{which}is the example's value, which everybody knows. {HOW}"),
                );
            }
        }
        secrets.into_iter().map(Secret::new).collect()
    }

    fn session_store(&mut self) -> SessionStore {
        const VARIABLE: &str = "SESSION_STORE";
        let text = self
            .get(VARIABLE)
            .unwrap_or_else(|| "embedded:data/sign-ins.redb".to_owned());
        match text.split_once(':') {
            Some(("memory", "")) => SessionStore::Memory,
            Some(("embedded", path)) if !path.is_empty() => {
                SessionStore::Embedded(PathBuf::from(path))
            }
            _ => match RedisAddress::parse(&text) {
                Ok(_) => SessionStore::Redis(Secret::new(text)),
                Err(form) => {
                    // Not repeated in the message: a mistyped URL may hold a password.
                    self.fault(
                        VARIABLE,
                        format!("must be embedded:PATH, memory: or Redis's address: {form}."),
                    );
                    SessionStore::Memory
                }
            },
        }
    }

    /// A word alone is a level here: as a target, which it is elsewhere, a level
    /// with a slip of the pen would silence everything.
    fn log(&mut self) -> Targets {
        const VARIABLE: &str = "RUST_LOG";
        let text = self.get(VARIABLE).unwrap_or_default();
        if words(&text).next().is_none() {
            return telemetry::usual();
        }
        let mut filter = Targets::new();
        for part in words(&text) {
            let (target, level) = match part.split_once('=') {
                Some((target, level)) => (Some(target), level),
                None => (None, part),
            };
            filter = match (LevelFilter::from_str(level), target) {
                (Ok(level), None) => filter.with_default(level),
                (Ok(level), Some(target)) => filter.with_target(target, level),
                (Err(_), _) => {
                    let mend = format!(
                        "«{level}» is no level. Use off, error, warn, info, debug or trace, and \
                         TARGET=LEVEL for a part, such as warn,app=debug."
                    );
                    self.fault(VARIABLE, mend);
                    return filter;
                }
            };
        }
        filter
    }

    /// What calls to the provider read for themselves, and pass over in silence
    /// where they cannot use it.
    fn check_proxies(&mut self) {
        for variable in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
            let Some(text) = self.get(variable) else {
                continue;
            };
            let url = if text.contains("://") {
                Url::parse(&text)
            } else {
                Url::parse(&format!("http://{text}"))
            };
            if !url.is_ok_and(|url| ["http", "https"].contains(&url.scheme())) {
                // Not repeated in the message: it may hold a password.
                self.fault(variable, "must be http://HOST:PORT or https://HOST:PORT.");
            }
        }
    }

    /// `no` if it is not set.
    fn yes_or_no(&mut self, variable: &'static str) -> bool {
        self.choice(variable, false, &[("yes", true), ("no", false)])
    }

    /// What one of a few words stands for; `usual` if the variable is not set.
    fn choice<T: Copy>(&mut self, variable: &'static str, usual: T, choices: &[(&str, T)]) -> T {
        let Some(asked) = self.get(variable) else {
            return usual;
        };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == asked) {
            return *choice;
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let words = match words.split_last() {
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        self.fault(variable, format!("«{asked}» is not known. Use {words}."));
        usual
    }

    fn number(&mut self, variable: &'static str, default: u64, range: RangeInclusive<u64>) -> u64 {
        match self.get(variable) {
            None => default,
            Some(text) => match u64::from_str(&text) {
                Ok(number) if range.contains(&number) => number,
                _ => {
                    let (low, high) = (range.start(), range.end());
                    self.fault(
                        variable,
                        format!("«{text}» is not a whole number from {low} to {high}."),
                    );
                    default
                }
            },
        }
    }

    fn duration(
        &mut self,
        variable: &'static str,
        default: u64,
        unit_seconds: u64,
        range: RangeInclusive<u64>,
    ) -> Duration {
        let number = self.number(variable, default, range);
        Duration::from_secs(number.saturating_mul(unit_seconds))
    }
}

/// The entries of a list, separated by blanks or commas.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',']).filter(|word| !word.is_empty())
}

/// Whether a value is one that documentation shows in the place of a real one:
/// `{yourOktaDomain}`, `<secret>`, `YOUR-ORG`.
fn is_placeholder(text: &str) -> bool {
    text.contains(['{', '}', '<', '>']) || text.contains("YOUR-") || text.contains("YOUR_")
}

/// Whether the URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What every URL must be that a credential or a person travels through
/// (OIDC Core 16.17).
pub fn is_https_or_loopback(url: &Url) -> bool {
    url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// The organisation's host, if this is its admin console's.
fn okta_admin_host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    ["okta.com", "oktapreview.com", "okta-emea.com"]
        .iter()
        .find_map(|domain| {
            let name = host.strip_suffix(domain)?.strip_suffix("-admin.")?;
            Some(format!("{name}.{domain}"))
        })
}
