//! The app's own records of people, in one file that outlives restarts and power
//! cuts. It serves one instance of the app; several need a database between them:
//! `vestibule add database postgres` puts a connection pool in the file's place.

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use actix_web::web;
use redb::{
    Builder, Database, DatabaseError, ReadableTable as _, TableDefinition,
    backends::{FileBackend, InMemoryBackend},
};
use serde::{Deserialize, Serialize};
use vestibule::{Claims, Deny, now, store::private_file};

/// What the app knows of a person. A field that you add is missing in older
/// records, so give it `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The app's own number for the person.
    pub number: u64,
    /// When the person first signed in, in Unix seconds.
    pub member_since: u64,
    /// How often the person has signed in.
    pub sign_ins: u64,
}

/// Somebody who has an account, as administrators see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The person's account.
    #[serde(flatten)]
    pub account: Account,
    /// What the provider said of the person at their last sign-in.
    #[serde(default)]
    pub person: Person,
    /// The provider.
    #[serde(skip)]
    pub issuer: String,
    /// The person's identifier there.
    #[serde(skip)]
    pub subject: String,
}

impl Member {
    /// What to call the person.
    pub fn name(&self) -> String {
        match &*self.person.name {
            "" => format!("Member {}", self.account.number),
            name => name.to_owned(),
        }
    }
}

/// What people are known by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What to call the person.
    pub name: String,
    /// The person's e-mail address, verified or not.
    pub email: Option<String>,
}

impl Person {
    /// What these claims say.
    pub fn of(claims: &Claims) -> Self {
        Self {
            name: claims.display_name().to_owned(),
            email: claims.string("email").map(str::to_owned),
        }
    }

    /// Whether the name or the address contains this, which is in lowercase.
    fn contains(&self, wanted: &str) -> bool {
        let email = self.email.as_deref().unwrap_or_default();
        [&self.name, email]
            .iter()
            .any(|text| text.to_lowercase().contains(wanted))
    }
}

/// One page of people.
#[derive(Clone, Debug)]
pub struct Found {
    /// The people on the page.
    pub members: Vec<Member>,
    /// How many people there are on all pages.
    pub count: u64,
    /// Which page it is, from 1.
    pub page: u64,
}

impl Found {
    /// How many people are on a page.
    pub const PER_PAGE: u64 = 25;

    /// How many pages there are, at least one.
    pub fn pages(&self) -> u64 {
        self.count.div_ceil(Self::PER_PAGE).max(1)
    }
}

/// Why the records cannot be read or written.
pub type UsersError = Box<dyn Error + Send + Sync>;

/// What people are told when the records cannot be read or written: a 503.
pub fn unavailable(error: UsersError) -> Deny {
    Deny::unavailable(error.to_string())
}

/// By issuer, then by subject.
type Accounts = BTreeMap<String, HashMap<String, Member>>;

/// By issuer and subject, as JSON.
const ACCOUNTS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("accounts");

const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("about");
const VERSION: &str = "version";
/// Raise it for a change that needs more than `#[serde(default)]`, and rewrite older
/// records in [`read`].
const CURRENT_VERSION: u64 = 1;

/// How long the app that this one replaces may take to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of the file is kept in memory a second time; the accounts are there already.
const CACHE_BYTES: usize = 1024 * 1024;

/// Everybody who has ever signed in.
#[derive(Clone)]
pub struct Users(Arc<Records>);

struct Records {
    /// All that the file holds.
    accounts: RwLock<Accounts>,
    /// `None`: they last as long as the app.
    path: Option<PathBuf>,
    /// `None` after a change that failed: the next one opens the file again.
    database: Mutex<Option<Database>>,
}

impl Users {
    /// Reads the records in this file, and creates it if it is missing. Waits for
    /// another process that has it open to stop. Without a path, the records last
    /// as long as the app.
    ///
    /// # Errors
    /// The file cannot be used.
    pub async fn open(path: Option<&Path>) -> Result<Self, Box<dyn Error>> {
        let began = Instant::now();
        let mut opened = open(path);
        if opened.as_ref().is_err_and(is_in_use) {
            tracing::warn!("another process has the accounts open; waiting for it to stop");
        }
        while opened.as_ref().is_err_and(is_in_use) && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(100)).await;
            opened = open(path);
        }
        let (database, accounts) = opened.map_err(|error| {
            let file = path.unwrap_or(Path::new("memory")).display();
            format!("the accounts in {file} cannot be used: {error}")
        })?;
        Ok(Self(Arc::new(Records {
            accounts: RwLock::new(accounts),
            path: path.map(Path::to_owned),
            database: Mutex::new(Some(database)),
        })))
    }

    /// The person's account, created now if there is none.
    ///
    /// # Errors
    /// The new account cannot be written.
    pub async fn find_or_create(&self, issuer: &str, subject: &str) -> Result<Account, UsersError> {
        match self.0.find(issuer, subject) {
            Some(account) => Ok(account),
            None => self.update(issuer, subject, |_| {}).await,
        }
    }

    /// Notes that the person has signed in, and what the provider says of them.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn count_sign_in(
        &self,
        issuer: &str,
        subject: &str,
        person: Person,
    ) -> Result<(), UsersError> {
        let count = |member: &mut Member| {
            member.account.sign_ins += 1;
            member.person = person;
        };
        self.update(issuer, subject, count).await.map(drop)
    }

    /// The people whose name or e-mail address contains what is wanted, by name; of
    /// these the given page, from 1, or the last one if there are fewer.
    ///
    /// # Errors
    /// The records cannot be read.
    pub async fn search(&self, wanted: &str, page: u64) -> Result<Found, UsersError> {
        let records = Arc::clone(&self.0);
        let wanted = wanted.to_lowercase();
        // With many people it may take its time.
        Ok(web::block(move || records.search(&wanted, page)).await?)
    }

    /// The person with this number.
    ///
    /// # Errors
    /// The records cannot be read.
    pub async fn member(&self, number: u64) -> Result<Option<Member>, UsersError> {
        let accounts = self.0.accounts.read();
        let accounts = accounts.unwrap_or_else(PoisonError::into_inner);
        let mut members = accounts.values().flat_map(HashMap::values);
        let found = members.find(|member| member.account.number == number);
        Ok(found.cloned())
    }

    /// How many people have an account.
    ///
    /// # Errors
    /// The records cannot be read.
    pub async fn count(&self) -> Result<u64, UsersError> {
        let accounts = self.0.accounts.read();
        Ok(count(&accounts.unwrap_or_else(PoisonError::into_inner)))
    }

    async fn update(
        &self,
        issuer: &str,
        subject: &str,
        change: impl FnOnce(&mut Member) + Send + 'static,
    ) -> Result<Account, UsersError> {
        let records = Arc::clone(&self.0);
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        // The disk may take its time, which must not keep other requests waiting.
        web::block(move || records.update(&issuer, &subject, change)).await?
    }
}

impl Records {
    fn find(&self, issuer: &str, subject: &str) -> Option<Account> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        Some(accounts.get(issuer)?.get(subject)?.account.clone())
    }

    fn search(&self, wanted: &str, page: u64) -> Found {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let members = accounts.values().flat_map(HashMap::values);
        let mut members: Vec<&Member> = members
            .filter(|member| member.person.contains(wanted))
            .collect();
        members.sort_by_cached_key(|it| (it.person.name.to_lowercase(), it.account.number));
        let mut found = Found {
            members: Vec::new(),
            count: members.len() as u64,
            page,
        };
        found.page = page.clamp(1, found.pages());
        let mut pages = members.chunks(Found::PER_PAGE as usize);
        let shown = pages.nth(found.page as usize - 1).unwrap_or_default();
        found.members = shown.iter().map(|member| (*member).clone()).collect();
        found
    }

    fn update(
        &self,
        issuer: &str,
        subject: &str,
        change: impl FnOnce(&mut Member),
    ) -> Result<Account, UsersError> {
        let mut open_database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match open_database.take() {
            Some(database) => database,
            None => open(self.path.as_deref())?.0,
        };
        let mut member = self.find_or_new(issuer, subject);
        change(&mut member);
        write(&database, &member)?;
        *open_database = Some(database);

        let account = member.account.clone();
        let accounts = self.accounts.write();
        let mut accounts = accounts.unwrap_or_else(PoisonError::into_inner);
        let people = accounts.entry(issuer.to_owned()).or_default();
        people.insert(subject.to_owned(), member);
        Ok(account)
    }

    fn find_or_new(&self, issuer: &str, subject: &str) -> Member {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let found = accounts.get(issuer).and_then(|people| people.get(subject));
        found.cloned().unwrap_or_else(|| Member {
            account: Account {
                number: count(&accounts) + 1,
                member_since: now(),
                sign_ins: 0,
            },
            person: Person::default(),
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        })
    }
}

fn count(accounts: &Accounts) -> u64 {
    accounts.values().map(|people| people.len() as u64).sum()
}

fn open(path: Option<&Path>) -> Result<(Database, Accounts), UsersError> {
    let database = match path {
        None => builder().create_with_backend(InMemoryBackend::new())?,
        Some(path) => {
            if !path.try_exists()? {
                create(path)?;
            }
            open_file(path)?
        }
    };
    let accounts = read(&database)?;
    Ok((database, accounts))
}

/// Under another name first, so that a process killed here leaves no half of a file.
fn create(path: &Path) -> Result<(), UsersError> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    drop(open_file(&draft)?);
    match fs::hard_link(&draft, path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        // A file system without hard links.
        Err(_) => fs::rename(&draft, path)?,
    }
    if draft.try_exists()? {
        fs::remove_file(draft)?;
    }
    Ok(())
}

fn open_file(path: &Path) -> Result<Database, UsersError> {
    let backend = FileBackend::new(private_file(path)?)?;
    Ok(builder().create_with_backend(backend)?)
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn is_in_use(error: &UsersError) -> bool {
    let error = error.downcast_ref();
    matches!(error, Some(DatabaseError::DatabaseAlreadyOpen))
}

/// All records; those of an earlier version would be rewritten here.
fn read(database: &Database) -> Result<Accounts, UsersError> {
    let transaction = database.begin_write()?;
    let mut accounts = Accounts::new();
    {
        let mut about = transaction.open_table(ABOUT)?;
        let version = about.get(VERSION)?.map(|version| version.value());
        match version {
            None => drop(about.insert(VERSION, CURRENT_VERSION)?),
            Some(CURRENT_VERSION) => {}
            Some(other) => {
                return Err(format!(
                    "they are of version {other}, and this app knows version {CURRENT_VERSION}"
                )
                .into());
            }
        }
        for entry in transaction.open_table(ACCOUNTS)?.iter()? {
            let (key, record) = entry?;
            let (issuer, subject) = key.value();
            let member = Member {
                issuer: issuer.to_owned(),
                subject: subject.to_owned(),
                ..serde_json::from_slice(record.value())?
            };
            let people = accounts.entry(issuer.to_owned()).or_default();
            people.insert(subject.to_owned(), member);
        }
    }
    transaction.commit()?;
    Ok(accounts)
}

fn write(database: &Database, member: &Member) -> Result<(), UsersError> {
    let transaction = database.begin_write()?;
    let record = serde_json::to_vec(member)?;
    transaction
        .open_table(ACCOUNTS)?
        .insert((&*member.issuer, &*member.subject), &*record)?;
    transaction.commit()?;
    Ok(())
}
