//! Several instances of the app on one Redis.

use std::cell::RefCell;

use crate::{
    processes::Instances,
    redis_sentinels::Sentinels,
    redis_server::Server,
    several_instances::{self, notices_count_after_restarts},
};

#[tokio::test]
async fn people_do_not_notice_how_many_instances_there_are() {
    let Some(redis) = Server::start() else { return };
    several_instances::people_do_not_notice_how_many_instances_there_are(&redis.url()).await;
}

#[tokio::test]
async fn l9_a_notice_to_one_instance_counts_at_once_for_those_that_remember_the_person() {
    let Some(redis) = Server::start() else { return };
    several_instances::a_notice_to_one_instance_counts_at_once_for_those_that_remember_the_person(
        &redis.url(),
    )
    .await;
}

#[tokio::test]
async fn an_instance_that_is_killed_takes_nobody_with_it() {
    let Some(redis) = Server::start() else { return };
    several_instances::an_instance_that_is_killed_takes_nobody_with_it(&redis.url()).await;
}

#[tokio::test]
async fn an_access_token_is_renewed_once_for_all_instances() {
    let Some(redis) = Server::start() else { return };
    several_instances::an_access_token_is_renewed_once_for_all_instances(&redis.url()).await;
}

#[tokio::test]
async fn a_renewal_whose_instance_dies_is_made_by_another() {
    let Some(redis) = Server::start() else { return };
    several_instances::a_renewal_whose_instance_dies_is_made_by_another(&redis.url()).await;
}

#[tokio::test]
async fn l9_the_provider_signs_people_out_everywhere_and_after_restarts_too() {
    let Some(mut redis) = Server::start_lasting() else {
        return;
    };
    let instances = Instances::start(2, &redis.url(), &[]).await;
    let restart_redis = || {
        redis.stop();
        redis.restart();
    };
    notices_count_after_restarts(instances, restart_redis).await;
}

#[tokio::test]
async fn l9_the_provider_signs_people_out_after_a_restart_of_an_app_with_its_own_store() {
    let instances = Instances::start(1, "embedded:data/sessions.redb", &[]).await;
    notices_count_after_restarts(instances, || {}).await;
}

#[tokio::test]
async fn an_outage_of_the_store_signs_nobody_out_and_passes_by_itself() {
    let Some(redis) = Server::start_lasting() else {
        return;
    };
    let url = redis.url();
    let redis = RefCell::new(redis);
    several_instances::an_outage_of_the_store_signs_nobody_out_and_passes_by_itself(
        &url,
        |outage| redis.borrow_mut().fail(outage),
        |outage| redis.borrow_mut().recover(outage),
    )
    .await;
}

#[tokio::test]
async fn a_failover_of_the_store_signs_nobody_out() {
    let Some(mut redis) = Sentinels::start() else {
        return;
    };
    let instances = Instances::start(2, &redis.url(), &[]).await;
    let alice = instances.app.signed_in_as("alice").await;
    assert_eq!(instances.signed_in_at_each(&alice).await, [true; 2]);
    let cookies = alice.cookies();
    redis.replicated();

    redis.servers[0].stop();
    instances.serve_again(&alice).await;
    assert_eq!(alice.cookies(), cookies);
}
