//! Fills an embedded store by the library's own code. `seed FILE RECORD COUNT LIFE` begins COUNT user
//! sessions whose records are like RECORD and last LIFE seconds, and prints a cookie's value for each,
//! one a line. They belong to the app with the same settings in its environment.

use std::{
    error::Error,
    io::{BufWriter, Write},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio::task::JoinSet;
use vestibule::{
    Secret, UserSession,
    internals::{Registration, UserSessions},
    now,
    store::{self, SessionStore},
};

/// As many as the store takes into one commit.
const AT_ONCE: usize = 512;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, record, count, life] = arguments.as_slice() else {
        return Err("seed FILE RECORD COUNT LIFE".into());
    };
    let (count, life): (u64, u64) = (count.parse()?, life.parse()?);
    let mut record: Value = serde_json::from_slice(&std::fs::read(record)?)?;
    let subject = record["subject"].as_str().ok_or("no subject")?.to_owned();

    let store = store::open(&SessionStore::Embedded(file.into())).await?;
    let life = Duration::from_secs(life);
    let issuer = std::env::var("OIDC_ISSUER")?;
    let client_id = std::env::var("OIDC_CLIENT_ID")?;
    let registration = Registration::new("main", &issuer, &client_id);
    record["provider"] = "main".into();
    record["issuer"] = issuer.into();
    record["client_id"] = client_id.into();
    let secrets = [Secret::new(std::env::var("SESSION_SECRET")?)];
    let sessions = UserSessions::new(store, vec![registration], &secrets, life, life)?;
    let sessions = Arc::new(sessions);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut begun = JoinSet::new();
    for number in 0..count {
        record["subject"] = format!("{subject}-{number}").into();
        record["created_at"] = now().into();
        record["expires_at"] = sessions.end_of_life().into();
        let session: UserSession = serde_json::from_value(record.clone())?;
        let sessions = Arc::clone(&sessions);
        begun.spawn(async move { sessions.begin(&session).await });
        if begun.len() == AT_ONCE || number + 1 == count {
            while let Some(id) = begun.join_next().await {
                writeln!(out, "{}", id??.to_cookie_value())?;
            }
        }
    }
    sessions.store().close().await?;
    Ok(())
}
