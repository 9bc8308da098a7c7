use std::sync::RwLock;

use serde::Serialize;

#[derive(Clone, Serialize)]
pub struct User {
    pub username: String,
    pub email: String,
    #[serde(skip)]
    pub password: String,
    pub token: String,
}

#[derive(Clone, Serialize)]
pub struct Article {
    pub slug: String,
    pub title: String,
    pub body: String,
    pub author: String,
}

/// In place of a database.
pub struct AppState {
    pub users: Vec<User>,
    pub articles: RwLock<Vec<Article>>,
}

impl AppState {
    pub fn with_samples() -> Self {
        let user = |username: &str, number: u32| User {
            username: username.into(),
            email: format!("{username}@example.org"),
            password: format!("{username}'s password"),
            token: format!("{username}-{number:04}"),
        };
        let article = |slug: &str, title: &str, author: &str| Article {
            slug: slug.into(),
            title: title.into(),
            body: format!("{title}, at length."),
            author: author.into(),
        };
        Self {
            users: vec![user("anne", 1), user("emily", 2)],
            articles: RwLock::new(vec![
                article("on-moors", "On moors", "emily"),
                article("on-schools", "On schools", "anne"),
            ]),
        }
    }
}
