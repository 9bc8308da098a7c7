//! `examples/upload.rs`: a file is kept if the form is this app's own, and if it isn't
//! too large.

#[path = "../../examples/upload.rs"]
mod upload;

use std::{error::Error, fs, path::Path};

use actix_web::{App, HttpServer, web::Data};
use reqwest::{Method, StatusCode};
use tempfile::TempDir;
use vestibule::Oidc;
use vestibule_dev::testing::{Browser, Launch, Page, TestApp};

use self::upload::{LARGEST, Uploads};

const PATH: &str = "/receipts";
const BOUNDARY: &str = "a-boundary";

/// The example, which keeps files in this folder.
async fn start(folder: &Path) -> TestApp {
    let folder = folder.to_owned();
    TestApp::of(async move |launch: Launch| {
        let oidc = Oidc::builder(launch.settings()).build().await?;
        let uploads = Data::new(Uploads(folder));
        let shared = oidc.clone();
        let mut server = HttpServer::new(move || {
            App::new()
                .app_data(uploads.clone())
                .wrap(shared.error_pages())
                .wrap(shared.middleware())
                .configure(shared.routes())
                .configure(upload::routes)
        })
        .workers(1);
        for listener in launch.listeners {
            server = server.listen(listener)?;
        }
        let server = server.run();
        Ok::<_, Box<dyn Error>>((oidc, server.handle(), server))
    })
    .start()
    .await
}

/// A field of a form with files (RFC 7578).
fn field(name: &str, more: &str, content: &[u8]) -> Vec<u8> {
    let head =
        format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn token(token: &str) -> Vec<u8> {
    field("csrf_token", "", token.as_bytes())
}

fn receipt(content: &[u8]) -> Vec<u8> {
    field("receipt", "; filename=\"../../receipt.pdf\"", content)
}

async fn send(browser: &Browser, fields: &[Vec<u8>]) -> Page {
    let end = format!("--{BOUNDARY}--\r\n");
    let body = [&fields.concat()[..], end.as_bytes()].concat();
    browser
        .request(Method::POST, PATH, |request| {
            let kind = format!("multipart/form-data; boundary={BOUNDARY}");
            request.header("content-type", kind).body(body)
        })
        .await
}

/// The contents of the files that are kept.
fn kept(folder: &TempDir) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder.path()).unwrap();
    files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[tokio::test]
async fn a_file_is_kept_as_it_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let alice = start(folder.path()).await.signed_in_as("alice").await;
    let csrf_token = alice.get(PATH).await.field("csrf_token");
    // Line ends and dashes are what parts of a form are told apart by.
    let content = b"\r\n--\r\n\0\xff--a-boundar\r\n".repeat(100);
    let page = send(&alice, &[token(&csrf_token), receipt(&content)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert_eq!(kept(&folder), [content]);
}

#[tokio::test]
async fn nothing_of_a_forged_form_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path()).await;
    let alice = app.signed_in_as("alice").await;
    let csrf_token = alice.get(PATH).await.field("csrf_token");
    let of_bob = app.signed_in_as("bob").await;
    let of_bob = of_bob.get(PATH).await.field("csrf_token");
    let receipt = receipt(b"forged");
    for (what, fields) in [
        ("no token", vec![receipt.clone()]),
        ("guessed", vec![token("guessed"), receipt.clone()]),
        ("of somebody else", vec![token(&of_bob), receipt.clone()]),
        ("after the file", vec![receipt.clone(), token(&csrf_token)]),
        ("two", vec![token(""), token(&csrf_token), receipt.clone()]),
    ] {
        let page = send(&alice, &fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{what}");
        assert_eq!(page.json()["code"], "forged_form", "{what}");
        assert!(kept(&folder).is_empty(), "{what}");
    }
    let stranger = send(&app.browser(), &[token(&csrf_token), receipt]).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    assert!(kept(&folder).is_empty());
}

#[tokio::test]
async fn a_file_has_a_largest_size_and_one_byte_more_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let alice = start(folder.path()).await.signed_in_as("alice").await;
    let csrf_token = alice.get(PATH).await.field("csrf_token");
    for (size, status, count) in [
        (LARGEST + 1, StatusCode::PAYLOAD_TOO_LARGE, 0),
        (LARGEST, StatusCode::SEE_OTHER, 1),
    ] {
        let fields = [token(&csrf_token), receipt(&vec![b'x'; size])];
        let page = send(&alice, &fields).await;
        assert_eq!(page.status, status, "{size} bytes: {}", page.body);
        assert_eq!(kept(&folder).len(), count, "{size} bytes");
    }
}

#[tokio::test]
async fn what_is_no_form_with_files_is_refused_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let alice = start(folder.path()).await.signed_in_as("alice").await;
    let csrf_token = alice.get(PATH).await.field("csrf_token");
    let page = alice.post(PATH, &[("csrf_token", &csrf_token)]).await;
    assert_eq!(page.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let cut = [token(&csrf_token), b"--a-boundary\r\n".to_vec()].concat();
    let cut = alice.request(Method::POST, PATH, |request| {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        request.header("content-type", kind).body(cut)
    });
    assert_eq!(cut.await.status, StatusCode::BAD_REQUEST);
    assert!(kept(&folder).is_empty());
}
