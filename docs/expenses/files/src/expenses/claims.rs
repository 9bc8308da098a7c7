//! The table `expenses`.

use sqlx::{FromRow, Type};

use crate::database::{DatabaseError, Pool};

/// How far a claim has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Type)]
#[sqlx(rename_all = "lowercase")]
pub enum State {
    /// Nobody has decided yet.
    Open,
    /// It is to be paid.
    Approved,
    /// It won't be paid.
    Rejected,
    /// It has been paid.
    Paid,
}

impl State {
    /// What people read.
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::Paid => "Paid",
        }
    }
}

/// A claim.
#[derive(Clone, Debug, FromRow)]
pub struct Claim {
    /// Its own number.
    pub number: i64,
    /// The account of the person who has spent the money.
    pub account: i64,
    /// The name of that person.
    pub name: String,
    /// What the money was spent for.
    pub title: String,
    /// How much it was.
    pub cents: i64,
    /// When that was.
    pub spent_on: String,
    /// How far the claim has come.
    pub state: State,
    /// The file with the receipt.
    pub receipt: Option<String>,
    /// What kind of file that is.
    pub receipt_type: Option<String>,
}

impl Claim {
    /// When it was, in one line however narrow the column is.
    pub fn day(&self) -> String {
        self.spent_on.replace('-', "\u{2011}")
    }

    /// As people write it, such as `84.00`.
    pub fn amount(&self) -> String {
        format!("{}.{:02}", self.cents / 100, self.cents % 100)
    }
}

/// A claim that is new.
#[derive(Debug, PartialEq)]
pub struct NewClaim {
    /// What the money was spent for.
    pub title: String,
    /// How much it was.
    pub cents: i64,
    /// When that was.
    pub spent_on: String,
}

/// Which claims a list shows. Each is for one account.
#[derive(Clone, Copy)]
pub enum Which {
    /// Those of the person.
    Own(i64),
    /// Those that the person may decide on: nobody decides on their own.
    ToDecide(i64),
    /// Those that the person may have paid: nobody pays what they approved themselves.
    ToPay(i64),
}

impl Which {
    fn condition(self) -> (&'static str, i64) {
        match self {
            Self::Own(account) => ("account = $1", account),
            Self::ToDecide(account) => ("state = 'open' and account <> $1", account),
            Self::ToPay(account) => ("state = 'approved' and decided_by <> $1", account),
        }
    }
}

/// One page of a list.
pub struct Page {
    /// The claims on it, the latest first.
    pub claims: Vec<Claim>,
    /// Which page it is, from 1.
    pub number: i64,
    /// How many there are, at least one.
    pub count: i64,
}

const PER_PAGE: i64 = 10;

/// The given page of a list, or the last one if there are fewer.
pub async fn page(pool: &Pool, which: Which, number: i64) -> Result<Page, DatabaseError> {
    let (condition, account) = which.condition();
    let count = format!("select count(*) from claims where {condition}");
    let count: i64 = sqlx::query_scalar(&count)
        .bind(account)
        .fetch_one(pool)
        .await?;
    let count = ((count + PER_PAGE - 1) / PER_PAGE).max(1);
    let number = number.clamp(1, count);
    let claims =
        format!("select * from claims where {condition} order by number desc limit $2 offset $3");
    let claims = sqlx::query_as(&claims).bind(account).bind(PER_PAGE);
    let claims = claims.bind((number - 1) * PER_PAGE);
    Ok(Page {
        claims: claims.fetch_all(pool).await?,
        number,
        count,
    })
}

/// The claims that somebody may have paid, the oldest first.
pub async fn to_pay(pool: &Pool, account: i64) -> Result<Vec<i64>, DatabaseError> {
    let (condition, account) = Which::ToPay(account).condition();
    let numbers = format!("select number from claims where {condition} order by number");
    Ok(sqlx::query_scalar(&numbers)
        .bind(account)
        .fetch_all(pool)
        .await?)
}

/// The claim with this number.
pub async fn find(pool: &Pool, number: i64) -> Result<Option<Claim>, DatabaseError> {
    let claim = sqlx::query_as("select * from claims where number = $1");
    Ok(claim.bind(number).fetch_optional(pool).await?)
}

/// Keeps a new claim, and returns its number.
pub async fn insert(pool: &Pool, account: i64, new: NewClaim) -> Result<i64, DatabaseError> {
    let insert = sqlx::query_scalar(
        "insert into expenses (account, title, cents, spent_on) values ($1, $2, $3, $4)
         returning number",
    );
    let insert = insert.bind(account).bind(new.title).bind(new.cents);
    Ok(insert.bind(new.spent_on).fetch_one(pool).await?)
}

/// Notes the receipt of a claim; `false` if somebody has decided meanwhile, for what they
/// have seen stays as it is.
pub async fn set_receipt(
    pool: &Pool,
    claim: &Claim,
    file: &str,
    media_type: &str,
) -> Result<bool, DatabaseError> {
    let update = sqlx::query(
        "update expenses set receipt = $2, receipt_type = $3
         where number = $1 and state = 'open' and receipt is $4",
    );
    let update = update.bind(claim.number).bind(file).bind(media_type);
    let done = update.bind(&claim.receipt).execute(pool).await?;
    Ok(done.rows_affected() == 1)
}

/// Decides on a claim, unless it is the person's own or somebody else has decided.
pub async fn decide(
    pool: &Pool,
    number: i64,
    by: i64,
    state: State,
) -> Result<Option<Claim>, DatabaseError> {
    let update = sqlx::query(
        "update expenses set state = $3, decided_by = $2
         where number = $1 and state = 'open' and account <> $2",
    );
    let update = update.bind(number).bind(by).bind(state);
    match update.execute(pool).await?.rows_affected() {
        0 => Ok(None),
        _ => find(pool, number).await,
    }
}

/// Notes that a claim was paid.
pub async fn set_paid(pool: &Pool, number: i64) -> Result<(), DatabaseError> {
    let update = sqlx::query("update expenses set state = 'paid' where number = $1");
    update.bind(number).execute(pool).await?;
    Ok(())
}
