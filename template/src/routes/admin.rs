//! `/admin`: for people with the role `admin`. They find who has an account, see
//! where somebody is signed in, and can end that.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    web::{Data, Path, Query, Redirect},
};
use serde::Deserialize;
use vestibule::{Error, Oidc};

use crate::{
    hooks::{Admin, Has, SignedForm},
    users::{self, Member, Users},
    views::{self, Administration, MemberPage, Members},
};

/// Shows how many people have an account, and where to look for one of them.
pub async fn show(
    request: HttpRequest,
    _: Has<Admin>,
    users: Data<Users>,
) -> Result<HttpResponse, Error> {
    let count = users.count().await.map_err(users::unavailable)?;
    views::respond(&Administration::new(&request, count)?)
}

/// Whom an administrator looks for.
#[derive(Deserialize)]
pub struct Search {
    /// A part of the name or of the e-mail address.
    #[serde(default)]
    search: String,
    /// Which page of the result, from 1.
    #[serde(default)]
    page: u64,
}

/// Shows who has an account: everybody, or those whom the search finds.
pub async fn list_members(
    request: HttpRequest,
    _: Has<Admin>,
    query: Query<Search>,
    users: Data<Users>,
) -> Result<HttpResponse, Error> {
    let Search { search, page } = query.into_inner();
    let found = users.search(search.trim(), page).await;
    let found = found.map_err(users::unavailable)?;
    views::respond(&Members::new(&request, search, found)?)
}

/// Shows one person, and where they are signed in.
pub async fn show_member(
    request: HttpRequest,
    admin: Has<Admin>,
    number: Path<u64>,
    oidc: Oidc,
    users: Data<Users>,
) -> Result<HttpResponse, Error> {
    let member = find(&users, *number).await?;
    let devices = oidc
        .devices_of(&admin, &member.issuer, &member.subject)
        .await?;
    views::respond(&MemberPage::new(&request, member, devices)?)
}

/// The form that signs a person out.
#[derive(Deserialize)]
pub struct SignOut {
    /// The browser's handle; `None`: wherever they are signed in.
    device: Option<String>,
}

/// Signs a person out where the form says, and shows what is left.
pub async fn sign_out(
    admin: Has<Admin>,
    number: Path<u64>,
    form: SignedForm<SignOut>,
    oidc: Oidc,
    users: Data<Users>,
) -> Result<impl Responder, Error> {
    let member = find(&users, *number).await?;
    let device = form.fields.device.as_deref();
    let (issuer, subject) = (&member.issuer, &member.subject);
    oidc.logout_person(&admin, issuer, subject, device).await?;
    let here = oidc.path(&format!("/admin/members/{number}"));
    Ok(Redirect::to(here).see_other())
}

async fn find(users: &Users, number: u64) -> Result<Member, Error> {
    let found = users.member(number).await.map_err(users::unavailable)?;
    found.ok_or_else(Error::not_found)
}
