//! Several instances of the app on one PostgreSQL database.

use std::cell::RefCell;

use crate::{
    authority::Authority,
    processes::Instances,
    server::{Schema, Server},
    several_instances,
};

#[tokio::test]
async fn people_do_not_notice_how_many_instances_there_are() {
    let schema = Schema::new();
    several_instances::people_do_not_notice_how_many_instances_there_are(&schema.url()).await;
}

#[tokio::test]
async fn the_provider_signs_people_out_everywhere_and_after_restarts_too() {
    let mut server = Server::start();
    let url = server.schema().url();
    let instances = Instances::start(2, &url, &[]).await;
    let restart = || {
        server.stop();
        server.restart();
    };
    several_instances::notices_count_after_restarts(instances, restart).await;
}

#[tokio::test]
async fn a_notice_to_one_instance_counts_at_once_for_those_that_remember_the_person() {
    let schema = Schema::new();
    several_instances::a_notice_to_one_instance_counts_at_once_for_those_that_remember_the_person(
        &schema.url(),
    )
    .await;
}

#[tokio::test]
async fn an_instance_that_is_killed_takes_nobody_with_it() {
    let schema = Schema::new();
    several_instances::an_instance_that_is_killed_takes_nobody_with_it(&schema.url()).await;
}

#[tokio::test]
async fn an_access_token_is_renewed_once_for_all_instances() {
    let schema = Schema::new();
    several_instances::an_access_token_is_renewed_once_for_all_instances(&schema.url()).await;
}

#[tokio::test]
async fn a_renewal_whose_instance_dies_is_made_by_another() {
    let schema = Schema::new();
    several_instances::a_renewal_whose_instance_dies_is_made_by_another(&schema.url()).await;
}

#[tokio::test]
async fn an_outage_of_the_store_signs_nobody_out_and_passes_by_itself() {
    let server = Server::start();
    let url = server.schema().url();
    let server = RefCell::new(server);
    several_instances::an_outage_of_the_store_signs_nobody_out_and_passes_by_itself(
        &url,
        |outage| server.borrow_mut().fail(outage),
        |outage| server.borrow_mut().recover(outage),
    )
    .await;
}

/// Which authorities the app trusts is up to its environment.
#[tokio::test]
async fn sign_ins_are_kept_where_the_systems_authorities_vouch_for_the_server() {
    let authority = Authority::certifying("DNS:localhost");
    let server = Server::start_over(Some(&authority));
    let port = server.address.port();
    let url = format!("postgres://postgres@localhost:{port}/postgres?sslmode=verify-full");
    let trusted = authority.file().display().to_string();
    let app = Instances::start(1, &url, &[("SSL_CERT_FILE", &trusted)]).await;
    let alice = app.app.signed_in_as("alice").await;
    assert_eq!(app.signed_in_at_each(&alice).await, [true]);
    let encrypted = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE application_name = 'vestibule'";
    assert_eq!(server.ask(encrypted), "t");
    alice.sign_out().await;
    assert_eq!(server.ask("SELECT count(*) FROM vestibule_sessions"), "0");

    let stranger = Instances::start(1, &url, &[]).await;
    let page = stranger.app.browser().sign_in_as("alice", "/profile").await;
    let told = format!("{} {}", page.url, page.body);
    assert!(told.contains("store_unavailable"), "{told}");
    let log = stranger.log(0);
    assert!(log.contains("invalid peer certificate"), "{log}");
}
