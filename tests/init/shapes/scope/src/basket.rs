use actix_session::Session;
use actix_web::{Error, HttpResponse, post, web};

const ITEMS: &str = "items";

fn items(session: &Session) -> Result<Vec<String>, Error> {
    Ok(session.get(ITEMS)?.unwrap_or_default())
}

pub async fn show(session: Session) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(items(&session)?))
}

pub async fn put(session: Session, item: web::Json<String>) -> Result<HttpResponse, Error> {
    let mut items = items(&session)?;
    items.push(item.into_inner());
    session.insert(ITEMS, &items)?;
    Ok(HttpResponse::Ok().json(items))
}

#[post("/logout")]
pub async fn leave(session: Session) -> HttpResponse {
    session.purge();
    HttpResponse::NoContent().finish()
}
