//! The real cargo-generate, as a program that the tests can start in any folder.

use clap::Parser as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cargo_generate::Cli::Generate(arguments) = cargo_generate::Cli::parse();
    cargo_generate::generate(arguments)?;
    Ok(())
}
