use diesel::{debug_query, pg::Pg, prelude::*};

use crate::{
    models::{NewBook, Search},
    schema::books,
};

pub fn find_books(search: &Search) -> String {
    let mut query = books::table.into_boxed::<Pg>();
    if let Some(title) = &search.title {
        query = query.filter(books::title.like(format!("%{title}%")));
    }
    if let Some(since) = search.since {
        query = query.filter(books::year.ge(since));
    }
    debug_query::<Pg, _>(&query.order(books::title)).to_string()
}

pub fn insert_book(book: &NewBook) -> String {
    let query = diesel::insert_into(books::table).values(book);
    debug_query::<Pg, _>(&query).to_string()
}
