//! What `add database` writes: files of its own, and pieces that take the place of others in the
//! files of the template. Nothing here reads or writes files.

use liquid::{ParserBuilder, object};

use crate::scaffold::BadScaffold;

/// The databases that an app can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// A server, which several instances of the app can share
    Postgres,
    /// A file, for one instance
    Sqlite,
}

/// A piece of a file that another takes the place of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) file: &'static str,
    /// Where it is, for people who do it by hand.
    pub(crate) place: &'static str,
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
}

pub(crate) const APP: &str = "src/app.rs";
pub(crate) const HOOKS: &str = "src/hooks.rs";
pub(crate) const USERS: &str = "src/users.rs";
pub(crate) const DATABASE: &str = "src/database.rs";
pub(crate) const BUILD: &str = "build.rs";
pub(crate) const USERS_TESTS: &str = "tests/it/users.rs";
pub(crate) const DATABASE_TESTS: &str = "tests/it/database.rs";
pub(crate) const SUPPORT: &str = "tests/it/support.rs";

/// What Cargo has to be told, for new migrations to be seen.
pub(crate) const RERUN: &str = "rerun-if-changed=migrations";

/// Names that the app's code can no longer use.
pub(crate) const GONE: [&str; 3] = ["accounts_file", "Users::open", "UsersError"];

/// The hook after which [`HOOK_METHODS`] go.
pub(crate) const HOOK_BEFORE: &str = "add_user_context";

/// For `impl Hooks`: what the database says.
pub(crate) const HOOK_METHODS: &str =
    "    /// The roles that the database gives a person, beside those of the provider.
    fn roles(&self, account: &Account) -> Vec<String> {
        account.roles.clone()
    }

    /// Whether the database answers, for `/readyz`.
    async fn check_health(&self) -> Result<(), String> {
        let checked = self.users.check().await;
        checked.map_err(|error| error.to_string())
    }";

/// In `src/app.rs`, by code.
pub(crate) const APP_PIECES: [Piece; 7] = [
    Piece {
        file: APP,
        place: "in its imports from the crate",
        old: "hooks::AppHooks",
        new: "database, hooks::AppHooks",
    },
    Piece {
        file: APP,
        place: "in `AppSettings`, in place of `accounts_file`",
        old: "/// Where the records of people are: `ACCOUNTS_FILE`. `None` if they last as long\n\
              /// as the app, for `memory:`.\n\
              pub accounts_file: Option<PathBuf>,",
        new: "/// Where the database is: `DATABASE_URL`.\n    pub database: database::Address,",
    },
    Piece {
        file: APP,
        place: "in `AppSettings::read`, in place of the two lines with `let accounts`",
        old: "let accounts = env.string(\"ACCOUNTS_FILE\");\n\
              let accounts = accounts.unwrap_or_else(|| \"data/accounts.redb\".to_owned());",
        new: "",
    },
    Piece {
        file: APP,
        place: "in `AppSettings::read`, in place of `accounts_file`",
        old: "accounts_file: (accounts != \"memory:\").then(|| accounts.into()),",
        new: "database: database::Address::read(env),",
    },
    Piece {
        file: APP,
        place: "in `Application::build`, in place of `let users = Users::open(…)`",
        old: "let users = Users::open(own.accounts_file.as_deref()).await?;",
        new: "let database = database::connect(&own.database).await?;\n        \
              let users = Users::new(database.clone());",
    },
    Piece {
        file: APP,
        place: "in `Application::build`, in place of `let users = Data::new(users);`",
        old: "let users = Data::new(users);",
        new: "let database = Data::new(database);\n        let users = Data::new(users);",
    },
    Piece {
        file: APP,
        place: "in `Application::build`, in place of `.app_data(users.clone())`",
        old: ".app_data(users.clone())",
        new: ".app_data(database.clone())\n                    .app_data(users.clone())",
    },
];

/// The import in `src/app.rs` that only the old settings needed.
pub(crate) const UNUSED_IMPORT: &str = "PathBuf";
pub(crate) const UNUSED_IMPORT_PIECE: (&str, &str) = (", path::PathBuf", "");

const ACCOUNTS_IN_EXAMPLE: &str = "\
# Where the app's own records of people are: a file for one instance, or memory:,
# until the app stops.
#ACCOUNTS_FILE=data/accounts.redb
";

const ACCOUNTS_IN_TABLE: &str = "\
| `ACCOUNTS_FILE` | `data/accounts.redb` | where the app's own records of people are; `memory:` |
";

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }

    /// What people call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Postgres, Self::Sqlite]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    /// The features of sqlx, in their order.
    pub(crate) fn features(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &[
                "macros",
                "migrate",
                "postgres",
                "runtime-tokio",
                // As the rest of the app has it, with the system's certificates.
                "tls-rustls-ring-native-roots",
            ],
            Self::Sqlite => &["json", "macros", "migrate", "runtime-tokio", "sqlite"],
        }
    }

    /// The files that are new.
    pub(crate) fn new_files(self) -> Result<Vec<(&'static str, String)>, BadScaffold> {
        let mut files = vec![
            (BUILD, include_str!("texts/build.rs.txt").to_owned()),
            (
                "migrations/0001_accounts.sql",
                match self {
                    Self::Postgres => include_str!("texts/accounts_postgres.sql"),
                    Self::Sqlite => include_str!("texts/accounts_sqlite.sql"),
                }
                .to_owned(),
            ),
            (
                DATABASE,
                self.render("database.rs", include_str!("texts/database.rs.liquid"))?,
            ),
        ];
        if self == Self::Postgres {
            let text = include_str!("texts/test_database.rs.txt");
            files.push((DATABASE_TESTS, text.to_owned()));
        }
        Ok(files)
    }

    /// The files that take the place of the template's.
    pub(crate) fn replaced_files(self) -> Result<[(&'static str, String); 2], BadScaffold> {
        let users = self.render("users.rs", include_str!("texts/users.rs.liquid"))?;
        let tests = self.render(
            "tests of users.rs",
            include_str!("texts/test_users.rs.liquid"),
        )?;
        Ok([(USERS, users), (USERS_TESTS, tests)])
    }

    /// In the helpers of the app's tests, by code.
    pub(crate) fn support_piece(self) -> Piece {
        Piece {
            file: SUPPORT,
            place: "in `app`, in place of `.env(\"ACCOUNTS_FILE\", \"memory:\")`",
            old: ".env(\"ACCOUNTS_FILE\", \"memory:\")",
            new: match self {
                Self::Postgres => ".env(\"DATABASE_URL\", &crate::database::new_database())",
                Self::Sqlite => ".env(\"DATABASE_URL\", \"sqlite::memory:\")",
            },
        }
    }

    /// In what isn't code, by text. An owner who has other words there is told to see to it.
    pub(crate) fn text_pieces(self) -> Vec<Piece> {
        let is_postgres = self == Self::Postgres;
        let readme = |place, old, new| Piece {
            file: "README.md",
            place,
            old,
            new,
        };
        let mut pieces = vec![
            Piece {
                file: ".env.example",
                place: "in place of the lines about ACCOUNTS_FILE",
                old: ACCOUNTS_IN_EXAMPLE,
                new: match self {
                    Self::Postgres => include_str!("texts/env_postgres.txt"),
                    Self::Sqlite => include_str!("texts/env_sqlite.txt"),
                },
            },
            readme(
                "in the table of what is where",
                "| keep your records in a database | `vestibule add database postgres`, or `sqlite` |\n",
                "| change the tables | a new file in `migrations/` |\n",
            ),
            readme(
                "in the list of files",
                "src/users.rs     your records of people\n",
                "src/users.rs     your records of people\n\
                 src/database.rs  the database: where it is, and the connections to it\n\
                 migrations/      its tables, compiled into the app\n",
            ),
            readme(
                "in the table of settings",
                ACCOUNTS_IN_TABLE,
                match self {
                    Self::Postgres => {
                        "| `DATABASE_URL` | the server of `compose.yaml`, in debug builds | where \
                         the database is; over a network with `?sslmode=verify-full` |\n"
                    }
                    Self::Sqlite => {
                        "| `DATABASE_URL` | `sqlite:data/app.db` | where the database is; \
                         `sqlite::memory:` |\n"
                    }
                },
            ),
            readme(
                "before the section about calling an API",
                "## Call an API for a person\n",
                match self {
                    Self::Postgres => concat!(
                        include_str!("texts/readme_postgres.md"),
                        "## Call an API for a person\n"
                    ),
                    Self::Sqlite => concat!(
                        include_str!("texts/readme_sqlite.md"),
                        "## Call an API for a person\n"
                    ),
                },
            ),
            readme(
                "in the section about deploying",
                "whether it reaches the provider and the\nstore, and if not, why.",
                "whether it reaches the provider, the\nstore and the database, and if not, why.",
            ),
            readme(
                "in the section about deploying",
                "The accounts in `src/users.rs` are in a file, which instances cannot share: give\n\
                 them a database first, by `vestibule add database postgres`.\n",
                if is_postgres {
                    "Give them one database too, by `DATABASE_URL`.\n"
                } else {
                    "The database is a file, which instances cannot share.\n"
                },
            ),
            Piece {
                file: "compose.yaml",
                place: "below `environment`, `depends_on` and `volumes`",
                old: include_str!("../../template/compose.yaml"),
                new: match self {
                    Self::Postgres => include_str!("texts/compose_postgres.yaml"),
                    Self::Sqlite => include_str!("texts/compose_sqlite.yaml"),
                },
            },
        ];
        if is_postgres {
            pieces.push(readme(
                "where it says what a release build needs",
                "`OIDC_CLIENT_SECRET` (or a key) and\n`SESSION_SECRET`, and does",
                "`OIDC_CLIENT_SECRET` (or a key),\n`SESSION_SECRET` and `DATABASE_URL`, and does",
            ));
            pieces.push(Piece {
                file: ".github/workflows/ci.yml",
                place: "where it installs what the tests need",
                old: "      # The tests of crates/vestibule start Redis servers.\n      \
                      - run: sudo apt-get update && sudo apt-get install --yes redis-server\n",
                new: "      # The tests of crates/vestibule start Redis servers, those of the app \
                      PostgreSQL.\n      \
                      - run: sudo apt-get update && sudo apt-get install --yes redis-server postgresql\n",
            });
        }
        pieces
    }

    fn render(self, what: &'static str, text: &str) -> Result<String, BadScaffold> {
        let fault = |source| BadScaffold { what, source };
        let parser = ParserBuilder::with_stdlib().build().map_err(fault)?;
        let template = parser.parse(text).map_err(fault)?;
        let values = object!({ "kind": self.name() });
        template.render(&values).map_err(fault)
    }
}
