//! What the app says when it cannot start.

use std::net::TcpListener;

use app::{app::AppSettings, listen::listen};
use vestibule::Settings;

#[test]
fn a_faulty_setting_of_the_app_is_named() {
    let variable = |name: &str| (name == "RUST_LOG").then(|| "app=loud".to_owned());
    let message = match Settings::from_lookup_with(variable, AppSettings::read) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string(),
    };
    assert!(message.contains("RUST_LOG: must be a level"), "{message}");
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
