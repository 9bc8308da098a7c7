//! Section I, third part: whom the ID token is about, and how much it says.

use reqwest::StatusCode;
use serde_json::{Value, json};
use vestibule::{Claims, UserSession, settings::Userinfo};
use vestibule_dev::{
    provider::{Endpoint, Signature},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    support::{PATHS, tokens_of},
};

use super::{
    assert_accepted, assert_id_tokens_accepted, assert_id_tokens_refused, assert_is_error_page,
    assert_refused, remove,
};

#[tokio::test]
async fn i19_a_subject_that_is_none_is_refused() {
    assert_id_tokens_refused(&[
        ("missing", |token| remove(token, "sub")),
        ("empty", |token| token.claims["sub"] = json!("")),
        ("null", |token| token.claims["sub"] = Value::Null),
        ("a number", |token| token.claims["sub"] = json!(42)),
        ("an array", |token| token.claims["sub"] = json!(["alice"])),
        ("256 characters", |token| {
            token.claims["sub"] = json!("a".repeat(256))
        }),
        ("not ASCII", |token| token.claims["sub"] = json!("älice")),
    ])
    .await;
}

#[tokio::test]
async fn i19_a_subject_may_have_255_characters_of_any_kind() {
    for sub in [
        "a".repeat(255),
        " !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~".to_owned(),
    ] {
        let app = Fixture::start_prepared(|settings, _| {
            settings.relying_party.userinfo = Userinfo::Off;
        })
        .await;
        let claimed = sub.clone();
        app.provider
            .faults()
            .id_token(move |token| token.claims["sub"] = json!(claimed));
        let browser = assert_accepted(&app, &sub).await;
        assert_eq!(browser.fetch("/api/me").await.json()["sub"], sub);
    }
}

#[tokio::test]
async fn i20_people_are_told_apart_by_issuer_and_subject_not_by_email() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    // Bob, whose provider says that alice's address is his.
    app.provider.faults().id_token(|token| {
        token.claims["email"] = json!("alice@example.com");
        token.claims["preferred_username"] = json!("alice");
    });
    let bob = app.signed_in_as("bob").await;
    let me = bob.fetch("/api/me").await.json();
    assert_eq!(me["sub"], "bob");
    assert_eq!(me["email"], "alice@example.com");
    assert_eq!(bob.get("/admin").await.status, StatusCode::FORBIDDEN);
    assert!(alice.get("/admin").await.body.contains("2 people"));

    let alice = &alice.record().await.session;
    let mut of_another_provider = serde_json::to_value(alice).unwrap();
    of_another_provider["issuer"] = json!("https://other.example");
    let other: UserSession = serde_json::from_value(of_another_provider).unwrap();
    assert_eq!(other.subject(), alice.subject());
    assert_ne!(other.person_tag(), alice.person_tag());
    assert_ne!(bob.record().await.session.person_tag(), alice.person_tag());
}

#[test]
fn i21_only_an_address_that_is_verified_and_well_formed_may_decide() {
    for (email, verified, is_usable) in [
        (json!("alice@example.com"), json!(true), true),
        (json!("alice@example.com"), json!("true"), true),
        (json!("alice@example.com"), json!(false), false),
        (json!("alice@example.com"), json!("false"), false),
        (json!("alice@example.com"), json!("True"), false),
        (json!("alice@example.com"), json!(1), false),
        (json!("alice@example.com"), Value::Null, false),
        (
            json!("alice@example.com@attacker.example"),
            json!(true),
            false,
        ),
        (json!("alice@@example.com"), json!(true), false),
        (json!("@example.com"), json!(true), false),
        (json!("alice@"), json!(true), false),
        (json!("alice"), json!(true), false),
        (json!(""), json!(true), false),
        (json!(["alice@example.com"]), json!(true), false),
        (Value::Null, json!(true), false),
    ] {
        let what = format!("{email} {verified}");
        let claims = json!({ "email": email, "email_verified": verified });
        let claims = Claims::from(claims.as_object().unwrap().clone());
        assert_eq!(claims.verified_email().is_some(), is_usable, "{what}");
    }
    let unsaid = json!({ "email": "alice@example.com" });
    let unsaid = Claims::from(unsaid.as_object().unwrap().clone());
    assert_eq!(unsaid.verified_email(), None);
}

#[tokio::test]
async fn i21_claims_as_large_providers_write_them_are_understood() {
    let app = Fixture::start().await;
    app.provider.faults().id_token(|token| {
        token.claims["email_verified"] = json!("true");
        token.claims["updated_at"] = json!("2026-01-31T12:00:00.000Z");
    });
    let alice = assert_accepted(&app, "a true in quotes, and a date in words").await;
    let record = alice.record().await;
    let email = record.session.verified_email();
    assert_eq!(email, Some("alice@example.com"));
}

/// A name, what the ID token and what userinfo say about the addresses, and what is
/// kept of that.
type Sources = (&'static str, Value, Value, Value);

#[tokio::test]
async fn i21_an_address_and_its_verification_come_from_one_source() {
    let (own, other) = ("alice@example.com", "attacker@example.com");
    let sources: [Sources; 8] = [
        (
            "the verification of another address",
            json!({ "email": other }),
            json!({ "email_verified": true }),
            json!({ "email": other }),
        ),
        (
            "the address of another verification",
            json!({ "email_verified": true }),
            json!({ "email": other }),
            json!({ "email": other }),
        ),
        (
            "an address without, and another with its own",
            json!({ "email": other }),
            json!({ "email": own, "email_verified": true }),
            json!({ "email": own, "email_verified": true }),
        ),
        (
            "both whole",
            json!({ "email": own, "email_verified": false }),
            json!({ "email": other, "email_verified": true }),
            json!({ "email": own, "email_verified": false }),
        ),
        (
            "null says nothing",
            json!({ "email": null, "email_verified": true }),
            json!({ "email": other, "email_verified": null }),
            json!({ "email": other, "email_verified": null }),
        ),
        (
            "only the ID token",
            json!({ "email": own, "email_verified": true }),
            json!({}),
            json!({ "email": own, "email_verified": true }),
        ),
        (
            "only userinfo",
            json!({}),
            json!({ "email": own, "email_verified": true }),
            json!({ "email": own, "email_verified": true }),
        ),
        (
            "the same for telephones",
            json!({ "phone_number": "+1 555 0100" }),
            json!({ "phone_number_verified": true }),
            json!({ "phone_number": "+1 555 0100" }),
        ),
    ];
    const NAMES: [&str; 4] = [
        "email",
        "email_verified",
        "phone_number",
        "phone_number_verified",
    ];
    let say = |claims: &mut Value, said: &Value| {
        let claims = claims.as_object_mut().unwrap();
        for name in NAMES {
            claims.remove(name);
        }
        claims.extend(said.as_object().unwrap().clone());
    };
    let app = Fixture::start().await;
    for (what, id_token, userinfo, kept) in sources {
        let faults = app.provider.faults();
        faults.clear();
        faults.id_token(move |token| say(&mut token.claims, &id_token));
        faults.json(Endpoint::Userinfo, move |claims| say(claims, &userinfo));
        let alice = assert_accepted(&app, what).await;
        let record = alice.record().await;
        let session = &record.session;
        for name in NAMES {
            assert_eq!(
                session.claims().get(name).as_ref(),
                kept.get(name),
                "{what}"
            );
        }
        let is_verified = kept["email_verified"] == true;
        assert_eq!(session.verified_email().is_some(), is_verified, "{what}");
    }
}

#[tokio::test]
async fn i22_an_id_token_is_good_for_one_sign_in() {
    let app = Fixture::start().await;
    let alice = app.browser();
    let answer = alice.answer_of_provider("alice", "/profile").await;
    let transaction = alice.cookies();
    let callback = answer.location();
    alice.follow(answer).await;
    let used = tokens_of(&alice.record().await.session)["id_token"].clone();
    let used = used.as_str().unwrap().to_owned();

    // Presented for another transaction.
    let bob = app.signed_in_as("bob").await;
    let again = used.clone();
    app.provider
        .faults()
        .id_token(move |token| token.signature = Signature::Instead(again.clone()));
    assert_refused(&bob, "id_token", "for another transaction").await;

    // Presented with a fresh code for the transaction that it was made for.
    let thief = app.browser();
    for (name, value) in transaction {
        thief.set_cookie(&name, &value);
    }
    let fresh = alice.get(PATHS.login).await.location();
    let fresh = app.provider.sign_in(fresh.as_str(), "alice").unwrap();
    let code = fresh.split("code=").nth(1).unwrap();
    let code = code.split('&').next().unwrap();
    let mut replayed = callback.clone();
    let others: Vec<_> = callback.query_pairs().into_owned().collect();
    replayed
        .query_pairs_mut()
        .clear()
        .extend_pairs(others.iter().filter(|(name, _)| name != "code"))
        .append_pair("code", code);
    let exchanges = app.token_requests();
    let page = thief.get(replayed.as_str()).await;
    assert_is_error_page(&page, "code_refused", "for its own transaction");
    assert!(!thief.is_signed_in().await);
    assert_eq!(app.token_requests(), exchanges);
}

#[tokio::test]
async fn i23_many_groups_are_kept_and_cookies_stay_small() {
    let app = Fixture::start_prepared(|settings, _| {
        settings.relying_party.roles_claim = "groups".to_owned();
    })
    .await;
    app.provider.faults().id_token(|token| {
        let groups: Vec<_> = (0..2000).map(|n| format!("group-{n:04}")).collect();
        token.claims["groups"] = json!(groups);
    });
    let alice = assert_accepted(&app, "2000 groups").await;
    let record = alice.record().await;
    assert_eq!(record.session.roles().len(), 2000);
    let kept = record.session.claims().get("groups").unwrap();
    assert_eq!(kept.as_array().unwrap().len(), 2000);
    for (name, value) in alice.cookies() {
        assert!(value.len() < 1024, "{name}");
    }
}

#[tokio::test]
async fn i23_claims_beyond_64_kb_are_capped_with_a_warning() {
    let app = Fixture::start_prepared(|settings, _| {
        settings.relying_party.roles_claim = "i23-groups".to_owned();
    })
    .await;
    app.provider.faults().id_token(|token| {
        let groups: Vec<_> = (0..2000).map(|n| format!("group-{n:04}")).collect();
        token.claims["i23-groups"] = json!(groups);
        token.claims["i23-essay"] = json!("x".repeat(64 * 1024 - 2000));
    });
    let alice = assert_accepted(&app, "64 KB and 2000 groups").await;
    let record = alice.record().await;
    let claims = record.session.claims();
    assert!(claims.get("i23-essay").is_none());
    assert!(claims.get("i23-groups").is_some());
    assert_eq!(claims.string("email"), Some("alice@example.com"));
    assert_eq!(record.session.roles().len(), 2000);
    assert!(logs::with("i23-essay").contains("WARN"));
    for (name, value) in alice.cookies() {
        assert!(value.len() < 1024, "{name}");
    }
}

#[tokio::test]
async fn claims_of_64_kb_are_kept_and_not_one_byte_more() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.userinfo = Userinfo::Off;
    })
    .await;
    let kept_with = async |essay: String| {
        app.provider.faults().clear();
        app.provider
            .faults()
            .id_token(move |token| token.claims["essay"] = json!(essay));
        let alice = assert_accepted(&app, "an essay").await;
        let record = alice.record().await;
        serde_json::to_string(record.session.claims()).unwrap()
    };
    // A comma follows each claim but the last, and braces are around them all.
    let around = kept_with(String::new()).await.len() - 1;
    let room = 64 * 1024 - around;
    let most = kept_with("x".repeat(room)).await;
    assert!(most.contains(r#""essay":"x"#));
    let too_much = kept_with("x".repeat(room + 1)).await;
    assert!(!too_much.contains("essay"));
}

#[tokio::test]
async fn claims_that_fit_once_the_longest_is_gone_are_kept() {
    const PARTS: usize = 8;
    let app = Fixture::start_with(|settings| {
        settings.relying_party.userinfo = Userinfo::Off;
    })
    .await;
    let kept_with = async |length: usize, longest: usize| {
        app.provider.faults().clear();
        app.provider.faults().id_token(move |token| {
            for part in 0..PARTS {
                let length = length / PARTS + usize::from(part < length % PARTS);
                token.claims[format!("part-{part}")] = json!("x".repeat(length));
            }
            if longest > 0 {
                token.claims["longest"] = json!("x".repeat(longest));
            }
        });
        let alice = assert_accepted(&app, "parts").await;
        let record = alice.record().await;
        serde_json::to_string(record.session.claims()).unwrap()
    };
    let around = kept_with(0, 0).await.len() - 1;
    let room = 64 * 1024 - around;
    let kept = kept_with(room, room / PARTS + 10).await;
    assert!(!kept.contains("longest"));
    assert_eq!(kept.matches("part-").count(), PARTS);
}

#[tokio::test]
async fn i23_whose_claims_they_are_is_never_dropped() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.userinfo = Userinfo::Off;
    })
    .await;
    let subject = "s".repeat(255);
    let claimed = subject.clone();
    app.provider.faults().id_token(move |token| {
        token.claims["sub"] = json!(claimed);
        for number in 0..1000 {
            token.claims[format!("claim-{number}")] = json!("x".repeat(60));
        }
    });
    let alice = assert_accepted(&app, "a thousand claims that are shorter").await;
    let record = alice.record().await;
    let claims = record.session.claims();
    assert_eq!(claims.string("sub"), Some(subject.as_str()));
    assert!(claims.iter().count() < 1000);
    // What protects the token says nothing of her.
    assert_eq!(claims.get("nonce"), None);
}

#[tokio::test]
async fn i23_an_id_token_beyond_all_measure_is_refused() {
    assert_id_tokens_refused(&[("200 KB", |token| {
        token.claims["essay"] = json!("x".repeat(200 * 1024));
    })])
    .await;
}

#[tokio::test]
async fn claims_that_nobody_asked_for_are_no_obstacle() {
    assert_id_tokens_accepted(&[
        ("unknown claims", |token| {
            token.claims["https://example.com/claims"] = json!({ "a": [1, null, {}] });
            token.claims["x"] = Value::Null;
        }),
        ("unknown header members", |token| {
            token.header["x"] = json!({ "a": 1 });
        }),
        ("no profile at all", |token| {
            for claim in ["name", "given_name", "family_name", "email", "locale"] {
                remove(token, claim);
            }
        }),
    ])
    .await;
}
