//! What comes from the argument grammar: completions, manual pages, and help for the misspelt.

use crate::support::{Room, tree};

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = Room::new()
            .vestibule(&["completions", shell])
            .assert()
            .success();
        let script = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        for word in ["plan-json", "signed-in", "routes"] {
            assert!(script.contains(word), "{shell} misses {word}");
        }
    }
}

#[test]
fn every_command_gets_a_manual_page() {
    let room = Room::new();
    for _ in 0..2 {
        room.vestibule(&["man", "pages"]).assert().success();
    }
    let pages = tree(&room.join("pages"));
    let names: Vec<&str> = pages.keys().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "vestibule-add-database.1",
            "vestibule-add-route.1",
            "vestibule-add.1",
            "vestibule-completions.1",
            "vestibule-init.1",
            "vestibule-man.1",
            "vestibule-new.1",
            "vestibule-remove-route.1",
            "vestibule-remove.1",
            "vestibule-routes.1",
            "vestibule-view-list.1",
            "vestibule-view-reset.1",
            "vestibule-view.1",
            "vestibule.1",
        ]
    );
    let page = room.read("pages/vestibule-add-route.1");
    assert!(page.contains("WHO MAY REACH IT"), "{page}");
}

#[test]
fn misspelt_commands_and_flags_get_a_suggestion() {
    for (arguments, suggestion) in [
        (&["routs"][..], "routes"),
        (&["remve", "route", "x"], "remove"),
        (&["add", "rout", "x"], "route"),
        (&["routes", "--chek"], "--check"),
        (&["add", "route", "x", "--rol=admin"], "--role"),
    ] {
        let output = Room::new().vestibule(arguments).assert().code(2);
        let told = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(told.contains(&format!("'{suggestion}'")), "{told}");
    }
}

#[test]
fn help_of_every_command_fits_into_the_width_of_a_terminal() {
    for command in [
        &["add"][..],
        &["add", "database"],
        &["add", "route"],
        &["remove", "route"],
        &["routes"],
        &["init"],
        &["view"],
        &["view", "list"],
        &["view", "reset"],
        &["completions"],
        &["man"],
    ] {
        let output = Room::new()
            .vestibule(command)
            .arg("--help")
            .env("COLUMNS", "80")
            .assert()
            .success();
        let help = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
    }
}
