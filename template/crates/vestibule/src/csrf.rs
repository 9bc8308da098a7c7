//! Proof that a request was made by a page of this app: the user session's CSRF
//! token, in a form field or a header.

use std::{
    future::{self, Future, Ready},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header::HeaderValue, web,
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    body::InTime,
    error::{Error, ErrorKind},
    fields,
    guard::{Pending, note_guard},
    observed::GuardSeen,
    oidc::Oidc,
    seal,
    session::{LiveSession, UserSession},
    user::User,
    visitor,
};

/// The header for requests made by scripts.
pub const HEADER: &str = "x-csrf-token";

/// A form sent by a signed-in person from a page of this app, or JSON sent by a
/// script there. Forms need the hidden field `csrf_token` with the value of
/// `user.session().csrf_token()`; scripts send it in the header `x-csrf-token`.
/// Without it the handler does not run. Nor does it if a field is missing or does not
/// fit its type: the error says which. So that people keep what they typed, take their
/// fields as strings, check those, and show the form again.
///
/// ```
/// use actix_web::HttpResponse;
/// use vestibule::SignedForm;
///
/// #[derive(serde::Deserialize)]
/// struct Rename {
///     name: String,
/// }
///
/// async fn rename(form: SignedForm<Rename>) -> HttpResponse {
///     let (user, Rename { name }) = (form.user, form.fields);
///     HttpResponse::Ok().body(format!("{} is now {name}", user.name()))
/// }
/// ```
pub struct SignedForm<T, C = ()> {
    /// Who sent it.
    pub user: User<C>,
    /// The form's other fields.
    pub fields: T,
}

#[derive(Deserialize)]
struct Proof {
    csrf_token: Option<String>,
}

impl<T: DeserializeOwned + 'static, C: 'static> FromRequest for SignedForm<T, C> {
    type Error = Error;
    type Future = Pending<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        note_guard(request, GuardSeen::SignedIn);
        let request = request.clone();
        let body = InTime::<web::Bytes>::from_request(&request, payload);
        Pending::new(async move {
            let user = User::<C>::extract(&request).await?;
            let content = Content::of(&request)?;
            let body = proven(&request, user.session(), content, body).await?;
            let fields = match content {
                Content::Json => fields::from_json(&body)?,
                Content::Form => fields::from_form(&body)?,
            };
            Ok(Self { user, fields })
        })
    }
}

/// The sign-out form. The sender need not be a [`User`]: people denied by the app's
/// hooks can sign out too.
pub(crate) struct SignOutForm {
    /// The session to end.
    pub live: Arc<LiveSession>,
}

impl FromRequest for SignOutForm {
    type Error = Error;
    type Future = Pending<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let body = InTime::<web::Bytes>::from_request(&request, payload);
        Pending::new(async move {
            let live = visitor::session_of(&request, &visitor::oidc()?).await?;
            // It has no fields but the token.
            let content = Content::of(&request).unwrap_or(Content::Form);
            proven(&request, &live.session, content, body).await?;
            Ok(Self { live })
        })
    }
}

/// What a body holds, as its sender says.
#[derive(Clone, Copy)]
enum Content {
    Form,
    Json,
}

impl Content {
    /// Without a type it is a form: scripts that send none have nothing to send.
    fn of(request: &HttpRequest) -> Result<Self, ErrorKind> {
        let Ok(kind) = request.mime_type() else {
            return Err(ErrorKind::BodyType("it is not a media type".to_owned()));
        };
        let Some(kind) = kind else {
            return Ok(Self::Form);
        };
        if kind.subtype() == "json" || kind.suffix().is_some_and(|suffix| suffix == "json") {
            Ok(Self::Json)
        } else if kind.essence_str() == "application/x-www-form-urlencoded" {
            Ok(Self::Form)
        } else {
            Err(ErrorKind::BodyType(kind.essence_str().to_owned()))
        }
    }
}

/// The request's body, if it arrives and is not too large.
async fn received(
    body: impl Future<Output = Result<InTime<web::Bytes>, actix_web::Error>>,
) -> Result<web::Bytes, ErrorKind> {
    let InTime(body) = body.await.map_err(|error| {
        let kind = fields::of_extractor(&error);
        kind.unwrap_or_else(|| ErrorKind::BadRequest(error.to_string()))
    })?;
    Ok(body)
}

/// The request's body, if the request proves that a page of this app made it.
async fn proven(
    request: &HttpRequest,
    session: &UserSession,
    content: Content,
    body: impl Future<Output = Result<InTime<web::Bytes>, actix_web::Error>>,
) -> Result<web::Bytes, Error> {
    let body = received(body).await?;
    // Another site's page can send a form, but neither JSON nor a custom header
    // without permission, so JSON carries its token in the header.
    let field = match content {
        Content::Json => None,
        Content::Form => {
            let proof = fields::from_form::<Proof>(&body);
            proof.map_err(|_| ErrorKind::ForgedForm)?.csrf_token
        }
    };
    check_token(request, session, field.as_deref())?;
    Ok(body)
}

/// A form that anyone may send, signed in or not, but only from a page of this app.
/// There is no session to hold a token, so the browser's word counts: its Fetch
/// Metadata, or `Origin` if it sends none.
pub struct PublicForm<T> {
    /// The form's fields.
    pub fields: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for PublicForm<T> {
    type Error = Error;
    type Future = Pending<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let body = InTime::<web::Bytes>::from_request(&request, payload);
        Pending::new(async move {
            if !is_sent_from_here(&request)? {
                return Err(ErrorKind::ForgedForm.into());
            }
            let Content::Form = Content::of(&request)? else {
                return Err(ErrorKind::BodyType("the page reads forms".to_owned()).into());
            };
            let fields = fields::from_form(&received(body).await?)?;
            Ok(Self { fields })
        })
    }
}

/// A request that a page of this app has made, as the browser says by its Fetch Metadata
/// or by `Origin`. Silence counts as no. As an argument of a handler it stands beside a
/// guard, where neither of these forms will do:
///
/// - for a WebSocket: browsers open one for any page, and cookies are sent along from
///   other origins of the same site (RFC 6455 10.2);
/// - for a script's request without a body, or with one that is read as it comes.
///
/// ```
/// use actix_web::{HttpResponse, web::Path};
/// use vestibule::{SameOrigin, User};
///
/// async fn delete(user: User, id: Path<u32>, _: SameOrigin) -> HttpResponse {
///     HttpResponse::NoContent().finish()
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SameOrigin;

impl FromRequest for SameOrigin {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let sender = visitor::oidc().map(|oidc| Sender::of(request, &oidc));
        future::ready(match sender {
            Ok(Sender::Here) => Ok(Self),
            Ok(Sender::Elsewhere | Sender::Unnamed | Sender::Unsaid) => {
                Err(ErrorKind::ForgedForm.into())
            }
            Err(error) => Err(error),
        })
    }
}

/// Whether the browser says that a page of this app made the request. Silence
/// counts as no.
fn is_sent_from_here(request: &HttpRequest) -> Result<bool, Error> {
    // Another site's pages can leave themselves unnamed, too, but their forms come
    // without our cookies, which are SameSite=Lax: nobody is behind them whom the
    // browser could be made to speak for.
    let sender = Sender::of(request, &visitor::oidc()?);
    Ok(matches!(sender, Sender::Here | Sender::Unnamed))
}

/// Succeeds if the request carries the person's CSRF token, in `field` or in the
/// header `x-csrf-token`, and the browser does not say that another site made it.
///
/// # Errors
/// `forged_form`.
pub fn check<C>(request: &HttpRequest, user: &User<C>, field: Option<&str>) -> Result<(), Error> {
    check_token(request, user.session(), field)
}

fn check_token(
    request: &HttpRequest,
    session: &UserSession,
    field: Option<&str>,
) -> Result<(), Error> {
    let header = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok());
    let is_ours = field
        .or(header)
        .is_some_and(|token| seal::same_secret(token, &session.csrf_token));
    if is_ours && !is_cross_site(request, &visitor::oidc()?) {
        Ok(())
    } else {
        Err(ErrorKind::ForgedForm.into())
    }
}

/// Whether the browser says that another site caused the request. Silence counts
/// as no.
pub(crate) fn is_cross_site(request: &HttpRequest, oidc: &Oidc) -> bool {
    Sender::of(request, oidc) == Sender::Elsewhere
}

/// Who caused a request, according to the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A page of this app.
    Here,
    /// Another site.
    Elsewhere,
    /// A page that sends no `Referer`, as ours do: its origin is `null` then (Fetch,
    /// "append a request Origin header").
    Unnamed,
    /// The browser does not say, or no page did: the person typed an address.
    Unsaid,
}

impl Sender {
    /// By Fetch Metadata or, from browsers that send none, by `Origin`.
    pub(crate) fn of(request: &HttpRequest, oidc: &Oidc) -> Self {
        let header = |name: &str| request.headers().get(name);
        if let Some(site) = header("sec-fetch-site") {
            return match site.as_bytes() {
                b"same-origin" => Self::Here,
                b"none" => Self::Unsaid,
                _ => Self::Elsewhere,
            };
        }
        let here = oidc.settings().base_url.origin().ascii_serialization();
        match header("origin").map(HeaderValue::as_bytes) {
            None => Self::Unsaid,
            Some(b"null") => Self::Unnamed,
            Some(origin) if origin == here.as_bytes() => Self::Here,
            Some(_) => Self::Elsewhere,
        }
    }
}
