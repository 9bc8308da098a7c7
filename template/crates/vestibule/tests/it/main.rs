//! The library from outside: a real server over `fixture/`, a real provider, a
//! browser that keeps cookies.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod app_code;
mod app_session;
#[path = "../store/authority.rs"]
mod authority;
mod below_a_path;
mod bodies;
mod boundaries;
mod checklist;
mod client_authentication;
mod csrf;
mod denied;
mod dev_pages;
#[cfg(debug_assertions)]
mod dev_routes;
mod errors;
mod existing_app;
mod extra_parameters;
mod fixture;
mod guards;
mod hints;
mod instances;
mod joining;
mod keys;
mod killed;
mod login_page;
mod logs;
#[cfg(target_os = "linux")]
mod many_sessions;
mod methods;
mod middleware;
mod network;
mod on_behalf;
mod ordinary_users;
#[path = "../store/outage.rs"]
mod outage;
mod outages;
mod own_records;
mod paths;
mod processes;
#[cfg(unix)]
mod purge;
mod pushed_authorization;
mod real_providers;
#[expect(dead_code, reason = "the rest is for the tests in `store`")]
#[path = "../store/redis_cluster.rs"]
mod redis_cluster;
#[path = "../store/redis_sentinels.rs"]
mod redis_sentinels;
#[path = "../store/redis_server.rs"]
mod redis_server;
mod runtimes;
mod settings;
mod several;
mod several_instances;
mod several_providers;
mod sign_in;
mod sign_out;
mod signatures;
mod silent;
mod step_up;
mod store_in_trouble;
mod store_over_tls;
mod streams;
mod support;
mod tenants;
mod troubled_store;
mod undeclared;
mod uploads;
