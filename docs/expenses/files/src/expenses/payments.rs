//! Accountants have approved claims paid: by a background job, in their name.

use std::{error::Error as StdError, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    web::{Data, Query, Redirect},
};
use reqwest::{Client, Url, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    sync::{
        broadcast,
        mpsc::{self, UnboundedSender},
    },
    task::JoinSet,
};
use vestibule::{Error, Oidc, OnBehalf};

use super::{
    Accountant, Expenses,
    claims::{self, State, Which},
    filing::{PageOf, account_of},
    news::Change,
    views::ListPage,
};
use crate::{
    database::Pool,
    hooks::{Has, SignedForm},
    views,
};

/// How long the API may take for a payment.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody wants claims to be paid.
pub struct Order {
    accountant: OnBehalf,
    claims: Vec<i64>,
}

/// GET `/payments`
pub async fn list(
    request: HttpRequest,
    accountant: Has<Accountant>,
    query: Query<PageOf>,
    database: Data<Pool>,
    expenses: Data<Expenses>,
) -> Result<HttpResponse, Error> {
    let which = Which::ToPay(account_of(&accountant));
    let page = claims::page(&database, which, query.page).await?;
    let mut page = ListPage::new(&request, which, page)?;
    page.can_pay = expenses.orders.is_some();
    views::respond(&page)
}

/// The form has no fields but the token.
#[derive(Deserialize)]
pub struct Nothing {}

/// POST `/payments`: the job pays, and the person need not wait for it.
pub async fn order(
    form: SignedForm<Nothing>,
    _: Has<Accountant>,
    oidc: Oidc,
    database: Data<Pool>,
    expenses: Data<Expenses>,
) -> Result<impl Responder, Error> {
    if let Some(orders) = &expenses.orders {
        let order = Order {
            accountant: oidc.on_behalf_of(&form.user),
            claims: claims::to_pay(&database, account_of(&form.user)).await?,
        };
        let ended = |_| Error::internal("the job that pays has ended");
        orders.send(order).map_err(ended)?;
    }
    Ok(Redirect::to(oidc.path("/payments")).see_other())
}

/// Starts the job.
pub fn start(
    api: Url,
    database: Pool,
    news: broadcast::Sender<Change>,
    jobs: &mut JoinSet<()>,
) -> Result<UnboundedSender<Order>, Box<dyn StdError>> {
    let http = Client::builder().timeout(PATIENCE).build()?;
    let (sender, mut orders) = mpsc::unbounded_channel::<Order>();
    jobs.spawn(async move {
        while let Some(Order { accountant, claims }) = orders.recv().await {
            for number in claims {
                let paid = pay(&http, &api, &database, &news, &accountant, number).await;
                if let Err(error) = paid {
                    // What isn't paid is still in the list.
                    tracing::warn!(%error, number, "the payments of an order have ended early");
                    break;
                }
            }
        }
    });
    Ok(sender)
}

async fn pay(
    http: &Client,
    api: &Url,
    database: &Pool,
    news: &broadcast::Sender<Change>,
    accountant: &OnBehalf,
    number: i64,
) -> Result<(), Box<dyn StdError + Send + Sync>> {
    let claim = claims::find(database, number).await?;
    // An earlier order may have had it paid.
    let Some(claim) = claim.filter(|claim| claim.state == State::Approved) else {
        return Ok(());
    };
    // For each one anew: the token may have expired during the one before, and the
    // accountant may have signed out.
    let token = accountant.access_token().await?;
    let payment = json!({ "claim": number, "to": claim.name, "cents": claim.cents });
    let request = http.post(api.clone()).bearer_auth(token.expose());
    request
        .header(CONTENT_TYPE, "application/json")
        // Should the answer get lost, the API won't pay twice.
        .header("idempotency-key", format!("claim-{number}"))
        .body(payment.to_string())
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(reqwest::Error::without_url)?;
    claims::set_paid(database, number).await?;
    news.send(Change::of(&claim)).ok();
    Ok(())
}
