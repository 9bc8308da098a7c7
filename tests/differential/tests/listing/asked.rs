//! What the running app answers, and to whom.

use std::error::Error;
use std::future::Future;
use std::{fmt, io};

use actix_web::body::MessageBody;
use actix_web::dev::{ServerHandle, Service, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, read_body};
use actix_web::{App, HttpServer};
use serde_json::json;
use vestibule::Oidc;
use vestibule_dev::testing::{Browser, Launch, TestApp};

use crate::listed::Who;

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];

/// What one method of one path answers to those who get in.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub method: String,
    pub path: String,
    pub handler: String,
    pub who: Who,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path, handler, who) = (&self.method, &self.path, &self.handler, self.who);
        write!(f, "{method} {path} is answered by {handler} for {who:?}")
    }
}

/// Those who ask, each by their cookies.
pub struct People {
    app: TestApp,
    stranger: String,
    member: String,
    admin: String,
    long_signed_in: String,
}

impl People {
    pub async fn sign_in() -> Self {
        let app = TestApp::of(sign_in_app).start().await;
        let none = || json!([]);
        let long_ago = app.signed_in_with("alice", "auth_time", 1).await;
        let member = app.signed_in_with("alice", "roles", none()).await;
        let admin = app.signed_in_with("alice", "roles", json!(["admin"])).await;
        Self {
            stranger: String::new(),
            member: cookies(&member),
            admin: cookies(&admin),
            long_signed_in: cookies(&long_ago),
            app,
        }
    }

    pub fn oidc(&self) -> &Oidc {
        self.app.oidc()
    }

    /// What a path answers, by any method, with and without the header that some guards ask for.
    pub async fn ask<B: MessageBody>(
        &self,
        app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
        path: &str,
    ) -> Vec<Answer> {
        let mut answers = Vec::new();
        for method in METHODS {
            for is_odd in [false, true] {
                let ask = async |cookies: &str| {
                    let request = TestRequest::with_uri(path)
                        .method(method.clone())
                        .insert_header(("host", self.app.base.authority()))
                        .insert_header(("accept", "application/json"))
                        .insert_header(("sec-fetch-mode", "cors"))
                        .insert_header(("sec-fetch-site", "same-origin"))
                        .insert_header(("x-odd", if is_odd { "yes" } else { "no" }))
                        .insert_header(("cookie", cookies));
                    given(app, request).await
                };
                let (stranger, admin) = (ask(&self.stranger).await, ask(&self.admin).await);
                // Whoever has everything gets everything that there is.
                let Some(handler) = admin else {
                    assert_eq!(stranger, None, "{method} {path} answers a stranger alone");
                    continue;
                };
                let member = ask(&self.member).await;
                let who = if stranger.is_some() {
                    Who::Everybody
                } else {
                    Who::SignedIn {
                        role: member.is_none(),
                        fresh: member.is_some() && ask(&self.long_signed_in).await.is_none(),
                    }
                };
                for other in [stranger, member].into_iter().flatten() {
                    assert_eq!(other, handler, "{method} {path}");
                }
                let answer = Answer {
                    method: method.to_string(),
                    path: path.to_owned(),
                    handler,
                    who,
                };
                if !answers.contains(&answer) {
                    answers.push(answer);
                }
            }
        }
        answers
    }
}

/// What a request is given: the name of a handler, unless it is refused or nothing is there.
async fn given<B: MessageBody>(
    app: &impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    request: TestRequest,
) -> Option<String> {
    let response = app.call(request.to_request()).await.ok()?;
    let status = response.status();
    if status != StatusCode::OK {
        assert!(status.is_client_error(), "{status}");
        return None;
    }
    let body = read_body(response).await;
    Some(String::from_utf8_lossy(&body).into_owned())
}

fn cookies(browser: &Browser) -> String {
    let cookies = browser.cookies().into_iter();
    let cookies: Vec<String> = cookies
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    cookies.join("; ")
}

/// The sign-in alone: the tables are asked without a network.
async fn sign_in_app(
    launch: Launch,
) -> Result<(Oidc, ServerHandle, impl Future<Output = io::Result<()>>), Box<dyn Error>> {
    let oidc = Oidc::builder(launch.settings()).build().await?;
    let mut server = HttpServer::new({
        let oidc = oidc.clone();
        move || App::new().wrap(oidc.middleware()).configure(oidc.routes())
    })
    .workers(1)
    .disable_signals();
    for listener in launch.listeners {
        server = server.listen(listener)?;
    }
    let server = server.run();
    Ok((oidc, server.handle(), server))
}
