//! What a call to the provider costs the HTTP client that the app uses, and nothing else. `calls URL
//! COUNT` gets the URL that often, one after the other, and prints the nanoseconds of CPU for each.

use std::{error::Error, fs};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, count] = arguments.as_slice() else {
        return Err("calls URL COUNT".into());
    };
    let count: u64 = count.parse()?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    // The first calls open the connection.
    for _ in 0..20 {
        get(&client, url).await?;
    }
    let before = cpu()?;
    for _ in 0..count {
        get(&client, url).await?;
    }
    println!("{}", (cpu()? - before) / count.max(1));
    Ok(())
}

async fn get(client: &reqwest::Client, url: &str) -> Result<(), reqwest::Error> {
    client.get(url).send().await?.bytes().await?;
    Ok(())
}

/// Nanoseconds of CPU that this thread has used.
fn cpu() -> Result<u64, Box<dyn Error>> {
    let used = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(used.split(' ').next().ok_or("no time")?.parse()?)
}
