//! The app's own sign-in pages: the one with a button, and the one with the
//! Okta Sign-In Widget. What the widget does in a browser is done here by hand.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;
use vestibule::{
    Settings,
    settings::{LoginMode, widget::Engine},
};
use vestibule_dev::provider::Misbehaviour;

use crate::{
    fixture::Fixture,
    support::{Browser, PATHS, Page, login_with, settings_of},
};

fn with_page(settings: &mut Settings) {
    settings.login_mode = LoginMode::Page;
}

fn with_widget(settings: &mut Settings) {
    settings.login_mode = LoginMode::Widget;
}

fn with_classic_widget(settings: &mut Settings) {
    with_widget(settings);
    settings.widget.engine = Engine::Classic;
}

/// What the page tells the widget.
fn widget_settings(page: &Page) -> Value {
    let after = page.body.split("data-settings=\"").nth(1);
    let text = after.unwrap_or_else(|| panic!("no widget in {}", page.body));
    let text = text.split('"').next().unwrap();
    serde_json::from_str(&text.replace("&#34;", "\"").replace("&#38;", "&")).unwrap()
}

/// Signs in as the widget does on the Identity Engine; the answer is its code.
async fn interaction_code(browser: &Browser, settings: &Value) -> Result<String, Value> {
    let issuer = settings["issuer"].as_str().unwrap();
    let text = |name: &str| settings[name].as_str().unwrap().to_owned();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", text("clientId")),
            ("redirect_uri", text("redirectUri")),
            ("scope", "openid profile email".to_owned()),
            ("state", text("state")),
            ("nonce", text("nonce")),
            ("code_challenge", text("codeChallenge")),
            ("code_challenge_method", "S256".to_owned()),
        ])
        .finish();
    let begun = browser
        .request(
            Method::POST,
            &format!("{issuer}/oauth2/v1/interact"),
            |it| {
                it.header("content-type", "application/x-www-form-urlencoded")
                    .body(form)
            },
        )
        .await
        .json();
    let identified = post_json(
        browser,
        &format!("{issuer}/idp/idx/identify"),
        &json!({
            "identifier": "alice",
            "credentials": { "passcode": "secret" },
            "stateHandle": begun["interaction_handle"],
        }),
    )
    .await
    .json();
    let values = identified["successWithInteractionCode"]["value"].as_array();
    let code = values.and_then(|values| {
        let code = values.iter().find(|it| it["name"] == "interaction_code")?;
        Some(code["value"].as_str()?.to_owned())
    });
    code.ok_or(identified)
}

async fn post_json(browser: &Browser, url: &str, body: &Value) -> Page {
    let body = body.to_string();
    browser
        .request(Method::POST, url, |it| {
            it.header("content-type", "application/json").body(body)
        })
        .await
}

fn callback(settings: &Value, answer: &[(&str, &str)]) -> String {
    let mut url = Url::parse(settings["redirectUri"].as_str().unwrap()).unwrap();
    url.query_pairs_mut()
        .append_pair("state", settings["state"].as_str().unwrap())
        .extend_pairs(answer);
    url.into()
}

#[tokio::test]
async fn the_page_passes_on_who_is_meant_and_how_fresh_it_has_to_be() {
    let app = Fixture::start_with(with_page).await;
    let browser = app.browser();
    let page = browser
        .get(&login_with("login_hint=alice&max_age=60"))
        .await;
    let fields = ["return_to", "login_hint", "max_age"].map(|name| (name, page.field(name)));
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    assert_eq!(fields[1..], [("login_hint", "alice"), ("max_age", "60")]);
    let request = browser.post(PATHS.login, &fields).await.location();
    for (name, value) in &fields[1..] {
        let mut sent = request.query_pairs();
        assert!(sent.any(|(known, sent)| known == *name && sent == *value));
    }
    let plain = browser.get(PATHS.login).await;
    assert!(!plain.body.contains("login_hint"), "{}", plain.body);
    assert!(!plain.body.contains("max_age"), "{}", plain.body);
}

#[tokio::test]
async fn the_widget_is_told_who_is_meant() {
    let app = Fixture::start_with(with_widget).await;
    let browser = app.browser();
    let page = browser.get(&login_with("login_hint=alice")).await;
    assert_eq!(widget_settings(&page)["username"], "alice");
    let page = browser.get(PATHS.login).await;
    assert_eq!(widget_settings(&page)["username"], Value::Null);
}

/// The app's page has no list of accounts.
#[tokio::test]
async fn a_choice_of_accounts_is_the_providers() {
    for mode in [with_page, with_widget] {
        let app = Fixture::start_with(mode).await;
        let login = login_with("prompt=select_account");
        let request = app.browser().get(&login).await.location();
        assert!(request.as_str().starts_with(app.provider.issuer()));
        assert!(request.query().unwrap().contains("prompt=select_account"));
    }
}

#[tokio::test]
async fn an_interaction_code_of_the_widget_signs_in() {
    let app = Fixture::start_with(with_widget).await;
    let browser = app.browser();
    let page = browser.visit("/profile").await;
    assert_eq!(page.url.path(), PATHS.login);
    let settings = widget_settings(&page);
    assert_eq!(settings["codeChallengeMethod"], "S256");
    // It would leave the person's name in a cookie.
    assert_eq!(settings["features"]["rememberMe"], false);

    let code = interaction_code(&browser, &settings).await.unwrap();
    let answer = callback(&settings, &[("interaction_code", &code)]);
    let page = browser.visit(&answer).await;

    assert_eq!(page.url.path(), "/profile");
    assert!(page.body.contains("alice@example.com"), "{}", page.body);
}

#[tokio::test]
async fn a_session_token_of_the_classic_widget_signs_in_once() {
    let app = Fixture::start_with(with_classic_widget).await;
    let browser = app.browser();
    let settings = widget_settings(&browser.visit("/profile").await);
    assert_eq!(settings["useClassicEngine"], true);
    let issuer = settings["issuer"].as_str().unwrap();
    let begun = post_json(
        &browser,
        &format!("{issuer}/api/v1/authn"),
        &json!({ "username": "alice", "password": "secret" }),
    )
    .await
    .json();

    let mut authorize = Url::parse(&format!("{issuer}/oauth2/v1/authorize")).unwrap();
    authorize.query_pairs_mut().extend_pairs([
        ("client_id", settings["clientId"].as_str().unwrap()),
        ("redirect_uri", settings["redirectUri"].as_str().unwrap()),
        ("state", settings["state"].as_str().unwrap()),
        (
            "code_challenge",
            settings["codeChallenge"].as_str().unwrap(),
        ),
        ("nonce", settings["authParams"]["nonce"].as_str().unwrap()),
        ("sessionToken", begun["sessionToken"].as_str().unwrap()),
        ("code_challenge_method", "S256"),
        ("response_type", "code"),
        ("scope", "openid profile email"),
    ]);
    let page = browser.visit(authorize.as_str()).await;
    assert_eq!(page.url.path(), "/profile");
    assert_eq!(page.status, StatusCode::OK);

    let again = app.browser().get(authorize.as_str()).await;
    let error = again.location().to_string();
    assert!(error.contains("error=login_required"), "{error}");
}

#[tokio::test]
async fn an_interaction_code_is_checked_like_any_other() {
    for (misbehaviour, code) in [
        (Misbehaviour::WrongNonce, "id_token"),
        (Misbehaviour::InvalidGrant, "code_refused"),
        (Misbehaviour::ForgedToken, "id_token"),
    ] {
        let app = Fixture::start_with(with_widget).await;
        let browser = app.browser();
        let settings = widget_settings(&browser.visit(PATHS.login).await);
        app.provider.faults().set(misbehaviour);
        let interaction = interaction_code(&browser, &settings).await.unwrap();
        let answer = callback(&settings, &[("interaction_code", &interaction)]);
        let page = browser.get(&answer).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{misbehaviour:?}");
        assert!(page.body.contains(code), "{misbehaviour:?}: {}", page.body);
        assert!(!browser.has_cookie("user-session"));
        // The page to sign in with again is there at once, for a new transaction.
        assert_ne!(widget_settings(&page)["state"], settings["state"]);
    }
}

#[tokio::test]
async fn an_interaction_code_answers_nothing_but_the_widget() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let callback = answer.location().to_string();
    for forged in [
        callback.replace("code=", "interaction_code="),
        format!("{callback}&interaction_code=made-up"),
    ] {
        let browser = browser.clone();
        let page = browser.get(&forged).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(!browser.has_cookie("user-session"));
    }
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn an_interaction_code_of_the_widget_stands_alone() {
    let app = Fixture::start_with(with_widget).await;
    let browser = app.browser();
    for more in [
        &[("interaction_code", "")][..],
        &[("interaction_code", "made-up"), ("code", "x")],
        &[("interaction_code", "made-up"), ("error", "access_denied")],
    ] {
        let settings = widget_settings(&browser.visit(PATHS.login).await);
        let page = browser.get(&callback(&settings, more)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{more:?}");
        assert!(page.body.contains("mixed_up"), "{more:?}: {}", page.body);
    }
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn a_finished_transaction_of_the_widget_does_not_go_on() {
    let app = Fixture::start_with(with_widget).await;
    let browser = app.browser();
    let settings = widget_settings(&browser.visit("/profile").await);
    let code = interaction_code(&browser, &settings).await.unwrap();
    let answer = callback(&settings, &[("interaction_code", &code)]);
    browser.visit(&answer).await;

    let more = callback(&settings, &[("error", "interaction_required")]);
    assert_eq!(browser.get(&more).await.header("location"), "/profile");
    browser.sign_out().await;
    let page = browser.get(&more).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("code_refused"), "{}", page.body);
}

#[tokio::test]
async fn an_authorization_code_cannot_be_passed_off_as_an_interaction_code() {
    let app = Fixture::start_with(with_widget).await;
    let browser = app.browser();
    let settings = widget_settings(&browser.visit(PATHS.login).await);
    let interaction = interaction_code(&browser, &settings).await.unwrap();
    let page = browser
        .get(&callback(
            &settings,
            &[("code", &interaction), ("iss", app.provider.issuer())],
        ))
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("code_refused"), "{}", page.body);
}

#[tokio::test]
async fn the_widget_goes_on_with_the_same_transaction_when_more_is_asked() {
    let app = Fixture::start_with(with_widget).await;
    let browser = app.browser();
    let first = widget_settings(&browser.visit("/profile").await);

    let more = callback(&first, &[("error", "interaction_required")]);
    let page = browser.get(&more).await;
    assert_eq!(page.status, StatusCode::OK);
    let again = widget_settings(&page);
    for same in ["state", "codeChallenge", "nonce"] {
        assert_eq!(again[same], first[same], "{same}");
    }

    let page = browser.get(&callback(&first, &[("otp", "123456")])).await;
    assert_eq!(widget_settings(&page)["otp"], "123456");
    assert_eq!(widget_settings(&page)["state"], first["state"]);

    let code = interaction_code(&browser, &again).await.unwrap();
    let page = browser
        .visit(&callback(&again, &[("interaction_code", &code)]))
        .await;
    assert_eq!(page.url.path(), "/profile");
}

#[tokio::test]
async fn a_link_from_an_email_says_where_to_type_the_code() {
    let app = Fixture::start_with(with_widget).await;
    let settings = widget_settings(&app.browser().visit("/profile").await);
    let elsewhere = app.browser();
    let page = elsewhere
        .get(&callback(&settings, &[("otp", "123456")]))
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("otp_elsewhere"), "{}", page.body);
    assert!(!page.body.contains("123456"), "{}", page.body);
}

#[tokio::test]
async fn each_page_with_the_widget_has_a_strict_policy_and_a_nonce_of_its_own() {
    let app = Fixture::start_with(with_widget).await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let page = app.browser().visit(PATHS.login).await;
        let policy = page.header("content-security-policy").to_owned();
        let nonce = policy
            .split("script-src 'nonce-")
            .nth(1)
            .and_then(|after| after.split('\'').next())
            .unwrap();
        assert!(!policy.contains("unsafe-"), "{policy}");
        assert!(policy.contains("https://global.oktacdn.com"), "{policy}");
        let script = "https://global.oktacdn.com/okta-signin-widget/7.49.0/js/okta-sign-in.min.js";
        assert!(page.body.contains(script), "{}", page.body);
        let scripts: Vec<&str> = page.body.split("<script").skip(1).collect();
        assert_eq!(scripts.len(), 2);
        for script in scripts {
            assert!(script.contains(&format!("nonce=\"{nonce}\"")), "{script}");
        }
        assert_eq!(widget_settings(&page)["cspNonce"], nonce);
        assert_eq!(page.body.matches("integrity=\"sha384-").count(), 2);
        nonces.push(nonce.to_owned());
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn a_proof_of_recent_sign_in_is_asked_of_the_provider_itself() {
    let app = Fixture::start_with(with_widget).await;
    let page = app.browser().get(&login_with("max_age=300")).await;
    assert!(page.status.is_redirection());
    assert!(page.header("location").contains("max_age=300"));
}

#[tokio::test]
async fn the_sign_in_page_explains_why_the_last_sign_in_failed() {
    for change in [with_page, with_widget] {
        let app = Fixture::start_with(change).await;
        let browser = app.browser();
        let begun = browser
            .post(PATHS.login, &[("return_to", "/profile?tab=1")])
            .await;
        let list = browser.follow(begun).await;
        let answer = browser.press(&list, ("cancel", "yes")).await;
        let page = browser.follow(answer).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(page.body.contains("role=\"alert\""), "{}", page.body);
        assert!(page.body.contains("<code>denied</code>"), "{}", page.body);
        assert_eq!(page.field("return_to"), "/profile?tab=1");
    }
}

#[tokio::test]
async fn nothing_but_the_widgets_own_files_is_served_as_one() {
    let app = Fixture::start_with(with_widget).await;
    for path in [
        "/static/okta-signin-widget/7.49.0/js/okta-sign-in.min.js",
        "/static/okta-signin-widget/7.49.0/..%2f..%2fCargo.toml",
    ] {
        // No folder is set, so there is none to serve from.
        assert_eq!(app.browser().get(path).await.status, StatusCode::NOT_FOUND);
    }
}

#[test]
fn widget_files_of_another_version_are_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let faults = |page: &str| {
        settings_of(|name| match name {
            "OIDC_LOGIN_PAGE" => Some(page.to_owned()),
            "OIDC_WIDGET_ASSETS" => Some(folder.path().display().to_string()),
            _ => None,
        })
        .map_or_else(|faults| faults.to_string(), |_| String::new())
    };
    assert!(
        faults("widget").contains("npm install"),
        "{}",
        faults("widget")
    );
    std::fs::create_dir_all(folder.path().join("js")).unwrap();
    std::fs::write(folder.path().join("js/okta-sign-in.min.js"), "changed").unwrap();
    let text = faults("widget");
    assert!(text.contains("does not belong to version 7.49.0"), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert_eq!(faults("redirect"), "");
}
