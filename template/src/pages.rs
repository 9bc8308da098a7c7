//! The sign-in's own pages, shown with this app's views. A page that is left out
//! is shown as the library has it.

use actix_web::{HttpRequest, HttpResponse};
use vestibule::{
    Error, Pages,
    pages::{ChoosePage, EndSessionPage, ErrorPage, LoggedOutPage, LoginPage},
};

use crate::views;

/// Shows the views in `templates/`.
pub struct AppPages;

impl Pages for AppPages {
    /// What `OIDC_LOGIN_PAGE=page` and `widget` show at `/login`.
    fn login(&self, request: &HttpRequest, page: LoginPage<'_>) -> Result<HttpResponse, Error> {
        views::respond(&views::Login::new(request, page)?)
    }

    /// Where people choose one of several providers.
    fn choose(&self, request: &HttpRequest, page: ChoosePage<'_>) -> Result<HttpResponse, Error> {
        views::respond(&views::Choose::new(request, page)?)
    }

    /// Where signing out ends.
    fn logged_out(
        &self,
        request: &HttpRequest,
        page: LoggedOutPage,
    ) -> Result<HttpResponse, Error> {
        views::respond(&views::LoggedOut::new(request, page)?)
    }

    /// On the way to the provider's sign-out.
    fn end_session(
        &self,
        request: &HttpRequest,
        page: EndSessionPage<'_>,
    ) -> Result<HttpResponse, Error> {
        views::respond(&views::EndSession::new(request, page)?)
    }

    /// Any error that a person sees, also "no such page". To word one otherwise,
    /// or to show a view of its own, look at `page.code`. Scripts get JSON: see
    /// [`Pages::problem`].
    fn error(&self, request: &HttpRequest, page: ErrorPage<'_>) -> Result<HttpResponse, Error> {
        views::respond(&views::ErrorView::new(request, page)?)
    }
}
