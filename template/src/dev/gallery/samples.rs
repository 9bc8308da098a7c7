//! The states and their sample data: people as they come, and those whose data
//! is awkward.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::{
    oidc::{
        claims::Claims,
        error::{Reason, Refusal},
        handlers,
    },
    views::{
        self, DeviceRow, Devices, Failure, Frame, Home, Literal, LoggedOut, Login, Members, Person,
        Profile, Shown, Trouble,
    },
};

/// One view in one state.
pub(super) struct State {
    /// Its name in addresses.
    pub name: String,
    /// The template, in `templates/`.
    pub view: &'static str,
    /// When people see it.
    pub when: String,
    /// Makes the page.
    pub show: Box<dyn Fn(&HttpRequest) -> Page>,
}

type Page = Result<HttpResponse, Refusal>;

/// All of them, in the order in which people meet them.
pub(super) fn all() -> Vec<State> {
    let mut states = vec![
        state(
            "home-signed-out",
            "home.html",
            "nobody is signed in",
            |request| home(request, None),
        ),
        state("home", "home.html", "somebody is signed in", |request| {
            home(request, Some(ALICE))
        }),
        state(
            "home-long-name",
            "home.html",
            "the name is very long",
            |request| home(request, Some(&long_name())),
        ),
        state(
            "home-right-to-left",
            "home.html",
            "the name is written from right to left",
            |request| home(request, Some(FARAH)),
        ),
        state("login", "login.html", "OIDC_LOGIN_PAGE=page", |request| {
            login(request, None)
        }),
        state(
            "login-trouble",
            "login.html",
            "the last attempt failed",
            |request| login(request, Some(&Reason::Denied)),
        ),
        state(
            "login-widget",
            "login.html",
            "OIDC_LOGIN_PAGE=widget",
            handlers::sample_widget,
        ),
        state("profile", "profile.html", "an ordinary person", |request| {
            profile(request, ALICE, ordinary_claims())
        }),
        state(
            "profile-bare",
            "profile.html",
            "the provider says nothing but `sub`",
            |request| profile(request, "00u1a2b3", json!({ "sub": "00u1a2b3" })),
        ),
        state(
            "profile-awkward",
            "profile.html",
            "many groups, long texts, nested claims, markup",
            |request| profile(request, &long_name(), awkward_claims()),
        ),
        state(
            "profile-right-to-left",
            "profile.html",
            "names from right to left",
            |request| {
                profile(
                    request,
                    FARAH,
                    json!({ "sub": "farah", "name": FARAH, "locale": "ar" }),
                )
            },
        ),
        state(
            "devices",
            "devices.html",
            "signed in here and elsewhere",
            |request| devices(request, 3),
        ),
        state(
            "devices-one",
            "devices.html",
            "signed in here only",
            |request| devices(request, 1),
        ),
        state(
            "members",
            "members.html",
            "an administrator looks",
            |request| members(request, None),
        ),
        state(
            "members-done",
            "members.html",
            "somebody was signed out",
            |request| members(request, Some(2)),
        ),
        state(
            "logged-out",
            "logged_out.html",
            "signed out everywhere",
            |request| logged_out(request, false),
        ),
        state(
            "logged-out-here",
            "logged_out.html",
            "the provider could not be told",
            |request| logged_out(request, true),
        ),
    ];
    states.extend(reasons().into_iter().map(|reason| {
        let face = reason.face();
        State {
            name: format!("failure-{}", face.code),
            view: "failure.html",
            when: format!("{}: {reason}", face.code),
            show: Box::new(move |request| failure(request, face.code)),
        }
    }));
    states
}

fn state(
    name: &str,
    view: &'static str,
    when: &str,
    show: impl Fn(&HttpRequest) -> Page + 'static,
) -> State {
    State {
        name: name.to_owned(),
        view,
        when: when.to_owned(),
        show: Box::new(show),
    }
}

const ALICE: &str = "Alice Archer";
const FARAH: &str = "فرح الفارسي";

fn long_name() -> String {
    format!("Erin {}", "von und zu Eselsohr-".repeat(500))
}

fn frame(request: &HttpRequest, name: Option<&str>) -> Result<Frame, Refusal> {
    Ok(Frame {
        person: name.map(|name| Shown::Sample(Person::new(name, "sample"))),
        color_scheme: color_scheme(request),
        ..Frame::for_nobody(request)?
    })
}

/// `?scheme=dark` and `?scheme=light` decide for the browser.
fn color_scheme(request: &HttpRequest) -> Literal {
    Literal(match request.query_string() {
        "scheme=dark" => "dark",
        "scheme=light" => "light",
        _ => "light dark",
    })
}

fn home(request: &HttpRequest, name: Option<&str>) -> Page {
    views::respond(&Home {
        frame: frame(request, name)?,
        dev_note: super::super::notes::home(request),
    })
}

fn login(request: &HttpRequest, trouble: Option<&Reason>) -> Page {
    views::respond(&Login {
        frame: frame(request, None)?,
        return_to: "/profile".to_owned(),
        login_hint: None,
        max_age: None,
        trouble: trouble.map(|reason| Trouble::new(reason, "5f0c1d2e3b4a5968".to_owned())),
        widget: None,
        dev_note: String::new(),
    })
}

fn profile(request: &HttpRequest, name: &str, claims: Value) -> Page {
    let Value::Object(claims) = claims else {
        return Err(Reason::NotFound.into());
    };
    let claims = Claims::from(claims);
    views::respond(&Profile {
        sign_ins: 3,
        signed_in_ago: "12 minutes".to_owned(),
        ends_in: "12 hours".to_owned(),
        ..Profile::of_claims(
            frame(request, Some(name))?,
            &claims,
            claims.texts_at("roles"),
        )
    })
}

fn ordinary_claims() -> Value {
    json!({
        "sub": "alice",
        "name": ALICE,
        "given_name": "Alice",
        "family_name": "Archer",
        "email": "alice@example.com",
        "email_verified": true,
        "locale": "en",
        "roles": ["admin", "user"],
        "groups": ["everyone", "staff"],
        "iss": "https://id.example.com",
        "aud": "my-app",
        "iat": 1_790_000_000,
        "exp": 1_790_003_600,
        "auth_time": 1_790_000_000,
        "amr": ["pwd", "otp"],
        "sid": "f2c8e4b0",
    })
}

fn awkward_claims() -> Value {
    json!({
        "sub": "erin",
        "name": long_name(),
        "email": "a-very-long-address-that-goes-on-and-on-and-on@a-very-long-domain-name-too.example.com",
        "email_verified": "false",
        "nickname": "",
        "middle_name": null,
        "picture": "<script>alert('picture')</script>",
        "address": { "locality": "Bad Kissingen", "postal_code": "97688", "country": "DE" },
        "groups": (1..=300).map(|n| format!("group-{n:03}")).collect::<Vec<_>>(),
        "roles": ["user", "<b>bold</b>"],
        "updated_at": 1_780_000_000,
        "iat": -1.5,
        "exp": 99_999_999_999_999_u64,
    })
}

fn devices(request: &HttpRequest, count: usize) -> Page {
    let names = ["Firefox on Linux", "Safari on iPhone", "Chrome on Windows"];
    let devices = names.iter().take(count).enumerate();
    views::respond(&Devices {
        frame: frame(request, Some(ALICE))?,
        devices: devices
            .map(|(nth, name)| DeviceRow {
                handle: format!("sample-{nth}"),
                name: (*name).to_owned(),
                signed_in_ago: format!("{} hours", nth + 2),
                seen_ago: format!("{} minutes", nth * 40 + 2),
                is_this: nth == 0,
            })
            .collect(),
    })
}

fn members(request: &HttpRequest, signed_out: Option<usize>) -> Page {
    views::respond(&Members {
        frame: frame(request, Some(ALICE))?,
        count: 1,
        signed_out,
    })
}

fn logged_out(request: &HttpRequest, only_here: bool) -> Page {
    views::respond(&LoggedOut {
        frame: frame(request, None)?,
        only_here,
    })
}

fn failure(request: &HttpRequest, code: &str) -> Page {
    let reason = reasons()
        .into_iter()
        .find(|reason| reason.face().code == code)
        .ok_or(Reason::NotFound)?;
    let id = "5f0c1d2e3b4a5968".to_owned();
    let mut view = Failure::new(request, &reason.into(), id)?;
    view.frame.color_scheme = color_scheme(request);
    views::respond(&view)
}

/// Every reason there is; a test compares it with its own list.
fn reasons() -> Vec<Reason> {
    let detail = || "the cause, which only the log tells".to_owned();
    vec![
        Reason::SignedOut,
        Reason::MissingRole("admin"),
        Reason::NotFresh(300),
        Reason::NotAssured(&["phr"]),
        Reason::DemandNotMet(detail()),
        Reason::ForgedForm,
        Reason::AttemptUnknown,
        Reason::AttemptExpired,
        Reason::OtpElsewhere,
        Reason::SignInDoesNotLast,
        Reason::ParameterRepeated("state"),
        Reason::TokenInCallback("id_token"),
        Reason::MixedUp(detail()),
        Reason::Denied,
        Reason::NotSignedInAtProvider,
        Reason::ProviderError(detail()),
        Reason::CodeMissing,
        Reason::CodeRefused,
        Reason::TokenAnswer(detail()),
        Reason::IdToken(detail()),
        Reason::UserInfo(detail()),
        Reason::RefreshRefused,
        Reason::LogoutToken(detail()),
        Reason::Hook("Your subscription has ended. Renew it, and sign in again.".to_owned()),
        Reason::ProviderUnavailable(detail()),
        Reason::StoreUnavailable(detail()),
        Reason::TooManyLogins,
        Reason::NotFound,
        Reason::MethodNotAllowed,
        Reason::BadRequest(detail()),
        Reason::Internal(detail()),
    ]
}
