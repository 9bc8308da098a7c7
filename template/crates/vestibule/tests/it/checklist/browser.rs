//! Section B: what browsers are told, and what other sites and clients cannot
//! make of it.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use actix_web::web::{ServiceConfig, post};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::json;
use url::form_urlencoded;
use vestibule::{Deny, Oidc, PublicForm, internals::LoginLimit, settings::LoginMode};
use vestibule_dev::{provider::Endpoint, testing::logs};

use crate::{
    fixture::{Fixture, Rules, pages},
    silent,
    support::{Browser, PATHS, Page, TestApp, login_with, signed_in_as},
};

const PROTECTED: [&str; 5] = ["/profile", "/devices", "/admin", "/api/me", "/api/userinfo"];

async fn get_with(browser: &Browser, path: &str, headers: &[(&str, &str)]) -> Page {
    browser
        .request(Method::GET, path, |mut request| {
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request
        })
        .await
}

#[tokio::test]
async fn b1_every_page_has_a_strict_policy() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    for path in ["/", "/profile", "/no-such-page", PATHS.logged_out] {
        let page = alice.get(path).await;
        let policy = page.header("content-security-policy");
        for directive in [
            "default-src 'self';",
            "object-src 'none';",
            "base-uri 'none';",
            "frame-ancestors 'none';",
            "form-action 'self' http://localhost:",
        ] {
            assert!(policy.contains(directive), "{directive} in {policy}");
        }
        assert!(policy.contains(app.provider.issuer()), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn b1_forms_may_lead_to_each_origin_of_the_provider() {
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().json(Endpoint::Metadata, |metadata| {
            // One begins as the other does.
            metadata["end_session_endpoint"] = json!("https://id.example:8443/end");
            metadata["authorization_endpoint"] = json!("https://id.example/authorize");
        });
    })
    .await;
    let browser = app.browser();
    browser.get(PATHS.login).await;
    let page = browser.get("/").await;
    let policy = page.header("content-security-policy");
    let (_, targets) = policy.split_once("form-action 'self' ").unwrap();
    let targets: Vec<&str> = targets.split([' ', ';']).collect();
    assert_eq!(
        targets[..2],
        ["https://id.example:8443", "https://id.example"]
    );
}

#[tokio::test]
async fn b1_the_nonce_is_another_one_in_each_response() {
    let browser = Fixture::start_with(|settings| settings.login_mode = LoginMode::Widget)
        .await
        .browser();
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let page = browser.get(PATHS.login).await;
        let policy = page.header("content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap();
        nonces.push(nonce.split('\'').next().unwrap().to_owned());
    }
    assert!(nonces[0].len() >= 22, "128 bits: {}", nonces[0]);
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn b1_the_script_of_every_page_is_known_by_its_hash() {
    let page = signed_in_as("alice").await.get("/profile").await;
    let policy = page.header("content-security-policy");
    let (_, script) = page.body.split_once("<script>").unwrap();
    let (script, rest) = script.split_once("</script>").unwrap();
    assert!(script.contains("pagehide") && !rest.contains("<script"));
    let hash = STANDARD.encode(digest(&SHA256, script.as_bytes()));
    assert!(
        policy.contains(&format!("; script-src 'sha256-{hash}';")),
        "{policy}"
    );
}

#[tokio::test]
async fn b2_every_response_carries_security_headers() {
    let app = Fixture::start_with_env(&[("APP_BASE_URL", "https://app.example.com")]).await;
    let browser = app.browser();
    for path in [
        "/",
        "/static/app.css",
        "/healthz",
        "/no-such-page",
        PATHS.login,
        "/profile",
    ] {
        for page in [browser.get(path).await, browser.fetch(path).await] {
            assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(page.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
            let hsts = page.header("strict-transport-security");
            assert!(hsts.starts_with("max-age="), "{path}: {hsts}");
        }
    }
    let without_tls = Fixture::start().await.browser().get("/").await;
    assert_eq!(without_tls.header("strict-transport-security"), "");
}

#[tokio::test]
async fn b3_pages_of_signed_in_people_are_kept_by_no_cache() {
    let alice = signed_in_as("alice").await;
    for path in ["/", "/profile", "/devices", "/admin", "/no-such-page"] {
        let page = alice.get(path).await;
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
    let me = alice.fetch("/api/me").await;
    assert_eq!(me.header("cache-control"), "no-store");
}

#[tokio::test]
async fn b4_nothing_is_changed_by_a_cookie_alone() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    for path in [PATHS.logout, "/devices", "/admin"] {
        let page = alice.post(path, &[("subject", "bob")]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        assert!(page.body.contains("forged_form"), "{path}");
    }
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let page = alice.request(method, PATHS.logout, |request| request).await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn b4_json_needs_the_header_that_no_other_site_can_send() {
    let alice = signed_in_as("alice").await;
    let csrf_token = alice.csrf_token().await;
    let send = async |header: Option<&str>, body: serde_json::Value| {
        let page = alice.request(Method::POST, PATHS.logout, |mut request| {
            if let Some(token) = header {
                request = request.header("x-csrf-token", token);
            }
            request
                .header("content-type", "application/json")
                .body(body.to_string())
        });
        page.await.status
    };
    let in_body = json!({ "csrf_token": csrf_token });
    assert_eq!(send(None, in_body).await, StatusCode::FORBIDDEN);
    assert_eq!(
        send(Some("guessed"), json!({})).await,
        StatusCode::FORBIDDEN
    );
    assert!(alice.is_signed_in().await);
    let status = send(Some(&csrf_token), json!({})).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn b5_strangers_who_navigate_are_sent_to_sign_in_and_back() {
    let browser = Fixture::start().await.browser();
    for path in PROTECTED {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
        let login = page.location();
        assert_eq!(login.path(), PATHS.login);
        let return_to = ("return_to".into(), path.into());
        assert!(login.query_pairs().any(|pair| pair == return_to), "{login}");
    }
}

#[tokio::test]
async fn b5_scripts_of_strangers_get_a_401_and_no_transaction() {
    let browser = Fixture::start().await.browser();
    let kinds: [&[(&str, &str)]; 4] = [
        &[("sec-fetch-mode", "cors"), ("accept", "text/html")],
        &[("accept", "application/json")],
        &[("accept", "*/*")],
        &[],
    ];
    for path in PROTECTED {
        for headers in kinds {
            let answer = get_with(&browser, path, headers).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(!answer.header("www-authenticate").is_empty());
            assert!(answer.header("set-cookie").is_empty());
            assert_eq!(answer.json()["code"], "signed_out");
        }
    }
}

#[tokio::test]
async fn b6_people_without_the_role_are_refused_at_once() {
    let bob = signed_in_as("bob").await;
    let page = bob.get("/admin").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "no redirect");
    assert!(page.body.contains("missing_role"), "{}", page.body);
    let alice = signed_in_as("alice").await;
    assert_eq!(alice.get("/admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn b7_forwarded_headers_of_strangers_change_nothing() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let spoofed = [
        ("x-forwarded-host", "attacker.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "1"),
        ("x-forwarded-prefix", "/attacker"),
        ("x-forwarded-for", "127.0.0.1"),
        (
            "forwarded",
            "for=127.0.0.1;host=attacker.example;proto=https",
        ),
        ("x-original-url", "/profile"),
        ("x-original-host", "attacker.example"),
        ("x-rewrite-url", "/profile"),
        ("x-http-method-override", "POST"),
    ];
    let login = get_with(&browser, PATHS.login, &spoofed).await;
    let redirect_uri = login
        .location()
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(
        redirect_uri,
        app.base.join(PATHS.login_callback).unwrap().as_str()
    );
    let home = get_with(&browser, "/", &spoofed).await;
    assert_eq!(home.status, StatusCode::OK);
    for page in [login, home] {
        let all = format!("{:?}{}", page.headers, page.body);
        assert!(!all.contains("attacker"), "{all}");
    }
    let profile = get_with(&browser, "/profile", &spoofed).await;
    assert_eq!(profile.status, StatusCode::UNAUTHORIZED);
}

#[test]
fn b8_the_limit_is_so_many_a_second_for_each_address() {
    let limit = LoginLimit::new(50);
    let began = Instant::now();
    let here: IpAddr = "192.0.2.7".parse().unwrap();
    let there: IpAddr = "198.51.100.9".parse().unwrap();
    let admitted = |address, milliseconds| {
        let now = began + Duration::from_millis(milliseconds);
        (0..200).filter(|_| limit.admits(address, now)).count()
    };
    assert_eq!(admitted(here, 0), 50);
    assert_eq!(admitted(there, 0), 50, "another address, its own bucket");
    assert_eq!(admitted(here, 100), 5, "a tenth of a second is worth five");
    assert_eq!(admitted(here, 10_000), 50, "and no more is saved up");
}

#[test]
fn b8_addresses_of_one_ipv6_network_share_a_limit() {
    let limit = LoginLimit::new(50);
    let now = Instant::now();
    let admitted = (0..200)
        .map(|host| format!("2001:db8:0:1::{host:x}").parse().unwrap())
        .filter(|address: &IpAddr| limit.admits(*address, now))
        .count();
    assert_eq!(admitted, 50);
    let mapped = "::ffff:192.0.2.7".parse().unwrap();
    assert_eq!((0..200).filter(|_| limit.admits(mapped, now)).count(), 50);
    assert!(!limit.admits("192.0.2.7".parse().unwrap(), now));
}

/// How many of 30 requests at the same time are refused, each said to be
/// forwarded for another address.
async fn refused_of_a_flood(app: &TestApp, path: &'static str) -> usize {
    let requests: Vec<_> = (0..30)
        .map(|number| {
            let browser = app.browser();
            let headers = format!("203.0.113.200, 192.0.2.{number}");
            tokio::spawn(async move {
                get_with(&browser, path, &[("x-forwarded-for", headers.as_str())]).await
            })
        })
        .collect();
    let mut refused = 0;
    for request in requests {
        let page = request.await.unwrap();
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            refused += 1;
            assert_eq!(page.header("retry-after"), "1");
            assert_eq!(page.json()["code"], "too_many_logins");
        }
    }
    refused
}

#[tokio::test]
async fn b8_a_flood_of_sign_ins_from_one_address_is_refused() {
    let app = Fixture::start_with_env(&[("APP_LOGIN_RATE", "2")]).await;
    for path in [PATHS.login, PATHS.login_callback] {
        assert!(refused_of_a_flood(&app, path).await > 0, "{path}");
    }
    for path in ["/healthz", "/readyz", "/", "/static/app.css"] {
        assert_eq!(refused_of_a_flood(&app, path).await, 0, "{path}");
    }
    let browser = app.browser();
    app.eventually(async || browser.get(PATHS.login).await.status == StatusCode::SEE_OTHER)
        .await;
}

#[tokio::test]
async fn b8_an_address_forwarded_by_an_unknown_proxy_is_told_in_the_log_once() {
    let app = Fixture::start().await;
    let is_told = async |headers: &[(&str, &str)]| {
        let page = get_with(&app.browser(), PATHS.login, headers).await;
        assert!(page.status.is_redirection(), "{}", page.body);
        logs::with(page.header("x-request-id")).contains("APP_TRUSTED_PROXIES")
    };
    assert!(!is_told(&[]).await);
    let forwarded = [("x-forwarded-for", "192.0.2.7")];
    assert!(is_told(&forwarded).await);
    assert!(!is_told(&forwarded).await);
}

#[tokio::test]
async fn b8_behind_a_known_proxy_each_address_has_its_own_limit() {
    let app = Fixture::start_with_env(&[
        ("APP_LOGIN_RATE", "2"),
        ("APP_TRUSTED_PROXIES", "127.0.0.1, ::1"),
    ])
    .await;
    assert_eq!(refused_of_a_flood(&app, PATHS.login).await, 0);
}

/// How many of 30 requests at the same time are refused that a known proxy has
/// forwarded for these addresses.
async fn refused_of_forwarded(app: &TestApp, address: impl Fn(usize) -> String) -> usize {
    let requests: Vec<_> = (0..30)
        .map(|number| {
            let (browser, header) = (app.browser(), address(number));
            tokio::spawn(async move {
                get_with(&browser, PATHS.login, &[("x-forwarded-for", &header)]).await
            })
        })
        .collect();
    let mut refused = 0;
    for request in requests {
        let status = request.await.unwrap().status;
        refused += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    refused
}

/// As Azure's gateway and others write them.
#[tokio::test]
async fn b8_forwarded_addresses_may_have_ports_and_brackets() {
    let app = Fixture::start_with_env(&[
        // Addresses share buckets: with fewer, some of so many are refused for others.
        ("APP_LOGIN_RATE", "6"),
        (
            "APP_TRUSTED_PROXIES",
            "127.0.0.1 ::1 10.0.0.0/8 2001:db8:ffff::/48",
        ),
    ])
    .await;
    let each_its_own: [fn(usize) -> String; 6] = [
        |number| format!("192.0.2.{number}:{}", 40_000 + number),
        |number| format!("2001:db8:{number}::1"),
        |number| format!("[2001:db8:1{number:02}::1]"),
        |number| format!("[2001:db8:2{number:02}::1]:443"),
        |number| format!("198.51.100.{number}:9, 10.0.0.1:8080"),
        |number| format!("203.0.113.{number}, [2001:db8:ffff::1]:8080, [2001:db8:ffff::2]"),
    ];
    for address in each_its_own {
        let shown = address(7);
        assert_eq!(refused_of_forwarded(&app, address).await, 0, "{shown}");
    }
    // A port is no address of its own, and what is neither is not believed.
    let the_same: [fn(usize) -> String; 5] = [
        |number| format!("192.0.2.200:{}", 40_000 + number),
        |number| format!("[2001:db8:abc::1]:{}", 40_000 + number),
        |number| format!("192.0.2.{number}:port, 10.0.0.1"),
        |number| format!("[192.0.2.{number}], 10.0.0.2"),
        |number| format!("[2001:db8:{number}::1, 10.0.0.3"),
    ];
    for address in the_same {
        let shown = address(7);
        assert!(refused_of_forwarded(&app, address).await > 0, "{shown}");
    }
}

#[tokio::test]
async fn b8_what_stands_before_the_last_unknown_hop_is_not_believed() {
    let app = Fixture::start_with_env(&[
        ("APP_LOGIN_RATE", "2"),
        ("APP_TRUSTED_PROXIES", "127.0.0.0/8 ::1 10.0.0.0/8"),
    ])
    .await;
    // They all come from 203.0.113.7, or from a hop that cannot be read. What a
    // client has written may be a header of its own.
    for (own, of_proxies) in [
        ("", ", 203.0.113.7, 10.1.2.3"),
        ("", ", unknown, 10.1.2.4"),
        ("", ", 203.0.113.8:4711, 10.1.2.5"),
        ("198.51.100.", "203.0.113.9, 10.1.2.6"),
    ] {
        let requests: Vec<_> = (0..30)
            .map(|number| {
                let browser = app.browser();
                let headers = match own {
                    "" => vec![format!("192.0.2.{number}{of_proxies}")],
                    own => vec![format!("{own}{number}"), of_proxies.to_owned()],
                };
                tokio::spawn(async move {
                    let headers: Vec<_> = headers
                        .iter()
                        .map(|header| ("x-forwarded-for", header.as_str()))
                        .collect();
                    get_with(&browser, PATHS.login, &headers).await
                })
            })
            .collect();
        let mut refused = 0;
        for request in requests {
            let status = request.await.unwrap().status;
            refused += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
        }
        assert!(refused > 0, "{own} {of_proxies}");
    }
}

#[tokio::test]
async fn b9_claims_are_escaped_wherever_they_are_shown() {
    let app = Fixture::start().await;
    let hostile = format!(
        "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}{{{{7*7}}}}{}",
        "x".repeat(10_000)
    );
    let name = hostile.clone();
    app.provider.faults().id_token(move |token| {
        for claim in ["name", "email", "locale", "\"><script>alert(2)</script>"] {
            token.claims[claim] = name.clone().into();
        }
        token.claims["roles"] = json!(["admin", name]);
    });
    app.provider.faults().instead(
        Endpoint::Userinfo,
        vestibule_dev::provider::Answer::new(500, "text/plain", "down"),
    );
    let alice = app.signed_in_as("alice").await;
    for path in ["/", "/profile", "/devices", "/admin", "/no-such-page"] {
        let page = alice.get(path).await;
        for raw in ["<script>alert", "<img", "\"'>"] {
            assert!(!page.body.contains(raw), "{raw} in {path}");
        }
        // The built-in page of an error names nobody.
        let is_shown = page.body.contains("&#60;script&#62;");
        assert_eq!(is_shown, path != "/no-such-page", "{path}");
    }
    // Characters that run the other way stay among themselves.
    assert!(alice.get("/").await.body.contains("<bdi>"));
    let me = alice.fetch("/api/me").await;
    assert_eq!(me.header("content-type"), "application/json");
    assert_eq!(me.json()["name"], hostile.as_str());
}

#[tokio::test]
async fn b9_what_a_link_or_a_rule_says_is_escaped_on_the_built_in_pages() {
    const HOSTILE: &str = "\"'><script>alert(1)</script>";
    let assert_escaped = |page: &Page| {
        assert!(page.body.contains("&#60;script&#62;"), "{}", page.body);
        assert!(!page.body.contains("<script>alert"), "{}", page.body);
        assert!(!page.body.contains("\"'>"), "{}", page.body);
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("login_hint", HOSTILE)
        .append_pair("return_to", &format!("/profile?x={HOSTILE}"))
        .finish();
    for login_mode in [LoginMode::Page, LoginMode::Widget] {
        let app = Fixture::start_with(|settings| settings.login_mode = login_mode).await;
        let page = app.browser().get(&login_with(&query)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_escaped(&page);
    }

    let fixture = Fixture {
        rules: Rules {
            after_login: |_| Err(Deny::new("hostile").title(HOSTILE).text(HOSTILE)),
            ..Rules::default()
        },
        ..Fixture::default()
    };
    let app = fixture.prepared(|_, _| {}).start().await;
    let page = app.browser().sign_in_as("alice", PATHS.login).await;
    assert_escaped(&page);
}

#[tokio::test]
async fn b10_what_a_stranger_says_of_themselves_has_no_effect() {
    let app = Fixture::start().await;
    app.signed_in_as("alice").await;
    let access_token = format!("Bearer {}", app.provider.issued_tokens()[0]);
    let id_token = format!("Bearer {}", app.provider.issued_tokens()[2]);
    let stranger = app.browser();
    for (name, value) in [
        ("x-remote-user", "alice"),
        ("remote-user", "alice"),
        ("x-forwarded-user", "alice"),
        ("x-forwarded-email", "alice@example.com"),
        ("x-auth-request-user", "alice"),
        ("x-user", "alice"),
        ("authorization", access_token.as_str()),
        ("authorization", id_token.as_str()),
        ("authorization", "Basic YWxpY2U6YWxpY2U="),
        (
            "cookie",
            "user=alice; sub=alice; user-app-session=alice; app-session=alice",
        ),
    ] {
        for path in ["/api/me", "/api/me?sub=alice&user=alice", "/profile"] {
            let answer = get_with(&stranger, path, &[(name, value)]).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
        }
        let home = get_with(&stranger, "/", &[(name, value)]).await;
        assert!(!home.body.contains("Alice"), "{name}");
    }
}

/// The app's pages, and a form that anyone may send.
fn with_public_form(oidc: &Oidc, config: &mut ServiceConfig) {
    async fn sign_guest_book(form: PublicForm<Guest>) -> String {
        format!("welcome, {}", form.fields.name)
    }
    config.route("/test/guests", post().to(sign_guest_book));
    pages(oidc, config);
}

#[derive(serde::Deserialize)]
struct Guest {
    name: String,
}

#[tokio::test]
async fn b11_a_form_for_anyone_is_taken_from_pages_of_this_app_only() {
    let app = Fixture::start_with_pages(with_public_form).await;
    let here = app.base.origin().ascii_serialization();
    let send = async |headers: &[(&str, &str)]| {
        app.browser()
            .request(Method::POST, "/test/guests", |mut request| {
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body("name=Grace")
            })
            .await
    };
    for headers in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "same-origin"), ("origin", "null")],
        &[("origin", &here)],
        // Without Fetch Metadata, from a page that sends no Referer.
        &[("origin", "null")],
    ] {
        let page = send(headers).await;
        assert_eq!(page.body, "welcome, Grace", "{headers:?}");
    }
    let port = app.base.port().unwrap();
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("sec-fetch-site", "same-site"), ("origin", "null")],
        &[("sec-fetch-site", "none"), ("origin", &here)],
        &[("sec-fetch-site", "cross-site"), ("origin", &here)],
        &[("origin", "https://attacker.example")],
        &[("origin", &format!("https://localhost:{port}"))],
        &[("origin", "http://localhost")],
        &[("origin", "NULL")],
        &[("origin", "")],
    ] {
        let page = send(headers).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert_eq!(page.json()["code"], "forged_form", "{headers:?}");
    }
}

#[tokio::test]
async fn b11_a_form_with_its_token_is_taken_from_a_browser_without_fetch_metadata() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let csrf_token = alice.csrf_token().await;
    let page = alice
        .request(Method::POST, PATHS.logout, |request| {
            request
                .header("accept", "text/html")
                .header("origin", "null")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("csrf_token={csrf_token}"))
        })
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert!(!alice.is_signed_in().await);
}

/// What a page is asked with, and the answer without what differs each time.
async fn asked(browser: &Browser, method: Method, path: &str, is_navigation: bool) -> Page {
    browser
        .request(method, path, |request| match is_navigation {
            true => request
                .header("accept", "text/html")
                .header("sec-fetch-mode", "navigate"),
            false => request,
        })
        .await
}

#[tokio::test]
async fn b12_head_is_answered_wherever_get_is() {
    for base in ["http://localhost:PORT", "http://localhost:PORT/shop"] {
        let app = Fixture::start_with_env(&[("APP_BASE_URL", base)]).await;
        let below = app.base.path().trim_end_matches('/');
        let alice = app.browser();
        alice.sign_in_as("alice", &format!("{below}/profile")).await;
        let stranger = app.browser();
        let paths = [
            "/",
            "/profile",
            "/admin",
            "/api/me",
            "/healthz",
            "/readyz",
            "/static/app.css",
            "/no-such-page",
            "/static/no-such-file",
            PATHS.logged_out,
        ];
        for path in paths {
            let path = format!("{below}{path}");
            for (browser, is_navigation) in [
                (&alice, true),
                (&alice, false),
                (&stranger, true),
                (&stranger, false),
            ] {
                let get = asked(browser, Method::GET, &path, is_navigation).await;
                let head = asked(browser, Method::HEAD, &path, is_navigation).await;
                assert_eq!(head.status, get.status, "{path}");
                assert_eq!(head.body, "", "{path}");
                for name in [
                    "content-type",
                    "location",
                    "cache-control",
                    "www-authenticate",
                ] {
                    assert_eq!(head.header(name), get.header(name), "{name} of {path}");
                }
            }
        }
        let me = alice.fetch(&format!("{below}/api/me")).await;
        assert_eq!(me.json()["sub"], "alice");
    }
}

#[tokio::test]
async fn b12_probes_begin_and_end_nothing() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let browser = app.browser();
    let request = browser
        .get(&login_with("return_to=/profile"))
        .await
        .location();
    let answer = app.provider.sign_in(request.as_str(), "bob").unwrap();
    let before = browser.cookies();
    let exchanges = app.provider.requests_to(Endpoint::Token).len();

    let probes: [(Method, &[(&str, &str)]); 6] = [
        (Method::HEAD, &[]),
        (Method::HEAD, &[("sec-fetch-mode", "navigate")]),
        (Method::GET, &[("sec-purpose", "prefetch")]),
        (Method::GET, &[("sec-purpose", "prefetch;prerender")]),
        (Method::GET, &[("purpose", "prefetch")]),
        (Method::GET, &[("x-moz", "prefetch")]),
    ];
    for (method, headers) in probes {
        for path in [PATHS.login, &login_with("prompt=none"), &answer] {
            for who in [&browser, &alice] {
                let page = who
                    .request(method.clone(), path, |mut request| {
                        for (name, value) in headers {
                            request = request.header(*name, *value);
                        }
                        request
                    })
                    .await;
                let expected = match method {
                    Method::HEAD => StatusCode::OK,
                    _ => StatusCode::SERVICE_UNAVAILABLE,
                };
                assert_eq!(page.status, expected, "{path} {headers:?}");
                assert_eq!(page.header("set-cookie"), "", "{path} {headers:?}");
                assert_eq!(page.header("location"), "", "{path} {headers:?}");
            }
        }
        let page = asked(&alice, Method::HEAD, PATHS.logout, true).await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert!(alice.is_signed_in().await);
    assert_eq!(app.provider.requests_to(Endpoint::Token).len(), exchanges);
    assert_eq!(browser.cookies(), before);
    // And the sign-in under way can still be finished.
    let page = browser.get(&answer).await;
    assert_eq!(page.header("location"), "/profile");
    assert_eq!(browser.fetch("/api/me").await.json()["sub"], "bob");
}

#[tokio::test]
async fn b12_a_probe_starts_no_silent_sign_in() {
    let app = silent::start().await;
    let browser = app.browser();
    let page = asked(&browser, Method::HEAD, "/test/news", true).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("set-cookie"), "");
    let page = get_with(
        &browser,
        "/test/news",
        &[("sec-fetch-mode", "navigate"), ("sec-purpose", "prefetch")],
    )
    .await;
    assert_eq!(page.body, "news for stranger");
    assert_eq!(page.header("set-cookie"), "");
    let page = asked(&browser, Method::GET, "/test/news", true).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "a person is tried");
}

#[tokio::test]
async fn b12_a_page_that_takes_other_methods_only_names_head_with_get() {
    let app = Fixture::start().await;
    let browser = app.browser();
    for (path, methods, allow) in [
        (PATHS.login, ["PUT", "DELETE"], "GET, HEAD, POST"),
        (PATHS.login_callback, ["POST", "DELETE"], "GET, HEAD"),
        (PATHS.logged_out, ["POST", "PATCH"], "GET, HEAD"),
        (PATHS.logout, ["GET", "PUT"], "POST"),
        (PATHS.backchannel_logout, ["GET", "DELETE"], "POST"),
    ] {
        for method in methods {
            let page = asked(&browser, method.parse().unwrap(), path, false).await;
            assert_eq!(
                page.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
            assert_eq!(page.header("allow"), allow, "{method} {path}");
            assert_eq!(page.json()["code"], "method_not_allowed");
        }
        let head = asked(&browser, Method::HEAD, path, false).await;
        let is_allowed = allow.contains("HEAD");
        assert_eq!(head.status == StatusCode::OK, is_allowed, "{path}");
    }
}
