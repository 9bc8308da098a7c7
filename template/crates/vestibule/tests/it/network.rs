//! The app in networks as they are: a proxy on the way to the provider, another
//! one in front of the app, and a certificate authority of one's own.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, OnceLock, mpsc},
};

use reqwest::StatusCode;
use rustls::{ServerConnection, StreamOwned};
use serde_json::json;
use url::Url;
use vestibule::Settings;
use vestibule_dev::{
    provider::{DevProvider, Endpoint},
    testing::TestProvider,
};

use crate::{
    authority::Authority,
    fixture::{
        Fixture, PATIENCE,
        process::{self, LISTEN},
    },
    processes::{Instances, read_request, serve},
    support::{PATHS, issuer_of},
};

/// Gives each connection to a port of its own to `answer`.
fn listen(answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    serve(listener, answer);
    port
}

/// Asks `address` and passes its answer on.
fn pass_on(request: &[u8], address: &str, client: &mut impl Write) -> io::Result<()> {
    let mut server = TcpStream::connect(address)?;
    server.write_all(request)?;
    io::copy(&mut server, client)?;
    client.flush()
}

/// The issuer of a provider that is not on this machine.
const REMOTE: &str = "https://id.example.com";

/// An HTTP proxy (RFC 9110, 9.3.6); it remembers the hosts that it was asked for.
struct ForwardProxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    /// The port where it finds all hosts, once that is known.
    target: Arc<OnceLock<u16>>,
}

impl ForwardProxy {
    fn start() -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let target: Arc<OnceLock<u16>> = Arc::default();
        let (asked_here, target_here) = (Arc::clone(&asked), Arc::clone(&target));
        let port = listen(move |mut client| {
            let request = read_request(&mut client)?;
            let request = String::from_utf8_lossy(&request).into_owned();
            let mut words = request.split(' ');
            let (method, host) = (words.next(), words.next().unwrap_or_default());
            asked_here.lock().unwrap().push(host.to_owned());
            let Some(port) = target_here.get().filter(|_| method == Some("CONNECT")) else {
                return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
            };
            let mut server = TcpStream::connect(("127.0.0.1", *port))?;
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
            std::thread::spawn(move || {
                let _ = io::copy(&mut from_client, &mut to_server);
                to_server.shutdown(Shutdown::Write)
            });
            io::copy(&mut server, &mut client)?;
            client.shutdown(Shutdown::Both)
        });
        Self {
            url: format!("http://127.0.0.1:{port}"),
            asked,
            target,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn calls_to_the_provider_go_through_the_proxy_that_is_set() {
    for variable in ["HTTPS_PROXY", "ALL_PROXY"] {
        let proxy = ForwardProxy::start();
        let authority = Authority::certifying("DNS:id.example.com");
        let trusted = authority.file().display().to_string();
        let variables = [
            (variable, proxy.url.as_str()),
            ("OIDC_ISSUER", REMOTE),
            ("OIDC_CA_FILE", &trusted),
        ];
        let mut instances = Instances::start(1, "memory:", &variables).await;
        instances.app.issuer = REMOTE.to_owned();
        let provider = &instances.app.provider;
        serve_under(REMOTE, provider);
        let port = tls_in_front_of(provider.address().port(), &authority);
        proxy.target.set(port).unwrap();
        instances.ready().await;

        let alice = instances.app.signed_in_as("alice").await;
        alice.sign_out().await;
        let revoked = async || !provider.requests_to(Endpoint::Revocation).is_empty();
        instances.app.eventually(revoked).await;
        let asked = proxy.asked();
        assert!(asked.len() >= 5, "{asked:?}");
        assert!(
            asked.iter().all(|host| host == "id.example.com:443"),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn hosts_in_no_proxy_are_asked_directly() {
    let proxy = ForwardProxy::start();
    let variables = [
        ("HTTPS_PROXY", proxy.url.as_str()),
        ("NO_PROXY", "example.com"),
        // It is not there, and need not be waited for long.
        ("OIDC_ISSUER", REMOTE),
        ("OIDC_TIMEOUT_SECONDS", "1"),
    ];
    let instances = Instances::start(1, "memory:", &variables).await;
    let login = instances.app.browser().get(PATHS.login).await;
    assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(proxy.asked(), [""; 0]);
}

/// A proxy cannot know what this machine means by `localhost`.
#[tokio::test]
async fn o7_this_machine_is_never_asked_through_a_proxy() {
    let proxy = ForwardProxy::start();
    let url = proxy.url.as_str();
    for variables in [
        [("HTTP_PROXY", url), ("NO_PROXY", "")],
        [("http_proxy", url), ("NO_PROXY", "example.com")],
        [("ALL_PROXY", url), ("HTTPS_PROXY", url)],
    ] {
        let instances = Instances::start(1, "memory:", &variables).await;
        let alice = instances.app.signed_in_as("alice").await;
        let page = alice.fetch("/api/userinfo").await;
        assert_eq!(page.status, StatusCode::OK, "{variables:?}");
    }
    assert_eq!(proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn o7_nor_by_its_address_and_over_tls() {
    let proxy = ForwardProxy::start();
    let authority = Authority::certifying("DNS:localhost,IP:127.0.0.1");
    for host in ["localhost", "127.0.0.1"] {
        let provider = TestProvider::start().await;
        let port = tls_in_front_of(provider.port.address.port(), &authority);
        let issuer = format!("https://{host}:{port}");
        let trusted = authority.file().display().to_string();
        let variables = [
            ("HTTPS_PROXY", proxy.url.as_str()),
            ("OIDC_ISSUER", &issuer),
            ("OIDC_CA_FILE", &trusted),
        ];
        serve_under(&issuer, &provider.provider);
        let instances = Instances::start(1, "memory:", &variables).await;
        instances.ready().await;
    }
    assert_eq!(proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn a_proxy_that_is_down_is_an_outage_with_a_reason() {
    let variables = [
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("OIDC_ISSUER", REMOTE),
    ];
    let instances = Instances::start(1, "memory:", &variables).await;
    let browser = instances.app.browser();
    let login = browser.get(PATHS.login).await;
    assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE);
    let log = instances.log(0);
    let reason = log.lines().find(|line| line.contains("cannot be used"));
    let reason = reason.unwrap_or_else(|| panic!("{log}"));
    assert!(reason.contains("onnect"), "{reason}");
    // Not the address, which may hold what is nobody's business.
    assert!(!reason.contains(".well-known"), "{reason}");
    let ready = browser.fetch("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// A reverse proxy that ends TLS for `https://app.example.com` and says for whom
/// it asks.
fn reverse_proxy(app: &Url) -> Url {
    let address = format!("127.0.0.1:{}", app.port().unwrap());
    let port = listen(move |mut client| {
        let request = read_request(&mut client)?;
        let asked_for = String::from_utf8_lossy(&request).into_owned();
        let (first, rest) = asked_for.split_once("\r\n").unwrap_or_default();
        let request = format!(
            "{first}\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-Host: app.example.com\r\nForwarded: for=203.0.113.9;proto=https\r\n{rest}"
        );
        pass_on(request.as_bytes(), &address, &mut client)?;
        client.shutdown(Shutdown::Both)
    });
    Url::parse(&format!("http://127.0.0.1:{port}")).unwrap()
}

#[tokio::test]
async fn behind_a_reverse_proxy_people_sign_in_and_out() {
    let mut app = Fixture::start_with_env(&[
        ("APP_BASE_URL", "https://app.example.com/shop"),
        ("APP_TRUSTED_PROXIES", "127.0.0.1"),
        ("APP_LOGIN_RATE", "50"),
    ])
    .await;
    app.listens_at = reverse_proxy(&app.listens_at);

    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/shop/profile").await;
    assert_eq!(page.url.as_str(), "https://app.example.com/shop/profile");
    assert_eq!(page.status, StatusCode::OK);
    assert!(alice.has_cookie("user-session"));

    let csrf_token = page.field("csrf_token");
    let redirect = alice
        .post(
            &format!("/shop{}", PATHS.logout),
            &[("csrf_token", &csrf_token)],
        )
        .await;
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.origin(), app.base.origin());
    assert_eq!(page.url.path(), format!("/shop{}", PATHS.logged_out));
}

/// Many servers end connections that rest for longer than five seconds. A code sent at that
/// very moment is lost, and nobody may send it twice.
#[tokio::test]
async fn connections_that_rest_are_closed_before_providers_do() {
    let (say, hear) = mpsc::channel();
    let app = Fixture::start_prepared(move |_, provider| {
        let there = provider.address();
        let port = listen(move |mut client| {
            let mut server = TcpStream::connect(there)?;
            let (mut answers, mut to_client) = (server.try_clone()?, client.try_clone()?);
            std::thread::spawn(move || io::copy(&mut answers, &mut to_client));
            io::copy(&mut client, &mut server)?;
            say.send(()).map_err(io::Error::other)
        });
        provider.faults().json(Endpoint::Metadata, move |metadata| {
            let token = format!("http://127.0.0.1:{port}{}", Endpoint::Token.path());
            metadata["token_endpoint"] = json!(token);
        });
    })
    .await;
    app.browser().sign_in_as("alice", PATHS.login).await;
    tokio::task::spawn_blocking(move || hear.recv_timeout(PATIENCE))
        .await
        .unwrap()
        .unwrap();
}

/// The public address of a provider that this test's app can't reach, and the one inside, which to
/// the app is not this machine and has no TLS.
fn inside(settings: &mut Settings, provider: &DevProvider) -> Url {
    serve_under(REMOTE, provider);
    let address = provider.address();
    let port = listen(move |mut client| {
        let request = read_request(&mut client)?;
        // The provider answers to no name but its own.
        let here = format!("\r\nhost: localhost:{}\r\n", address.port());
        let request = String::from_utf8_lossy(&request)
            .replace("host: 0.0.0.0", "x-asked-for: 0.0.0.0")
            .replacen("\r\n", &here, 1);
        pass_on(request.as_bytes(), &address.to_string(), &mut client)?;
        client.shutdown(Shutdown::Both)
    });
    let direct = Url::parse(&format!("http://0.0.0.0:{port}")).unwrap();
    let settings = settings.provider.as_mut().unwrap();
    settings.issuer = REMOTE.to_owned();
    settings.direct_url = Some(direct.clone());
    direct
}

/// Has the provider name another address for one of its endpoints.
fn name_at(provider: &DevProvider, name: &'static str, url: String) {
    provider.faults().json(Endpoint::Metadata, move |metadata| {
        metadata[name] = url.clone().into();
    });
}

#[tokio::test]
async fn a_provider_with_another_name_inside_is_asked_there() {
    let mut app = Fixture::start_prepared(|settings, provider| {
        inside(settings, provider);
    })
    .await;
    app.issuer = REMOTE.to_owned();
    let alice = app.signed_in_as("alice").await;
    assert_eq!(alice.fetch("/api/userinfo").await.status, StatusCode::OK);
    assert_eq!(
        app.browser().fetch("/readyz").await.status,
        StatusCode::OK,
        "the look whether it answers goes there too"
    );
    alice.sign_out().await;
    for endpoint in [
        Endpoint::Metadata,
        Endpoint::Keys,
        Endpoint::Token,
        Endpoint::Userinfo,
    ] {
        assert!(
            !app.provider.requests_to(endpoint).is_empty(),
            "{endpoint:?}"
        );
    }
    let at_login = app.browser().get(PATHS.login).await;
    assert!(at_login.location().as_str().starts_with(REMOTE));
}

/// Keycloak names its inner address to those who ask it there.
#[tokio::test]
async fn endpoints_for_the_app_may_be_named_inside() {
    for name in ["token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        let mut app = Fixture::start_prepared(|settings, provider| {
            let direct = inside(settings, provider);
            let endpoint = match name {
                "token_endpoint" => Endpoint::Token,
                "jwks_uri" => Endpoint::Keys,
                _ => Endpoint::Userinfo,
            };
            name_at(provider, name, direct.join(endpoint.path()).unwrap().into());
        })
        .await;
        app.issuer = REMOTE.to_owned();
        app.signed_in_as("alice").await;
    }
}

#[tokio::test]
async fn endpoints_for_browsers_may_not_be_named_inside() {
    for name in ["authorization_endpoint", "end_session_endpoint"] {
        let app = Fixture::start_prepared(|settings, provider| {
            let direct = inside(settings, provider);
            name_at(provider, name, direct.join("/there").unwrap().into());
        })
        .await;
        let login = app.browser().get(PATHS.login).await;
        assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE, "{name}");
        let log = app.logged(REMOTE);
        assert!(
            log.contains(name) && log.contains("KC_HOSTNAME"),
            "{name}: {log}"
        );
    }
}

#[tokio::test]
async fn a_name_inside_makes_no_other_address_without_tls_good() {
    let app = Fixture::start_prepared(|settings, provider| {
        inside(settings, provider);
        name_at(
            provider,
            "token_endpoint",
            "http://0.0.0.0:1/token".to_owned(),
        );
    })
    .await;
    let login = app.browser().get(PATHS.login).await;
    assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        app.logged(REMOTE)
            .contains("its token_endpoint is not protected by TLS")
    );
}

#[tokio::test]
async fn a_name_inside_does_not_make_another_issuer_good() {
    let app = Fixture::start_prepared(|settings, provider| {
        inside(settings, provider);
        name_at(provider, "issuer", "https://other.example.com".to_owned());
    })
    .await;
    let login = app.browser().get(PATHS.login).await;
    assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(app.logged(REMOTE).contains("unexpected issuer"));
}

#[tokio::test]
async fn a_connection_inside_without_tls_is_warned_of() {
    let app = Fixture::start_prepared(|settings, provider| {
        inside(settings, provider);
    })
    .await;
    assert!(app.logged("OIDC_DIRECT_URL").contains("not encrypted"));
}

#[tokio::test]
async fn metadata_may_be_elsewhere() {
    let (issuer, elsewhere) = (Arc::new(OnceLock::new()), Arc::new(Mutex::new(0)));
    let (issuer_there, asked) = (Arc::clone(&issuer), Arc::clone(&elsewhere));
    let port = listen(move |mut client| {
        read_request(&mut client)?;
        *asked.lock().unwrap() += 1;
        let issuer: &String = issuer_there.get().unwrap();
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}{}", Endpoint::Authorization.path()),
            "token_endpoint": format!("{issuer}{}", Endpoint::Token.path()),
            "jwks_uri": format!("{issuer}{}", Endpoint::Keys.path()),
        })
        .to_string();
        let length = metadata.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n");
        write!(client, "{head}connection: close\r\n\r\n{metadata}")
    });
    let app = Fixture::start_prepared(|settings, provider| {
        issuer.set(provider.issuer().to_owned()).unwrap();
        let url = Url::parse(&format!("http://localhost:{port}/metadata?of=this")).unwrap();
        settings.provider.as_mut().unwrap().metadata_url = Some(url);
    })
    .await;
    app.signed_in_as("alice").await;
    let ready = app.browser().fetch("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert!(app.provider.requests_to(Endpoint::Metadata).is_empty());
    assert!(
        *elsewhere.lock().unwrap() >= 2,
        "read, and looked at for /readyz"
    );
}

/// Serves TLS in front of a port of this machine; returns its own.
fn tls_in_front_of(port: u16, authority: &Authority) -> u16 {
    let config = authority.server();
    listen(move |client| {
        let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        let mut client = StreamOwned::new(connection, client);
        let request = read_request(&mut client)?;
        // The provider answers to no name but its own.
        let here = format!("host: localhost:{port}");
        let request = String::from_utf8_lossy(&request).replace("host: id.example.com", &here);
        pass_on(
            request.as_bytes(),
            &format!("127.0.0.1:{port}"),
            &mut client,
        )?;
        client.conn.send_close_notify();
        client.flush()
    })
}

/// Puts TLS in front of what the app itself asks the provider for, under an
/// issuer of its own.
fn behind_tls(authority: &Authority, settings: &mut Settings, provider: &DevProvider) {
    let port = tls_in_front_of(provider.address().port(), authority);
    let issuer = format!("https://localhost:{port}");
    serve_under(&issuer, provider);
    settings.provider.as_mut().unwrap().issuer = issuer;
}

/// Has the provider say that this is its issuer, where the app finds it. Browsers
/// need to be told.
fn serve_under(issuer: &str, provider: &DevProvider) {
    let (plain, issuer) = (provider.issuer().to_owned(), issuer.to_owned());
    let here = issuer.clone();
    provider.faults().json(Endpoint::Metadata, move |metadata| {
        metadata["issuer"] = here.clone().into();
        for name in [
            "token_endpoint",
            "userinfo_endpoint",
            "jwks_uri",
            "revocation_endpoint",
            "pushed_authorization_request_endpoint",
            "authorization_endpoint",
            "end_session_endpoint",
        ] {
            if let Some(url) = metadata[name].as_str() {
                metadata[name] = url.replace(&plain, &here).into();
            }
        }
    });
    let here = issuer.clone();
    provider
        .faults()
        .id_token(move |token| token.claims["iss"] = here.clone().into());
    provider.faults().authorization_response(move |pairs| {
        for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "iss") {
            value.clone_from(&issuer);
        }
    });
}

#[tokio::test]
async fn a_provider_with_a_certificate_of_ones_own_authority_can_be_used() {
    let authority = Authority::certifying("DNS:localhost");
    let mut app = Fixture::start_prepared(|settings, provider| {
        behind_tls(&authority, settings, provider);
        settings.relying_party.ca_file = Some(authority.file());
    })
    .await;
    app.issuer = issuer_of(app.oidc()).to_owned();
    let alice = app.signed_in_as("alice").await;
    assert_eq!(alice.fetch("/api/userinfo").await.status, StatusCode::OK);
}

#[tokio::test]
async fn d2_a_provider_with_tls_has_no_endpoint_without() {
    let authority = Authority::certifying("DNS:localhost");
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
        "pushed_authorization_request_endpoint",
    ] {
        let app = Fixture::start_prepared(|settings, provider| {
            behind_tls(&authority, settings, provider);
            settings.relying_party.ca_file = Some(authority.file());
            let in_clear = format!("{}/elsewhere", provider.issuer());
            provider.faults().json(Endpoint::Metadata, move |metadata| {
                metadata[name] = in_clear.clone().into();
            });
        })
        .await;
        let login = app.browser().get(PATHS.login).await;
        assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE, "{name}");
        let log = app.logged(issuer_of(app.oidc()));
        let reason = format!("its {name} is not protected by TLS");
        assert!(log.contains(&reason), "{name}: {log}");
    }
}

#[tokio::test]
async fn other_certificates_are_refused_with_the_reason() {
    let [authority, other] = [(); 2].map(|()| Authority::certifying("DNS:localhost"));
    for trusted in [None, Some(other.file())] {
        let app = Fixture::start_prepared(|settings, provider| {
            behind_tls(&authority, settings, provider);
            settings.relying_party.ca_file = trusted.clone();
        })
        .await;
        let browser = app.browser();
        let login = browser.get(PATHS.login).await;
        assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE);
        let ready = browser.fetch("/readyz").await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(app.provider.requests().is_empty(), "nothing got through");
        let issuer = issuer_of(app.oidc());
        assert!(app.logged(issuer).contains("ertificate"));
    }
}

#[test]
fn a_file_of_authorities_that_holds_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.pem");
    std::fs::write(&file, "nothing here").unwrap();
    let missing = folder.path().join("missing.pem");
    for unusable in [&file, &missing] {
        let said = started_with_authorities("OIDC_CA_FILE", unusable);
        assert!(said.contains("OIDC_CA_FILE"), "{said}");
    }
}

#[test]
fn a_system_without_authorities_is_told_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let said = started_with_authorities("SSL_CERT_FILE", &folder.path().join("missing.pem"));
    assert!(said.contains("ca-certificates"), "{said}");
    assert!(said.contains("SSL_CERT_FILE"), "{said}");
}

/// What the program says when it is started with this file in a variable.
fn started_with_authorities(variable: &str, file: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut app = process::command();
    let app = app.current_dir(folder.path()).envs([
        ("APP_BASE_URL", "http://localhost:8080"),
        (LISTEN, "127.0.0.1:0"),
        ("SESSION_STORE", "memory:"),
        ("SESSION_SECRET", "k2D9vTq0sJx8LrYw3NzQm5Bf7HcVp1Xg"),
        ("OIDC_ISSUER", "https://id.example.com"),
        ("OIDC_CLIENT_ID", "app"),
        ("OIDC_CLIENT_SECRET", "a secret of some length, 0123456789"),
    ]);
    let ended = app.env(variable, file).output().unwrap();
    assert!(!ended.status.success());
    let mut said = String::new();
    ended.stderr.as_slice().read_to_string(&mut said).unwrap();
    said
}
