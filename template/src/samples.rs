//! What `/dev/views` shows in debug builds: every view in every state, from
//! sample data, so that you can look at a view while you change it. A view of
//! yours gets a state here.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::{Map, Value, json};
use vestibule::{Claims, Error, Visitor};
use vestibule_dev::Gallery;

use crate::{
    pages::AppPages,
    users::{Account, Found, Member, Person},
    views::{self, Administration, DeviceRow, Devices, Frame, Home, MemberPage, Members, Profile},
};

const ALICE: &str = "Alice Archer";
const FARAH: &str = "فرح الفارسي";

/// What `static/app.css` knows, to copy from.
#[derive(Template)]
#[template(path = "elements.html")]
struct Elements {
    frame: Frame,
}

type Page = Result<HttpResponse, Error>;

/// All states, in the order in which people meet them.
pub fn gallery() -> Gallery {
    Gallery::new()
        .state(
            "home-signed-out",
            "home.html",
            "nobody is signed in",
            |request| home(request, None),
        )
        .state("home", "home.html", "somebody is signed in", |request| {
            home(request, Some(ALICE))
        })
        .state(
            "home-long-name",
            "home.html",
            "the name is very long",
            |request| home(request, Some(&long_name())),
        )
        .state(
            "home-right-to-left",
            "home.html",
            "the name is written from right to left",
            |request| home(request, Some(FARAH)),
        )
        .login("login.html", AppPages)
        .choose("choose.html", AppPages)
        .state("profile", "profile.html", "an ordinary person", |request| {
            profile(request, ordinary_claims())
        })
        .state(
            "profile-bare",
            "profile.html",
            "the provider says nothing but `sub`",
            |request| profile(request, json!({ "sub": "00u1a2b3" })),
        )
        .state(
            "profile-awkward",
            "profile.html",
            "many groups, long strings, nested claims, markup",
            |request| profile(request, awkward_claims()),
        )
        .state(
            "profile-right-to-left",
            "profile.html",
            "names from right to left",
            |request| {
                let claims = json!({ "sub": "farah", "name": FARAH, "locale": "ar" });
                profile(request, claims)
            },
        )
        .state(
            "devices",
            "devices.html",
            "signed in here and elsewhere",
            |request| devices(request, 3),
        )
        .state(
            "devices-one",
            "devices.html",
            "signed in here only",
            |request| devices(request, 1),
        )
        .state(
            "admin",
            "admin.html",
            "where administrators begin",
            |request| {
                views::respond(&Administration {
                    frame: signed_in(request)?,
                    count: 51,
                })
            },
        )
        .state(
            "members",
            "members.html",
            "the second of three pages of people",
            |request| members(request, "", 51),
        )
        .state(
            "members-nobody",
            "members.html",
            "nobody was found",
            |request| members(request, "zebra", 0),
        )
        .state(
            "member",
            "member.html",
            "somebody who is signed in",
            |request| member(request, 3),
        )
        .state(
            "member-signed-out",
            "member.html",
            "somebody who is not signed in anywhere",
            |request| member(request, 0),
        )
        .state(
            "elements",
            "elements.html",
            "what pages of yours can be made of",
            |request| {
                views::respond(&Elements {
                    frame: signed_in(request)?,
                })
            },
        )
        .logged_out("logged_out.html", AppPages)
        .errors("error.html", AppPages)
}

fn frame(request: &HttpRequest, name: Option<&str>) -> Result<Frame, Error> {
    Ok(Frame {
        visitor: name.map(|name| Visitor::sample(name, "sample")),
        ..Frame::of(request)?
    })
}

/// The frame of a page for somebody who is signed in.
///
/// # Errors
/// See [`Frame::of`].
pub fn signed_in(request: &HttpRequest) -> Result<Frame, Error> {
    frame(request, Some(ALICE))
}

fn home(request: &HttpRequest, name: Option<&str>) -> Page {
    views::respond(&Home {
        frame: frame(request, name)?,
        debug_note: vestibule_dev::notes::home(request),
    })
}

fn profile(request: &HttpRequest, claims: Value) -> Page {
    let claims: Map<String, Value> = serde_json::from_value(claims).unwrap_or_default();
    let claims = Claims::from(claims);
    let name = claims.display_name();
    let roles = claims.strings_at("roles");
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    views::respond(&Profile {
        sign_ins: 3,
        signed_in_ago: "12 minutes".to_owned(),
        ends_in: "12 hours".to_owned(),
        ..Profile::of(frame(request, Some(name))?, &claims, &roles)
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

fn long_name() -> String {
    format!("Erin {}", "von und zu Eselsohr-".repeat(500))
}

fn devices(request: &HttpRequest, count: usize) -> Page {
    views::respond(&Devices {
        frame: signed_in(request)?,
        devices: device_rows(count),
    })
}

fn device_rows(count: usize) -> Vec<DeviceRow> {
    let names = ["Firefox on Linux", "Safari on iPhone", "Chrome on Windows"];
    let rows = names.iter().take(count).enumerate();
    rows.map(|(nth, name)| DeviceRow {
        handle: format!("sample-{nth}"),
        name: (*name).to_owned(),
        signed_in_ago: format!("{} hours", nth + 2),
        seen_ago: format!("{} minutes", nth * 40 + 2),
        is_this: nth == 0,
    })
    .collect()
}

fn members(request: &HttpRequest, search: &str, count: u64) -> Page {
    let on_the_page = count.min(Found::PER_PAGE);
    views::respond(&Members {
        frame: signed_in(request)?,
        search: search.to_owned(),
        found: Found {
            members: (1..=on_the_page).map(sample_member).collect(),
            count,
            page: 2,
        },
    })
}

fn member(request: &HttpRequest, devices: usize) -> Page {
    views::respond(&MemberPage {
        frame: signed_in(request)?,
        member: sample_member(1),
        member_for: "40 days".to_owned(),
        devices: device_rows(devices),
    })
}

fn sample_member(number: u64) -> Member {
    let (name, email) = match number % 3 {
        0 => (FARAH.to_owned(), None),
        1 => ("Bob Baker".to_owned(), Some("bob@example.com".to_owned())),
        _ => (long_name(), Some("erin@example.com".to_owned())),
    };
    Member {
        account: Account {
            number,
            sign_ins: number * 7 % 20,
            ..Account::default()
        },
        person: Person { name, email },
        issuer: String::new(),
        subject: String::new(),
    }
}
