//! A page that is known from the start: its bytes and its headers, as a JSON file has them.

use std::{error::Error, fs};

use actix_web::{
    HttpResponse,
    http::header::{HeaderName, HeaderValue},
    web::Bytes,
};
use serde_json::Value;

pub(crate) struct Page {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Page {
    pub(crate) fn read(file: &str) -> Result<Self, Box<dyn Error>> {
        let page: Value = serde_json::from_slice(&fs::read(file)?)?;
        let string = |value: &Value| value.as_str().map(str::to_owned).ok_or("not a string");
        let mut headers = Vec::new();
        for (name, value) in page["headers"].as_object().ok_or("no headers")? {
            headers.push((HeaderName::try_from(name)?, string(value)?.try_into()?));
        }
        Ok(Self {
            headers,
            body: string(&page["body"])?.into(),
        })
    }

    pub(crate) fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.body(self.body.clone())
    }
}
