//! A person's own claims: the list, the form for a new one, and the page of each.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::StatusCode,
    web::{Data, Path, Query, Redirect},
};
use serde::Deserialize;
use time::{Date, Duration, OffsetDateTime, macros::format_description};
use vestibule::{Error, Oidc, Role as _};

use super::{
    Accountant, Approver, Expenses,
    claims::{self, Claim, NewClaim, Which},
    news::Change,
    views::{ClaimPage, FormPage, ListPage, respond_with},
};
use crate::{
    database::Pool,
    hooks::{SignedForm, User},
    views,
};

/// Which page of a list.
#[derive(Deserialize)]
pub struct PageOf {
    #[serde(default)]
    pub page: i64,
}

/// The app's own number for a person.
pub fn account_of(user: &User) -> i64 {
    user.context().number.cast_signed()
}

/// GET `/expenses`
pub async fn list(
    request: HttpRequest,
    user: User,
    query: Query<PageOf>,
    database: Data<Pool>,
) -> Result<HttpResponse, Error> {
    let which = Which::Own(account_of(&user));
    let page = claims::page(&database, which, query.page).await?;
    views::respond(&ListPage::new(&request, which, page)?)
}

/// The fields of the form, as they were typed.
#[derive(Default, Deserialize)]
pub struct Fields {
    pub title: String,
    pub amount: String,
    pub spent_on: String,
}

/// What to say beside each field; nothing where there is no mistake.
#[derive(Debug, Default, PartialEq)]
pub struct Mistakes {
    pub title: Option<&'static str>,
    pub amount: Option<&'static str>,
    pub spent_on: Option<&'static str>,
}

impl Fields {
    /// The claim, or what is wrong with it.
    pub fn check(&self) -> Result<NewClaim, Mistakes> {
        let title = self.title.trim();
        let length = title.chars().count();
        let cents = cents(self.amount.trim());
        let date = Date::parse(&self.spent_on, format_description!("[year]-[month]-[day]")).ok();
        // Where people are it may be tomorrow already.
        let tomorrow = OffsetDateTime::now_utc().date() + Duration::DAY;
        let mistakes = Mistakes {
            title: (!(1..=100).contains(&length))
                .then_some("Say what it was, in 1 to 100 characters."),
            amount: cents
                .is_none()
                .then_some("Write it in digits, such as 84.00, up to 10000."),
            spent_on: date
                .is_none_or(|date| date > tomorrow)
                .then_some("Choose the day on which you paid, up to today."),
        };
        match cents {
            Some(cents) if mistakes == Mistakes::default() => Ok(NewClaim {
                title: title.to_owned(),
                cents,
                spent_on: self.spent_on.clone(),
            }),
            _ => Err(mistakes),
        }
    }
}

/// An amount between 0.01 and 10000, as people write it.
fn cents(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(rest) || rest.len() > 2 {
        return None;
    }
    let hundredths = format!("{rest:0<2}");
    let cents = whole.parse::<i64>().ok()?.checked_mul(100)? + hundredths.parse::<i64>().ok()?;
    (1..=1_000_000).contains(&cents).then_some(cents)
}

/// GET `/expenses/new`
pub async fn begin(request: HttpRequest, _: User) -> Result<HttpResponse, Error> {
    let page = FormPage::new(&request, Fields::default(), Mistakes::default())?;
    views::respond(&page)
}

/// POST `/expenses/new`
pub async fn file(
    request: HttpRequest,
    form: SignedForm<Fields>,
    oidc: Oidc,
    database: Data<Pool>,
    expenses: Data<Expenses>,
) -> Result<HttpResponse, Error> {
    let new = match form.fields.check() {
        Ok(new) => new,
        Err(mistakes) => {
            let page = FormPage::new(&request, form.fields, mistakes)?;
            return respond_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let account = account_of(&form.user);
    let number = claims::insert(&database, account, new).await?;
    expenses.news.send(Change { account, number }).ok();
    Ok(Redirect::to(oidc.path(&format!("/expenses/{number}")))
        .see_other()
        .respond_to(&request)
        .map_into_boxed_body())
}

/// GET `/expenses/{number}`
pub async fn show(
    request: HttpRequest,
    user: User,
    number: Path<i64>,
    database: Data<Pool>,
) -> Result<HttpResponse, Error> {
    let claim = find_for(&user, &database, *number).await?;
    views::respond(&ClaimPage::new(&request, &user, claim)?)
}

/// Whether the person sees the claims of others.
pub fn sees_all(user: &User) -> bool {
    user.has_role(Approver::NAME) || user.has_role(Accountant::NAME)
}

/// A claim that the person may see. Whoever may not is told what strangers to the number
/// are: there is no such page.
pub async fn find_for(user: &User, database: &Pool, number: i64) -> Result<Claim, Error> {
    let claim = claims::find(database, number).await?;
    let may_see = |claim: &Claim| claim.account == account_of(user) || sees_all(user);
    claim.filter(may_see).ok_or_else(Error::not_found)
}
