//! `cargo generate` and `vestibule new` take and refuse the same answers, and write the same
//! bytes with the same permissions for them.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

type Outcome = Result<(), Box<dyn Error>>;
/// The files of an app by path: their bytes, and whether they can be executed.
type Files = BTreeMap<String, (Vec<u8>, bool)>;

const PROVIDERS: [&str; 8] = [
    "dev", "okta", "auth0", "cognito", "entra", "google", "keycloak", "other",
];
const LOGIN_PAGES: [&str; 3] = ["redirect", "page", "widget"];
const SESSION_STORES: [&str; 3] = ["embedded", "memory", "redis"];
/// Names that both keep, and names that both have to rewrite alike.
const NAMES: [&str; 6] = ["my-app", "a_b", "A", "Foo-Bar_baz", "My Cool_App9", "a__b"];

/// The folder of this repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The CLI: the one that `VESTIBULE` names, else one built now.
static VESTIBULE: LazyLock<PathBuf> = LazyLock::new(|| {
    if let Some(path) = std::env::var_os("VESTIBULE") {
        return path.into();
    }
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--message-format=json-render-diagnostics",
            "--bin",
            "vestibule",
        ])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let (_, after) = messages
        .rsplit_once("\"executable\":\"")
        .expect("cargo names the program");
    after
        .split('"')
        .next()
        .expect("a string has an end")
        .replace("\\\\", "\\")
        .into()
});

/// What a clone of this repository would give cargo-generate: what git has or would take.
static SOURCE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let source = tempfile::tempdir().expect("a folder");
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
        ])
        .args(["cargo-generate.toml", "template"])
        .current_dir(repository())
        .output()
        .expect("git runs");
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    for path in String::from_utf8(listed.stdout)
        .expect("UTF-8")
        .split_terminator('\0')
    {
        let from = repository().join(path);
        if !from.exists() {
            continue;
        }
        let to = source.path().join(path);
        fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
        fs::copy(from, to).expect("a copy");
    }
    source
});

/// What both are asked for.
#[derive(Debug, Clone)]
struct Request {
    name: String,
    answers: Vec<(&'static str, String)>,
}

impl Request {
    fn new(name: &str, answers: &[(&'static str, &str)]) -> Self {
        let answers = answers
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect();
        Self {
            name: name.to_owned(),
            answers,
        }
    }

    fn defines(&self) -> impl Iterator<Item = String> {
        self.answers
            .iter()
            .flat_map(|(key, value)| ["-d".to_owned(), format!("{key}={value}")])
    }

    fn cargo_generate(&self, folder: &Path) -> Result<Output, Box<dyn Error>> {
        let no_config = folder.join("no-config.toml");
        fs::write(&no_config, "")?;
        let destination = folder.join("generated");
        fs::create_dir(&destination)?;
        let output = Command::new(env!("CARGO_BIN_EXE_vestibule-parity"))
            .args([
                "generate",
                "--silent",
                "--vcs",
                "none",
                "--no-workspace",
                "--name",
                &self.name,
            ])
            .arg("--config")
            .arg(no_config)
            .arg("--destination")
            .arg(destination)
            .arg("--path")
            .arg(SOURCE.path())
            .args(self.defines())
            .env("USER", "somebody")
            .current_dir(folder)
            .output()?;
        Ok(output)
    }

    fn vestibule(&self, folder: &Path) -> Result<Output, Box<dyn Error>> {
        let output = Command::new(&*VESTIBULE)
            .args([
                "new",
                "written",
                "--no-input",
                "--no-git",
                "--name",
                &self.name,
            ])
            .args(self.defines())
            .current_dir(folder)
            .output()?;
        Ok(output)
    }

    /// Has both write an app and compares every file.
    fn is_written_alike(&self) -> Outcome {
        let folder = tempfile::tempdir()?;
        let generated = self.cargo_generate(folder.path())?;
        assert!(
            generated.status.success(),
            "{self:?}: {}",
            messages(&generated)
        );
        let written = self.vestibule(folder.path())?;
        assert!(written.status.success(), "{self:?}: {}", messages(&written));

        let mut apps = fs::read_dir(folder.path().join("generated"))?;
        let app = apps.next().ok_or("cargo-generate wrote nothing")??.path();
        let (theirs, ours) = (tree(&app)?, tree(&folder.path().join("written"))?);
        let paths = |files: &Files| files.keys().cloned().collect::<BTreeSet<_>>();
        let (their_paths, our_paths) = (paths(&theirs), paths(&ours));
        let only_one_has: Vec<_> = their_paths.symmetric_difference(&our_paths).collect();
        assert!(only_one_has.is_empty(), "{self:?}: {only_one_has:?}");
        for (path, ours) in &ours {
            assert!(ours == &theirs[path], "{self:?}: {path} differs");
        }
        Ok(())
    }

    /// Has both refuse, and write no app.
    fn is_refused_by_both(&self) -> Outcome {
        let folder = tempfile::tempdir()?;
        assert!(
            !self.cargo_generate(folder.path())?.status.success(),
            "accepted: {self:?}"
        );
        assert!(
            !self.vestibule(folder.path())?.status.success(),
            "accepted: {self:?}"
        );
        assert!(!folder.path().join("written").exists());
        Ok(())
    }
}

fn messages(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// All files below a folder.
fn tree(root: &Path) -> Result<Files, Box<dyn Error>> {
    let mut files = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path
                .strip_prefix(root)?
                .to_str()
                .ok_or("not UTF-8")?
                .to_owned();
            files.insert(name, (fs::read(&path)?, executable(&path)?));
        }
    }
    Ok(files)
}

#[cfg(unix)]
fn executable(path: &Path) -> Result<bool, Box<dyn Error>> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> Result<bool, Box<dyn Error>> {
    Ok(false)
}

#[test]
fn defaults_are_written_alike() -> Outcome {
    Request::new("my-app", &[]).is_written_alike()
}

/// The carried crates above all: their manifests go through the renderer, and hold nothing to render.
#[test]
fn files_without_placeholders_stay_as_they_are() -> Outcome {
    let folder = tempfile::tempdir()?;
    let written = Request::new("my-app", &[]).vestibule(folder.path())?;
    assert!(written.status.success(), "{}", messages(&written));
    let app = tree(&folder.path().join("written"))?;
    let template = tree(&SOURCE.path().join("template"))?;
    let mut crates = 0;
    for (path, (source, _)) in &template {
        if source.windows(2).any(|pair| matches!(pair, b"{{" | b"{%")) && path.ends_with(".liquid")
        {
            continue;
        }
        let path = path.strip_suffix(".liquid").unwrap_or(path);
        let (copy, _) = app.get(path).ok_or(path)?;
        assert!(copy == source, "{path} differs from the template");
        crates += usize::from(path.starts_with("crates/"));
    }
    assert!(crates > 50, "only {crates} files of the carried crates");
    assert!(app.contains_key("crates/vestibule/Cargo.toml"));
    assert!(app.contains_key("crates/vestibule-dev/Cargo.toml"));
    Ok(())
}

/// The app is a workspace of its own, so it builds inside another one.
#[test]
fn inside_another_workspace_cargo_takes_the_app_and_its_crates() -> Outcome {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\n")?;
    let generated = Request::new("my-app", &[]).cargo_generate(folder.path())?;
    assert!(generated.status.success(), "{}", messages(&generated));
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(folder.path().join("generated/my-app"))
        .output()?;
    assert!(metadata.status.success(), "{}", messages(&metadata));
    let metadata = String::from_utf8(metadata.stdout)?;
    for package in ["my-app", "vestibule", "vestibule-dev"] {
        assert!(
            metadata.contains(&format!("\"name\":\"{package}\"")),
            "{package}"
        );
    }
    Ok(())
}

#[test]
fn every_choice_is_written_alike() -> Outcome {
    let mut names = NAMES.iter().cycle();
    let mut issuers = ["", "https://id.example.com/realms/shop"].iter().cycle();
    let mut client_ids = ["", "", "0oa1b2-C_3.apps.example.com"].iter().cycle();
    for provider in PROVIDERS {
        for login_page in LOGIN_PAGES {
            for session_store in SESSION_STORES {
                let answers = [
                    ("provider", provider),
                    ("login_page", login_page),
                    ("session_store", session_store),
                    ("issuer", issuers.next().expect("endless")),
                    ("client_id", client_ids.next().expect("endless")),
                ];
                let answers: Vec<_> = answers
                    .into_iter()
                    .filter(|(_, value)| !value.is_empty())
                    .collect();
                Request::new(names.next().expect("endless"), &answers).is_written_alike()?;
            }
        }
    }
    Ok(())
}

#[test]
fn unusual_but_good_answers_are_written_alike() -> Outcome {
    for answers in [
        [
            (
                "description",
                "Größe & Farbe: 100% – it's $HOME #1 (日本語)",
            ),
            ("provider", "other"),
        ],
        [
            ("issuer", "http://localhost:8080/realms/a%20b"),
            ("provider", "keycloak"),
        ],
        [
            ("issuer", "http://127.0.0.1"),
            ("client_id", "https://app.example.com/client.json"),
        ],
        [
            ("issuer", "https://[::1]:8443/"),
            ("client_id", "a:b@c/d+e=f~g"),
        ],
        [
            ("issuer", "https://login.example.com/tenant/v2.0"),
            ("provider", "entra"),
        ],
    ] {
        Request::new("shop", &answers).is_written_alike()?;
    }
    Request::new("shop", &[("description", &"x".repeat(200))]).is_written_alike()
}

#[test]
fn bad_answers_are_refused_by_both() -> Outcome {
    let long = "x".repeat(201);
    let long_id = "x".repeat(256);
    for (key, value) in [
        ("description", "two\nlines"),
        ("description", "a \"quote\""),
        ("description", "back\\slash"),
        ("description", "{{ provider }}"),
        ("description", "<script>"),
        ("description", "`tick`"),
        ("description", "turned \u{202E}around"),
        ("description", "next line \u{85}"),
        ("description", &long),
        ("provider", "Okta"),
        ("provider", "okta "),
        ("login_page", "popup"),
        ("session_store", "postgres"),
        ("issuer", "example.com"),
        ("issuer", "http://example.com"),
        ("issuer", "http://localhost.example.com"),
        ("issuer", "https://"),
        ("issuer", "https://example.com?tenant=1"),
        ("issuer", "https://example.com/#top"),
        ("issuer", "https://someone@example.com"),
        ("issuer", "https://example.com/a b"),
        ("issuer", "https://example.com\n"),
        ("issuer", "https://-example.com"),
        ("issuer", "ftp://localhost"),
        ("client_id", "a b"),
        ("client_id", "a\"b"),
        ("client_id", "$HOME"),
        ("client_id", &long_id),
    ] {
        Request::new("shop", &[(key, value)]).is_refused_by_both()?;
    }
    Ok(())
}
