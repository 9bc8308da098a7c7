//! Addresses of PostgreSQL in `SESSION_STORE`: which are refused, which are warned of, and
//! what their parameters for TLS do.

use vestibule::{Oidc, Secret, Settings, store::open};
use vestibule_dev::testing::logs;

use crate::{
    authority::Authority,
    server::{Server, postgres_at},
    support::settings_of,
};

fn settings(address: &str) -> Result<Settings, String> {
    let settings = settings_of(|name| (name == "SESSION_STORE").then(|| address.to_owned()));
    settings.map_err(|faults| faults.to_string())
}

#[test]
fn addresses_that_can_be_used_are_taken() {
    for address in [
        "postgres://localhost/app",
        "postgresql://user:p%40ss@[::1]:5433/app",
        "postgres:///app?host=/run/postgresql",
        "postgres://%2Frun%2Fpostgresql/app",
        "postgres://db.example.com?dbname=app&user=me&password=secret&port=5433",
        "postgres://db.example.com/app?sslmode=verify-full&application_name=shop",
        "postgres://localhost/app?options=-csearch_path%3Dsessions",
        "postgres://localhost/app?options[search_path]=sessions",
    ] {
        assert_eq!(settings(address).err(), None, "{address}");
    }
}

#[test]
fn addresses_that_cannot_be_used_are_refused_with_the_form_to_use() {
    for (address, form) in [
        ("postgres:", "postgres://[USER"),
        ("postgres:app", "postgres://[USER"),
        ("postgres://", "postgres://[USER"),
        ("postgres://hunter2@localhost", "/DATABASE"),
        ("postgres://hunter2@localhost/", "/DATABASE"),
        ("postgres://localhost/?dbname=", "/DATABASE"),
        (
            "postgres://me:hunter2@localhost:port/app",
            "postgres://[USER",
        ),
        ("postgres://me:hunter2@[nonsense/app", "postgres://[USER"),
        // Characters of a password that end a URL's authority, and more.
        ("postgres://me:hunter2#x@localhost/app", "%XX"),
        ("postgres://me:hunter2?x@localhost/app", "%XX"),
        (
            "postgres://me:x@localhost/app?hunter2",
            "no other parameters",
        ),
        ("postgres://localhost/app?sslmode=hunter2", "verify-full"),
        (
            "postgres://localhost/app?port=hunter2",
            "no other parameters",
        ),
        // It protects, and would be left out.
        (
            "postgres://localhost/app?channel_binding=require",
            "no other parameters",
        ),
        ("postgres://one:5432,two:5432/app?user=hunter2", "one host"),
        ("postgres://me:hunter2@one,two/app", "one host"),
        ("postgres:///app?host=one,two", "one host"),
        (
            "postgres://localhost/app?sslrootcert=/nowhere/hunter2.pem",
            "can read",
        ),
        (
            "postgres://localhost/app?sslkey=/nowhere/hunter2.pem",
            "can read",
        ),
        ("mysql://localhost/hunter2", "postgres://HOST/DATABASE"),
    ] {
        let faults = settings(address).unwrap_err();
        assert!(faults.contains("SESSION_STORE"), "{address}: {faults}");
        assert!(faults.contains(form), "{address}: {faults}");
        assert!(!faults.contains("hunter2"), "{address}: {faults}");
    }
}

#[test]
fn a_faulty_address_is_told_with_the_other_faults() {
    let faults = settings_of(|name| match name {
        "SESSION_STORE" => Some("postgres://localhost".to_owned()),
        "SESSION_IDLE_MINUTES" => Some("soon".to_owned()),
        _ => None,
    });
    let faults = faults.unwrap_err().to_string();
    for name in ["SESSION_STORE", "SESSION_IDLE_MINUTES"] {
        assert!(faults.contains(name), "{faults}");
    }
}

#[tokio::test]
async fn an_address_in_code_is_refused_without_showing_it() {
    for url in [
        "postgres://me:hunter2@localhost",
        "hunter2",
        "redis://:hunter2@localhost",
    ] {
        let Err(error) = open(&postgres_at(url)).await else {
            panic!("{url} was accepted");
        };
        assert!(error.to_string().contains("SESSION_STORE"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn s18_a_database_off_this_machine_that_nobody_vouches_for_is_warned_of() {
    for (address, host, is_warned_of) in [
        ("postgres://me:hunter2@192.0.2.7/app", "192.0.2.7", true),
        ("postgres://192.0.2.8/app?sslmode=prefer", "192.0.2.8", true),
        (
            "postgres://192.0.2.9/app?sslmode=require",
            "192.0.2.9",
            true,
        ),
        (
            "postgres://[2001:db8::7]/app?sslmode=disable",
            "2001:db8::7",
            true,
        ),
        ("postgres:///app?host=192.0.2.10", "192.0.2.10", true),
        (
            "postgres://192.0.2.11/app?sslmode=verify-ca",
            "192.0.2.11",
            false,
        ),
        (
            "postgres://192.0.2.12/app?sslmode=verify-full",
            "192.0.2.12",
            false,
        ),
        ("postgres://localhost/app", "localhost", false),
        ("postgres://[::1]/app", "::1", false),
        ("postgres:///app?host=/nowhere", "/nowhere", false),
    ] {
        let before = logs::keep();
        let mut settings = settings(address).unwrap();
        settings.set_provider("https://id.example.com", "app", Secret::new("secret"));
        let _oidc = Oidc::builder(settings).build().await.unwrap();
        let said = logs::with_since(before, "need not be encrypted");
        let warned = said
            .lines()
            .any(|line| line.contains(&format!("connection to {host} ")));
        assert_eq!(warned, is_warned_of, "{address}: {said}");
        assert!(!said.contains("hunter2"));
    }
}

#[tokio::test]
async fn the_server_is_checked_as_the_address_says() {
    let [authority, other] = [(); 2].map(|()| Authority::certifying("DNS:localhost"));
    let elsewhere = Authority::certifying("DNS:db.example.com");
    let server = Server::start_over(Some(&authority));
    let server_elsewhere = Server::start_over(Some(&elsewhere));
    let without_tls = Server::start();
    let (right, wrong, of_elsewhere) = (
        format!("&sslrootcert={}", authority.file().display()),
        format!("&sslrootcert={}", other.file().display()),
        format!("&sslrootcert={}", elsewhere.file().display()),
    );
    let unknown = Some("invalid peer certificate");
    for (server, mode, root, refusal) in [
        (&server, "verify-full", &*right, None),
        (&server, "verify-ca", &right, None),
        (&server, "require", &right, None),
        (&server, "require", "", None),
        (&server, "prefer", "", None),
        (&server, "verify-full", "", unknown),
        (&server, "verify-full", &wrong, unknown),
        (&server, "verify-ca", &wrong, unknown),
        // As libpq has it: whoever names an authority means it.
        (&server, "require", &wrong, unknown),
        (&server_elsewhere, "verify-full", &of_elsewhere, unknown),
        (
            &without_tls,
            "verify-full",
            "",
            Some("does not support TLS"),
        ),
        (&without_tls, "require", "", Some("does not support TLS")),
        (&without_tls, "prefer", "", None),
    ] {
        let port = server.address.port();
        let url = format!("postgres://postgres@localhost:{port}/postgres?sslmode={mode}{root}");
        let store = open(&postgres_at(&url)).await.unwrap();
        match (store.check().await, refusal) {
            (Ok(()), None) => {}
            (Err(error), Some(refusal)) => {
                assert!(error.to_string().contains(refusal), "{url}: {error}");
            }
            (answer, _) => panic!("{url}: {answer:?}"),
        }
        store.close().await.unwrap();
    }
}
