//! The app from outside: a real server, a real provider, a browser that keeps
//! cookies. `support.rs` has what your own tests need.
#![cfg(debug_assertions)]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../store/authority.rs"]
mod authority;
mod below_a_path;
mod checklist;
mod client_authentication;
mod dev_pages;
mod extra_parameters;
mod guards;
mod instances;
mod keys;
mod killed;
mod login_page;
mod logs;
mod network;
mod ordinary_users;
mod outages;
mod owner_session;
mod owners_code;
mod paths;
#[path = "../store/ports.rs"]
mod ports;
mod processes;
#[cfg(unix)]
mod purge;
mod pushed_authorization;
#[expect(dead_code, reason = "the rest is for the tests in `store`")]
#[path = "../store/redis_cluster.rs"]
mod redis_cluster;
#[path = "../store/redis_sentinels.rs"]
mod redis_sentinels;
#[path = "../store/redis_server.rs"]
mod redis_server;
mod refusals;
mod routes;
mod settings;
mod sign_in;
mod sign_out;
mod signatures;
mod silent;
mod step_up;
mod store_in_trouble;
mod store_over_tls;
mod support;
mod troubled_store;
