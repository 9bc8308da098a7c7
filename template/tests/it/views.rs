//! What all views have to get right.

use serde_json::json;

use crate::support::app;

/// A provider's claims are what other people have typed.
#[tokio::test]
async fn claims_are_escaped_wherever_they_are_shown() {
    let app = app().start().await;
    let hostile = format!(
        "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}{{{{7*7}}}}{}",
        "x".repeat(10_000)
    );
    app.provider.faults().id_token(move |token| {
        let names = ["name", "locale", "\u{202e}\"><script>alert(2)</script>"];
        for claim in names {
            token.claims[claim] = hostile.clone().into();
        }
        // Still an address, as an app may insist on one.
        token.claims["email"] = format!("{hostile}@example.com").into();
        token.claims["address"] = json!({ "formatted": hostile });
        token.claims["roles"] = json!(["admin", hostile]);
    });
    let alice = app.signed_in_as("alice").await;
    let mut shown = 0;
    for path in ["/", "/profile", "/devices", "/admin", "/no-such-page"] {
        let page = alice.get(path).await;
        for raw in ["<script>alert", "<img", "\"'>"] {
            assert!(!page.body.contains(raw), "{raw} in {path}");
        }
        shown += page.body.matches("&#60;script&#62;").count();
        // Writing that runs the other way keeps to itself.
        for (place, _) in page.body.match_indices('\u{202e}') {
            let before = &page.body[..place];
            assert!(
                before.rfind("<bdi") > before.rfind("</bdi>"),
                "{path}: {before}"
            );
        }
    }
    assert!(shown > 0, "the claims are on none of the pages");
}
