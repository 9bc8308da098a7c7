//! The pages, as types. The templates are in `templates/expenses/`.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use vestibule::{Error, Role as _};

use super::{
    Approver,
    claims::{Claim, Page, State, Which},
    filing::{Fields, Mistakes, account_of},
};
use crate::{
    hooks::User,
    views::{self, Frame},
};

/// Shows a view with this status.
pub fn respond_with(status: StatusCode, view: &impl Template) -> Result<HttpResponse, Error> {
    let mut response = views::respond(view)?;
    *response.status_mut() = status;
    Ok(response)
}

/// A list of claims.
#[derive(Template)]
#[template(path = "expenses/list.html")]
pub struct ListPage {
    pub frame: Frame,
    pub which: Which,
    pub page: Page,
    /// Whether there is an API that pays.
    pub can_pay: bool,
}

impl ListPage {
    pub fn new(request: &HttpRequest, which: Which, page: Page) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            which,
            page,
            can_pay: false,
        })
    }

    fn title(&self) -> &'static str {
        match self.which {
            Which::Own(_) => "Your expenses",
            Which::ToDecide(_) => "Claims to decide on",
            Which::ToPay(_) => "Claims to pay",
        }
    }

    fn is_own(&self) -> bool {
        matches!(self.which, Which::Own(_))
    }

    fn is_to_pay(&self) -> bool {
        matches!(self.which, Which::ToPay(_))
    }
}

/// The form for a new claim.
#[derive(Template)]
#[template(path = "expenses/form.html")]
pub struct FormPage {
    pub frame: Frame,
    pub fields: Fields,
    pub mistakes: Mistakes,
}

impl FormPage {
    pub fn new(request: &HttpRequest, fields: Fields, mistakes: Mistakes) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            fields,
            mistakes,
        })
    }
}

/// One claim.
#[derive(Template)]
#[template(path = "expenses/claim.html")]
pub struct ClaimPage {
    pub frame: Frame,
    pub claim: Claim,
    /// Whether the person may add the receipt.
    pub can_add: bool,
    /// Whether the person may decide.
    pub can_decide: bool,
    /// What is wrong with the file that was sent.
    pub mistake: Option<&'static str>,
}

impl ClaimPage {
    pub fn new(request: &HttpRequest, user: &User, claim: Claim) -> Result<Self, Error> {
        let (is_open, is_own) = (
            claim.state == State::Open,
            claim.account == account_of(user),
        );
        Ok(Self {
            frame: Frame::of(request)?,
            can_add: is_open && is_own,
            can_decide: is_open && !is_own && user.has_role(Approver::NAME),
            claim,
            mistake: None,
        })
    }
}
