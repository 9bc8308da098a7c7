//! What the payment provider calls.

use actix_web::{web, HttpResponse};

use crate::account::Ledger;

pub async fn payment(ledger: web::Data<Ledger>, cents: String) -> HttpResponse {
    match cents.trim().parse() {
        Ok(cents) => {
            ledger.book(cents);
            HttpResponse::NoContent().finish()
        }
        Err(_) => HttpResponse::BadRequest().body("not a number of cents"),
    }
}
