//! Pages hear of it when a claim changes.

use actix_web::{HttpResponse, Responder, web::Data};
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use vestibule::{Oidc, sse::Event};

use super::{
    Expenses,
    claims::Claim,
    filing::{account_of, sees_all},
};
use crate::hooks::User;

/// A claim has changed, or is new.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whose it is.
    pub account: i64,
    /// Which it is.
    pub number: i64,
}

impl Change {
    /// What is said of this claim.
    pub fn of(claim: &Claim) -> Self {
        Self {
            account: claim.account,
            number: claim.number,
        }
    }
}

/// GET `/expenses/events`: the changes of the claims that the person may see.
pub async fn listen(oidc: Oidc, user: User, expenses: Data<Expenses>) -> impl Responder {
    let sees_all = sees_all(&user);
    let account = account_of(&user);
    let changes = stream::unfold(expenses.news.subscribe(), move |mut news| async move {
        loop {
            let number = match news.recv().await {
                Ok(change) if sees_all || change.account == account => change.number.to_string(),
                Ok(_) => continue,
                // Some were missed: the page looks again, whatever they were.
                Err(RecvError::Lagged(_)) => String::new(),
                Err(RecvError::Closed) => return None,
            };
            return Some((Event::new(number).name("changed"), news));
        }
    });
    oidc.event_stream(&user, changes)
}

/// GET `/expenses/live.js`
pub async fn script(_: User) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .body(include_str!("../../static/expenses.js"))
}
