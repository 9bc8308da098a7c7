//! Writes the tables that the test is about: `TABLES` of them, from the number `TABLES_FROM` on, of
//! the seed `TABLES_SEED`. The same numbers give the same tables.

mod generator;

use std::env;
use std::path::Path;

fn number(name: &str, otherwise: u64) -> u64 {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).map_or(otherwise, |number| {
        number
            .parse()
            .unwrap_or_else(|_| panic!("{name} has to be a number"))
    })
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=generator.rs");
    let seed = number("TABLES_SEED", 1);
    let first = number("TABLES_FROM", 0);
    let tables = first..first + number("TABLES", 300);
    let written = generator::tables(seed, tables);
    let folder = env::var_os("OUT_DIR").expect("Cargo sets it");
    let folder = Path::new(&folder);
    std::fs::write(folder.join("tables.rs"), written.source).expect("the folder can be written to");
    std::fs::write(folder.join("probes.txt"), written.probes)
        .expect("the folder can be written to");
    println!("cargo::rustc-env=TABLES_SEED={seed}");
}
