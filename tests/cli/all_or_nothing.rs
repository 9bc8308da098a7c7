//! Whatever happens while an app is written, in the end it is there or nothing is.
//!
//! The program makes the git repository while everything is still waiting beside its place, so a
//! git of our own in `PATH` can do mischief at exactly that moment.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use snapbox::str;

use crate::support::{Room, Tree, program, tree};

/// A workspace that claims the app, so its manifest is edited too.
const WORKSPACE: &str = "[workspace]\nmembers = [\"deep/*\", \"deep/down/*\"]\n";

/// A command that makes an app, with a git that runs a script. `$ROOM` is the folder.
fn with_git(room: &Room, tools: &Room, script: &str) -> snapbox::cmd::Command {
    tools.write("git", &format!("#!/bin/sh\n{script}\n"));
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(tools.join("git"), mode).unwrap();
    let path = std::env::var("PATH").unwrap();
    room.vestibule(&["new", "deep/down/my-app"])
        .env("PATH", format!("{}:{path}", tools.path().display()))
        .env("ROOM", room.path())
}

#[test]
fn nothing_is_in_its_place_until_everything_is_written() {
    let (room, tools) = (Room::new(), Room::new());
    let script = format!("ls -A \"$ROOM\" > '{}'", tools.join("seen").display());
    with_git(&room, &tools, &script).assert().success();
    let seen = tools.read("seen");
    assert!(
        seen.starts_with(".vestibule-") && seen.lines().count() == 1,
        "{seen}"
    );
    assert!(room.join("deep/down/my-app/Cargo.toml").is_file());
    assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 1);
}

#[test]
fn who_asks_it_to_stop_finds_nothing() {
    for signal in ["INT", "TERM", "HUP"] {
        let (room, tools) = (Room::new(), Room::new());
        room.write("Cargo.toml", WORKSPACE);
        let command = with_git(&room, &tools, &format!("kill -{signal} $PPID"));
        room.keeps(command)
            .code(130)
            .stdout_eq("")
            .stderr_eq(str![[r#"
error: interrupted; nothing was written

"#]]);
    }
}

#[test]
fn who_asks_it_to_stop_at_any_moment_finds_all_or_nothing() {
    let whole = Room::new();
    whole.writes(&["deep/my-app"]);
    let whole = whole.tree();
    let (mut all, mut nothing) = (0, 0);
    for round in 0..60 {
        let room = Room::new();
        let child = start(&room);
        std::thread::sleep(Duration::from_micros(round * 400));
        let id = Pid::from_raw(child.id().try_into().unwrap());
        // Where the tests run in the background, the first kind may be ignored.
        let signal = [Signal::SIGINT, Signal::SIGTERM][usize::from(round % 2 == 1)];
        let _ = kill(id, signal);
        child.wait_with_output().unwrap();
        let found = room.tree();
        if found == whole {
            all += 1;
        } else {
            assert_eq!(found, Tree::new(), "round {round}");
            nothing += 1;
        }
    }
    assert_eq!(all + nothing, 60);
    assert!(
        nothing > 0,
        "the first signals come before anything can be written"
    );
}

fn start(room: &Room) -> Child {
    Command::new(program())
        .args(["new", "deep/my-app", "--no-git"])
        .current_dir(room.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_full_disk_leaves_nothing() {
    let room = Room::new();
    room.write("Cargo.toml", WORKSPACE);
    // Files may have at most 4 KB, which the first few of the template stay below.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" new deep/my-app --no-git";
    let command = snapbox::cmd::Command::new("sh")
        .args(["-c", script])
        .arg(program())
        .current_dir(room.path())
        .stdin("");
    let output = room.keeps(command).code(1).stdout_eq("");
    let told = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(told.contains("File too large"), "{told}");
    assert!(told.ends_with("hint: nothing was left behind\n"), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_parent_that_takes_no_folders_is_named() {
    let room = Room::new();
    let output = room
        .refuses(&["/proc/deep/my-app", "--no-git"])
        .code(1)
        .stdout_eq("");
    let told = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(told.starts_with("error: could not write /proc: "), "{told}");
}

#[test]
fn what_somebody_else_puts_there_meanwhile_stays() {
    let (room, tools) = (Room::new(), Room::new());
    room.write("Cargo.toml", WORKSPACE);
    let script = "mkdir -p \"$ROOM/deep/down/my-app\"; echo theirs > \"$ROOM/deep/down/my-app/x\"";
    with_git(&room, &tools, script)
        .assert()
        .code(1)
        .stdout_eq("");
    let found: Vec<_> = room
        .tree()
        .into_keys()
        .map(|path| path.display().to_string())
        .collect();
    let theirs = [
        "Cargo.toml",
        "deep",
        "deep/down",
        "deep/down/my-app",
        "deep/down/my-app/x",
    ];
    assert_eq!(found, theirs);
    assert_eq!(room.read("Cargo.toml"), WORKSPACE);
}

#[test]
fn a_manifest_that_changes_meanwhile_is_not_written_over() {
    let (room, tools) = (Room::new(), Room::new());
    room.write("Cargo.toml", WORKSPACE);
    // git is called several times; the manifest changes once.
    let script = "[ \"$3\" != init ] || echo '# theirs' >> \"$ROOM/Cargo.toml\"";
    with_git(&room, &tools, script)
        .assert()
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: [..]/Cargo.toml changed while this command was running
hint: nothing was written; try again

"#]]);
    assert_eq!(room.read("Cargo.toml"), format!("{WORKSPACE}# theirs\n"));
    assert_eq!(room.tree().len(), 1);
}

#[test]
fn of_two_at_the_same_time_one_wins() {
    let room = Room::new();
    let outcomes: Vec<bool> = [start(&room), start(&room)]
        .into_iter()
        .map(|child| child.wait_with_output().unwrap().status.success())
        .collect();
    assert!(outcomes.contains(&true));
    assert!(room.join("deep/my-app/Cargo.toml").is_file());
    assert_eq!(
        std::fs::read_dir(room.path()).unwrap().count(),
        1,
        "{:?}",
        room.tree().keys()
    );
    let whole = Room::new();
    whole.writes(&["deep/my-app"]);
    assert_eq!(tree(room.path()), whole.tree());
}

#[test]
fn folders_and_files_have_ordinary_permissions() {
    let room = Room::new();
    room.writes(&["deep/my-app"]);
    room.write("ordinary/file", "");
    let mode = |path: &str| {
        std::fs::metadata(room.join(path))
            .unwrap()
            .permissions()
            .mode()
    };
    for folder in ["deep", "deep/my-app", "deep/my-app/src"] {
        assert_eq!(mode(folder), mode("ordinary"), "{folder}");
    }
    assert_eq!(mode("deep/my-app/Cargo.toml"), mode("ordinary/file"));
}
