//! Claims for expenses: who files, sees, decides and pays them.

use std::{
    error::Error,
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{Data, Json, post},
};
use app::database::Pool;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use vestibule_dev::testing::{Browser, Method, Page, StatusCode, TestApp};

use crate::support::{app, assert_needs_sign_in};

type Outcome = Result<(), Box<dyn Error>>;

const LARGEST: usize = 5 * 1024 * 1024;
const PDF: &[u8] = b"%PDF-1.7\n";
const BOUNDARY: &str = "a-boundary";
const JUST_NOW: &str = "2026-11-30";

/// The app with a database and a folder of its own. At the provider bob is an approver; in
/// the database carol is an accountant, and so is bob.
struct Office {
    app: TestApp,
    folder: TempDir,
    database: Pool,
}

impl Office {
    async fn open() -> Result<Self, Box<dyn Error>> {
        Self::with_payments_api("").await
    }

    async fn with_payments_api(api: &str) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite:{}", folder.path().join("app.db").display());
        let receipts = folder.path().join("receipts");
        let app = app()
            .env("DATABASE_URL", &url)
            .env("RECEIPTS_FOLDER", &receipts.to_string_lossy())
            .env("PAYMENTS_API", api)
            .start()
            .await;
        let database = Pool::connect(&url).await?;
        for person in ["bob", "carol"] {
            sqlx::query("insert into accounts (issuer, subject, roles) values ($1, $2, $3)")
                .bind(app.provider.issuer())
                .bind(person)
                .bind(r#"["accountant"]"#)
                .execute(&database)
                .await?;
        }
        Ok(Self {
            app,
            folder,
            database,
        })
    }

    async fn states(&self) -> Result<Vec<String>, sqlx::Error> {
        let states = sqlx::query_scalar("select state from expenses order by number");
        states.fetch_all(&self.database).await
    }

    /// The contents of the receipts that are kept.
    fn receipts(&self) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
        let files = fs::read_dir(self.folder.path().join("receipts"))?;
        files.map(|file| Ok(fs::read(file?.path())?)).collect()
    }
}

/// Sends a form as the page does, with its token.
async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Page {
    let token = browser.csrf_token().await;
    let fields = [&[("csrf_token", &*token)], fields].concat();
    browser.post(path, &fields).await
}

async fn file_with(browser: &Browser, title: &str, amount: &str, spent_on: &str) -> Page {
    let fields = [("title", title), ("amount", amount), ("spent_on", spent_on)];
    send(browser, "/expenses/new", &fields).await
}

/// Files a claim, and returns its path.
async fn file(browser: &Browser, title: &str) -> String {
    let page = file_with(browser, title, "84.00", JUST_NOW).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    page.location().path().to_owned()
}

async fn decide(browser: &Browser, claim: &str, decision: &str) -> Page {
    send(
        browser,
        &format!("{claim}/decision"),
        &[("decision", decision)],
    )
    .await
}

/// Sends a receipt as a form with this token does.
async fn send_receipt(browser: &Browser, claim: &str, token: &str, content: &[u8]) -> Page {
    let part = |name: &str, more: &str, content: &[u8]| {
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"{more}\r\n\r\n"
        );
        [head.as_bytes(), content, b"\r\n"].concat()
    };
    let body = [
        part("csrf_token", "", token.as_bytes()),
        part("receipt", "; filename=\"../../page.html\"", content),
        format!("--{BOUNDARY}--\r\n").into_bytes(),
    ];
    let sent = browser.request(Method::POST, claim, |request| {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        request.header("content-type", kind).body(body.concat())
    });
    sent.await
}

async fn add_receipt(browser: &Browser, claim: &str, content: &[u8]) -> Page {
    let token = browser.get(claim).await.field("csrf_token");
    send_receipt(browser, claim, &token, content).await
}

#[tokio::test]
async fn nobody_gets_in_without_signing_in() {
    for path in [
        "/expenses",
        "/expenses/1",
        "/expenses/1/receipt",
        "/expenses/events",
    ] {
        assert_needs_sign_in(path).await;
    }
}

#[tokio::test]
async fn people_see_their_own_claims_page_by_page() -> Outcome {
    let office = Office::open().await?;
    let alice = office.app.signed_in_as("alice").await;
    let nina = office.app.signed_in_as("nina").await;
    assert!(alice.get("/expenses").await.body.contains("No claims"));
    file(&nina, "Somebody else's").await;
    for number in 1..=11 {
        file(&alice, &format!("Claim {number:02}")).await;
    }
    for (page, said, first, rows) in [
        ("", "Page 1 of 2", "Claim 11", 10),
        ("?page=2", "Page 2 of 2", "Claim 01", 1),
        ("?page=99", "Page 2 of 2", "Claim 01", 1),
        ("?page=-1", "Page 1 of 2", "Claim 11", 10),
    ] {
        let list = alice.get(&format!("/expenses{page}")).await.body;
        assert!(list.contains(said), "{page}: {list}");
        assert_eq!(list.matches("scope=\"row\"").count(), rows, "{page}");
        let row = list.split("scope=\"row\"").nth(1).unwrap_or_default();
        assert!(row.contains(first), "{page}: {row}");
        assert!(!list.contains("Somebody else"), "{page}");
    }
    Ok(())
}

#[tokio::test]
async fn mistakes_are_beside_their_field_and_nothing_is_filed() -> Outcome {
    let office = Office::open().await?;
    let alice = office.app.signed_in_as("alice").await;
    let long = "x".repeat(101);
    for (title, amount, spent_on, mistake) in [
        ("", "84.00", JUST_NOW, "title"),
        ("  ", "84.00", JUST_NOW, "title"),
        (&*long, "84.00", JUST_NOW, "title"),
        ("Train", "", JUST_NOW, "amount"),
        ("Train", "eighty", JUST_NOW, "amount"),
        ("Train", "0.00", JUST_NOW, "amount"),
        ("Train", "-1", JUST_NOW, "amount"),
        ("Train", "1.234", JUST_NOW, "amount"),
        ("Train", ".", JUST_NOW, "amount"),
        ("Train", "10000.01", JUST_NOW, "amount"),
        ("Train", "99999999999999999999", JUST_NOW, "amount"),
        ("Train", "84.00", "", "spent_on"),
        ("Train", "84.00", "2026-02-30", "spent_on"),
        ("Train", "84.00", "9999-12-31", "spent_on"),
    ] {
        let page = file_with(&alice, title, amount, spent_on).await;
        assert_eq!(
            page.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{mistake} {amount}"
        );
        assert!(
            page.body.contains(&format!("id=\"{mistake}-mistake\"")),
            "{}",
            page.body
        );
        assert_eq!(
            page.body.matches("class=\"mistake\"").count(),
            1,
            "{}",
            page.body
        );
        // What was typed is still there.
        for (name, value) in [("title", title), ("amount", amount), ("spent_on", spent_on)] {
            assert_eq!(value_of(&page, name), value);
        }
    }
    assert!(office.states().await?.is_empty());
    for (amount, shown) in [
        ("84", "84.00"),
        ("84,5", "84.50"),
        ("0.01", "0.01"),
        ("10000", "10000.00"),
    ] {
        let filed = file_with(&alice, "<b>Train</b>", amount, JUST_NOW).await;
        let page = alice.get(filed.location().path()).await.body;
        assert!(page.contains(&format!(">{shown}<")), "{page}");
        assert!(!page.contains("<b>Train"), "{page}");
    }
    Ok(())
}

/// What a field holds, whatever else its tag says.
fn value_of(page: &Page, field: &str) -> String {
    let tag = page.body.split_once(&format!("name=\"{field}\""));
    let value = tag.and_then(|(_, rest)| rest.split_once("value=\""));
    let value = value.and_then(|(_, rest)| rest.split_once('"'));
    value.map_or("", |(value, _)| value).to_owned()
}

#[tokio::test]
async fn a_receipt_is_for_its_owner_and_those_who_decide_or_pay() -> Outcome {
    let office = Office::open().await?;
    let alice = office.app.signed_in_as("alice").await;
    let claim = file(&alice, "Hotel").await;
    let path = format!("{claim}/receipt");
    assert_eq!(alice.get(&path).await.status, StatusCode::NOT_FOUND);
    let sent = add_receipt(&alice, &claim, PDF).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    for (person, status) in [
        ("alice", StatusCode::OK),
        ("bob", StatusCode::OK),
        ("carol", StatusCode::OK),
        ("nina", StatusCode::NOT_FOUND),
    ] {
        let person = office.app.signed_in_as(person).await;
        assert_eq!(person.get(&claim).await.status, status);
        let receipt = person.get(&path).await;
        assert_eq!(receipt.status, status);
        if status == StatusCode::OK {
            assert_eq!(receipt.body.as_bytes(), PDF);
            assert_eq!(receipt.header("content-type"), "application/pdf");
            assert_eq!(receipt.header("x-content-type-options"), "nosniff");
            let name = "attachment; filename=\"receipt-1.pdf\"";
            assert_eq!(receipt.header("content-disposition"), name);
        }
    }
    Ok(())
}

#[tokio::test]
async fn only_the_owner_adds_a_receipt_and_only_until_the_decision() -> Outcome {
    let office = Office::open().await?;
    let alice = office.app.signed_in_as("alice").await;
    let bob = office.app.signed_in_as("bob").await;
    let nina = office.app.signed_in_as("nina").await;
    let claim = file(&alice, "Hotel").await;
    let another = [[PDF, b"another"].concat()];
    add_receipt(&alice, &claim, PDF).await;
    add_receipt(&alice, &claim, &another[0]).await;
    assert_eq!(office.receipts()?, another);
    for stranger in [&bob, &nina] {
        let token = stranger.csrf_token().await;
        let sent = send_receipt(stranger, &claim, &token, PDF).await;
        assert_eq!(sent.status, StatusCode::NOT_FOUND);
    }
    let token = alice.csrf_token().await;
    decide(&bob, &claim, "approve").await;
    send_receipt(&alice, &claim, &token, PDF).await;
    assert_eq!(office.receipts()?, another);
    Ok(())
}

#[tokio::test]
async fn what_is_no_receipt_leaves_nothing_behind() -> Outcome {
    let office = Office::open().await?;
    let alice = office.app.signed_in_as("alice").await;
    let claim = file(&alice, "Hotel").await;
    let with = |size: usize| [PDF, &vec![b'x'; size - PDF.len()]].concat();
    for (content, status) in [
        (Vec::new(), StatusCode::UNPROCESSABLE_ENTITY),
        (
            b"<script>alert(1)</script>".to_vec(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (b" %PDF-1.7".to_vec(), StatusCode::UNPROCESSABLE_ENTITY),
        (with(LARGEST + 1), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let page = add_receipt(&alice, &claim, &content).await;
        assert_eq!(page.status, status, "{} bytes", content.len());
        assert!(page.body.contains("receipt-mistake"), "{}", page.body);
        assert!(office.receipts()?.is_empty());
    }
    for content in [
        with(LARGEST),
        b"\x89PNG\r\n\x1a\n".to_vec(),
        b"\xff\xd8\xff\xe0".to_vec(),
    ] {
        let page = add_receipt(&alice, &claim, &content).await;
        assert_eq!(
            page.status,
            StatusCode::SEE_OTHER,
            "{} bytes",
            content.len()
        );
        assert_eq!(office.receipts()?, [content]);
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_done_without_the_csrf_token() -> Outcome {
    let office = Office::open().await?;
    let bob = office.app.signed_in_as("bob").await;
    let alice = office.app.signed_in_as("alice").await;
    let claim = file(&alice, "Hotel").await;
    let form = [("title", "Forged"), ("amount", "1"), ("spent_on", JUST_NOW)];
    let decision = [("decision", "approve")];
    for (path, fields) in [
        ("/expenses/new", &form[..]),
        (&format!("{claim}/decision"), &decision),
        ("/payments", &[]),
    ] {
        assert_eq!(
            bob.post(path, fields).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    for token in ["", "guessed", &bob.csrf_token().await] {
        let sent = send_receipt(&alice, &claim, token, PDF).await;
        assert_eq!(sent.status, StatusCode::FORBIDDEN, "{token}");
    }
    assert_eq!(office.states().await?, ["open"]);
    assert!(office.receipts()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_approver_decides_once_and_never_on_their_own_claim() -> Outcome {
    let office = Office::open().await?;
    let alice = office.app.signed_in_as("alice").await;
    let bob = office.app.signed_in_as("bob").await;
    let nina = office.app.signed_in_as("nina").await;
    let of_alice = file(&alice, "Of alice").await;
    let of_bob = file(&bob, "Of bob").await;
    let list = bob.get("/approvals").await.body;
    assert!(
        list.contains("Of alice") && !list.contains("Of bob"),
        "{list}"
    );

    let own = decide(&bob, &of_bob, "approve").await;
    assert_eq!(own.status, StatusCode::FORBIDDEN);
    assert!(own.body.contains("own_claim"), "{}", own.body);
    for member in [&alice, &nina] {
        assert_eq!(member.get("/approvals").await.status, StatusCode::FORBIDDEN);
        let decision = decide(member, &of_alice, "approve").await;
        assert_eq!(decision.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(
        decide(&bob, &of_alice, "pay").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        decide(&bob, "/expenses/99", "approve").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(office.states().await?, ["open", "open"]);

    let decision = decide(&bob, &of_alice, "reject").await;
    assert_eq!(decision.status, StatusCode::SEE_OTHER);
    assert_eq!(
        decide(&bob, &of_alice, "approve").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(office.states().await?, ["rejected", "open"]);
    Ok(())
}

/// A stream of events that somebody has open.
struct Events(reqwest::Response);

impl Events {
    async fn open(browser: &Browser) -> Result<Self, Box<dyn Error>> {
        let cookies = browser.cookies().into_iter();
        let cookies: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let url = browser.app.listens_at.join("/expenses/events")?;
        let request = reqwest::Client::new().get(url);
        let answer = request.header("cookie", cookies.join("; ")).send().await?;
        assert_eq!(answer.status(), StatusCode::OK);
        Ok(Self(answer))
    }

    /// The numbers of the claims that it tells of, up to this one or to its end.
    async fn heard_up_to(&mut self, last: Option<i64>) -> Result<Vec<i64>, Box<dyn Error>> {
        let mut heard = Vec::new();
        while last.is_none_or(|last| !heard.contains(&last)) {
            let patience = Duration::from_secs(60);
            let Some(part) = tokio::time::timeout(patience, self.0.chunk()).await?? else {
                break;
            };
            let part = String::from_utf8_lossy(&part).into_owned();
            let numbers = part.split("event: changed\ndata: ").skip(1);
            for number in numbers {
                heard.push(number.lines().next().unwrap_or_default().parse()?);
            }
        }
        Ok(heard)
    }
}

#[tokio::test]
async fn people_hear_of_their_own_claims_until_they_sign_out() -> Outcome {
    let office = Office::open().await?;
    let alice = office.app.signed_in_as("alice").await;
    let bob = office.app.signed_in_as("bob").await;
    let nina = office.app.signed_in_as("nina").await;
    let of_nina = file(&nina, "Of nina").await;
    let of_alice = file(&alice, "Of alice").await;
    let mut events = Events::open(&alice).await?;
    let mut of_all = Events::open(&bob).await?;
    decide(&bob, &of_nina, "approve").await;
    decide(&bob, &of_alice, "approve").await;
    // Not of nina's, which came first.
    assert_eq!(events.heard_up_to(Some(2)).await?, [2]);
    alice.sign_out().await;
    assert!(events.heard_up_to(None).await?.is_empty());
    // An approver hears of every claim, also when it is filed.
    file(&nina, "New").await;
    assert_eq!(of_all.heard_up_to(Some(3)).await?, [1, 2, 3]);
    Ok(())
}

/// An API that pays, as far as there are permits.
struct Api {
    payments: Mutex<Vec<(String, Value)>>,
    permits: Semaphore,
}

impl Api {
    /// Starts it, and says where it is.
    fn start(permits: usize) -> Result<(Arc<Self>, String), Box<dyn Error>> {
        let api = Arc::new(Self {
            payments: Mutex::default(),
            permits: Semaphore::new(permits),
        });
        let data = Data::from(Arc::clone(&api));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/payments", post().to(Self::pay))
        });
        let server = server.workers(1).bind(("127.0.0.1", 0))?;
        let address = server.addrs()[0];
        tokio::spawn(server.run());
        Ok((api, format!("http://{address}/payments")))
    }

    async fn pay(api: Data<Self>, request: HttpRequest, payment: Json<Value>) -> HttpResponse {
        let token = request.headers().get("authorization");
        let token = token.and_then(|token| token.to_str().ok()?.strip_prefix("Bearer "));
        let payment = (token.unwrap_or_default().to_owned(), payment.into_inner());
        api.payments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(payment);
        if let Ok(permit) = api.permits.acquire().await {
            permit.forget();
        }
        HttpResponse::Ok().finish()
    }

    fn payments(&self) -> Vec<(String, Value)> {
        self.payments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What the provider's userinfo endpoint says to this token.
async fn owner_of(app: &TestApp, token: &str) -> Result<String, Box<dyn Error>> {
    let url = format!("{}/userinfo", app.provider.issuer());
    let answer = reqwest::Client::new()
        .get(url)
        .bearer_auth(token)
        .send()
        .await?;
    let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
    Ok(answer["sub"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn claims_are_paid_in_the_name_of_an_accountant_with_a_renewed_token() -> Outcome {
    let (api, url) = Api::start(100)?;
    let office = Office::with_payments_api(&url).await?;
    let (app, ended) = (&office.app, Duration::ZERO);
    let alice = app.signed_in_as("alice").await;
    let bob = app.signed_in_as("bob").await;
    for decision in ["approve", "reject", "approve"] {
        let claim = file(&alice, "Train").await;
        decide(&bob, &claim, decision).await;
    }
    file(&alice, "Nobody has decided").await;
    // Her first token has expired when it comes.
    let carol = app.signed_in_with_token_for("carol", ended).await;
    let before = app.token_requests();

    for member in [&alice, &app.signed_in_as("nina").await] {
        assert_eq!(member.get("/payments").await.status, StatusCode::FORBIDDEN);
        let ordered = send(member, "/payments", &[]).await;
        assert_eq!(ordered.status, StatusCode::FORBIDDEN);
    }
    // Bob is an accountant too, but approved them himself.
    assert!(bob.get("/payments").await.body.contains("No claims"));
    assert_eq!(
        send(&bob, "/payments", &[]).await.status,
        StatusCode::SEE_OTHER
    );

    let mut events = Events::open(&carol).await?;
    for _ in 0..2 {
        let ordered = send(&carol, "/payments", &[]).await;
        assert_eq!(ordered.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(events.heard_up_to(Some(3)).await?, [1, 3]);
    assert_eq!(office.states().await?, ["paid", "rejected", "paid", "open"]);
    let payments = api.payments();
    let paid: Vec<_> = payments
        .iter()
        .map(|(_, payment)| payment["claim"].clone())
        .collect();
    assert_eq!(paid, [json!(1), json!(3)], "each once");
    assert_eq!(payments[0].1["cents"], 8400);
    // Nina's sign-in was one of them.
    assert_eq!(app.token_requests() - before, 2);
    for (token, _) in &payments {
        assert_eq!(owner_of(app, token).await?, "carol");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_more_is_paid_once_the_accountant_has_signed_out() -> Outcome {
    let (api, url) = Api::start(0)?;
    let office = Office::with_payments_api(&url).await?;
    let app = &office.app;
    let alice = app.signed_in_as("alice").await;
    let bob = app.signed_in_as("bob").await;
    for _ in 0..2 {
        let claim = file(&alice, "Train").await;
        decide(&bob, &claim, "approve").await;
    }
    let carol = app.signed_in_as("carol").await;
    send(&carol, "/payments", &[]).await;
    app.eventually(async || api.payments().len() == 1).await;
    carol.sign_out().await;
    api.permits.add_permits(100);
    app.eventually(async || {
        app.logged("have ended early")
            .contains("no one is signed in")
    })
    .await;
    assert_eq!(office.states().await?, ["paid", "approved"]);
    assert_eq!(api.payments().len(), 1);

    // She goes on where it stopped.
    let carol = app.signed_in_as("carol").await;
    send(&carol, "/payments", &[]).await;
    app.eventually(async || {
        office
            .states()
            .await
            .is_ok_and(|states| states == ["paid", "paid"])
    })
    .await;
    Ok(())
}
