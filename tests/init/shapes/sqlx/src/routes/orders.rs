use actix_web::{get, post, web, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::{error::ApiError, AppState};

#[derive(Serialize)]
struct Order {
    id: i64,
    article: String,
    pieces: i32,
}

#[derive(Deserialize)]
pub struct NewOrder {
    article: String,
    pieces: i32,
}

#[get("/orders/{id}")]
pub async fn show(
    state: web::Data<AppState>,
    id: web::Path<i64>,
) -> Result<web::Json<Order>, ApiError> {
    let row: Option<(i64, String, i32)> =
        sqlx::query_as("select id, article, pieces from orders where id = $1")
            .bind(*id)
            .fetch_optional(&state.db)
            .await?;
    let (id, article, pieces) = row.ok_or(ApiError::NoOrder(*id))?;
    Ok(web::Json(Order {
        id,
        article,
        pieces,
    }))
}

#[post("/orders")]
pub async fn create(
    state: web::Data<AppState>,
    new: web::Json<NewOrder>,
) -> Result<HttpResponse, ApiError> {
    if !(1..=99).contains(&new.pieces) {
        return Err(ApiError::Pieces);
    }
    let (id,): (i64,) =
        sqlx::query_as("insert into orders (article, pieces) values ($1, $2) returning id")
            .bind(&new.article)
            .bind(new.pieces)
            .fetch_one(&state.db)
            .await?;
    Ok(HttpResponse::Created()
        .insert_header(("Location", format!("/orders/{id}")))
        .finish())
}

#[cfg(test)]
mod tests {
    use actix_web::{http::StatusCode, test, App};
    use sqlx::postgres::PgPoolOptions;

    use super::*;

    #[actix_web::test]
    async fn an_order_of_nothing_is_refused_before_the_database_is_asked() {
        let db = PgPoolOptions::new()
            .connect_lazy("postgres://nobody@localhost:1/none")
            .unwrap();
        let state = web::Data::new(AppState { db });
        let app = test::init_service(App::new().app_data(state).service(create)).await;
        let request = test::TestRequest::post()
            .uri("/orders")
            .set_payload(r#"{ "article": "chair", "pieces": 0 }"#)
            .insert_header(("Content-Type", "application/json"))
            .to_request();
        let response = test::call_service(&app, request).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
