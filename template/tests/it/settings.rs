//! The app's own settings, and what it says when it cannot start.

use std::net::TcpListener;

use app::{app::AppSettings, listen::listen};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use vestibule::Settings;

/// What `RUST_LOG` means, or what is wrong with it.
fn log(filter: &str) -> Result<Targets, String> {
    let mut log = None;
    let variable = |name: &str| match name {
        "RUST_LOG" => Some(filter.to_owned()),
        name => std::env::var(name).ok(),
    };
    let read = Settings::from_lookup_with(variable, |env| {
        log = Some(AppSettings::read(env).log);
    });
    match read {
        Err(faults) if faults.to_string().contains("RUST_LOG") => Err(faults.to_string()),
        _ => log.ok_or_else(|| "nothing was read".to_owned()),
    }
}

#[test]
fn what_is_logged_may_be_a_level_or_one_for_each_part() -> Result<(), String> {
    let default = log("")?;
    assert!(default.would_enable("app", &Level::INFO));
    for filter in [" ", ","] {
        assert_eq!(log(filter)?, default, "{filter:?}");
    }
    assert!(!log("OFF")?.would_enable("app", &Level::ERROR));
    for filter in ["warn,app=debug", "warn, app=debug"] {
        assert!(log(filter)?.would_enable("app::routes", &Level::DEBUG));
        assert!(!log(filter)?.would_enable("hyper", &Level::INFO));
    }
    Ok(())
}

#[test]
fn what_is_no_level_is_named() {
    for (filter, hint) in [
        ("verbose", "«verbose» is not a level"),
        ("info,app", "app=debug"),
        ("app=loud", "«loud» is not a level"),
    ] {
        let message = log(filter).err().unwrap_or_default();
        assert!(message.contains(hint), "{filter}: {message}");
    }
}

#[test]
fn an_address_in_use_is_named() -> std::io::Result<()> {
    let other = TcpListener::bind("127.0.0.1:0")?;
    let address = other.local_addr()?.to_string();
    let message = match listen(&address) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    let expected = format!("APP_LISTEN: {address} is in use");
    assert!(message.contains(&expected), "{message}");
    Ok(())
}
