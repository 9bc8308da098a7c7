//! Where a new page is shown besides its route: in the gallery, and in the links of the bar. That
//! these show it right is tested with `tests/added-routes`.

use crate::support::{Room, assert_formatted};

const BAR: &str = "app/src/views/navigation.rs";
const GALLERY: &str = "app/src/samples.rs";
/// What a new app has in the place of links.
const NONE: &str = "&[\n    // The words, the path and who sees it.\n];";

fn run(room: &Room, arguments: &[&str]) -> snapbox::cmd::Command {
    room.vestibule(arguments).current_dir(room.join("app"))
}

/// Adds a route, and tells what was said.
fn add(room: &Room, arguments: &[&str]) -> String {
    let done = run(room, &[&["add", "route"], arguments].concat());
    let done = done.assert().success();
    String::from_utf8(done.get_output().stderr.clone()).unwrap()
}

/// Removes a route, and tells what was said.
fn remove(room: &Room, name: &str) -> String {
    let done = run(room, &["remove", "route", name]).assert().success();
    String::from_utf8(done.get_output().stderr.clone()).unwrap()
}

fn swap(room: &Room, path: &str, piece: &str, other: &str) {
    let text = room.read(path);
    assert_eq!(text.matches(piece).count(), 1, "{piece} in {text}");
    room.write(path, &text.replace(piece, other));
}

#[test]
fn pages_and_forms_are_shown_and_are_gone_again_to_the_byte() {
    let room = Room::with_app();
    let before = room.tree();
    let routes: [&[&str]; 6] = [
        &["monthly-reports"],
        &["feedback", "--form", "--public"],
        &["audit", "--role=auditor"],
        &[
            "payments-in-another-currency",
            "--fresh=5",
            "--path=/payments/in-another-currency",
        ],
        &["orders", "--form", "--path=/orders/{id}"],
        &["stock", "--json"],
    ];
    for route in routes {
        let said = add(&room, route);
        assert!(!said.contains("note:"), "{said}");
        assert_formatted(&room.join("app"));
    }
    let bar = room.read(BAR);
    let (_, links) = bar.split_once("who sees it.\n").unwrap();
    let (links, _) = links.split_once("];").unwrap();
    assert_eq!(
        links,
        r#"    Link::to("Monthly reports", "/monthly-reports", Audience::SignedIn),
    Link::to("Feedback", "/feedback", Audience::Everybody),
    Link::to("Audit", "/audit", Audience::Role("auditor")),
    Link::to(
        "Payments in another currency",
        "/payments/in-another-currency",
        Audience::SignedIn,
    ),
"#
    );
    let gallery = room.read(GALLERY);
    for (name, is_shown) in [
        ("monthly_reports", true),
        ("feedback", true),
        ("orders", true),
        ("stock", false),
    ] {
        let sample = format!("            crate::routes::{name}::sample,\n");
        assert_eq!(gallery.contains(&sample), is_shown, "{gallery}");
    }

    for name in ["audit", "stock", "monthly-reports", "orders"] {
        let said = remove(&room, name);
        assert!(!said.contains("note:"), "{said}");
        assert_formatted(&room.join("app"));
    }
    assert!(room.read(BAR).contains("Link::to(\"Feedback\""));
    for name in ["payments-in-another-currency", "feedback"] {
        remove(&room, name);
    }
    assert!(before == room.tree());
}

#[test]
fn what_the_owner_has_made_of_them_stays() {
    for (what, links) in [
        (
            "on one line",
            "&[Link::to(\"Home\", \"/\", Audience::Everybody)];",
        ),
        (
            "on one line, with a comma",
            "&[Link::to(\"Home\", \"/\", Audience::Everybody),];",
        ),
        ("nothing", "&[];"),
        (
            "with comments",
            "&[\n    Link::to(\"Home\", \"/\", Audience::Everybody), // always\n    // More to come.\n];",
        ),
        (
            "indented otherwise",
            "&[\n\t\tLink::to(\"Home\", \"/\", Audience::Everybody),\n\t];",
        ),
    ] {
        let room = Room::with_app();
        swap(&room, BAR, NONE, links);
        let before = room.tree();
        let said = add(&room, &["reports"]);
        assert!(
            said.contains("edited  src/views/navigation.rs\n"),
            "{what}: {said}"
        );
        let added = "Link::to(\"Reports\", \"/reports\", Audience::SignedIn)";
        assert!(room.read(BAR).contains(added), "{what}");
        remove(&room, "reports");
        assert!(before == room.tree(), "{what}");
    }
}

#[test]
fn files_with_other_line_ends_keep_them() {
    let room = Room::with_app();
    for path in [BAR, GALLERY] {
        let text = room.read(path).replace('\n', "\r\n");
        room.write(path, &text);
    }
    let before = room.tree();
    add(&room, &["payments", "--path=/payments/in-another-currency"]);
    for path in [BAR, GALLERY] {
        let text = room.read(path);
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    }
    remove(&room, "payments");
    assert!(before == room.tree());
}

#[test]
fn an_app_without_a_gallery_or_a_bar_of_this_kind_gets_the_route_and_a_note() {
    let gallery = "note: /dev/views doesn't show the page: ";
    let bar = "note: the bar doesn't link to the page: ";
    for (path, piece, other, note, has_sample) in [
        (
            GALLERY,
            "pub fn signed_in(",
            "fn signed_in(",
            gallery,
            false,
        ),
        (
            GALLERY,
            "pub fn gallery()",
            "pub fn views()",
            gallery,
            false,
        ),
        (
            BAR,
            "const LINKS: &[Link]",
            "const PAGES: &[Link]",
            bar,
            true,
        ),
        (BAR, NONE, "all();", bar, true),
        (BAR, "pub enum Audience", "pub enum Who", bar, true),
    ] {
        let room = Room::with_app();
        swap(&room, path, piece, other);
        let before = room.tree();
        let said = add(&room, &["reports"]);
        assert!(said.contains(note), "{piece}: {said}");
        assert_eq!(said.matches("note: ").count(), 1, "{said}");
        let handler = room.read("app/src/routes/reports.rs");
        assert_eq!(handler.contains("fn sample("), has_sample, "{handler}");
        remove(&room, "reports");
        assert!(before == room.tree(), "{piece}");
    }
}

#[test]
fn a_link_in_the_owner_s_words_is_kept_and_named() {
    let room = Room::with_app();
    add(&room, &["reports"]);
    swap(&room, BAR, "\"Reports\"", "\"All our reports\"");
    let said = remove(&room, "reports");
    let note = "note: the bar still links to /reports, as “All our reports”\n";
    assert!(said.contains(note), "{said}");
    assert!(room.read(BAR).contains("\"All our reports\""));

    let room = Room::with_app();
    add(&room, &["reports"]);
    swap(&room, BAR, "SignedIn),", "SignedIn), // for the board");
    let said = remove(&room, "reports");
    assert!(
        said.contains("note: the bar still links to /reports: "),
        "{said}"
    );
    assert!(room.read(BAR).contains("// for the board"));
}

#[test]
fn a_page_that_the_owner_shows_in_another_way_is_not_removed() {
    let room = Room::with_app();
    add(&room, &["reports"]);
    swap(
        &room,
        GALLERY,
        "crate::routes::reports::sample,",
        "|request| crate::routes::reports::sample(request),",
    );
    let output = room
        .keeps(run(&room, &["remove", "route", "reports"]))
        .code(3);
    let told = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(told.contains("src/samples.rs:"), "{told}");
}
