//! Event streams and WebSockets, which end with the session that they were let in by.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use actix_web::{
    Responder,
    web::{ServiceConfig, get},
};
use futures_util::{SinkExt as _, StreamExt as _, stream};
use reqwest::{Method, Response, StatusCode, header::COOKIE};
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Message, client::IntoClientRequest as _, handshake::client::Request,
        http::HeaderValue,
    },
};
use url::Url;
use vestibule::{Oidc, internals, now, sse::Event};
use vestibule_dev::{
    provider::{Answer, Endpoint},
    testing::logs,
};

use crate::{
    fixture::{Fixture, PATIENCE, User, pages as own_pages},
    outage::Outage,
    processes::Instances,
    redis_server::Server,
    support::{Browser, CLIENT, PATHS, TestApp, client, subject_key},
    troubled_store::Troubled,
};

/// An event stream that somebody has open.
struct Events(Response);

impl Events {
    async fn open(browser: &Browser) -> Self {
        let url = browser.app.listens_at.join("/events").unwrap();
        Self::open_at(browser, url).await
    }

    async fn open_at(browser: &Browser, url: Url) -> Self {
        let response = Self::ask(browser, &url).await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut events = Self(response);
        events.go_on().await;
        events
    }

    async fn ask(browser: &Browser, url: &Url) -> Response {
        let request = client().get(url.clone()).header(COOKIE, cookie(browser));
        request.send().await.unwrap()
    }

    /// What comes next; nothing if the stream has ended as it should.
    async fn next(&mut self) -> Option<String> {
        // Neither late nor broken off.
        let next = timeout(PATIENCE, self.0.chunk()).await.unwrap().unwrap();
        next.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Waits for an event that was sent after this was called.
    async fn go_on(&mut self) {
        let called_at = now();
        let is_later = |line: &str| {
            let time = line.strip_prefix("data: ");
            time.is_some_and(|time| time.parse::<u64>().unwrap() > called_at)
        };
        while let Some(part) = self.next().await {
            if part.lines().any(is_later) {
                return;
            }
        }
        panic!("the stream has ended");
    }

    /// Waits for its end.
    async fn end(mut self) {
        let began = Instant::now();
        while self.next().await.is_some() {
            assert!(began.elapsed() < PATIENCE, "the stream goes on");
        }
    }
}

/// A WebSocket that somebody has open.
struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(browser: &Browser) -> Self {
        let own = browser.app.base.origin().ascii_serialization();
        let origin = ("origin", own.as_str());
        let opened = Self::try_open(browser, &[origin]).await;
        Self(opened.unwrap())
    }

    /// Opens one with these headers, or says with which status it is refused.
    async fn try_open(
        browser: &Browser,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<TcpStream>, StatusCode> {
        let mut url = browser.app.listens_at.join("/socket").unwrap();
        let address = url.socket_addrs(|| None).unwrap();
        url.set_scheme("ws").unwrap();
        let mut request: Request = url.as_str().into_client_request().unwrap();
        let cookie = cookie(browser);
        let headers = headers.iter().copied().chain([("cookie", &*cookie)]);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(name, value);
        }
        let connection = TcpStream::connect(&address[..]).await.unwrap();
        match client_async(request, connection).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status()),
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// Says something, and waits for the answer.
    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
        assert_eq!(self.next().await, Message::text(text));
    }

    async fn next(&mut self) -> Message {
        let next = timeout(PATIENCE, self.0.next()).await.unwrap();
        next.unwrap().unwrap()
    }

    /// Waits for its end, and returns the code that the server gives.
    async fn end(mut self) -> u16 {
        match self.next().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("it goes on: {other:?}"),
        }
    }
}

fn cookie(browser: &Browser) -> String {
    let name = browser.app.cookie("user-session");
    let value = browser.cookies().remove(&name).unwrap_or_default();
    format!("{name}={value}")
}

/// What ends a session.
#[derive(Clone, Copy, Debug)]
enum Ending {
    SignOut,
    OtherBrowser,
    Administrator,
    Notice,
    RefreshRefused,
    /// Without the library's knowledge.
    Removed,
}

impl Ending {
    /// Ends the sessions of this person, or that of this browser at least.
    async fn of(self, app: &TestApp, person: &str, browser: &Browser) {
        match self {
            Self::SignOut => drop(browser.sign_out().await),
            Self::OtherBrowser => {
                let other = app.signed_in_as(person).await;
                let token = other.csrf_token().await;
                other.post("/devices", &[("csrf_token", &token)]).await;
            }
            Self::Administrator => {
                let roles = json!(["admin"]);
                let admin = app.signed_in_with("bob", "roles", roles).await;
                let token = admin.csrf_token().await;
                let fields = [("csrf_token", token.as_str()), ("subject", person)];
                let done = admin.post("/admin", &fields).await;
                assert_eq!(done.status, StatusCode::OK, "{}", done.body);
            }
            Self::Notice => {
                let token = app.provider.logout_token(CLIENT, Some(person), None);
                let fields = [("logout_token", &*token.unwrap())];
                let nobody = app.browser();
                let done = nobody.post(PATHS.backchannel_logout, &fields).await;
                assert_eq!(done.status, StatusCode::OK, "{}", done.body);
            }
            Self::RefreshRefused => {
                let refusal = Answer::oauth_error(400, "invalid_grant", "it is over");
                app.provider.faults().instead(Endpoint::Token, refusal);
                let answer = browser.fetch("/api/userinfo").await;
                assert_eq!(answer.json()["code"], "refresh_refused");
                app.provider.faults().clear();
            }
            Self::Removed => {
                let store = internals::sessions(app.oidc()).store();
                let key = subject_key(app, person);
                store.delete_by_subject(key).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn streams_end_with_their_session_whatever_ends_it() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    let (mut events_of_bob, mut socket_of_bob) =
        (Events::open(&bob).await, Socket::open(&bob).await);
    for ending in [
        Ending::SignOut,
        Ending::OtherBrowser,
        Ending::Administrator,
        Ending::Notice,
        Ending::RefreshRefused,
        Ending::Removed,
    ] {
        eprintln!("{ending:?}");
        let alice = match ending {
            Ending::RefreshRefused => app.signed_in_with_token_for("alice", Duration::ZERO).await,
            _ => app.signed_in_as("alice").await,
        };
        let (events, mut socket) = (Events::open(&alice).await, Socket::open(&alice).await);
        socket.say("hello").await;
        ending.of(&app, "alice", &alice).await;
        events.end().await;
        assert_eq!(socket.end().await, 1008, "{ending:?}");
        // Those of others go on.
        events_of_bob.go_on().await;
        socket_of_bob.say("hello").await;
    }
}

#[tokio::test]
async fn what_ends_a_session_on_this_instance_ends_its_streams_at_once() {
    let app = Fixture::start().await;
    // Otherwise it would take nearly five seconds. A busy machine may be slow once.
    for _ in 0..3 {
        let alice = app.signed_in_as("alice").await;
        let events = Events::open(&alice).await;
        let began = Instant::now();
        alice.sign_out().await;
        events.end().await;
        if began.elapsed() < Duration::from_millis(2500) {
            return;
        }
    }
    panic!("the streams end late");
}

#[tokio::test]
async fn streams_end_on_the_other_instances_too() {
    let Some(redis) = Server::start() else { return };
    let instances = Instances::start(2, &redis.url(), &[]).await;
    let open_at = async |browser: &Browser, number| {
        let url = Url::parse(&instances.at(number, "/events")).unwrap();
        Events::open_at(browser, url).await
    };
    let bob = instances.app.signed_in_as("bob").await;
    let mut of_bob = [open_at(&bob, 0).await, open_at(&bob, 1).await];
    for ending in [Ending::SignOut, Ending::Notice] {
        let alice = instances.app.signed_in_as("alice").await;
        let streams = [open_at(&alice, 0).await, open_at(&alice, 1).await];
        // Whichever instance the proxy sends it to.
        ending.of(&instances.app, "alice", &alice).await;
        for events in streams {
            events.end().await;
        }
    }
    for events in &mut of_bob {
        events.go_on().await;
    }
}

#[tokio::test]
async fn streams_end_when_the_session_has_been_idle_though_they_are_open() {
    let idle = Duration::from_secs(4);
    let app = Fixture::start_with(|settings| settings.session_idle = idle).await;
    let alice = app.signed_in_as("alice").await;
    let (events, mut socket) = (Events::open(&alice).await, Socket::open(&alice).await);
    // What a page says by itself keeps nobody signed in.
    let mut chatter = Socket::open(&app.signed_in_as("bob").await).await;
    let began = Instant::now();
    while began.elapsed() < idle * 2 {
        socket.say("visit").await;
        if began.elapsed() < idle / 2 {
            chatter.say("chatter").await;
        }
        tokio::time::sleep(idle / 20).await;
    }
    assert!(alice.is_signed_in().await);
    assert_eq!(chatter.end().await, 1008);
    // Not only when the session is purged, a minute after it began.
    let time = began.elapsed();
    assert!(time < Duration::from_secs(30), "{time:?}");
    assert_eq!(socket.end().await, 1008);
    events.end().await;
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn streams_end_when_the_session_has_lasted_for_too_long_however_active_it_is() {
    let app = Fixture::start_with(|settings| settings.session_max = Duration::from_secs(4)).await;
    let alice = app.signed_in_as("alice").await;
    let (events, socket) = (Events::open(&alice).await, Socket::open(&alice).await);
    // Each time that it is asked is a visit.
    app.eventually(async || !alice.is_signed_in().await).await;
    events.end().await;
    assert_eq!(socket.end().await, 1008);
}

#[tokio::test]
async fn streams_of_a_session_share_one_watch_which_ends_with_them() {
    let store = Troubled::open().await;
    let fixture = Fixture::over(store.clone());
    let app = fixture.prepared(|_, _| {}).start().await;
    let (alice, bob) = (
        app.signed_in_as("alice").await,
        app.signed_in_as("bob").await,
    );
    // Each watch holds the store.
    let held = || Arc::strong_count(&store);
    let before = held();
    let mut events = Vec::new();
    let mut sockets = Vec::new();
    for _ in 0..5 {
        events.push(Events::open(&alice).await);
        sockets.push(Socket::open(&alice).await);
    }
    app.eventually(async || held() == before + 1).await;
    let other = Events::open(&bob).await;
    app.eventually(async || held() == before + 2).await;

    // Some leave, and the rest are still watched over.
    let last = events.pop().unwrap();
    drop((events, sockets));
    let next = Events::open(&alice).await;
    drop(last);
    alice.sign_out().await;
    next.end().await;
    // As clients that are cut off.
    drop(other);
    app.eventually(async || held() == before).await;
}

/// Says why the session ends to somebody who began to wait as the only other one left.
fn pages_with_a_successor(oidc: &Oidc, config: &mut ServiceConfig) {
    async fn why(oidc: Oidc, user: User) -> String {
        let first = oidc.session_ended(&user);
        // Meanwhile its watch begins.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        drop(first);
        let second = oidc.session_ended(&user);
        format!("{:?}", second.await)
    }
    config.route("/why", get().to(why));
    own_pages(oidc, config);
}

#[tokio::test]
async fn a_watch_goes_on_for_who_comes_as_the_last_one_leaves() {
    let store = Troubled::open().await;
    let fixture = Fixture {
        pages: pages_with_a_successor,
        ..Fixture::over(store.clone())
    };
    let app = fixture.prepared(|_, _| {}).start().await;
    let alice = app.signed_in_as("alice").await;
    let before = Arc::strong_count(&store);
    let asking = tokio::spawn({
        let alice = alice.clone();
        async move { alice.fetch("/why").await.body }
    });
    // Each watch holds the store.
    app.eventually(async || asking.is_finished() || Arc::strong_count(&store) > before)
        .await;
    alice.sign_out().await;
    assert_eq!(asking.await.unwrap(), "SessionEnded");
}

#[tokio::test]
async fn streams_end_when_the_store_cannot_be_asked_for_long() {
    let store = Troubled::open().await;
    let fixture = Fixture::over(store.clone());
    let app = fixture.prepared(|_, _| {}).start().await;
    let alice = app.signed_in_as("alice").await;
    let (events, socket) = (Events::open(&alice).await, Socket::open(&alice).await);
    let logged_before = logs::keep();
    store.reads_nothing.store(true, Ordering::Relaxed);
    events.end().await;
    assert_eq!(socket.end().await, 1013);
    let told = logs::with_since(logged_before, "the streams of a session were ended");
    assert!(told.contains("WARN"), "{told}");
    // The session was not ended.
    store.reads_nothing.store(false, Ordering::Relaxed);
    Events::open(&alice).await.go_on().await;

    // One that never answers is no better.
    let events = Events::open(&alice).await;
    store.is_slow.store(true, Ordering::Relaxed);
    events.end().await;
}

#[tokio::test]
async fn streams_go_on_while_the_store_fails_for_a_moment() {
    let store = Troubled::open().await;
    let fixture = Fixture::over(store.clone());
    let app = fixture.prepared(|_, _| {}).start().await;
    let alice = app.signed_in_as("alice").await;
    let (live, sessions) = (alice.record().await, internals::sessions(app.oidc()));
    let mut events = Events::open(&alice).await;
    store.reads_nothing.store(true, Ordering::Relaxed);
    // A change has the session looked at.
    assert!(sessions.renew(&live, &live.session).await.unwrap());
    while store.failures.load(Ordering::Relaxed) < 3 {
        events.go_on().await;
    }
    store.reads_nothing.store(false, Ordering::Relaxed);
    events.go_on().await;
    alice.sign_out().await;
    events.end().await;
}

#[tokio::test]
async fn streams_go_on_through_a_short_outage_of_the_store() {
    let Some(mut redis) = Server::start_lasting() else {
        return;
    };
    let instances = Instances::start(1, &redis.url(), &[]).await;
    let alice = instances.app.signed_in_as("alice").await;
    let url = Url::parse(&instances.at(0, "/events")).unwrap();
    let mut events = Events::open_at(&alice, url.clone()).await;
    redis.fail(Outage::Frozen);
    // Long enough for the store to be asked.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        events.go_on().await;
    }
    redis.recover(Outage::Frozen);
    instances.serve_again(&alice).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(16) {
        events.go_on().await;
    }

    redis.fail(Outage::Down);
    events.end().await;
    redis.recover(Outage::Down);
    let opens_again = async || Events::ask(&alice, &url).await.status() == StatusCode::OK;
    instances.app.eventually(opens_again).await;
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_streams() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let (events, socket) = (Events::open(&alice).await, Socket::open(&alice).await);
    let (stopped, (), code) = tokio::join!(
        timeout(Duration::from_secs(9), app.stop()),
        events.end(),
        socket.end()
    );
    // Ten seconds is how long it waits for what goes on.
    assert!(stopped.is_ok(), "it waits for the streams");
    assert_eq!(code, 1001);
}

#[cfg(unix)]
#[tokio::test]
async fn streams_end_at_sigterm() {
    let mut instances = Instances::start(1, "memory:", &[]).await;
    let alice = instances.app.signed_in_as("alice").await;
    let url = Url::parse(&instances.at(0, "/events")).unwrap();
    let events = Events::open_at(&alice, url).await;
    instances.terminate(0);
    // It would break off if it were cut.
    events.end().await;
    assert!(instances.ended(0).await);
}

#[tokio::test]
async fn no_stream_begins_once_they_have_been_ended() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    app.oidc().end_streams();
    let page = alice.fetch("/events").await;
    assert_eq!((page.status, page.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(Socket::open(&alice).await.end().await, 1001);
}

#[tokio::test]
async fn events_are_kept_by_nobody_and_held_back_by_nobody() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let Events(response) = Events::open(&alice).await;
    // Without an end, so it must not be read.
    let head = alice.request(Method::HEAD, "/events", |it| it).await;
    for headers in [response.headers(), &head.headers] {
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(headers[name], value);
        }
    }
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.body, "");
}

/// Events that never come.
fn silent_pages(oidc: &Oidc, config: &mut ServiceConfig) {
    async fn events(oidc: Oidc, user: User) -> impl Responder {
        oidc.event_stream(&user, stream::pending::<Event>())
    }
    config.route("/silence", get().to(events));
    own_pages(oidc, config);
}

#[tokio::test]
async fn silence_is_filled_with_comments() {
    let app = Fixture::start_with_pages(silent_pages).await;
    let alice = app.signed_in_as("alice").await;
    let url = app.listens_at.join("/silence").unwrap();
    let request = client().get(url).header(COOKIE, cookie(&alice));
    let mut events = Events(request.send().await.unwrap());
    assert_eq!(events.next().await.as_deref(), Some(":\n\n"));
    alice.sign_out().await;
    events.end().await;
}

#[test]
fn an_event_says_what_it_was_given_and_no_more() {
    let all = Event::json(&json!({ "text": "a\nb" })).unwrap();
    let all = all.name("news\r\nid: 1").id("7\0\ndata: x");
    let all = all.retry(Duration::from_millis(1500));
    assert_eq!(
        all.to_string(),
        "event: newsid: 1\nid: 7data: x\nretry: 1500\ndata: {\"text\":\"a\\nb\"}\n\n"
    );
    for (data, sent) in [
        ("", "data: \n\n"),
        ("one", "data: one\n\n"),
        ("  spaces ", "data:   spaces \n\n"),
        ("one\ntwo", "data: one\ndata: two\n\n"),
        (
            "one\r\ntwo\rthree\n",
            "data: one\ndata: two\ndata: three\ndata: \n\n",
        ),
        (
            "one\n\nevent: forged",
            "data: one\ndata: \ndata: event: forged\n\n",
        ),
        (":comment", "data: :comment\n\n"),
    ] {
        assert_eq!(Event::new(data).to_string(), sent);
    }
}

#[tokio::test]
async fn nobody_gets_a_stream_who_is_not_signed_in() {
    let app = Fixture::start().await;
    let stranger = app.browser();
    let page = stranger.fetch("/events").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    let own = app.base.origin().ascii_serialization();
    let refused = Socket::try_open(&stranger, &[("origin", &own)]).await;
    assert_eq!(refused.map(drop), Err(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn no_other_origin_opens_a_socket_in_the_name_of_somebody() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let own = app.base.origin().ascii_serialization();
    let port = app.base.port().unwrap();
    let on_other_port = format!("http://localhost:{}", if port == 1 { 2 } else { port - 1 });
    let below = format!("http://evil.localhost:{port}");
    let secure = own.replace("http:", "https:");
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", &on_other_port)],
        &[("origin", &below)],
        &[("origin", &secure)],
        &[("origin", "null")],
        &[],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[("origin", &own), ("sec-fetch-site", "same-site")],
    ] {
        let refused = Socket::try_open(&alice, headers).await;
        assert_eq!(refused.map(drop), Err(StatusCode::FORBIDDEN), "{headers:?}");
    }
    for headers in [
        &[("origin", own.as_str())][..],
        &[("origin", &own), ("sec-fetch-site", "same-origin")],
    ] {
        let opened = Socket::try_open(&alice, headers).await;
        Socket(opened.unwrap()).say("hello").await;
    }
}
