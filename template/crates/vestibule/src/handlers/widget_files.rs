//! The files of the Okta Sign-In Widget, if this app serves them. Only files found
//! at startup are ever read.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web};

use crate::{
    error::Error,
    oidc::Oidc,
    settings::widget::{VERSION, WidgetAssets},
};

/// GET: one file. Browsers may keep it for good, as its address contains the
/// version.
pub(super) async fn widget_file(
    oidc: Oidc,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (version, name) = path.into_inner();
    // All of them are the same, as their hashes are known.
    let files = oidc.providers().find_map(|it| match &it.widget.assets {
        WidgetAssets::Here(files) => Some(files),
        WidgetAssets::Cdn => None,
    });
    let files = files.ok_or_else(Error::not_found)?;
    let (Some(path), Some(content_type)) = (files.path_of(&name), content_type(&name)) else {
        return Err(Error::not_found());
    };
    if version != VERSION {
        return Err(Error::not_found());
    }
    let read = web::block(move || std::fs::read(path)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(unreadable(&name, &error)),
        Err(error) => return Err(unreadable(&name, &error)),
    };
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(bytes))
}

fn unreadable(name: &str, error: &dyn std::error::Error) -> Error {
    Error::internal(format!("the widget's {name} cannot be read: {error}"))
}

fn content_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "gif" => "image/gif",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "ttf" => "font/ttf",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        _ => return None,
    })
}
