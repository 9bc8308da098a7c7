use actix_web::middleware::from_fn;
use actix_web::{web, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use crate::auth;
use crate::error::AppError;
use crate::state::{AppState, Article, User};

#[derive(Deserialize)]
struct Filter {
    author: Option<String>,
}

#[derive(Deserialize)]
struct NewArticle {
    title: String,
    body: String,
}

pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/articles")
            .route("", web::get().to(list))
            .route("/{slug}", web::get().to(show))
            .service(
                web::resource("")
                    .wrap(from_fn(auth::token_required))
                    .route(web::post().to(create)),
            ),
    );
}

async fn list(state: web::Data<AppState>, filter: web::Query<Filter>) -> HttpResponse {
    let articles = state.articles.read().unwrap();
    let chosen: Vec<&Article> = articles
        .iter()
        .filter(|article| {
            filter
                .author
                .as_ref()
                .is_none_or(|author| article.author == *author)
        })
        .collect();
    HttpResponse::Ok().json(json!({ "articles": chosen, "articlesCount": chosen.len() }))
}

async fn show(
    state: web::Data<AppState>,
    slug: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    let articles = state.articles.read().unwrap();
    articles
        .iter()
        .find(|article| article.slug == *slug)
        .map(|article| HttpResponse::Ok().json(json!({ "article": article })))
        .ok_or(AppError::NotFound("article"))
}

async fn create(
    state: web::Data<AppState>,
    user: web::ReqData<User>,
    new: web::Json<NewArticle>,
) -> Result<HttpResponse, AppError> {
    let NewArticle { title, body } = new.into_inner();
    let slug = title.to_lowercase().replace(' ', "-");
    let mut articles = state.articles.write().unwrap();
    if articles.iter().any(|article| article.slug == slug) {
        return Err(AppError::Unprocessable(format!(
            "there is an article {slug} already"
        )));
    }
    let author = user.into_inner().username;
    let article = Article {
        slug,
        title,
        body,
        author,
    };
    articles.push(article.clone());
    Ok(HttpResponse::Created().json(json!({ "article": article })))
}
