use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::schema::books;

#[derive(Deserialize, Serialize, Insertable)]
#[diesel(table_name = books)]
pub struct NewBook {
    pub title: String,
    pub year: i32,
}

impl NewBook {
    #[cfg(test)]
    pub fn new(title: &str, year: i32) -> Self {
        Self {
            title: title.to_owned(),
            year,
        }
    }
}

#[derive(Deserialize)]
pub struct Search {
    pub title: Option<String>,
    pub since: Option<i32>,
}
