//! Several providers in one app: people choose, and everything that follows is done at the
//! provider that they chose.

use std::{collections::HashMap, time::Duration};

use reqwest::StatusCode;
use url::{Url, form_urlencoded};
use vestibule::{
    Oidc, Secret, Settings,
    settings::{Credential, LoginMode, NamedProvider, SessionStore},
};
use vestibule_dev::{
    provider::{DevProvider, Endpoint, Lifetimes},
    testing::{Browser, TestProvider},
};

use crate::{
    fixture::Fixture,
    support::{CLIENT, Page, TestApp},
};

/// An app with two providers, «north» and «south». [`TestApp::provider`] is the north.
struct Both {
    app: TestApp,
    south: TestProvider,
}

impl Both {
    async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let south = TestProvider::start().await;
        let prepare = |settings: &mut Settings, _: &DevProvider| {
            add_both(settings, &south);
            change(settings);
            south.learn_addresses(settings);
        };
        let app = Fixture::default().prepared(prepare).start().await;
        Self { app, south }
    }

    fn provider(&self, name: &str) -> &DevProvider {
        match name {
            "north" => &self.app.provider,
            _ => &self.south.provider,
        }
    }

    /// A browser in which somebody has signed in at one of the two.
    async fn signed_in(&self, person: &str, name: &str) -> Browser {
        let browser = self.app.browser();
        let page = self.sign_in(&browser, person, name).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        browser
    }

    /// Chooses a provider on the page for that, and signs in there.
    async fn sign_in(&self, browser: &Browser, person: &str, name: &str) -> Page {
        let list = browser.get(&self.way(browser, name).await).await;
        let list = browser.follow(list).await;
        let issuer = self.provider(name).issuer();
        assert!(list.url.as_str().starts_with(issuer), "{list:?}");
        let answer = browser.choose(&list, person).await;
        browser.follow(answer).await
    }

    /// What the page to choose links to.
    async fn way(&self, browser: &Browser, name: &str) -> String {
        let page = browser.visit("/profile").await;
        let ways = links(&page);
        let is_it = |way: &&String| way.contains(&format!("provider={name}&"));
        ways.iter().find(is_it).cloned().unwrap()
    }
}

fn add_both(settings: &mut Settings, south: &TestProvider) {
    let north = settings.provider.take().unwrap();
    let Credential::Secret { secret, .. } = north.credential else {
        panic!("the fixture has a secret");
    };
    settings.add_provider("north", &north.issuer, &north.client_id, secret);
    let [(_, issuer), (_, id), (_, secret)] = south.variables();
    let south = settings.add_provider("south", &issuer, &id, Secret::new(secret));
    "The South & more".clone_into(&mut south.title);
}

fn query_of(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// The places that a page links to.
fn links(page: &Page) -> Vec<String> {
    let after = page.body.split("href=\"").skip(1);
    let links = after.filter_map(|rest| rest.split('"').next());
    links
        .filter(|link| link.contains("provider="))
        .map(|link| link.replace("&#38;", "&"))
        .collect()
}

fn names(links: &[String]) -> Vec<String> {
    let name = |link: &String| {
        let url = Url::parse("http://localhost").unwrap().join(link).unwrap();
        query_of(&url)["provider"].clone()
    };
    links.iter().map(name).collect()
}

#[tokio::test]
async fn people_choose_and_come_back_to_their_page() {
    let both = Both::start().await;
    let browser = both.app.browser();
    let page = browser.visit("/profile?tab=2").await;
    assert_eq!(page.status, StatusCode::OK);
    let ways = links(&page);
    assert_eq!(names(&ways), ["north", "south"]);
    assert!(page.body.contains("The South &#38; more"), "{}", page.body);
    let host = Url::parse(both.app.provider.issuer()).unwrap();
    assert!(page.body.contains(host.host_str().unwrap()));

    let list = browser.visit(&ways[1]).await;
    assert!(list.url.as_str().starts_with(both.south.provider.issuer()));
    let answer = browser.choose(&list, "bob").await;
    let page = browser.follow(answer).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.url.as_str().ends_with("/profile?tab=2"), "{page:?}");
    let session = &browser.record().await.session;
    assert_eq!(session.provider(), "south");
    assert_eq!(session.issuer(), both.south.provider.issuer());
}

#[tokio::test]
async fn the_last_choice_comes_first() {
    let both = Both::start().await;
    let browser = both.signed_in("alice", "south").await;
    browser.sign_out().await;
    let page = browser.visit("/profile").await;
    assert_eq!(names(&links(&page)), ["south", "north"]);
    // Whatever else the cookie says is nobody's.
    browser.set_cookie(&both.app.cookie("provider"), "elsewhere");
    let page = browser.visit("/profile").await;
    assert_eq!(names(&links(&page)), ["north", "south"]);
}

#[tokio::test]
async fn who_has_one_provider_chooses_none() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    assert!(!alice.has_cookie("provider"));
    let login = app.browser().get("/login?provider=other").await;
    assert!(login.location().as_str().starts_with(app.provider.issuer()));
}

#[tokio::test]
async fn a_name_that_is_none_leads_to_the_page_to_choose() {
    let both = Both::start().await;
    for way in ["/login", "/login?provider=west", "/login?provider=main"] {
        let page = both.app.browser().get(way).await;
        assert_eq!(links(&page).len(), 2, "{way}: {page:?}");
    }
    let browser = both.app.browser();
    let posted = browser.post("/login", &[("provider", "west")]).await;
    assert_eq!(links(&posted).len(), 2);
}

#[tokio::test]
async fn what_a_page_demands_goes_along() {
    let both = Both::start().await;
    let login = "/login?max_age=60&prompt=select_account&return_to=%2Fdevices";
    let ways = links(&both.app.browser().get(login).await);
    let request = both.app.browser().get(&ways[1]).await.location();
    let sent = query_of(&request);
    assert_eq!(sent["max_age"], "60");
    assert_eq!(sent["prompt"], "select_account");
}

#[tokio::test]
async fn the_same_name_at_two_providers_is_two_people() {
    let both = Both::start().await;
    let north = both.signed_in("alice", "north").await;
    let south = both.signed_in("alice", "south").await;
    for browser in [&north, &south] {
        let page = browser.get("/devices").await;
        assert!(page.body.contains("This browser"), "{}", page.body);
        assert!(!page.body.contains("<form><input"), "{}", page.body);
    }
    let end_all = south.csrf_token().await;
    south.post("/devices", &[("csrf_token", &end_all)]).await;
    assert!(north.is_signed_in().await);
}

#[tokio::test]
async fn signing_out_leads_to_the_provider_where_one_signed_in() {
    let both = Both::start().await;
    for name in ["north", "south"] {
        let browser = both.signed_in("alice", name).await;
        let (here, there) = match name {
            "north" => (&both.app.provider, &both.south.provider),
            _ => (&both.south.provider, &both.app.provider),
        };
        let revoked_there = there.requests_to(Endpoint::Revocation).len();
        let leaving = browser.sign_out().await.location();
        assert!(leaving.as_str().starts_with(here.issuer()), "{leaving}");
        let revoked = async || here.requests_to(Endpoint::Revocation).len() == 2;
        both.app.eventually(revoked).await;
        assert_eq!(there.requests_to(Endpoint::Revocation).len(), revoked_there);
    }
}

#[tokio::test]
async fn tokens_are_used_and_renewed_at_the_provider_that_gave_them() {
    let both = Both::start().await;
    both.south.provider.set_lifetimes(Lifetimes {
        access_token: Duration::from_secs(2),
        ..both.south.provider.lifetimes()
    });
    let browser = both.signed_in("bob", "south").await;
    let exchanged = both.south.provider.requests_to(Endpoint::Token).len();
    let renewed = async || {
        let answer = browser.fetch("/api/userinfo").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        both.south.provider.requests_to(Endpoint::Token).len() > exchanged
    };
    both.app.eventually(renewed).await;
    for endpoint in [Endpoint::Token, Endpoint::Userinfo] {
        assert!(both.app.provider.requests_to(endpoint).is_empty());
    }
}

/// RFC 9700 4.4: a provider that has turned on people sends them to the callback of another,
/// to get hold of that one's code.
#[tokio::test]
async fn a_code_never_reaches_another_provider() {
    let both = Both::start().await;
    for (asked, other) in [("north", "south"), ("south", "north")] {
        let browser = both.app.browser();
        let way = both.way(&browser, asked).await;
        let list = browser.visit(&way).await;
        let answer = browser.choose(&list, "alice").await.location();
        let own = format!("/authorization-code/callback/{asked}");
        assert_eq!(answer.path(), own);
        let moved = answer.as_str().replace(&own, &own.replace(asked, other));
        let page = browser.get(&moved).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{page:?}");
        assert!(page.body.contains("mixed_up"), "{}", page.body);
        // It is spent, and it was sent to nobody.
        let page = browser.get(answer.as_str()).await;
        assert_ne!(page.status, StatusCode::SEE_OTHER, "{page:?}");
        assert!(!browser.is_signed_in().await);
        for name in [asked, other] {
            assert!(both.provider(name).requests_to(Endpoint::Token).is_empty());
        }
    }
}

/// The same where the attacker answers at its own callback, with the code of the other.
#[tokio::test]
async fn an_answer_in_the_name_of_another_provider_is_refused() {
    let both = Both::start().await;
    let browser = both.app.browser();
    let way = both.way(&browser, "south").await;
    let list = browser.visit(&way).await;
    let answer = browser.choose(&list, "alice").await.location();
    let honest = both.app.provider.issuer();
    let mut forged = answer.clone();
    let pairs: Vec<_> = answer.query_pairs().into_owned().collect();
    forged
        .query_pairs_mut()
        .clear()
        .extend_pairs(pairs.iter().map(|(name, value)| {
            let value = if name == "iss" { honest } else { value };
            (name, value)
        }));
    let page = browser.get(forged.as_str()).await;
    assert!(page.body.contains("mixed_up"), "{page:?}");
    assert!(!browser.is_signed_in().await);
    assert!(both.south.provider.requests_to(Endpoint::Token).is_empty());
}

#[tokio::test]
async fn an_id_token_of_another_provider_signs_nobody_in() {
    let both = Both::start().await;
    let honest = both.app.provider.issuer().to_owned();
    both.south.provider.faults().id_token(move |token| {
        token.claims["iss"] = honest.clone().into();
    });
    let browser = both.app.browser();
    let page = both.sign_in(&browser, "alice", "south").await;
    assert!(!browser.is_signed_in().await, "{page:?}");
}

#[tokio::test]
async fn a_callback_without_a_name_is_nobodys() {
    let both = Both::start().await;
    let browser = both.app.browser();
    let page = browser.get("/authorization-code/callback?state=x").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_notice_ends_the_sign_ins_of_its_own_provider_alone() {
    let both = Both::start().await;
    let north = both.signed_in("alice", "north").await;
    let south = both.signed_in("alice", "south").await;
    let token = both
        .south
        .provider
        .logout_token(CLIENT, Some("alice"), None)
        .unwrap();
    let notice = [("logout_token", &*token)];
    let answer = south.post("/backchannel-logout", &notice).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(!south.is_signed_in().await);
    assert!(north.is_signed_in().await);

    // One provider speaks for the other.
    let issuer = both.south.provider.issuer().to_owned();
    both.app.provider.faults().logout_token(move |token| {
        token.claims["iss"] = issuer.clone().into();
    });
    let forged = both
        .app
        .provider
        .logout_token(CLIENT, Some("alice"), None)
        .unwrap();
    let south = both.signed_in("alice", "south").await;
    let notice = [("logout_token", &*forged)];
    let answer = south.post("/backchannel-logout", &notice).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(south.is_signed_in().await);

    // A stranger to both.
    let other = TestProvider::start().await;
    let unknown = other
        .provider
        .logout_token(CLIENT, Some("alice"), None)
        .unwrap();
    let notice = [("logout_token", &*unknown)];
    let answer = south.post("/backchannel-logout", &notice).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn one_provider_may_be_down_while_the_other_goes_on() {
    let both = Both::start().await;
    let bob = both.signed_in("bob", "south").await;
    both.south.provider.stop().await;
    let alice = both.signed_in("alice", "north").await;
    assert!(alice.is_signed_in().await && bob.is_signed_in().await);
    let ready = alice.fetch("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK, "{ready:?}");
    assert!(ready.body.contains("partly available"), "{ready:?}");
    let leaving = bob.sign_out().await.location();
    assert_eq!(query_of(&leaving)["only"], "here");
    both.south.provider.start_again().await.unwrap();
}

#[tokio::test]
async fn a_provider_that_was_never_there_keeps_nobody_from_the_others() {
    let south = TestProvider::start().await;
    south.provider.stop().await;
    let prepare = |settings: &mut Settings, _: &DevProvider| add_both(settings, &south);
    let app = Fixture::default().prepared(prepare).start().await;
    let browser = app.browser();
    let page = browser.get("/login?provider=south").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = browser.visit("/login?provider=north").await;
    let answer = browser.choose(&page, "alice").await;
    browser.follow(answer).await;
    assert!(browser.is_signed_in().await);
    let ready = browser.fetch("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK, "{ready:?}");
    south.provider.start_again().await.unwrap();
}

#[tokio::test]
async fn an_address_says_where_to_sign_in() {
    let domains = |settings: &mut Settings| {
        settings.providers[1].domains = vec!["south.example".to_owned()];
    };
    let both = Both::start_with(domains).await;
    let page = both.app.browser().get("/login").await;
    assert!(page.body.contains("type=\"email\""), "{}", page.body);
    let login = async |address: &str| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("login_hint", address)
            .finish();
        both.app.browser().get(&format!("/login?{query}")).await
    };
    for address in [
        "bob@south.example",
        "Bob@SOUTH.example",
        " bob@south.example ",
    ] {
        let request = login(address).await.location();
        assert!(request.as_str().starts_with(both.south.provider.issuer()));
        assert_eq!(query_of(&request)["login_hint"], address);
    }
    for address in [
        "bob@north.example",
        "bob@sub.south.example",
        "south.example",
        "@",
    ] {
        let page = login(address).await;
        assert_eq!(links(&page).len(), 2, "{address}: {page:?}");
        assert!(
            page.body.contains("knows addresses like this one"),
            "{page:?}"
        );
    }
}

#[tokio::test]
async fn without_domains_nobody_is_asked_for_an_address() {
    let both = Both::start().await;
    let page = both
        .app
        .browser()
        .get("/login?login_hint=bob@example.com")
        .await;
    assert!(!page.body.contains("type=\"email\""), "{}", page.body);
    let request = both.app.browser().get(&links(&page)[0]).await.location();
    assert_eq!(query_of(&request)["login_hint"], "bob@example.com");
}

#[tokio::test]
async fn who_has_to_sign_in_anew_does_so_where_they_did_before() {
    let both = Both::start().await;
    let bob = both.signed_in("bob", "south").await;
    let again = bob
        .get("/login?max_age=0&return_to=%2Fprofile")
        .await
        .location();
    assert!(again.as_str().starts_with(both.south.provider.issuer()));
    // Who wants another provider says so.
    let other = bob.get("/login?max_age=0&provider=north").await.location();
    assert!(other.as_str().starts_with(both.app.provider.issuer()));
    // Nobody is signed in.
    let page = both.app.browser().get("/login?max_age=0").await;
    assert_eq!(links(&page).len(), 2);
}

#[tokio::test]
async fn a_silent_sign_in_asks_the_provider_of_last_time_or_none() {
    let both = Both::start().await;
    let silent = "/login?prompt=none&return_to=%2Fhealthz";
    let back = both.app.browser().get(silent).await.location();
    assert_eq!(back.path(), "/healthz");
    let bob = both.signed_in("bob", "south").await;
    bob.forget_cookie(&both.app.cookie("user-session"));
    let request = bob.get(silent).await.location();
    assert!(request.as_str().starts_with(both.south.provider.issuer()));
    assert_eq!(query_of(&request)["prompt"], "none");
}

#[tokio::test]
async fn each_provider_has_its_own_rules() {
    let both = Both::start_with(|settings| {
        settings.providers[1].joining.domains = vec!["elsewhere.example".to_owned()];
        settings.providers[0].joining.role_map = vec![("user".to_owned(), "guest".to_owned())];
    })
    .await;
    let browser = both.app.browser();
    let page = both.sign_in(&browser, "alice", "south").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{page:?}");
    assert!(!browser.is_signed_in().await);
    let bob = both.signed_in("bob", "north").await;
    assert_eq!(bob.record().await.session.roles(), ["guest"]);
}

#[tokio::test]
async fn each_provider_has_its_own_login_page() {
    let both = Both::start_with(|settings| {
        settings.providers[1].login_mode = LoginMode::Page;
    })
    .await;
    let browser = both.app.browser();
    let way = both.way(&browser, "south").await;
    let page = browser.get(&way).await;
    assert_eq!(page.status, StatusCode::OK);
    let return_to = page.field("return_to");
    let posted = browser
        .post(&page.action(), &[("return_to", &return_to)])
        .await;
    assert!(
        posted
            .location()
            .as_str()
            .starts_with(both.south.provider.issuer())
    );
    let list = browser.follow(posted).await;
    let answer = browser.choose(&list, "bob").await;
    let page = browser.follow(answer).await;
    assert!(page.url.as_str().ends_with("/profile"), "{page:?}");
}

#[tokio::test]
async fn an_answer_by_form_comes_to_its_own_callback() {
    let both = Both::start_with(|settings| {
        let party = &mut settings.providers[1].relying_party;
        party.extra_parameters = vec![("response_mode".to_owned(), "form_post".to_owned())];
    })
    .await;
    let browser = both.app.browser();
    let answer = [("state", "some"), ("code", "a-code")];
    let posted = browser
        .post("/authorization-code/callback/south", &answer)
        .await;
    let way = posted.location();
    assert_eq!(way.path(), "/authorization-code/callback/south");
    assert_eq!(query_of(&way)["code"], "a-code");
    let posted = browser
        .post("/authorization-code/callback/north", &answer)
        .await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn nobody_returns_to_a_callback() {
    let both = Both::start().await;
    let browser = both.app.browser();
    let way = "/login?provider=south&return_to=%2Fauthorization-code%2Fcallback%2Fnorth";
    let list = browser.visit(way).await;
    let answer = browser.choose(&list, "bob").await;
    let page = browser.follow(answer).await;
    assert_eq!(page.url.path(), "/", "{page:?}");
}

#[tokio::test]
async fn forms_may_lead_to_all_of_them() {
    let both = Both::start().await;
    let page = both.app.browser().visit("/profile").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    for provider in [&both.app.provider, &both.south.provider] {
        let origin = Url::parse(provider.issuer()).unwrap().origin();
        assert!(policy.contains(&origin.ascii_serialization()), "{policy}");
    }
}

#[tokio::test]
async fn a_new_name_signs_nobody_out() {
    let south = TestProvider::start().await;
    let before = Fixture::start_with(|settings| {
        settings.session_store = SessionStore::Embedded(
            std::env::temp_dir().join(format!("renamed-{}.redb", std::process::id())),
        );
    })
    .await;
    let alice = before.signed_in_as("alice").await;
    let id = alice.cookie("user-session");
    before.stop().await;
    let app = Fixture::start_again_with(&before, |settings| add_both(settings, &south)).await;
    let browser = app.browser();
    browser.set_cookie(&app.cookie("user-session"), &id);
    assert!(browser.is_signed_in().await);
    assert_eq!(browser.record().await.session.provider(), "north");
}

/// An app that is not started for what is wrong with its providers.
async fn refused(change: impl FnOnce(&mut Settings)) -> String {
    let mut settings = Settings::new(
        "https://north.example",
        "app",
        "a-secret-of-the-north",
        "http://localhost:8080",
    )
    .unwrap();
    settings.session_store = SessionStore::Memory;
    settings.provider = None;
    add(&mut settings, "north", "https://north.example");
    change(&mut settings);
    match Oidc::builder(settings).build().await {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

fn add<'a>(settings: &'a mut Settings, name: &str, issuer: &str) -> &'a mut NamedProvider {
    settings.add_provider(name, issuer, "app", Secret::new("a-secret"))
}

#[tokio::test]
async fn providers_that_cannot_be_told_apart_are_refused() {
    let twice = refused(|settings| {
        add(settings, "north", "https://other.example");
    });
    assert!(twice.await.contains("«north» is named twice"));
    let same = refused(|settings| {
        add(settings, "south", "https://north.example");
    });
    assert!(same.await.contains("the same issuer and client id"));
    let domain = refused(|settings| {
        settings.providers[0].domains = vec!["example.com".to_owned()];
        add(settings, "south", "https://south.example").domains = vec!["example.com".to_owned()];
    });
    assert!(domain.await.contains("both have the domain example.com"));
    for name in ["", "North", "a b", "1st", "../up", &"n".repeat(33)] {
        let error = refused(|settings| {
            add(settings, name, "https://south.example");
        });
        assert!(error.await.contains("is not a name"), "{name}");
    }
    let one_more = refused(|settings| {
        settings.set_provider("https://south.example", "app", Secret::new("a-secret"));
    });
    assert!(one_more.await.contains("add_provider"));
}

/// Reads these variables and those that every app needs.
fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
    let settings = Settings::from_lookup(|name| match name {
        "SESSION_SECRET" => Some("8mFZ2kPq0sVtYw3LrXcB7nHjD5aGeU1i".to_owned()),
        "APP_BASE_URL" => Some("https://app.example.com/shop".to_owned()),
        _ => {
            let mut known = variables.iter();
            let known = known.find(|(variable, _)| *variable == name);
            known.map(|(_, value)| (*value).to_owned())
        }
    });
    settings.map_err(|faults| faults.to_string())
}

const TWO: [(&str, &str); 7] = [
    ("OIDC_PROVIDERS", "entra my-google"),
    ("OIDC_ENTRA_ISSUER", "https://login.example.com"),
    ("OIDC_ENTRA_CLIENT_ID", "app"),
    ("OIDC_ENTRA_CLIENT_SECRET", "a-secret"),
    ("OIDC_MY_GOOGLE_ISSUER", "https://accounts.example.com"),
    ("OIDC_MY_GOOGLE_CLIENT_ID", "app"),
    ("OIDC_MY_GOOGLE_CLIENT_SECRET", "another-secret"),
];

fn two_and(more: &[(&'static str, &'static str)]) -> Result<Settings, String> {
    read(&[&TWO, more].concat())
}

#[test]
fn each_has_its_own_settings_or_those_of_all() {
    let settings = two_and(&[
        ("OIDC_ENTRA_TITLE", "Microsoft"),
        ("OIDC_ENTRA_ICON", "/static/entra.svg"),
        ("OIDC_ENTRA_DOMAINS", "Example.com, example.org"),
        ("OIDC_SCOPES", "openid email"),
        ("OIDC_ENTRA_SCOPES", "openid groups"),
        ("OIDC_TIMEOUT_SECONDS", "7"),
        ("OIDC_MY_GOOGLE_JOIN_DOMAINS", "example.net"),
        ("OIDC_ENTRA_LOGIN_PAGE", "page"),
    ])
    .unwrap();
    assert!(settings.provider.is_none());
    let [entra, google] = &settings.providers[..] else {
        panic!("{settings:?}");
    };
    assert_eq!((&*entra.name, &*entra.title), ("entra", "Microsoft"));
    assert_eq!(
        (&*google.name, &*google.title),
        ("my-google", "accounts.example.com")
    );
    assert_eq!(entra.icon.as_deref(), Some("/static/entra.svg"));
    assert_eq!(entra.domains, ["example.com", "example.org"]);
    assert_eq!(entra.issuer(), "https://login.example.com");
    assert_eq!(entra.relying_party.scopes, ["openid", "groups"]);
    assert_eq!(google.relying_party.scopes, ["openid", "email"]);
    assert_eq!(google.relying_party.timeout.as_secs(), 7);
    assert!(entra.joining.domains.is_empty());
    assert_eq!(google.joining.domains, ["example.net"]);
    assert_eq!(entra.login_mode, LoginMode::Page);
    assert_eq!(google.login_mode, LoginMode::Redirect);
    let callback = "https://app.example.com/shop/authorization-code/callback/my-google";
    assert_eq!(google.relying_party.login_redirect_uri.as_str(), callback);
    let moved = settings.routes_under("/auth");
    let callback = "https://app.example.com/shop/auth/authorization-code/callback/my-google";
    let party = &moved.providers[1].relying_party;
    assert_eq!(party.login_redirect_uri.as_str(), callback);
}

#[test]
fn all_faults_of_all_providers_are_named_at_once() {
    let faults = read(&[
        ("OIDC_PROVIDERS", "entra google"),
        ("OIDC_ENTRA_CLIENT_ID", "app"),
        ("OIDC_ENTRA_CLIENT_SECRET", "a-secret"),
        ("OIDC_ENTRA_CLIENT_KEY_FILE", "key.pem"),
        ("OIDC_ENTRA_ICON", "https://elsewhere.example/icon.svg"),
        ("OIDC_ENTRA_DOMAINS", "*.example.com"),
        ("OIDC_GOOGLE_ISSUER", "accounts.example.com"),
        ("OIDC_GOOGLE_CLIENT_ID", "app"),
        ("OIDC_GOOGLE_SCOPES", "email"),
        ("OIDC_CLOCK_SKEW_SECONDS", "soon"),
    ])
    .unwrap_err();
    for expected in [
        "OIDC_ENTRA_ISSUER: missing.",
        "OIDC_ENTRA_ICON: «https://elsewhere.example/icon.svg» is not a path",
        "OIDC_ENTRA_DOMAINS: «*.example.com» is not a domain",
        "OIDC_ENTRA_CLIENT_KEY_FILE: has no effect. Set OIDC_ENTRA_CLIENT_AUTH=private_key_jwt",
        "OIDC_GOOGLE_ISSUER: «accounts.example.com» is not an absolute URL",
        "OIDC_GOOGLE_CLIENT_SECRET: missing.",
        "OIDC_GOOGLE_SCOPES: must contain openid",
        "OIDC_CLOCK_SKEW_SECONDS: «soon» is not a whole number",
    ] {
        assert_eq!(
            faults.matches(expected).count(),
            1,
            "{expected} in {faults}"
        );
    }
    assert_eq!(faults.lines().count(), 9, "{faults}");
}

#[test]
fn what_no_provider_can_share_is_refused_for_all() {
    let faults = two_and(&[
        ("OIDC_ISSUER", "https://id.example.com"),
        ("OIDC_CLIENT_SECRET", "one-for-all"),
        ("OIDC_LOGOUT_URL", "/logout"),
    ])
    .unwrap_err();
    for variable in ["ISSUER", "CLIENT_SECRET", "LOGOUT_URL"] {
        let expected = format!(
            "OIDC_{variable}: has no effect with OIDC_PROVIDERS, as each provider has its own. \
                     Set OIDC_ENTRA_{variable} or the like"
        );
        assert!(faults.contains(&expected), "{faults}");
    }
}

#[test]
fn names_that_would_be_another_setting_are_refused() {
    for (names, clash) in [
        ("join", "OIDC_JOIN_DOMAINS is a setting of the app too"),
        ("a a-join", "OIDC_A_JOIN_DOMAINS is a setting of a too"),
        (",", "names no provider"),
        ("Entra", "«Entra» is not a name"),
        ("one one", "«one» is named twice"),
    ] {
        let mut variables = vec![("OIDC_PROVIDERS", names)];
        let prefixes = ["JOIN", "A", "A_JOIN", "ENTRA", "ONE"];
        let own: Vec<(String, &str)> = prefixes
            .iter()
            .flat_map(|prefix| {
                [
                    (format!("OIDC_{prefix}_ISSUER"), "https://id.example.com"),
                    (format!("OIDC_{prefix}_CLIENT_ID"), prefix),
                    (format!("OIDC_{prefix}_CLIENT_SECRET"), "a-secret"),
                ]
            })
            .collect();
        variables.extend(own.iter().map(|(name, value)| (&**name, *value)));
        let faults = read(&variables).unwrap_err();
        assert!(faults.contains("OIDC_PROVIDERS: "), "{names}: {faults}");
        assert!(faults.contains(clash), "{names}: {faults}");
    }
}
