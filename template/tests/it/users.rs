//! The app's records of people.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

use app::users::{Account, Users, UsersError};
use redb::{Database, TableDefinition};

const ISSUER: &str = "https://id.example.com";

/// Where a test may have a file of its own. It isn't there yet.
fn new_file(test: &str) -> io::Result<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Ok(folder.join("accounts.redb"))
}

async fn account_of(users: &Users, subject: &str) -> Result<Account, UsersError> {
    users.find_or_create(ISSUER, subject).await
}

/// Why the file is refused.
async fn refusal(file: &Path) -> String {
    match Users::open(Some(file)).await {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn accounts_outlive_the_app() -> Result<(), Box<dyn Error + Send + Sync>> {
    let file = new_file("accounts_outlive_the_app")?;
    let open = async || Users::open(Some(&file)).await.map_err(|it| it.to_string());
    let users = open().await?;
    let alice = account_of(&users, "alice").await?;
    users.count_sign_in(ISSUER, "bob").await?;
    users.count_sign_in(ISSUER, "bob").await?;
    drop(users);

    let users = open().await?;
    assert_eq!(users.count().await?, 2);
    assert_eq!(account_of(&users, "alice").await?, alice);
    assert_eq!(account_of(&users, "bob").await?.sign_ins, 2);
    let carol = account_of(&users, "carol").await?;
    assert_eq!((carol.number, carol.sign_ins), (3, 0));
    Ok(())
}

#[tokio::test]
async fn the_same_subject_of_another_issuer_is_somebody_else() -> Result<(), UsersError> {
    let users = Users::open(None).await.map_err(|it| it.to_string())?;
    users.count_sign_in(ISSUER, "alice").await?;
    let other = users.find_or_create("https://other.example.com", "alice");
    assert_eq!(other.await?.sign_ins, 0);
    Ok(())
}

#[tokio::test]
async fn an_app_waits_for_the_one_that_it_replaces() -> Result<(), Box<dyn Error>> {
    let file = new_file("an_app_waits_for_the_one_that_it_replaces")?;
    let old = Users::open(Some(&file)).await?;
    let (new, ()) = tokio::join!(Users::open(Some(&file)), async {
        tokio::task::yield_now().await;
        drop(old);
    });
    new.map(drop)
}

#[tokio::test]
async fn a_file_of_something_else_is_named_and_left_alone() -> io::Result<()> {
    let file = new_file("a_file_of_something_else_is_named_and_left_alone")?;
    fs::create_dir_all(file.with_file_name(""))?;
    fs::write(&file, "notes of somebody")?;
    let told = refusal(&file).await;
    assert!(told.contains(&file.display().to_string()), "{told}");
    assert_eq!(fs::read_to_string(&file)?, "notes of somebody");
    Ok(())
}

#[tokio::test]
async fn records_of_a_later_version_are_refused() -> Result<(), Box<dyn Error>> {
    let file = new_file("records_of_a_later_version_are_refused")?;
    drop(Users::open(Some(&file)).await?);
    let transaction = Database::open(&file)?.begin_write()?;
    transaction
        .open_table(TableDefinition::<&str, u64>::new("about"))?
        .insert("version", 2)?;
    transaction.commit()?;
    let told = refusal(&file).await;
    assert!(told.contains("version 2"), "{told}");
    Ok(())
}
