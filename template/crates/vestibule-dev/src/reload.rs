//! Pages that follow their developer: the browser shows the app anew when it has been
//! started again, and when a file in `static/` has changed. The script is in each
//! page's head ([`notes::head`](crate::notes::head)).

use std::{
    convert::Infallible,
    fs,
    hash::{DefaultHasher, Hash, Hasher as _},
    path::Path,
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll, ready},
    time::{Duration, SystemTime},
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    http::header::{ACCEPT, CACHE_CONTROL},
    web::Bytes,
};
use serde::Serialize;
use serde_json::json;
use tokio::time::{Interval, interval};
use vestibule::{Oidc, internals, sse::Event};

/// In the folder where the app is started, as with `dev/people.json`.
const FILES: &str = "static";
/// How often the files are looked at, while a page is being looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How long the browser waits for an app that is being started.
const RETRY: Duration = Duration::from_millis(300);
/// Deeper than people nest folders; a link that leads back would never end.
const DEEPEST: usize = 8;

/// When this process was first asked: another one is another app.
static STARTED: LazyLock<u64> = LazyLock::new(|| hash(SystemTime::now()));

/// `/dev/reload.js`
pub(crate) async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(format!(
            "{}({});\n",
            include_str!("reload.js").trim_end(),
            json!(State::now())
        ))
}

/// `/dev/reload`: says what the app is like, and says it again when that changes.
pub(crate) async fn events(request: HttpRequest, oidc: Oidc) -> HttpResponse {
    let accept = request.headers().get(ACCEPT);
    let accept = accept.and_then(|it| it.to_str().ok()).unwrap_or_default();
    if !accept.contains("text/event-stream") {
        // Others would wait for the end.
        return HttpResponse::NotAcceptable().finish();
    }
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(States {
            oidc,
            said: None,
            look: interval(LOOK_EVERY),
        })
}

/// What a page was made from. Hashes are strings, as scripts have no such numbers.
#[derive(Clone, PartialEq, Eq, Serialize)]
struct State {
    app: String,
    styles: String,
    files: String,
}

impl State {
    fn now() -> Self {
        let mut found = Vec::new();
        collect(Path::new(FILES), DEEPEST, &mut found);
        found.sort();
        let (styles, files): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|(path, _, _)| path.ends_with(".css"));
        Self {
            app: STARTED.to_string(),
            styles: hash(styles).to_string(),
            files: hash(files).to_string(),
        }
    }
}

/// The files of a folder: path, length, and when each was changed.
fn collect(folder: &Path, depth: usize, found: &mut Vec<(String, u64, Option<SystemTime>)>) {
    let entries = fs::read_dir(folder).into_iter().flatten();
    for path in entries.flatten().map(|entry| entry.path()) {
        match fs::metadata(&path) {
            Ok(file) if file.is_dir() && depth > 0 => collect(&path, depth - 1, found),
            Ok(file) if file.is_file() => {
                let path = path.to_string_lossy().into_owned();
                found.push((path, file.len(), file.modified().ok()));
            }
            Ok(_) | Err(_) => {}
        }
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The body of [`events`]. It ends with the app, which would wait for it otherwise.
struct States {
    oidc: Oidc,
    said: Option<State>,
    look: Interval,
}

impl MessageBody for States {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        loop {
            ready!(self.look.poll_tick(cx));
            if internals::streams_are_over(&self.oidc) {
                return Poll::Ready(None);
            }
            let state = State::now();
            if self.said.as_ref() != Some(&state)
                && let Ok(event) = Event::json(&state)
            {
                self.said = Some(state);
                let event = event.retry(RETRY).to_string();
                return Poll::Ready(Some(Ok(event.into())));
            }
        }
    }
}
