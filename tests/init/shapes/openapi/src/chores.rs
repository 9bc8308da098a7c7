use std::{collections::BTreeMap, sync::Mutex};

use actix_web::{HttpResponse, Responder, delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

/// Something that has to be done at home.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Chore {
    #[schema(example = "water the plants")]
    what: String,
    #[serde(default)]
    done: bool,
}

#[derive(Default)]
pub struct Chores {
    next: u32,
    all: BTreeMap<u32, Chore>,
}

#[derive(Deserialize, IntoParams)]
struct Filter {
    /// Only those that are done, or only those that are not.
    done: Option<bool>,
}

pub fn configure(config: &mut ServiceConfig) {
    config.service(list).service(add).service(remove);
}

/// All chores, by number.
#[utoipa::path(params(Filter), responses((status = 200, body = BTreeMap<u32, Chore>)))]
#[get("/chores")]
async fn list(chores: web::Data<Mutex<Chores>>, filter: web::Query<Filter>) -> impl Responder {
    let chores = chores.lock().unwrap();
    let wanted = |chore: &Chore| filter.done.is_none_or(|done| chore.done == done);
    let list: BTreeMap<u32, Chore> = chores
        .all
        .iter()
        .filter(|(_, chore)| wanted(chore))
        .map(|(number, chore)| (*number, chore.clone()))
        .collect();
    web::Json(list)
}

/// One more chore.
#[utoipa::path(responses((status = 201, description = "Its number", body = u32)))]
#[post("/chores")]
async fn add(chores: web::Data<Mutex<Chores>>, chore: web::Json<Chore>) -> impl Responder {
    let mut chores = chores.lock().unwrap();
    chores.next += 1;
    let number = chores.next;
    chores.all.insert(number, chore.into_inner());
    HttpResponse::Created().json(number)
}

/// One less.
#[utoipa::path(responses((status = 204), (status = 404)))]
#[delete("/chores/{number}")]
async fn remove(chores: web::Data<Mutex<Chores>>, number: web::Path<u32>) -> impl Responder {
    match chores.lock().unwrap().all.remove(&number) {
        Some(_) => HttpResponse::NoContent(),
        None => HttpResponse::NotFound(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, http::StatusCode, test};
    use utoipa_actix_web::AppExt;

    use super::*;

    #[actix_web::test]
    async fn a_chore_can_be_added_and_removed() {
        let chores = web::Data::new(Mutex::new(Chores::default()));
        let (app, api) = App::new()
            .into_utoipa_app()
            .app_data(chores)
            .configure(configure)
            .split_for_parts();
        assert!(api.paths.paths.contains_key("/chores/{number}"));

        let app = test::init_service(app).await;
        let request = test::TestRequest::post()
            .uri("/chores")
            .set_json(Chore {
                what: "wash up".to_owned(),
                done: false,
            })
            .to_request();
        let number: u32 = test::call_and_read_body_json(&app, request).await;

        for expected in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
            let request = test::TestRequest::delete()
                .uri(&format!("/chores/{number}"))
                .to_request();
            let response = test::call_service(&app, request).await;
            assert_eq!(response.status(), expected);
        }
    }
}
