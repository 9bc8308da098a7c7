//! What has been paid.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use actix_web::web;

#[derive(Default)]
pub struct Ledger(AtomicU64);

impl Ledger {
    pub fn book(&self, cents: u64) {
        self.0.fetch_add(cents, Relaxed);
    }
}

pub async fn balance(ledger: web::Data<Ledger>) -> String {
    format!("{} cents\n", ledger.0.load(Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn payments_add_up() {
        let ledger = web::Data::new(Ledger::default());
        ledger.book(200);
        ledger.book(50);
        assert_eq!(balance(ledger).await, "250 cents\n");
    }
}
