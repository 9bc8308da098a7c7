//! The store in PostgreSQL, against real servers: the cases of every store, what only
//! this one can get wrong (`store.rs`), addresses and TLS (`addresses.rs`), and several
//! instances of the app (`instances.rs`).

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod addresses;
#[expect(dead_code, reason = "the rest is for the tests in `it`")]
#[path = "../store/authority.rs"]
mod authority;
#[path = "../store/contract.rs"]
mod contract;
#[expect(dead_code, unused_imports, reason = "the same")]
#[path = "../it/fixture/mod.rs"]
mod fixture;
mod instances;
#[path = "../store/outage.rs"]
mod outage;
#[expect(dead_code, reason = "the same")]
#[path = "../it/processes.rs"]
mod processes;
#[path = "../store/rows.rs"]
mod rows;
mod server;
#[path = "../it/several_instances.rs"]
mod several_instances;
#[path = "../store/shared.rs"]
mod shared;
mod store;
#[expect(dead_code, reason = "the same")]
#[path = "../it/support.rs"]
mod support;

use contract::{every_case, one_by_one};
use rows::Opened;
use server::Schema;

every_case!(one_by_one! on_postgres);

async fn on_postgres() -> Option<Opened> {
    let schema = Schema::new();
    let store = schema.store();
    Some(Opened::by(&store, schema).await)
}
