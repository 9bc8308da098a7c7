//! Sign-in with OpenID Connect for [Actix-web](actix_web).
//!
//! It is for Actix what `express-openid-connect` is for Express: the app gets
//! `/login`, `/logout` and guards for its routes, and people sign in with your
//! OpenID Connect provider: Okta, Auth0, Entra, Google, Keycloak or any other.
//! Tokens stay on the server; the browser holds a random id.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use vestibule::{Oidc, ProtectedConfig, Settings, User};
//!
//! async fn account(user: User) -> String {
//!     format!("Hello, {}!", user.name())
//! }
//!
//! fn protected(config: &mut ProtectedConfig) {
//!     config.route("/account", web::get().to(account));
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, APP_BASE_URL, SESSION_SECRET
//!     let oidc = Oidc::builder(Settings::from_env()?).build().await?;
//!     HttpServer::new(move || {
//!         App::new()
//!             .wrap(oidc.middleware())
//!             .configure(oidc.routes())
//!             .configure(oidc.protected(protected))
//!     })
//!     .bind(("localhost", 8080))?
//!     .run()
//!     .await?;
//!     Ok(())
//! }
//! ```
//!
//! # Where to go from here
//!
//! - **Deciding who may pass**: [`User`], `Option<User>`, [`Has<Role>`](Has),
//!   [`Fresh<SECONDS>`](Fresh) and [`Assured<Level>`](Assured) as arguments of a
//!   handler; [`Oidc::protected`] for a table of routes,
//!   [`Oidc::ensure_authenticated`] for a scope. [`Builder::undeclared_routes`] sends
//!   nothing of a route that has neither a guard nor a place in [`Oidc::public`].
//! - **Who may join**, by settings: [`Joining`](settings::Joining).
//! - **Your own code in the sign-in**: [`Hooks`], which can turn people away with a
//!   [`Deny`] that says why.
//! - **Your own pages**: [`Pages`]. [`Oidc::error_pages`] gives the app's other
//!   errors the same look, [`Oidc::security_headers`] protects every page.
//! - **Forms**: [`SignedForm`] proves that a page of this app made a request; so does
//!   [`SameOrigin`] where there is no form.
//! - **Event streams and WebSockets**: [`Oidc::event_stream`],
//!   [`Oidc::until_session_ends`] and [`Oidc::session_ended`] end them with the session.
//! - **Calling APIs on a person's behalf**: [`Oidc::access_token`], and in background
//!   jobs [`Oidc::on_behalf_of`].
//! - **Signing out**: `POST` to [`Paths::logout`], [`Oidc::logout_locally`],
//!   [`Oidc::logout_devices`], [`Oidc::logout_person`]. [`Oidc::devices`] and
//!   [`Oidc::devices_of`] tell where somebody is signed in.
//! - **Where sessions are kept**: [`store`]. One file by default, Redis or
//!   PostgreSQL for several instances, or your own [`Store`](store::Store).
//! - **Developing and testing without an account**: the crate `vestibule-dev`.
//!
//! # How it works
//!
//! A request passes [`Oidc::middleware`], then the guards (who is this?), then your
//! handler. A sign-in goes from `/login`, which starts a transaction in a sealed
//! cookie, to the provider and back to the callback, which checks everything, calls
//! [`Hooks::after_login`] and puts a [`UserSession`] into the store.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `embedded` | yes | the stores in one file and in memory |
//! | `redis` | yes | the store in Redis or Valkey |
//! | `postgres` | no | the store in a PostgreSQL database |
//! | `actix-session` | yes | [`Oidc::app_session`]: the app's own data, kept beside the user sessions |

/// Tests that the README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "actix-session")]
mod app_session;
mod assurance;
mod body;
mod choice;
mod claims;
mod clock;
mod cookies;
pub mod csp;
pub mod csrf;
mod debug_secret;
mod denial;
mod deny;
mod error;
mod events;
mod fields;
mod guard;
mod handlers;
mod hooks;
#[doc(hidden)]
pub mod internals;
mod joining;
mod limit;
mod loopback;
pub mod middleware;
mod observed;
mod oidc;
mod on_behalf;
pub mod pages;
mod paths;
mod people;
mod probe;
mod protected;
mod protocol;
mod provider;
mod public;
mod redirect;
mod refresh;
mod refresh_queues;
mod request_state;
mod return_to;
mod seal;
mod secret;
mod session;
pub mod settings;
mod silent;
pub mod sse;
pub mod store;
mod streams;
mod token;
mod transaction;
mod undeclared;
mod user;
mod visitor;
mod widget;

pub use self::{
    assurance::Assurance,
    claims::{Claims, RawClaim},
    clock::now,
    csrf::{PublicForm, SameOrigin, SignedForm},
    deny::Deny,
    error::{Error, ErrorKind},
    fields::FieldError,
    guard::{Assured, Fresh, Has, Role},
    hooks::{AfterLogin, Hooks},
    middleware::{declare_public, ensure_authenticated, redirect_to, sign_in_silently},
    oidc::{BuildError, Builder, Oidc},
    on_behalf::OnBehalf,
    pages::Pages,
    paths::Paths,
    people::Health,
    protected::{Guardable, ProtectedConfig},
    protocol::{ApiToken, TokenFor},
    public::{PublicConfig, PublicTable},
    redirect::is_navigation,
    request_state::RequestId,
    return_to::ReturnTo,
    secret::Secret,
    session::{Device, SessionEnd, StreamEnd, UserSession},
    settings::Settings,
    streams::UntilSessionEnds,
    undeclared::Undeclared,
    user::User,
    visitor::Visitor,
};
