//! `/dev/views`: each view can be shown in each state.

use vestibule_dev::testing::StatusCode;

use crate::support::signed_out;

#[tokio::test]
async fn each_state_of_each_view_is_shown() {
    let browser = signed_out().await;
    let list = browser.get("/dev/views").await;
    assert_eq!(list.status, StatusCode::OK);
    let links = list.body.split("href=\"").skip(1);
    let links = links.filter_map(|after| after.split('"').next());
    let states: Vec<&str> = links
        .filter(|link| link.starts_with("/dev/views/"))
        .collect();
    assert!(!states.is_empty(), "{}", list.body);
    for state in states {
        let page = browser.get(state).await;
        assert!(!page.body.is_empty(), "{state}: {}", page.status);
    }
}
