//! The hint that the log adds to an error, for the people who run the app: each code
//! is provoked, and so is each cause that has a hint of its own.

use actix_web::web::{ServiceConfig, get};
use reqwest::Method;
use serde_json::json;
use vestibule::{Deny, Error, ErrorKind, Oidc, Settings, Undeclared, internals};
use vestibule_dev::{
    provider::{Answer, DevProvider, Endpoint, Misbehaviour, PushedRequests},
    testing::logs,
};

use crate::{
    checklist::change_transaction,
    errors::kinds,
    fixture::{Fixture, Rules},
    step_up,
    support::{Browser, CLIENT, PATHS, Page, login_with},
};

/// Each code, and what its hint is about.
const HINTS: &[(&str, &str)] = &[
    ("signed_out", "no action needed"),
    ("missing_role", "OIDC_ROLES_CLAIM"),
    ("not_fresh", "no action needed"),
    ("not_assured", "no action needed"),
    ("address_too_long", "at most 1024 bytes"),
    ("demand_not_met", "acr_values"),
    ("forged_form", "hidden field csrf_token"),
    ("transaction_unknown", "APP_BASE_URL"),
    ("transaction_expired", "sign in again"),
    ("otp_elsewhere", "sign in again"),
    ("sign_in_loop", "keeps the app's cookies"),
    ("parameter_repeated", "altered the address"),
    ("token_in_callback", "altered the address"),
    ("mixed_up", "another provider's response"),
    ("denied", "assign this app"),
    ("not_signed_in_at_provider", "no action needed"),
    ("provider_error", "the provider's log"),
    ("expired_at_provider", "sign in again"),
    ("code_missing", "altered the address"),
    ("code_refused", "loaded twice"),
    ("token_answer", "OIDC_CLIENT_AUTH"),
    ("id_token", "OIDC_CLIENT_ID"),
    ("user_info", "report it to the provider"),
    ("refresh_refused", "sign in again"),
    ("logout_token", "the token is forged"),
    ("not_paid", "the app's hooks"),
    ("provider_unavailable", "HTTPS_PROXY"),
    ("store_unavailable", "SESSION_STORE"),
    ("too_many_logins", "APP_TRUSTED_PROXIES"),
    ("not_found", "links here"),
    ("method_not_allowed", "links here"),
    ("bad_request", "links here"),
    ("body_too_large", "PayloadConfig"),
    ("body_type", "application/json"),
    ("body_syntax", "the fields that its handler reads"),
    ("invalid_fields", "the fields that its handler reads"),
    ("undeclared_route", "oidc.public(table)"),
    ("internal", "a bug in the app"),
];

/// The fixture's pages, some that demand more, one with a bug, and one that is neither
/// public nor guarded.
fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config.route("/test/bug", get().to(bug));
    config.route("/test/open", get().to(async || "open"));
    step_up::pages(oidc, config);
}

async fn bug() -> Result<&'static str, Error> {
    Err(Error::internal("an index was out of bounds"))
}

/// An app whose provider misbehaves so.
async fn with(bend: impl FnOnce(&DevProvider)) -> Browser {
    let app = Fixture::start_prepared(|_, provider| bend(provider)).await;
    app.browser()
}

/// Where a sign-in ends that may not even begin.
async fn sign_in(browser: &Browser) -> Page {
    let page = browser.visit("/profile").await;
    if !page.body.contains("name=\"request\"") {
        return page;
    }
    let answer = browser.choose(&page, "alice").await;
    browser.follow(answer).await
}

async fn sign_in_with(misbehaviour: Misbehaviour) -> Page {
    let browser = with(|provider| provider.faults().set(misbehaviour)).await;
    sign_in(&browser).await
}

/// The browser comes back with this error instead of a code.
fn answer_with(provider: &DevProvider, error: &'static str, description: &'static str) {
    provider.faults().authorization_response(move |pairs| {
        pairs.retain(|(name, _)| name != "code");
        for (name, value) in [("error", error), ("error_description", description)] {
            pairs.push((name.to_owned(), value.to_owned()));
        }
    });
}

async fn sign_in_answered_with(error: &'static str) -> Page {
    let browser = with(|provider| answer_with(provider, error, "no")).await;
    sign_in(&browser).await
}

async fn callback(query: &str) -> Page {
    let browser = Fixture::start().await.browser();
    browser
        .get(&format!("{}?{query}", PATHS.login_callback))
        .await
}

async fn a_loop() -> Page {
    let app = Fixture::start().await;
    let browser = app.browser();
    loop {
        let page = browser.get(&login_with("return_to=/profile")).await;
        if !page.status.is_redirection() {
            return page;
        }
        let request = page.location();
        let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
        browser.get(&answer).await;
    }
}

async fn too_many() -> Page {
    let app = Fixture::start_with(|settings| settings.login_rate = 1).await;
    let browser = app.browser();
    loop {
        let page = browser.get(PATHS.login).await;
        if !page.status.is_redirection() {
            return page;
        }
    }
}

/// The error page or problem with this code.
async fn provoke(code: &str) -> Page {
    match code {
        "signed_out" => Fixture::start().await.browser().fetch("/api/me").await,
        "missing_role" => {
            let bob = Fixture::start().await.signed_in_as("bob").await;
            bob.get("/admin").await
        }
        "not_fresh" | "not_assured" => {
            let app = Fixture::start_with_pages(pages).await;
            app.provider.faults().id_token(|token| {
                token.claims.as_object_mut().unwrap().remove("auth_time");
            });
            let alice = app.signed_in_as("alice").await;
            let path = match code {
                "not_fresh" => "/test/vault",
                _ => "/test/safe",
            };
            alice.fetch(path).await
        }
        "address_too_long" => {
            let browser = Fixture::start().await.browser();
            let login = format!("return_to=/{}", "x".repeat(1024));
            browser.get(&login_with(&login)).await
        }
        "demand_not_met" => sign_in_answered_with("unmet_authentication_requirements").await,
        "forged_form" => {
            let alice = Fixture::start().await.signed_in_as("alice").await;
            alice.post(PATHS.logout, &[("csrf_token", "none")]).await
        }
        "transaction_unknown" => callback("code=1&state=2").await,
        "transaction_expired" => {
            let browser = Fixture::start().await.browser();
            let answer = browser.answer_of_provider("alice", "/profile").await;
            change_transaction(&browser, |transaction| {
                transaction["started_at"] = json!(0);
            });
            browser.follow(answer).await
        }
        "otp_elsewhere" => callback("otp=1&state=2").await,
        "sign_in_loop" => a_loop().await,
        "parameter_repeated" => callback("state=1&state=2").await,
        "token_in_callback" => callback("id_token=1&state=2").await,
        "mixed_up" => sign_in_with(Misbehaviour::WrongResponseIssuer).await,
        "denied" => sign_in_with(Misbehaviour::AccessDenied).await,
        "not_signed_in_at_provider" => sign_in_answered_with("consent_required").await,
        "provider_error" => sign_in_with(Misbehaviour::ServerError).await,
        "expired_at_provider" => {
            let browser =
                with(|provider| answer_with(provider, "authentication_expired", "")).await;
            let list = sign_in(&browser).await;
            let answer = browser.choose(&list, "alice").await;
            browser.follow(answer).await
        }
        "code_missing" => {
            let without_code = |provider: &DevProvider| {
                provider
                    .faults()
                    .authorization_response(|pairs| pairs.retain(|(name, _)| name != "code"));
            };
            sign_in(&with(without_code).await).await
        }
        "code_refused" => sign_in_with(Misbehaviour::InvalidGrant).await,
        "token_answer" => sign_in_with(Misbehaviour::NoIdToken).await,
        "id_token" => sign_in_with(Misbehaviour::WrongNonce).await,
        "user_info" => sign_in_with(Misbehaviour::OtherPerson).await,
        "refresh_refused" => {
            let app = Fixture::start().await;
            let ended = std::time::Duration::ZERO;
            let alice = app.signed_in_with_token_for("alice", ended).await;
            app.provider.faults().set(Misbehaviour::InvalidGrant);
            alice.fetch("/api/userinfo").await
        }
        "logout_token" => {
            let browser = Fixture::start().await.browser();
            browser
                .post(PATHS.backchannel_logout, &[("logout_token", "none")])
                .await
        }
        "not_paid" => {
            let rules = Rules {
                after_login: |_| Err(Deny::new("not_paid")),
                ..Rules::default()
            };
            let fixture = Fixture {
                rules,
                ..Fixture::default()
            };
            let app = fixture.prepared(|_, _| {}).start().await;
            sign_in(&app.browser()).await
        }
        "provider_unavailable" => {
            let app = Fixture::start_with_provider_down().await;
            app.browser().get(PATHS.login).await
        }
        "store_unavailable" => {
            let app = Fixture::start().await;
            let alice = app.signed_in_as("alice").await;
            let sessions = internals::sessions(app.oidc());
            sessions.store().close().await.unwrap();
            alice.sign_out().await
        }
        "too_many_logins" => too_many().await,
        "not_found" => Fixture::start().await.browser().get("/no-such-page").await,
        "method_not_allowed" => {
            let browser = Fixture::start().await.browser();
            browser.post(PATHS.login_callback, &[]).await
        }
        "bad_request" => {
            let browser = Fixture::start().await.browser();
            browser.get(&login_with("assurance=made-up")).await
        }
        "body_too_large" => with_body("application/json", &"x".repeat(300_000)).await,
        "body_type" => with_body("text/plain", "device=1").await,
        "body_syntax" => with_body("application/json", "{").await,
        "invalid_fields" => with_body("application/json", "{\"device\":1}").await,
        "undeclared_route" => {
            let fixture = Fixture {
                pages,
                undeclared: Undeclared::Refuse,
                ..Fixture::default()
            };
            let app = fixture.prepared(|_, _| {}).start().await;
            app.browser().get("/test/open").await
        }
        "internal" => {
            let app = Fixture::start_with_pages(pages).await;
            app.browser().get("/test/bug").await
        }
        other => panic!("nothing provokes {other}"),
    }
}

/// A body in place of the form that signs other browsers out.
async fn with_body(content_type: &str, body: &str) -> Page {
    let alice = Fixture::start().await.signed_in_as("alice").await;
    let token = alice.csrf_token().await;
    alice
        .request(Method::POST, "/devices", |request| {
            request
                .header("content-type", content_type)
                .header("x-csrf-token", token)
                .body(body.to_owned())
        })
        .await
}

/// The log line about the error on this page.
fn logged(page: &Page, code: &str) -> String {
    assert!(page.body.contains(code), "{code}: {}", page.body);
    let log = logs::with(page.header("x-request-id"));
    let code = format!("code={code:?}");
    let is_it = |line: &&str| line.contains("request failed") && line.contains(&code);
    let line = log.lines().find(is_it);
    line.unwrap_or_else(|| panic!("{code} in {log}")).to_owned()
}

#[tokio::test]
async fn o11_each_code_can_be_provoked_and_has_a_hint_that_fits() {
    for kind in kinds() {
        let error = Error::from(kind);
        let code = error.code();
        let page = provoke(code).await;
        let line = logged(&page, code);
        let expected = HINTS.iter().find(|(known, _)| *known == code);
        let (_, about) = expected.unwrap_or_else(|| panic!("{code} has no hint here"));
        let (_, hint) = line.split_once("hint=").unwrap();
        assert!(hint.contains(about), "{code}: {hint}");
    }
}

type Bend = fn(&DevProvider);

/// What may be wrong at the provider, the code of the error that it causes, and what
/// its own hint names.
const CAUSES: &[(&str, Bend, &str, &str)] = &[
    (
        "a second audience",
        |provider| {
            provider.faults().id_token(|token| {
                token.claims["aud"] = json!([CLIENT, "another"]);
                token.claims["azp"] = json!(CLIENT);
            });
        },
        "id_token",
        "OIDC_TRUSTED_AUDIENCES",
    ),
    (
        "another audience",
        |provider| provider.faults().set(Misbehaviour::WrongAudience),
        "id_token",
        "set OIDC_CLIENT_ID",
    ),
    (
        "another issuer",
        |provider| provider.faults().set(Misbehaviour::WrongIssuer),
        "id_token",
        "set OIDC_ISSUER",
    ),
    (
        "a clock that is wrong",
        |provider| provider.faults().set(Misbehaviour::ExpiredToken),
        "id_token",
        "OIDC_CLOCK_SKEW_SECONDS",
    ),
    (
        "no keys",
        |provider| {
            let none = Answer::json(200, &json!({ "keys": [] }));
            provider.faults().instead(Endpoint::Keys, none);
        },
        "provider_unavailable",
        "a key to sign tokens with",
    ),
    (
        "no list of keys",
        |provider| {
            let none = Answer::json(200, &json!({}));
            provider.faults().instead(Endpoint::Keys, none);
        },
        "provider_unavailable",
        "a key to sign tokens with",
    ),
    (
        "a page in place of the metadata",
        |provider| {
            let page = Answer::new(200, "text/html", "<!doctype html><title>Sign in</title>");
            provider.faults().instead(Endpoint::Metadata, page);
        },
        "provider_unavailable",
        "should show JSON",
    ),
    (
        "a page that says that it is JSON",
        |provider| {
            let page = Answer::new(200, "application/json", "\n <html>");
            provider.faults().instead(Endpoint::Metadata, page);
        },
        "provider_unavailable",
        "should show JSON",
    ),
    (
        "no metadata",
        |provider| {
            let missing = Answer::new(404, "text/plain", "not found");
            provider.faults().instead(Endpoint::Metadata, missing);
        },
        "provider_unavailable",
        "a realm, a tenant",
    ),
    (
        "metadata of another issuer",
        |provider| {
            provider.faults().json(Endpoint::Metadata, |metadata| {
                metadata["issuer"] = json!("https://other.example");
            });
        },
        "provider_unavailable",
        "to the letter",
    ),
    (
        "an endpoint without TLS",
        |provider| {
            provider.faults().json(Endpoint::Metadata, |metadata| {
                metadata["token_endpoint"] = json!("http://id.example.com/token");
            });
        },
        "provider_unavailable",
        "https://",
    ),
    (
        "a client secret that is refused",
        |provider| {
            let refusal = Answer::oauth_error(401, "invalid_client", "no");
            provider.faults().instead(Endpoint::Token, refusal);
        },
        "token_answer",
        "copy OIDC_CLIENT_SECRET",
    ),
    (
        "a client secret that is refused as a bad request",
        |provider| {
            let refusal = Answer::oauth_error(400, "invalid_client", "no");
            provider.faults().instead(Endpoint::Token, refusal);
        },
        "token_answer",
        "copy OIDC_CLIENT_SECRET",
    ),
    (
        "a client secret that is refused without words",
        |provider| {
            let refusal = Answer::new(401, "text/html", "<h1>Unauthorized</h1>");
            provider.faults().instead(Endpoint::Token, refusal);
        },
        "token_answer",
        "copy OIDC_CLIENT_SECRET",
    ),
    (
        "a client that may not use codes",
        |provider| {
            let refusal = Answer::oauth_error(400, "unauthorized_client", "no");
            provider.faults().instead(Endpoint::Token, refusal);
        },
        "token_answer",
        "authorization code flow",
    ),
    (
        "a redirect URI that the token endpoint does not know",
        |provider| {
            let why = "Incorrect redirect URI";
            let refusal = Answer::oauth_error(400, "invalid_grant", why);
            provider.faults().instead(Endpoint::Token, refusal);
        },
        "token_answer",
        "register this app's redirect URI",
    ),
    (
        "a redirect URI that the provider does not know",
        |provider| answer_with(provider, "redirect_uri_mismatch", "no"),
        "provider_error",
        "register this app's redirect URI",
    ),
    (
        "a scope that is not granted",
        |provider| answer_with(provider, "invalid_scope", "no"),
        "provider_error",
        "OIDC_SCOPES",
    ),
    (
        "a client secret that is refused where requests are pushed",
        |provider| {
            provider.set_pushed_requests(PushedRequests::Required);
            let refusal = Answer::oauth_error(401, "invalid_client", "no");
            let faults = provider.faults();
            faults.instead(Endpoint::PushedAuthorization, refusal);
        },
        "provider_unavailable",
        "copy OIDC_CLIENT_SECRET",
    ),
    (
        "a redirect URI that is not known where requests are pushed",
        |provider| {
            provider.set_pushed_requests(PushedRequests::Required);
            let refusal = Answer::oauth_error(400, "invalid_redirect_uri", "no");
            let faults = provider.faults();
            faults.instead(Endpoint::PushedAuthorization, refusal);
        },
        "provider_unavailable",
        "register this app's redirect URI",
    ),
];

#[tokio::test]
async fn o11_causes_that_need_more_than_a_general_hint_have_their_own() {
    for (what, bend, code, about) in CAUSES {
        let browser = with(bend).await;
        let page = sign_in(&browser).await;
        let line = logged(&page, code);
        let (_, hint) = line.split_once("hint=").unwrap();
        assert!(hint.contains(about), "{what}: {line}");
        let general = match *code {
            "id_token" => ErrorKind::IdToken(String::new()),
            "token_answer" => ErrorKind::TokenAnswer(String::new()),
            "provider_error" => ErrorKind::ProviderError(String::new()),
            _ => ErrorKind::ProviderUnavailable(String::new()),
        };
        assert!(!hint.contains(Error::from(general).hint()), "{what}");
    }
}

/// What the log tells of tokens that are not for this app.
#[tokio::test]
async fn o12_a_token_for_others_is_not_quoted_in_the_log() {
    const BENDS: [(&str, &str); 2] = [("iss", "https://secret.example"), ("aud", "secret-client")];
    for (claim, value) in BENDS {
        let browser = with(|provider| {
            provider.faults().id_token(move |token| {
                token.claims[claim] = json!(value);
            });
        })
        .await;
        let page = sign_in(&browser).await;
        let line = logged(&page, "id_token");
        assert!(line.contains(claim), "{line}");
        assert_eq!(logs::with(value), "", "{claim}");
    }
}

#[tokio::test]
async fn o12_the_provider_cannot_write_lines_of_its_own_into_the_log() {
    const FORGED: &str = "https://id.example/\u{202e}\n2026 INFO forged-by-the-provider";
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().json(Endpoint::Metadata, |metadata| {
            metadata["issuer"] = json!(FORGED);
        });
    })
    .await;
    let page = app.browser().get(PATHS.login).await;
    let line = logged(&page, "provider_unavailable");
    assert!(line.contains("unexpected issuer"), "{line}");
    assert!(!line.contains('\u{202e}'), "{line}");
    let lines = logs::with("forged-by-the-provider");
    assert!(lines.lines().count() > 0, "it was read");
    assert!(!lines.lines().any(|line| line.starts_with("2026 INFO")));
}

#[tokio::test]
async fn r17_a_sign_in_that_took_too_long_at_the_provider_begins_anew() {
    for error in ["temporarily_unavailable", "authentication_expired"] {
        let app = Fixture::start().await;
        let alice = app.browser();
        answer_once_with_expiry(&app.provider, error);
        let answer = alice
            .answer_of_provider("alice", &login_with("return_to=/devices&max_age=60"))
            .await;
        let list = alice.follow(answer).await;
        assert!(list.url.as_str().starts_with(app.provider.issuer()));
        // With what the page had demanded.
        let asked = app.provider.requests_to(Endpoint::Authorization);
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[1].query("max_age"), Some("60"));
        assert_ne!(asked[0].query("state"), asked[1].query("state"));

        let answer = alice.choose(&list, "alice").await;
        let page = alice.follow(answer).await;
        assert_eq!(page.url.path(), "/devices");
        assert!(alice.is_signed_in().await);
    }
}

fn answer_once_with_expiry(provider: &DevProvider, error: &'static str) {
    provider
        .faults()
        .once()
        .authorization_response(move |pairs| {
            pairs.retain(|(name, _)| name != "code");
            pairs.push(("error".to_owned(), error.to_owned()));
            let description = "authentication_expired".to_owned();
            pairs.push(("error_description".to_owned(), description));
        });
}

#[tokio::test]
async fn r17_it_begins_anew_only_once() {
    let page = provoke("expired_at_provider").await;
    assert!(page.body.contains("<code>expired_at_provider</code>"));
    assert_eq!(page.button(), "/login?return_to=%2Fprofile");
}

/// A description alone decides nothing.
#[tokio::test]
async fn r17_other_temporary_errors_begin_nothing() {
    for (error, description) in [
        ("temporarily_unavailable", "maintenance"),
        ("access_denied", "authentication"),
    ] {
        let browser = with(|provider| answer_with(provider, error, description)).await;
        let page = sign_in(&browser).await;
        assert!(page.status.is_client_error(), "{error}: {}", page.status);
        let asked = browser.app.provider.requests_to(Endpoint::Authorization);
        assert_eq!(asked.len(), 1);
    }
}

#[tokio::test]
async fn o11_the_log_of_a_start_has_the_hint_too() {
    let none: fn(&mut Settings, &DevProvider) = |_, provider| {
        let none = Answer::json(200, &json!({ "keys": [] }));
        provider.faults().instead(Endpoint::Keys, none);
    };
    let app = Fixture::start_prepared(none).await;
    let issuer = app.provider.issuer();
    app.eventually(async || {
        let log = app.logged(issuer);
        let mut lines = log.lines();
        lines.any(|line| {
            line.contains("the provider cannot be used")
                && line.contains("a key to sign tokens with")
        })
    })
    .await;
}
