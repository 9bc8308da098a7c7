//! What `/dev/views` shows of these pages.

use actix_web::HttpRequest;
use vestibule::Error;
use vestibule_dev::Gallery;

use super::{
    claims::{Claim, Page, State, Which},
    filing::{Fields, Mistakes},
    views::{ClaimPage, FormPage, ListPage},
};
use crate::{samples::signed_in, views};

/// Adds these pages to the gallery.
pub fn add_to(gallery: Gallery) -> Gallery {
    let (list, form, claim) = (
        "expenses/list.html",
        "expenses/form.html",
        "expenses/claim.html",
    );
    gallery
        .state("expenses", list, "the second of three pages", |request| {
            views::respond(&list_page(request, Which::Own(1), 10)?)
        })
        .state("expenses-none", list, "no claims yet", |request| {
            views::respond(&list_page(request, Which::Own(1), 0)?)
        })
        .state("expenses-to-pay", list, "for an accountant", |request| {
            views::respond(&list_page(request, Which::ToPay(1), 2)?)
        })
        .state("expenses-form", form, "with mistakes", |request| {
            let fields = Fields {
                amount: "eighty".to_owned(),
                ..Fields::default()
            };
            let mistakes = fields.check().err().unwrap_or_default();
            form_page(request, fields, mistakes).and_then(|page| views::respond(&page))
        })
        .state("expenses-claim", claim, "for its owner", |request| {
            views::respond(&claim_page(request, true)?)
        })
        .state("expenses-decide", claim, "for an approver", |request| {
            views::respond(&claim_page(request, false)?)
        })
}

fn claim_page(request: &HttpRequest, is_own: bool) -> Result<ClaimPage, Error> {
    Ok(ClaimPage {
        frame: signed_in(request)?,
        claim: sample(1),
        can_add: is_own,
        can_decide: !is_own,
        mistake: None,
    })
}

fn list_page(request: &HttpRequest, which: Which, claims: i64) -> Result<ListPage, Error> {
    Ok(ListPage {
        frame: signed_in(request)?,
        which,
        page: Page {
            claims: (1..=claims).map(sample).collect(),
            number: claims.clamp(1, 2),
            count: if claims == 10 { 3 } else { 1 },
        },
        can_pay: true,
    })
}

fn form_page(request: &HttpRequest, fields: Fields, mistakes: Mistakes) -> Result<FormPage, Error> {
    Ok(FormPage {
        frame: signed_in(request)?,
        fields,
        mistakes,
    })
}

fn sample(number: i64) -> Claim {
    let (title, state) = match number % 5 {
        0 => ("Hotel near the conference, with breakfast", State::Rejected),
        1 => ("Train to Bern", State::Open),
        2 => ("Lunch with a client", State::Approved),
        3 => ("Adapter <b>for</b> the projector", State::Paid),
        _ => ("Taxi", State::Paid),
    };
    Claim {
        number,
        account: 1,
        name: "Alice Archer".to_owned(),
        title: title.to_owned(),
        cents: number * 12_345 % 90_000 + 5,
        spent_on: "2026-11-30".to_owned(),
        state,
        receipt: Some("receipt".to_owned()),
        receipt_type: Some("application/pdf".to_owned()),
    }
}
