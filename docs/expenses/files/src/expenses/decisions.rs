//! Approvers decide on the claims of others.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    web::{Data, Path, Query, Redirect},
};
use serde::Deserialize;
use vestibule::{Deny, Error, Oidc};

use super::{
    Approver, Expenses,
    claims::{self, State, Which},
    filing::{PageOf, account_of, find_for},
    news::Change,
    views::ListPage,
};
use crate::{
    database::Pool,
    hooks::{Has, SignedForm},
    views,
};

/// GET `/approvals`
pub async fn list(
    request: HttpRequest,
    approver: Has<Approver>,
    query: Query<PageOf>,
    database: Data<Pool>,
) -> Result<HttpResponse, Error> {
    let which = Which::ToDecide(account_of(&approver));
    let page = claims::page(&database, which, query.page).await?;
    views::respond(&ListPage::new(&request, which, page)?)
}

/// The form with the two buttons.
#[derive(Deserialize)]
pub struct Decision {
    decision: Verdict,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Approve,
    Reject,
}

/// POST `/expenses/{number}/decision`
pub async fn decide(
    form: SignedForm<Decision>,
    _: Has<Approver>,
    number: Path<i64>,
    oidc: Oidc,
    database: Data<Pool>,
    expenses: Data<Expenses>,
) -> Result<impl Responder, Error> {
    let approver = account_of(&form.user);
    if find_for(&form.user, &database, *number).await?.account == approver {
        let deny = Deny::new("own_claim").title("This claim is your own");
        return Err(deny.text("Somebody else has to decide on it.").into());
    }
    let state = match form.fields.decision {
        Verdict::Approve => State::Approved,
        Verdict::Reject => State::Rejected,
    };
    // If somebody else was faster, the page says what they have decided.
    if let Some(claim) = claims::decide(&database, *number, approver, state).await? {
        expenses.news.send(Change::of(&claim)).ok();
    }
    Ok(Redirect::to(oidc.path(&format!("/expenses/{number}"))).see_other())
}
