//! The HTTP server: its thread, its routes, and how a request gets to an endpoint
//! and back.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    guard,
    rt::System,
    web::{self, Bytes, Data},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    authorize,
    exchange::{Answer, Endpoint, Request},
    logout, metadata, okta, pages, push, sign_in,
    state::Shared,
    token, userinfo,
};

/// A server running on its own thread, so that it does not depend on the caller's
/// runtime.
pub(super) struct Server {
    handle: ServerHandle,
    /// Closed once nothing of the server is left: the worker, which holds the
    /// connections, ends later than the server itself.
    left: mpsc::Receiver<Infallible>,
}

/// Binds `listen`, which must be a loopback address: anyone can sign in as anyone
/// here.
pub(super) fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    if !listen.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the development provider listens only on loopback, not on {listen}: \
                 anyone who can connect can sign in as anyone"
            ),
        ));
    }
    TcpListener::bind(listen)
}

impl Server {
    pub async fn start(listener: TcpListener, shared: Data<Shared>) -> io::Result<Server> {
        let (started, start) = oneshot::channel();
        let (part, left) = mpsc::channel(1);
        thread::Builder::new()
            .name("dev-provider".to_owned())
            .spawn(move || {
                System::new().block_on(async move {
                    match serve(listener, shared, part) {
                        Ok(server) => {
                            let _ = started.send(Ok(server.handle()));
                            if let Err(why) = server.await {
                                tracing::error!(%why, "the development provider stopped");
                            }
                        }
                        Err(why) => {
                            let _ = started.send(Err(why));
                        }
                    }
                });
            })?;
        let handle = start
            .await
            .map_err(|_| io::Error::other("the server did not start"))??;
        Ok(Server { handle, left })
    }

    /// Asks the server to stop, without waiting for it.
    pub fn end(&self) {
        drop(self.handle.stop(false));
    }

    /// Stops the server; its connections are cut and the port is free afterwards.
    pub async fn stop(mut self) {
        self.end();
        let _ = self.left.recv().await;
    }
}

fn serve(
    listener: TcpListener,
    shared: Data<Shared>,
    part: mpsc::Sender<Infallible>,
) -> io::Result<actix_web::dev::Server> {
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .app_data(part.clone())
            .configure(routes)
    };
    let server = HttpServer::new(app)
        // On a busy machine it may take long until a request is read.
        .client_request_timeout(Duration::from_secs(60))
        // Browsers and apps are to be the first to close a connection that rests: a request
        // that crosses the closing is lost.
        .keep_alive(Duration::from_secs(300))
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}

fn routes(config: &mut web::ServiceConfig) {
    for endpoint in Endpoint::ALL {
        let allowed = guard::fn_guard(move |context| {
            endpoint.methods().contains(&context.head().method.as_str())
        });
        let route = web::route().guard(allowed).to(
            move |shared: Data<Shared>, http: HttpRequest, body: Bytes| async move {
                respond(endpoint, &shared, &http, &body).await
            },
        );
        config.service(web::resource(endpoint.path()).route(route));
    }
}

async fn respond(
    endpoint: Endpoint,
    shared: &Shared,
    http: &HttpRequest,
    body: &[u8],
) -> HttpResponse {
    if !is_for_loopback(http) {
        return pages::error(
            421,
            "Wrong host name",
            "The development provider answers only to loopback host names.",
        )
        .send()
        .await;
    }
    let request = Request::read(endpoint, http, body);
    if request.method == "OPTIONS" {
        return share(shared, &request, Answer::new(204, "text/plain", ""))
            .send()
            .await;
    }
    shared.state().remember(request.clone());
    let answer = match shared.faults.answer_instead(endpoint) {
        Some(answer) => answer,
        None => {
            let mut answer = answer(endpoint, shared, &request).unwrap_or_else(|why| {
                pages::error(500, "The development provider failed", &why.to_string())
            });
            shared.faults.alter_answer(endpoint, &mut answer);
            answer
        }
    };
    if endpoint == Endpoint::Token {
        shared.state().note_tokens(&answer.body);
    }
    share(shared, &request, answer).send().await
}

/// Lets the scripts of apps read the response (Fetch, CORS protocol).
fn share(shared: &Shared, request: &Request, answer: Answer) -> Answer {
    match request.header("origin") {
        Some(origin)
            if request.endpoint.is_for_scripts() && okta::is_origin_of_an_app(shared, origin) =>
        {
            answer
                .with_header("access-control-allow-origin", origin)
                .with_header("access-control-allow-credentials", "true")
                .with_header("access-control-allow-methods", "GET, POST")
                .with_header(
                    "access-control-allow-headers",
                    "content-type, x-okta-user-agent-extended",
                )
                .with_header("vary", "Origin")
        }
        _ => answer,
    }
}

fn answer(endpoint: Endpoint, shared: &Shared, request: &Request) -> io::Result<Answer> {
    match endpoint {
        Endpoint::Metadata => Ok(metadata::answer(shared)),
        Endpoint::Keys => Ok(metadata::keys(shared)),
        Endpoint::PushedAuthorization => push::answer(shared, request),
        Endpoint::Authorization | Endpoint::OktaAuthorization => authorize::answer(shared, request),
        Endpoint::SignIn => sign_in::answer(shared, request),
        Endpoint::Token => token::answer(shared, request),
        Endpoint::Userinfo => Ok(userinfo::answer(shared, request)),
        Endpoint::Revocation => Ok(token::revoke(shared, request)),
        Endpoint::EndSession => logout::answer(shared, request),
        Endpoint::Stylesheet => Ok(pages::stylesheet()),
        Endpoint::Interact => okta::interact(shared, request),
        Endpoint::Introspect => Ok(okta::introspect(shared, request)),
        Endpoint::Identify => okta::identify(shared, request),
        Endpoint::Authn => okta::authn(shared, request),
    }
}

/// Keeps websites whose host name resolves to this machine from reading anything
/// here.
fn is_for_loopback(http: &HttpRequest) -> bool {
    let connection = http
        .headers()
        .get("host")
        .and_then(|host| host.to_str().ok());
    let host = connection.unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
        .map_or(host, |(name, _)| name);
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}
