use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    post,
};

const NAME: &str = "basket";

/// What is in the basket, a line for each item.
fn items(request: &HttpRequest) -> String {
    let cookie = request.cookie(NAME);
    let items = cookie.iter().flat_map(|cookie| cookie.value().split('.'));
    items.map(|item| format!("{item}\n")).collect()
}

pub async fn show(request: HttpRequest) -> String {
    items(&request)
}

pub async fn put(request: HttpRequest, item: String) -> HttpResponse {
    let mut items = items(&request);
    items.push_str(&item);
    let cookie = Cookie::build(NAME, items.replace('\n', "."))
        .path("/shop")
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(Duration::days(7))
        .finish();
    HttpResponse::Ok().cookie(cookie).body(items)
}

#[post("/logout")]
pub async fn leave(request: HttpRequest) -> HttpResponse {
    let mut left = HttpResponse::NoContent().finish();
    if let Some(mut cookie) = request.cookie(NAME) {
        cookie.set_path("/shop");
        // The time of a removal cookie is always the same.
        cookie.make_removal();
        cookie.set_expires(None);
        let _ = left.add_cookie(&cookie);
    }
    left
}
