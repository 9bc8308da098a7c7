//! Providers as people meet them: what each publishes and answers is replayed by the
//! test provider, at addresses like the provider's own. `SOURCES.md` says where the
//! documents come from.

mod front;
mod sample;

use actix_web::{
    HttpResponse,
    web::{ServiceConfig, get},
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use url::Url;
use vestibule::{Error, Oidc};
use vestibule_dev::{
    provider::{Answer, DevProvider, Endpoint, PushedRequests},
    testing::logs,
};

use self::{front::Front, sample::Sample};
use crate::{
    fixture::{self, Fixture, User},
    keys::RSA_PEM,
    support::{Browser, CLIENT, PATHS, Page, TestApp, login_with},
};

macro_rules! providers {
    ($($test:ident: $file:literal)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                people_sign_in_and_out(include_str!($file)).await;
            }
        )*
    };
}

providers! {
    d13_adfs: "adfs.json"
    d13_apple: "apple.json"
    d13_auth0: "auth0.json"
    d13_authentik: "authentik.json"
    d13_cognito: "cognito.json"
    d13_dex: "dex.json"
    d13_entra: "entra.json"
    d13_gitlab: "gitlab.json"
    d13_google: "google.json"
    d13_hydra: "hydra.json"
    d13_keycloak: "keycloak.json"
    d13_okta_custom: "okta_custom.json"
    d13_okta_org: "okta_org.json"
    d13_ping_federate: "ping_federate.json"
    d13_ping_one: "ping_one.json"
    d13_zitadel: "zitadel.json"
}

/// All that somebody does with a provider.
async fn people_sign_in_and_out(text: &str) {
    let at = Replay::of(text).await;
    at.who_declines_is_told().await;
    at.person_is_known(&at.sign_in().await).await;
    at.tokens_are_refreshed_until_that_is_refused().await;
    at.sign_out_reaches_the_provider().await;
}

/// A provider's documents, replayed to an app.
struct Replay {
    sample: Sample,
    app: TestApp,
}

impl Replay {
    async fn of(text: &str) -> Self {
        let front = Front::bind();
        let (sample, paths) = Sample::read(text, &front);
        let settings: Vec<(&str, &str)> = sample
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let fixture = Fixture {
            pages,
            ..Fixture::default()
        };
        let app = fixture
            .prepared(|settings, provider| {
                front.serve(paths, provider.address());
                provider.use_rsa_pem(RSA_PEM).unwrap();
                provider.set_refresh_tokens_unasked(true);
                if sample.offers("pushed_authorization_request_endpoint") {
                    provider.set_pushed_requests(PushedRequests::Offered);
                }
                let known = settings.provider.as_mut().unwrap();
                known.issuer = sample.member("issuer").to_owned();
                sample.replay(provider, &sample.token);
            })
            .envs(&settings)
            .start()
            .await;
        if let Some(email) = &sample.person.email {
            app.keep_out_of_logs(email);
        }
        Self { sample, app }
    }

    /// Where the provider sends the browser back to, once alice has signed in there.
    async fn answer_to(&self, browser: &Browser) -> Url {
        let request = browser.get(&login_with("return_to=/profile")).await;
        let mut request = request.location();
        let asked = self.sample.member("authorization_endpoint");
        assert!(request.as_str().starts_with(asked), "{request}");
        if self.sample.answers_by_form() {
            // The test provider itself knows no other way than the query.
            let without = |(name, _): &(String, String)| name != "response_mode";
            let pairs: Vec<_> = request.query_pairs().into_owned().collect();
            assert!(pairs.contains(&("response_mode".to_owned(), "form_post".to_owned())));
            let pairs = pairs.into_iter().filter(without);
            let pairs: Vec<_> = pairs.collect();
            request.query_pairs_mut().clear().extend_pairs(pairs);
        }
        let answer = self.app.provider.sign_in(request.as_str(), "alice");
        Url::parse(&answer.unwrap()).unwrap()
    }

    /// Takes the provider's answer to the app, and goes where that leads.
    async fn deliver(&self, browser: &Browser, answer: Url) -> Page {
        if !self.sample.answers_by_form() {
            return browser.visit(answer.as_str()).await;
        }
        // With a form of another site, browsers send no cookie of this one.
        let page = post_as_form(&self.app.browser(), answer).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
        browser.follow(page).await
    }

    async fn sign_in(&self) -> Browser {
        let browser = self.app.browser();
        let answer = self.answer_to(&browser).await;
        let page = self.deliver(&browser, answer).await;
        assert_eq!(page.status, StatusCode::OK, "{}: {}", page.url, page.body);
        assert_eq!(page.url.path(), "/profile");
        browser
    }

    async fn who_declines_is_told(&self) {
        let browser = self.app.browser();
        let mut answer = self.answer_to(&browser).await;
        let state = answer
            .query_pairs()
            .find_map(|(name, value)| (name == "state").then(|| value.into_owned()));
        let declined = &self.sample.declined;
        answer
            .query_pairs_mut()
            .clear()
            .extend_pairs(&declined.pairs)
            .append_pair("state", &state.unwrap());
        let page = self.deliver(&browser, answer).await;
        assert!(page.status.is_client_error(), "{}", page.status);
        let code = format!("<code>{}</code>", declined.code);
        assert!(page.body.contains(&code), "{}", page.body);
        assert!(!browser.is_signed_in().await);
    }

    async fn person_is_known(&self, browser: &Browser) {
        let person = &self.sample.person;
        let me = browser.fetch("/api/me").await.json();
        assert_eq!(me["sub"], self.sample.id_token["sub"]);
        assert_eq!(me["name"], person.name.as_str());
        assert_eq!(me["email"], json!(person.email));
        assert_eq!(me["roles"], json!(person.roles));
        let record = browser.record().await;
        let verified = record.session.claims().verified_email().map(str::to_owned);
        assert_eq!(verified, person.verified_email);
    }

    async fn tokens_are_refreshed_until_that_is_refused(&self) {
        let (app, provider) = (&self.app, &self.app.provider);
        let (Some(refreshed), Some(refused)) = (&self.sample.refreshed, &self.sample.refused)
        else {
            return;
        };
        end_tokens_at_once(provider);
        let alice = self.sign_in().await;
        // A second time only with a refresh token that the first answer gave.
        let times = if refreshed.get("refresh_token").is_some() {
            2
        } else {
            1
        };
        for _ in 0..times {
            self.sample.replay(provider, refreshed);
            end_tokens_at_once(provider);
            let before = app.token_requests();
            let page = alice.fetch("/test/token").await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.body);
            assert_eq!(app.token_requests(), before + 1);
            self.person_is_known(&alice).await;
        }
        let answer = Answer::json(refused.status, &refused.body);
        provider.faults().instead(Endpoint::Token, answer);
        let page = alice.fetch("/test/token").await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{}", page.body);
        assert_eq!(page.json()["code"], "refresh_refused");
        assert!(!alice.is_signed_in().await);
        self.sample.replay(provider, &self.sample.token);
    }

    async fn sign_out_reaches_the_provider(&self) {
        let provider = &self.app.provider;
        let alice = self.sign_in().await;
        let id_token = provider.issued_tokens().pop().unwrap();
        let revoked = || provider.requests_to(Endpoint::Revocation).len();
        let before = revoked();
        let url = alice.sign_out().await.location();
        assert!(!alice.is_signed_in().await);
        match &self.sample.sign_out {
            Some(expected) => {
                let (endpoint, _) = url.as_str().split_once('?').unwrap();
                assert_eq!(endpoint, expected.endpoint);
                let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
                pairs.sort();
                let names: Vec<_> = pairs.iter().map(|(name, _)| name).collect();
                assert_eq!(names, expected.parameters.iter().collect::<Vec<_>>());
                let back = self.app.base.join(PATHS.logged_out).unwrap();
                for (name, value) in pairs {
                    match name.as_str() {
                        "client_id" => assert_eq!(value, CLIENT),
                        "id_token_hint" => assert_eq!(value, id_token),
                        "state" => assert!(value.len() >= 22, "{value}"),
                        _ => assert_eq!(value, back.as_str(), "{name}"),
                    }
                }
            }
            None => {
                assert_eq!(url.path(), PATHS.logged_out);
                assert_eq!(url.query(), Some("only=here"));
            }
        }
        if self.sample.offers("revocation_endpoint") {
            let is_revoked = async || revoked() > before;
            self.app.eventually(is_revoked).await;
        } else {
            assert_eq!(revoked(), 0);
        }
    }
}

/// From now on, each access token has to be refreshed before it is used.
fn end_tokens_at_once(provider: &DevProvider) {
    provider.faults().json(Endpoint::Token, |answer| {
        answer["expires_in"] = json!(0);
    });
}

/// The fixture's pages, and one that uses the access token.
fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    fixture::pages(oidc, config);
    config.route("/test/token", get().to(use_token));
}

async fn use_token(oidc: Oidc, user: User) -> Result<HttpResponse, Error> {
    oidc.access_token(&user).await?;
    Ok(HttpResponse::Ok().finish())
}

#[tokio::test]
async fn d13_entras_shared_issuers_are_refused_with_what_to_do() {
    let app = Fixture::start_prepared(|_, provider| {
        let template = format!("{}/{{tenantid}}/v2.0", provider.issuer());
        let faults = provider.faults();
        faults.json(Endpoint::Metadata, move |metadata| {
            metadata["issuer"] = json!(template);
        });
    })
    .await;
    let page = app.browser().get(PATHS.login).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    let log = logs::with(page.header("x-request-id"));
    assert!(log.contains("{tenantid}"), "{log}");
    assert!(log.contains("name your own tenant"), "{log}");
}

/// Takes the provider's answer to the app as a form (`response_mode=form_post`).
async fn post_as_form(browser: &Browser, mut answer: Url) -> Page {
    let pairs: Vec<_> = answer.query_pairs().into_owned().collect();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    answer.set_query(None);
    browser.post(answer.as_str(), &pairs).await
}

#[tokio::test]
async fn r15_answers_by_form_are_taken_only_if_they_are_asked_for() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", PATHS.login).await;
    let page = post_as_form(&browser, answer.location()).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(!browser.is_signed_in().await);
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn r15_a_form_that_is_no_answer_signs_nobody_in() {
    let variables = [("OIDC_EXTRA_PARAMETERS", "response_mode=form_post")];
    let app = Fixture::start_with_env(&variables).await;
    let bob = app.browser();
    for (content_type, body) in [
        (FORM, "code=1&state=made-up"),
        (FORM, ""),
        (FORM, "code=1&code=2&state=x"),
        (FORM, "access_token=1&state=x"),
        ("application/json", "{\"code\":\"1\",\"state\":\"x\"}"),
    ] {
        let page = bob
            .request(Method::POST, PATHS.login_callback, |request| {
                request
                    .header("content-type", content_type)
                    .header("accept", "text/html")
                    .body(body)
            })
            .await;
        let page = bob.follow(page).await;
        assert!(page.status.is_client_error(), "{body}: {}", page.status);
        assert!(!bob.is_signed_in().await, "{body}");
    }
    let long = format!("state=x&code={}", "x".repeat(40_000));
    let page = bob
        .request(Method::POST, PATHS.login_callback, |request| {
            request.header("content-type", FORM).body(long)
        })
        .await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// What is not part of the answer stays behind: it would be in addresses and logs.
#[tokio::test]
async fn r15_only_the_answer_itself_goes_on_from_a_form() {
    let variables = [("OIDC_EXTRA_PARAMETERS", "response_mode=form_post")];
    let app = Fixture::start_with_env(&variables).await;
    let fields = [
        ("state", "s"),
        ("code", "c"),
        ("user", "{\"email\":\"alice@example.com\"}"),
    ];
    let page = app.browser().post(PATHS.login_callback, &fields).await;
    let url = page.location();
    assert_eq!(url.path(), PATHS.login_callback);
    assert_eq!(url.query(), Some("state=s&code=c"));
    assert_eq!(page.header("cache-control"), "no-store");
}
