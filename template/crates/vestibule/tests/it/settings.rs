//! Settings are checked once, and every fault is named.

#[cfg(debug_assertions)]
use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use vestibule::{
    Settings,
    settings::{Credential, Faults},
};

#[cfg(debug_assertions)]
use crate::fixture::process::{self, LISTEN};
use crate::{
    fixture::Fixture,
    keys::ClientKey,
    support::{PATHS, PROVIDER, settings_of},
};

fn settings(variables: &[(&str, &str)]) -> Result<Settings, Faults> {
    settings_of(|name| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

fn faults(variables: &[(&str, &str)]) -> String {
    match settings(variables) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string(),
    }
}

fn faults_with(variable: &str, value: &str) -> String {
    let mut variables = vec![(variable, value)];
    variables.extend(PROVIDER.iter().filter(|(name, _)| *name != variable));
    faults(&variables)
}

#[cfg(debug_assertions)]
#[test]
fn nothing_set_is_fine_in_a_debug_build() {
    assert_eq!(faults(&[]), "");
    assert_eq!(faults(&PROVIDER), "");
}

/// In one go, so that nobody has to start it four times.
#[cfg(not(debug_assertions))]
#[test]
fn a_release_build_names_all_that_it_needs() {
    let faults = Settings::from_lookup(|_| None).unwrap_err().to_string();
    for name in ["APP_BASE_URL", "OIDC_ISSUER", "SESSION_SECRET"] {
        assert!(faults.contains(&format!("\n  {name}: missing")), "{faults}");
    }
}

#[test]
fn a_trailing_slash_of_the_base_url_makes_no_difference() {
    for base in ["https://app.example.com", "https://app.example.com/"] {
        let base = [("APP_BASE_URL", base)];
        assert_eq!(
            settings(&[&base[..], &PROVIDER].concat())
                .unwrap()
                .relying_party
                .login_redirect_uri
                .as_str(),
            format!("https://app.example.com{}", PATHS.login_callback)
        );
    }
}

#[test]
fn a_proxy_needs_no_scheme() {
    for proxy in ["proxy.example.com:3128", "https://user:a%40b@[::1]:8443"] {
        assert_eq!(faults(&[("HTTPS_PROXY", proxy)]), "");
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_missing_provider_is_named_with_the_other_faults() {
    let elsewhere = ("APP_BASE_URL", "https://app.example.com");
    let said = faults(&[elsewhere, ("SESSION_SECRET", "short")]);
    assert!(said.starts_with("cannot start: 2 settings"), "{said}");
    assert!(said.contains("\n  OIDC_ISSUER: missing. "), "{said}");
}

#[test]
fn all_faults_are_named_at_once() {
    let said = faults(&[
        ("OIDC_ISSUER", "http://id.example.com"),
        ("OIDC_LOGIN_PAGE", "poster"),
        ("SESSION_MAX_HOURS", "0"),
        ("SESSION_ENDS_WITH_ID_TOKEN", "maybe"),
    ]);
    for variable in [
        "OIDC_ISSUER",
        "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET",
        "OIDC_LOGIN_PAGE",
        "SESSION_MAX_HOURS",
        "SESSION_ENDS_WITH_ID_TOKEN",
    ] {
        assert!(said.contains(variable), "{variable} in {said}");
    }
    assert!(said.starts_with("cannot start: 6 settings"), "{said}");
}

#[test]
fn unusable_values_are_refused_with_a_hint() {
    let mut unexpected = Vec::new();
    for (variable, value, hint) in [
        ("OIDC_ISSUER", "https://{yourOktaDomain}", "placeholder"),
        (
            "OIDC_ISSUER",
            "https://YOUR-ORG.okta.com/oauth2/default",
            "placeholder",
        ),
        ("OIDC_ISSUER", "https://org.okta.com.com", ".com twice"),
        (
            "OIDC_ISSUER",
            "https://org.okta.com//oauth2/default",
            "two slashes",
        ),
        (
            "OIDC_ISSUER",
            "https://org.okta.com/oauth2/default/oauth2/default",
            "authorization server twice",
        ),
        ("OIDC_ISSUER", "http://id.example.com", "https://"),
        (
            "OIDC_ISSUER",
            "https://org-admin.okta.com",
            "https://org.okta.com",
        ),
        ("OIDC_ISSUER", "id.example.com", "absolute URL"),
        (
            "OIDC_ISSUER",
            "https://id.example.com?x=1",
            "OIDC Discovery",
        ),
        (
            "OIDC_ISSUER",
            "https://somebody:password@id.example.com",
            "user, ? or #",
        ),
        (
            "OIDC_ISSUER",
            "https://id.example.com/.well-known/openid-configuration",
            "«https://id.example.com»",
        ),
        ("OIDC_CLIENT_ID", "{clientId}", "placeholder"),
        ("OIDC_CLIENT_SECRET", "<secret>", "placeholder"),
        (
            "OIDC_CLIENT_AUTH",
            "digest",
            "basic, post, private_key_jwt or signed_secret",
        ),
        ("OIDC_CLIENT_KEY_FILE", "key.pem", "OIDC_CLIENT_AUTH"),
        ("OIDC_EXTRA_PARAMETERS", "state=x", "«state»"),
        (
            "OIDC_EXTRA_PARAMETERS",
            "redirect%5Furi=https://evil.example",
            "OIDC_LOGIN_REDIRECT_URI",
        ),
        ("OIDC_EXTRA_PARAMETERS", "acr_values=+", "without a value"),
        ("OIDC_EXTRA_PARAMETERS", "max_age=1h", "number of seconds"),
        ("OIDC_EXTRA_PARAMETERS", "max_age=-1", "number of seconds"),
        ("OIDC_EXTRA_PARAMETERS", "max_age=1&max_age=2", "twice"),
        ("OIDC_EXTRA_PARAMETERS", "prompt=none", "select_account"),
        ("OIDC_EXTRA_PARAMETERS", "ui_locales", "NAME=VALUE"),
        ("OIDC_EXTRA_PARAMETERS", "hd=a&hd=b", "twice"),
        ("OIDC_EXTRA_PARAMETERS", "hd=a%0Ab", "NAME=VALUE"),
        ("OIDC_LOGOUT_URL", "logout", "neither"),
        ("OIDC_LOGOUT_URL", "//id.example.com/logout", "neither"),
        ("OIDC_LOGOUT_URL", "/\\id.example.com/logout", "plain ASCII"),
        ("OIDC_LOGOUT_URL", "/log out", "plain ASCII"),
        ("OIDC_LOGOUT_URL", "/{tenant}/logout", "plain ASCII"),
        (
            "OIDC_LOGOUT_URL",
            "http://id.example.com/logout",
            "https://",
        ),
        ("OIDC_LOGOUT_URL", "javascript:alert(1)", "https://"),
        ("OIDC_LOGOUT_URL", "https://a:password@b/logout", "a user"),
        ("OIDC_LOGOUT_URL", "https://YOUR-POOL/logout", "placeholder"),
        ("OIDC_LOGOUT_URL", "/logout?c={clientId}", "«{clientId}»"),
        (
            "OIDC_LOGOUT_URL",
            "/logout?c=x{client_id}",
            "«x{client_id}»",
        ),
        ("OIDC_PAR", "sometimes", "auto, always or never"),
        ("OIDC_SIGNATURE_ALGORITHMS", "RS256 HS256", "«HS256»"),
        ("OIDC_SIGNATURE_ALGORITHMS", "none", "«none»"),
        ("OIDC_SIGNATURE_ALGORITHMS", ",", "no algorithm"),
        ("OIDC_LOGIN_PAGE", "popup", "redirect, page or widget"),
        ("OIDC_WIDGET_ENGINE", "v1", "identity or classic"),
        ("OIDC_SCOPES", "profile email", "openid"),
        ("OIDC_SCOPES", "openid pro\"file", "plain ASCII"),
        ("OIDC_SCOPES", "openid pro\\file", "plain ASCII"),
        ("OIDC_SCOPES", "openid größe", "plain ASCII"),
        ("OIDC_CA_FILE", "/no/such/file.pem", "cannot be read"),
        ("OIDC_JOIN_DOMAINS", "*.example.com", "«*.example.com»"),
        ("OIDC_JOIN_DOMAINS", "example.com/x", "«example.com/x»"),
        (
            "OIDC_JOIN_DOMAINS",
            "alice@example.com",
            "«alice@example.com»",
        ),
        ("OIDC_JOIN_DOMAINS", "192.0.2.1", "«192.0.2.1»"),
        ("OIDC_JOIN_DOMAINS", ",", "no domain"),
        ("OIDC_JOIN_GROUPS", ";", "no group"),
        ("OIDC_JOIN_INVITED_FILE", "/no/such/file", "cannot be read"),
        ("OIDC_ROLE_MAP", "Finance Admins", "GROUP=ROLE"),
        ("OIDC_ROLE_MAP", "a=b; =admin", "«=admin»"),
        ("OIDC_ROLE_MAP", "Finance=", "«Finance=»"),
        ("OIDC_ROLE_MAP", ";", "no group"),
        ("OIDC_DIRECT_URL", "keycloak:8080", "absolute URL"),
        ("OIDC_DIRECT_URL", "keycloak", "absolute URL"),
        ("OIDC_DIRECT_URL", "ftp://keycloak", "absolute URL"),
        (
            "OIDC_DIRECT_URL",
            "http://keycloak:8080/realms/x",
            "scheme, host and port",
        ),
        (
            "OIDC_DIRECT_URL",
            "http://me:secret@keycloak",
            "scheme, host and port",
        ),
        (
            "OIDC_DIRECT_URL",
            "http://keycloak?a=b",
            "scheme, host and port",
        ),
        (
            "OIDC_METADATA_URL",
            "id.example.com/metadata",
            "absolute URL",
        ),
        (
            "OIDC_METADATA_URL",
            "http://id.example.com/metadata",
            "https://",
        ),
        (
            "OIDC_METADATA_URL",
            "https://me@id.example.com/",
            "user or #",
        ),
        ("OIDC_CLOCK_SKEW_SECONDS", "-1", "0 to 600"),
        ("APP_BASE_URL", "http://app.example.com", "https://"),
        ("APP_BASE_URL", "app.example.com", "absolute URL"),
        ("APP_BASE_URL", "ftp://app.example.com", "https://"),
        ("APP_BASE_URL", "ftp://localhost:8080", "https://"),
        ("APP_BASE_URL", "http://not-localhost:8080", "https://"),
        ("APP_BASE_URL", "http://192.0.2.1:8080", "https://"),
        ("APP_BASE_URL", "http://[2001:db8::1]:8080", "https://"),
        (
            "APP_BASE_URL",
            "https://somebody:password@app.example.com",
            "user, ? or #",
        ),
        ("APP_BASE_URL", "{appBaseUrl}", "placeholder"),
        ("APP_BASE_URL", "https://{yourDomain}", "placeholder"),
        (
            "APP_BASE_URL",
            "https://app.example.com/a//b",
            "two slashes",
        ),
        ("OIDC_LOGIN_REDIRECT_URI", "{redirectUri}", "placeholder"),
        ("OIDC_LOGIN_REDIRECT_URI", "garbage", "absolute URL"),
        (
            "OIDC_LOGOUT_REDIRECT_URI",
            "http://app.example.com/",
            "https://",
        ),
        ("OIDC_CLIENT_SECRET", "{clientSecret}", "placeholder"),
        ("APP_BASE_URL", "https://app.example.com/?a", "user, ? or #"),
        ("APP_LISTEN", "8080", "host:port"),
        (
            "APP_TRUSTED_PROXIES",
            "10.0.0.1 10.0.0.0/33",
            "«10.0.0.0/33»",
        ),
        ("APP_TRUSTED_PROXIES", "proxy.example.com", "not an address"),
        ("HTTPS_PROXY", "http://user:password@", "http://HOST:PORT"),
        ("HTTP_PROXY", "proxy:port", "http://HOST:PORT"),
        ("ALL_PROXY", "socks5://proxy:1080", "http://HOST:PORT"),
        ("SESSION_SECRET", "short", "too weak"),
        (
            "SESSION_SECRET",
            "abcdefghijklmnopqrstuvwxyz01234",
            "too weak",
        ),
        (
            "SESSION_SECRET",
            "<abcdefghijklmnopqrstuvwxyz0123456789>",
            "example",
        ),
        (
            "SESSION_SECRET",
            "a-Change-Me-value-0123456789-abcdefghijk",
            "example",
        ),
        ("SESSION_SECRET", " , ", "no secret"),
        (
            "SESSION_SECRET",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "too weak",
        ),
        ("SESSION_STORE", "embedded:", "embedded:PATH"),
        ("SESSION_STORE", "memory:of-a-goldfish", "embedded:PATH"),
        (
            "SESSION_STORE",
            "mysql://user:password@host",
            "embedded:PATH",
        ),
        (
            "SESSION_STORE",
            "redis://:password@one:6379,two:6379",
            "redis+cluster://HOST,HOST",
        ),
        ("SESSION_STORE", "redis://one:port", "redis://[USER"),
        ("SESSION_STORE", "redis://", "redis://[USER"),
        (
            "SESSION_STORE",
            "rediss://:password@one/#insecure",
            "redis://[USER",
        ),
        (
            "SESSION_STORE",
            "redis-sentinel://one:26379/main",
            "redis+sentinel://[USER",
        ),
        (
            "SESSION_STORE",
            "redis+sentinel://:password@one,two",
            "/SERVICE",
        ),
        (
            "SESSION_STORE",
            "redis+sentinel://:password@one,,two/main",
            "/SERVICE",
        ),
        ("SESSION_STORE", "redis+sentinel://one/two main", "/SERVICE"),
        (
            "SESSION_STORE",
            "redis+sentinel://one/main/x",
            "[/DATABASE]",
        ),
        (
            "SESSION_STORE",
            "redis+sentinel://one?a,two/main",
            "/SERVICE",
        ),
        (
            "SESSION_STORE",
            "rediss+sentinel://:password@one#insecure/main",
            "/SERVICE",
        ),
        (
            "SESSION_STORE",
            "rediss+cluster://:password@one#insecure",
            "rediss+cluster://",
        ),
        (
            "SESSION_STORE",
            "valkey-cluster://:password@one",
            "redis+cluster://[USER",
        ),
        (
            "SESSION_STORE",
            "redis+cluster://:password@one,two:6379/1",
            "redis+cluster://[USER",
        ),
        ("SESSION_STORE", "rediss+cluster://", "rediss+cluster://"),
        (
            "OIDC_LOGIN_REDIRECT_URI",
            "https://app.example.com/#x",
            "a #",
        ),
        (
            "OIDC_LOGIN_REDIRECT_URI",
            "https://app.example.com/authorization-code/callback",
            "APP_BASE_URL",
        ),
        (
            "OIDC_LOGIN_REDIRECT_URI",
            "http://127.0.0.1:8080/authorization-code/callback",
            &format!("http://localhost:8080{}", PATHS.login_callback),
        ),
    ] {
        let said = faults_with(variable, value);
        let is_named = said.contains(&format!("\n  {variable}: "));
        if !is_named || !said.contains(hint) || said.lines().count() != 2 {
            unexpected.push(format!("{variable}={value}, «{hint}»: {said}"));
        }
        assert!(!said.contains("password"), "{said}");
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}

/// Each is a check of the app, or says who asks for what.
#[test]
fn no_parameter_of_the_protocol_can_be_set_beside_the_app() {
    for name in [
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "code",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "dpop_jkt",
        "id_token_hint",
        "iss",
        "nonce",
        "redirect_uri",
        "registration",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    ] {
        let said = faults_with("OIDC_EXTRA_PARAMETERS", &format!("{name}=x"));
        assert!(said.contains(&format!("must not set «{name}»")), "{said}");
    }
    let said = faults_with("OIDC_EXTRA_PARAMETERS", "response_mode=fragment");
    assert!(said.contains("ask for form_post"), "{said}");
    let long = format!("ui_locales={}", "x".repeat(1024));
    let said = faults_with("OIDC_EXTRA_PARAMETERS", &long);
    assert!(said.contains("longer than 1024 bytes"), "{said}");
}

#[test]
fn the_widget_cannot_ask_for_what_every_sign_in_demands() {
    for demand in ["acr_values=phr", "max_age=60"] {
        let with = |login_page| {
            let variables = [
                ("OIDC_EXTRA_PARAMETERS", demand),
                ("OIDC_LOGIN_PAGE", login_page),
            ];
            faults(&[&variables[..], &PROVIDER].concat())
        };
        let said = with("widget");
        assert!(
            said.contains("\n  OIDC_LOGIN_PAGE: widget cannot"),
            "{said}"
        );
        assert_eq!(with("page"), "");
        assert_eq!(with("redirect"), "");
    }
}

#[test]
fn o5_secrets_may_have_any_printable_characters() {
    // As password managers and Terraform's random_password make them.
    let secrets = [
        "k{3Qz<u&9!Rw7)mTq-Vd@8e_Yb%Xc>Lp=Hn:Ga?",
        "{k3Qz}u&9!Rw7)mTq-Vd@8e_Yb%Xc>Lp=Hn:Ga?",
        "<k3Qz>u&9!Rw7)mTq-Vd@8e_Yb%Xc>Lp=Hn:G}",
        "$k3Qz${u}9!Rw7)mTq-Vd@8e_Yb%Xc>Lp=Hn:Ga",
        "`k3Q;u'9|Rw7)mTq-Vd@8e_YOUR-%Xc~Lp^Hn#Ga",
        "k3Qz*\\u+9!Rw7[mTq-Vd]8e_Yb%Xc./Lp=\"Hn Ga?",
        "grün9!Rw7)mTq-Vd@8e_Yb%Xc>Lp=Hn:Ga?§µßäöü",
        "k3Qz,u&9!Rw7)mTq-V,d@8e_Yb%Xc>Lp=Hn:Ga?",
    ];
    for secret in secrets {
        let variables = [
            ("OIDC_ISSUER", "https://id.example.com"),
            ("OIDC_CLIENT_ID", secret),
            ("OIDC_CLIENT_SECRET", secret),
            ("SESSION_SECRET", secret),
        ];
        let settings = settings(&variables).unwrap_or_else(|faults| panic!("{secret}: {faults}"));
        let sealing: Vec<_> = settings.secrets.iter().map(|one| one.expose()).collect();
        assert_eq!(sealing, [secret]);
        let provider = settings.provider.unwrap();
        assert_eq!(provider.client_id, secret);
        let Credential::Secret { secret: sent, .. } = provider.credential else {
            panic!("{secret} is no secret");
        };
        assert_eq!(sent.expose(), secret);
    }
}

#[test]
fn o5_a_secret_with_commas_can_be_replaced_like_any_other() {
    let (new, plain) = (
        "n9Rw7mTqVd8eYbXcLpHnGak3Qzu2Ws4E",
        "k2D9vTq0sJx8LrYw3NzQm5Bf7HcVp1Xg",
    );
    let commas = [
        "k3,Qzu9Rw7mTqVd8eYbXcLpHnGa2Ws4Ex6D",
        "k3Qzu9Rw7mTqVd8e,YbXcLpHnGa2Ws4Ex6D",
    ];
    for old in commas.into_iter().chain([plain]) {
        for value in [
            format!("{new},{old}"),
            format!(" {new} , {old} "),
            format!("{new},{old},"),
        ] {
            let settings = settings(&[("SESSION_SECRET", &value)]).unwrap();
            let secrets: Vec<_> = settings.secrets.iter().map(|one| one.expose()).collect();
            assert_eq!(secrets, [new, old], "{value}");
        }
    }
    let of_many = "k,3,Q,z,u,9,R,w,7,m,T,q,V,d,8,e,Y,b";
    let settings = settings(&[("SESSION_SECRET", of_many)]).unwrap();
    assert_eq!(settings.secrets[0].expose(), of_many);
    assert_eq!(settings.secrets.len(), 1);
    for weak in ["a,short,one", &format!("{new},short")] {
        let said = faults(&[("SESSION_SECRET", weak)]);
        assert!(said.contains("too weak"), "{said}");
    }
}

#[test]
fn o5_a_whole_placeholder_is_no_secret() {
    for placeholder in [
        "{clientSecret}",
        "{{ client_secret }}",
        "${CLIENT_SECRET}",
        "<your client secret>",
        "YOUR_CLIENT_SECRET",
        "your-client-secret",
    ] {
        for variable in ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"] {
            let said = faults_with(variable, placeholder);
            let expected = format!("\n  {variable}: still is a placeholder");
            assert!(said.contains(&expected), "{placeholder}: {said}");
        }
    }
    let padded = "<abcdefghijklmnopqrstuvwxyz-0123456789>";
    let said = faults_with("SESSION_SECRET", padded);
    assert!(said.contains("example"), "{said}");
}

#[test]
fn o5_quotes_that_arrive_with_the_value_are_named() {
    for (variable, value) in [
        ("OIDC_SCOPES", "\"openid profile email\""),
        ("OIDC_SCOPES", "'openid profile'"),
        ("OIDC_ISSUER", "\"https://id.example.com\""),
        ("OIDC_CLIENT_SECRET", "'a secret'"),
        ("SESSION_SECRET", "\"k2D9vTq0sJx8LrYw3NzQm5Bf7HcVp1Xg\""),
        ("SESSION_MAX_HOURS", "\"12\""),
        ("OIDC_USERINFO", "\"\""),
        ("HTTPS_PROXY", "\"http://proxy:3128\""),
    ] {
        let said = faults_with(variable, value);
        let named = format!("\n  {variable}: the quotes around");
        assert!(said.contains(&named), "{said}");
        assert_eq!(said.lines().count(), 2, "nothing else: {said}");
        assert!(!said.contains("k2D9"), "{said}");
    }
    // Inside, or on one side, they are part of it.
    for value in ["a\"b\"c", "\"a", "a'", "\""] {
        assert_eq!(faults_with("OIDC_CLIENT_SECRET", value), "");
    }
}

/// What the program says when it is started where this `.env` lies.
#[cfg(debug_assertions)]
fn said_with_dotenv(content: &str) -> String {
    said(content, &[])
}

/// What the program says when it is started with this `.env` and these variables
/// besides.
fn said(dotenv: &str, more: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), dotenv).unwrap();
    let log = folder.path().join("log");
    let mut app = process::command()
        .current_dir(folder.path())
        .envs([
            (LISTEN, "127.0.0.1:0"),
            ("SESSION_STORE", "memory:"),
            ("APP_BASE_URL", "http://localhost:8080"),
            ("OIDC_ISSUER", "http://localhost:9"),
            ("OIDC_CLIENT_ID", "app"),
            ("KNOWN", "known"),
            ("RUST_LOG", "warn"),
        ])
        .envs(more.iter().copied())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    // The provider is not there: that is said after what is wrong with the settings.
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let said = std::fs::read_to_string(&log).unwrap();
        let has_ended = app.try_wait().unwrap().is_some();
        if has_ended || said.contains("the provider cannot be used") {
            let _ = app.kill();
            app.wait().unwrap();
            return std::fs::read_to_string(&log).unwrap();
        }
        assert!(Instant::now() < deadline, "it says nothing: {said}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

const CLIENT_SECRET: (&str, &str) = ("OIDC_CLIENT_SECRET", "kept between 2 of us!");

#[test]
fn a_misspelt_setting_is_named_with_the_right_one() {
    for (misspelt, meant) in [
        ("OIDC_SCOPE", "OIDC_SCOPES"),
        ("OIDC_ROLE_CLAIM", "OIDC_ROLES_CLAIM"),
        ("oidc_trusted_audiences", "OIDC_TRUSTED_AUDIENCES"),
        ("OIDC_STRICT_LOGOUT_TOKEN", "OIDC_STRICT_LOGOUT_TOKENS"),
        ("OIDC_SIGNATURE_ALGORITMS", "OIDC_SIGNATURE_ALGORITHMS"),
        ("SESSION_MAX_HOUR", "SESSION_MAX_HOURS"),
    ] {
        let said = said("", &[CLIENT_SECRET, (misspelt, "4711")]);
        let warning =
            format!("{misspelt}: is not a setting, and {meant} is not set. Did you mean that?");
        assert!(said.contains(&warning), "{said}");
        assert!(!said.contains("4711"), "{said}");
    }
    // Also where the one that was meant is missing.
    let said = said("", &[("OIDC_CLIENTSECRET", "4711")]);
    assert!(said.contains("\n  OIDC_CLIENT_SECRET: missing"), "{said}");
    assert!(said.contains("\n  OIDC_CLIENTSECRET: is not"), "{said}");
}

#[test]
fn what_may_be_meant_for_others_is_not_taken_for_a_setting() {
    for other in [
        "OIDC_PORT",
        "OIDC_SERVICE_HOST",
        "SESSION_MANAGER",
        "APP_NAME",
        // Its like is set.
        "OIDC_ISSUER_URL",
        // The app reads it.
        "RUST_LOG",
    ] {
        let said = said("", &[CLIENT_SECRET, (other, "warn")]);
        assert!(!said.contains("is not a setting"), "{said}");
    }
}

#[cfg(debug_assertions)]
#[test]
fn o5_a_dollar_that_is_lost_in_dotenv_is_named() {
    for value in [
        "pa$sword9~x",
        "pa${sword9}x",
        "\"pa$sword9~x\"",
        "pa$$word9",
        "word9$",
        "$KNOWN-and-$word9",
    ] {
        let said = said_with_dotenv(&format!("OTHER=1\nOIDC_CLIENT_SECRET={value}\n"));
        let named = ".env: the value of OIDC_CLIENT_SECRET has a $";
        assert!(said.contains(named), "{value}: {said}");
        assert!(!said.contains("word9"), "{said}");
    }
    // Also where the rest cannot be used.
    let said = said_with_dotenv("OIDC_CLIENT_SECRET=$word9\n");
    assert!(said.contains("\n  OIDC_CLIENT_SECRET: missing"), "{said}");
    assert!(
        said.contains("\n  .env: the value of OIDC_CLIENT_SECRET"),
        "{said}"
    );
}

#[cfg(debug_assertions)]
#[test]
fn o5_a_dollar_that_is_meant_or_kept_in_dotenv_is_left_alone() {
    for value in [
        "'pa$sword9~x'",
        "pa\\$sword9",
        "a-$KNOWN-b",
        "\"${KNOWN}/x\"",
        "plain",
    ] {
        let said = said_with_dotenv(&format!("OIDC_CLIENT_SECRET={value}\n"));
        assert!(!said.contains(".env"), "{value}: {said}");
    }
}

#[test]
fn settings_that_are_printed_show_no_secret() {
    let settings = settings_of(|name| match name {
        "OIDC_CLIENT_SECRET" => Some("a client's treasure".to_owned()),
        "SESSION_SECRET" => Some("a treasure of 32 different characters".to_owned()),
        "SESSION_STORE" => Some("redis://:treasure@localhost".to_owned()),
        _ => PROVIDER
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned()),
    });
    let printed = format!("{:?}", settings.unwrap());
    assert!(printed.contains("id.example.com"), "{printed}");
    assert!(!printed.contains("treasure"), "{printed}");
}

/// Tests of the store in PostgreSQL are elsewhere; most apps do without it.
#[cfg(not(feature = "postgres"))]
#[test]
fn postgres_without_its_feature_says_which_to_turn_on() {
    for scheme in ["postgres", "postgresql"] {
        let faults = faults_with("SESSION_STORE", &format!("{scheme}://me:password@one/app"));
        let line = "vestibule = { …, features = [\"postgres\"] }";
        assert!(faults.contains(line), "{faults}");
        assert!(!faults.contains("password"), "{faults}");
    }
}

#[test]
fn redis_may_be_one_server_or_several() {
    for address in [
        "redis://localhost",
        "rediss://user:p%40ss@[::1]:6379/2",
        "redis+sentinel://one/main",
        "rediss+sentinel://user:pass@one,[::1]:26379,10.0.0.3/main.1/2",
        "redis+cluster://one",
        "rediss+cluster://:pass@one,[::1]:6379,10.0.0.3:1/",
    ] {
        assert_eq!(faults(&[("SESSION_STORE", address)]), "", "{address}");
    }
}

#[test]
fn redirect_uris_may_have_other_paths_and_sign_out_may_end_elsewhere() {
    let elsewhere = [
        ("APP_BASE_URL", "https://app.example.com/shop"),
        ("OIDC_LOGIN_REDIRECT_URI", "https://app.example.com/back"),
        ("OIDC_LOGOUT_REDIRECT_URI", "https://www.example.com/bye"),
    ];
    assert_eq!(faults(&[&elsewhere[..], &PROVIDER].concat()), "");
}

#[tokio::test]
async fn a_redirect_uri_at_another_path_is_warned_of() {
    for (path, warns) in [("/elsewhere", true), (PATHS.login_callback, false)] {
        let uri = format!("http://localhost:PORT{path}");
        let app = Fixture::start_with_env(&[("OIDC_LOGIN_REDIRECT_URI", &uri)]).await;
        let uri = app.base.join(path).unwrap();
        let logged = app.logged(&format!("OIDC_LOGIN_REDIRECT_URI: «{uri}»"));
        assert_eq!(logged.contains("WARN"), warns, "{logged}");
    }
}

#[test]
fn a_client_key_that_cannot_be_used_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let path = file.display().to_string();
    let faults_of = |content: &str| {
        std::fs::write(&file, content).unwrap();
        faults(&[
            ("OIDC_ISSUER", "https://id.example.com"),
            ("OIDC_CLIENT_ID", "app"),
            ("OIDC_CLIENT_AUTH", "private_key_jwt"),
            ("OIDC_CLIENT_KEY_FILE", &path),
        ])
    };
    assert_eq!(faults_of(&ClientKey::p384().pem), "");
    let not_base64 = "-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----\n";
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let sec1 = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
    for (content, hint) in [
        ("", "no private key"),
        (not_base64, "no private key"),
        (public, "no private key"),
        (encrypted, "passphrase"),
        (sec1, "openssl pkcs8"),
        (no_key, "RSA with 2048"),
    ] {
        let said = faults_of(content);
        assert!(said.contains("\n  OIDC_CLIENT_KEY_FILE: "), "{said}");
        assert!(said.contains(hint), "{said}");
        assert!(!said.contains("AAAA"), "{said}");
    }
}

#[test]
fn a_client_key_and_a_secret_exclude_each_other() {
    let said = faults_with("OIDC_CLIENT_AUTH", "private_key_jwt");
    assert!(said.contains("\n  OIDC_CLIENT_KEY_FILE: missing"), "{said}");
    assert!(said.contains("\n  OIDC_CLIENT_SECRET: "), "{said}");
    let missing = faults(&[
        ("OIDC_ISSUER", "https://id.example.com"),
        ("OIDC_CLIENT_ID", "app"),
        ("OIDC_CLIENT_AUTH", "private_key_jwt"),
        ("OIDC_CLIENT_KEY_FILE", "/no/such/key.pem"),
        ("OIDC_CLIENT_KEY_AUDIENCE", "everybody"),
    ]);
    assert!(missing.contains("cannot be read"), "{missing}");
    assert!(
        missing.contains("issuer, token_endpoint or endpoint"),
        "{missing}"
    );
}

#[test]
fn a_secret_that_is_signed_needs_all_that_is_signed() {
    let said = faults_with("OIDC_CLIENT_AUTH", "signed_secret");
    for (name, hint) in [
        ("KEY_ID", "missing"),
        ("KEY_ISSUER", "missing"),
        ("KEY_FILE", "missing"),
        (
            "SECRET",
            "has no effect with OIDC_CLIENT_AUTH=signed_secret",
        ),
    ] {
        assert!(
            said.contains(&format!("\n  OIDC_CLIENT_{name}: {hint}")),
            "{said}"
        );
    }
    let key = [
        ("OIDC_ISSUER", "https://id.example.com"),
        ("OIDC_CLIENT_ID", "app"),
        ("OIDC_CLIENT_KEY_FILE", "/no/such/key.pem"),
        ("OIDC_CLIENT_KEY_ID", "key-7"),
        ("OIDC_CLIENT_KEY_ISSUER", "TEAM"),
    ];
    for (method, other, value) in [
        ("signed_secret", "OIDC_CLIENT_KEY_AUDIENCE", "endpoint"),
        ("private_key_jwt", "OIDC_CLIENT_KEY_ISSUER", "TEAM"),
    ] {
        let said = faults(&[&key[..], &[("OIDC_CLIENT_AUTH", method), (other, value)]].concat());
        let hint = format!("\n  {other}: has no effect with OIDC_CLIENT_AUTH={method}");
        assert!(said.contains(&hint), "{said}");
    }
}

#[test]
fn a_path_in_the_base_url_is_where_the_app_is_mounted() {
    let base = [("APP_BASE_URL", "https://example.com/portal/")];
    let settings = settings(&[&base[..], &PROVIDER].concat()).unwrap();
    assert_eq!(settings.base_path(), "/portal");
    assert_eq!(
        settings.relying_party.login_redirect_uri.as_str(),
        format!("https://example.com/portal{}", PATHS.login_callback)
    );
}
