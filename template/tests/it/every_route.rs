//! Every route that the running app has, yours too: `/dev/routes` lists them.

use std::path::Path;

use crate::support::app;

#[tokio::test]
async fn strangers_get_in_only_where_that_is_declared() {
    let routes = app().start().await.routes().await;
    let open: Vec<String> = routes
        .iter()
        .filter(|route| !route.is_public() && !route.is_refused())
        .map(ToString::to_string)
        .collect();
    assert!(open.is_empty(), "{open:#?}");
    assert!(routes.iter().any(|route| route.is_public()));
    assert!(routes.iter().any(|route| route.is_refused()));

    // CI has `vestibule routes --live` compare them with the source.
    routes.save(Path::new(env!("CARGO_TARGET_TMPDIR")).join("routes.json"));
}
