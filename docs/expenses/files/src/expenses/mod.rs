//! Claims for expenses: people file them with a receipt, an approver decides, and an
//! accountant has them paid. `claims.rs` is the table in the database, and each other
//! file is a feature with its handlers.

mod claims;
mod decisions;
mod filing;
mod news;
mod payments;
mod receipts;
#[cfg(debug_assertions)]
pub mod samples;
mod views;

use std::{error::Error, fs, path::PathBuf};

use actix_web::web::{get, post};
use reqwest::Url;
use tokio::{
    sync::{broadcast, mpsc::UnboundedSender},
    task::JoinSet,
};
use vestibule::{ProtectedConfig, Role, settings::Environment};

use crate::{database::Pool, users::Account};

/// Decides on the claims of others. The provider says who has this role.
pub struct Approver;

impl Role<Account> for Approver {
    const NAME: &'static str = "approver";
}

/// Has approved claims paid. The table `accounts` says who has this role.
pub struct Accountant;

impl Role<Account> for Accountant {
    const NAME: &'static str = "accountant";
}

/// The pages of this folder, for people who are signed in.
pub fn routes(cfg: &mut ProtectedConfig) {
    cfg.route("/expenses", get().to(filing::list));
    cfg.route("/expenses/new", get().to(filing::begin));
    cfg.route("/expenses/new", post().to(filing::file));
    cfg.route("/expenses/events", get().to(news::listen));
    cfg.route("/expenses/live.js", get().to(news::script));
    cfg.route("/approvals", get().to(decisions::list));
    cfg.route("/payments", get().to(payments::list));
    cfg.route("/payments", post().to(payments::order));
    cfg.route("/expenses/{number}", get().to(filing::show));
    cfg.route("/expenses/{number}", post().to(receipts::upload));
    cfg.route("/expenses/{number}/decision", post().to(decisions::decide));
    cfg.route("/expenses/{number}/receipt", get().to(receipts::download));
}

/// The settings of this folder, among the app's own.
pub struct Settings {
    /// Where receipts are kept: `RECEIPTS_FOLDER`.
    receipts: PathBuf,
    /// What pays claims: `PAYMENTS_API`. Without it nothing can be paid.
    payments_api: Option<Url>,
}

impl Settings {
    /// What is wrong is reported with the faults in all other settings.
    pub fn read(env: &mut Environment) -> Self {
        let receipts = env.string("RECEIPTS_FOLDER");
        let api = env.string("PAYMENTS_API").map(|url| Url::parse(&url));
        if matches!(&api, Some(Err(_))) {
            let how = "not a URL. Set it to where payments are posted to.";
            env.fault("PAYMENTS_API", how);
        }
        Self {
            receipts: receipts
                .unwrap_or_else(|| "data/receipts".to_owned())
                .into(),
            payments_api: api.and_then(Result::ok),
        }
    }
}

/// What the handlers of this folder share.
pub struct Expenses {
    receipts: PathBuf,
    news: broadcast::Sender<news::Change>,
    /// For the job that pays, if there is an API for that.
    orders: Option<UnboundedSender<payments::Order>>,
}

impl Expenses {
    /// Makes the folder of receipts, and starts the job that pays.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn start(
        settings: &Settings,
        database: &Pool,
        jobs: &mut JoinSet<()>,
    ) -> Result<Self, Box<dyn Error>> {
        let receipts = settings.receipts.clone();
        fs::create_dir_all(&receipts).map_err(|error| format!("RECEIPTS_FOLDER: {error}"))?;
        let news = broadcast::Sender::new(64);
        let orders = match settings.payments_api.clone() {
            Some(api) => Some(payments::start(api, database.clone(), news.clone(), jobs)?),
            None => None,
        };
        Ok(Self {
            receipts,
            news,
            orders,
        })
    }
}
