//! Fills an embedded store by the app's own code. `seed FILE RECORD COUNT LIFE` signs COUNT people in
//! whose records are like RECORD and last LIFE seconds, and prints one sign-in cookie a line.

use std::{
    error::Error,
    io::{BufWriter, Write},
    sync::Arc,
    time::Duration,
};

use app::{
    oidc::{
        sign_in::{SignIn, SignIns, now},
        store,
    },
    settings::SessionStore,
};
use tokio::task::JoinSet;

/// As many as the store takes into one commit.
const AT_ONCE: usize = 512;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, record, count, life] = arguments.as_slice() else {
        return Err("seed FILE RECORD COUNT LIFE".into());
    };
    let (count, life): (u64, u64) = (count.parse()?, life.parse()?);
    let record: SignIn = serde_json::from_slice(&std::fs::read(record)?)?;

    let store = store::open(&SessionStore::Embedded(file.into())).await?;
    let life = Duration::from_secs(life);
    let sign_ins = Arc::new(SignIns::new(store, life, life));
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut begun = JoinSet::new();
    for number in 0..count {
        let sign_in = SignIn {
            subject: format!("{}-{number}", record.subject),
            created_at: now(),
            expires_at: sign_ins.end_of_life(),
            ..record.clone()
        };
        let sign_ins = Arc::clone(&sign_ins);
        begun.spawn(async move { sign_ins.begin(&sign_in).await });
        if begun.len() == AT_ONCE || number + 1 == count {
            while let Some(id) = begun.join_next().await {
                writeln!(out, "{}", id??.to_cookie_value())?;
            }
        }
    }
    sign_ins.store().close().await?;
    Ok(())
}
