//! Samples of all errors.

use vestibule::{Deny, Error, ErrorKind, FieldError};

/// One error of each kind, as samples to show.
pub fn errors() -> Vec<Error> {
    let detail = || "the cause, which only the log shows".to_owned();
    let kinds = [
        ErrorKind::SignedOut,
        ErrorKind::MissingRole("admin"),
        ErrorKind::NotFresh(300),
        ErrorKind::NotAssured(&["phr"]),
        ErrorKind::AddressTooLong(Box::new(ErrorKind::SignedOut)),
        ErrorKind::DemandNotMet(detail()),
        ErrorKind::ForgedForm,
        ErrorKind::TransactionUnknown,
        ErrorKind::TransactionExpired,
        ErrorKind::SignInLoop,
        ErrorKind::OtpElsewhere,
        ErrorKind::ParameterRepeated("state"),
        ErrorKind::TokenInCallback("id_token"),
        ErrorKind::MixedUp(detail()),
        ErrorKind::Denied,
        ErrorKind::NotSignedInAtProvider,
        ErrorKind::ProviderError(detail()),
        ErrorKind::ExpiredAtProvider,
        ErrorKind::CodeMissing,
        ErrorKind::CodeRefused,
        ErrorKind::TokenAnswer(detail()),
        ErrorKind::IdToken(detail()),
        ErrorKind::UserInfo(detail()),
        ErrorKind::RefreshRefused,
        ErrorKind::LogoutToken(detail()),
        ErrorKind::ProviderUnavailable(detail()),
        ErrorKind::StoreUnavailable(detail()),
        ErrorKind::TooManyLogins,
        ErrorKind::NotFound,
        ErrorKind::MethodNotAllowed,
        ErrorKind::BadRequest(detail()),
        ErrorKind::BodyTooLarge(detail()),
        ErrorKind::BodyType(detail()),
        ErrorKind::BodySyntax(detail()),
        ErrorKind::InvalidFields(
            vec![FieldError::new("amount", "must be more than 0")],
            detail(),
        ),
        ErrorKind::Undeclared("GET /reports".to_owned()),
        ErrorKind::Internal(detail()),
    ];
    let denied = Deny::new("not_admitted")
        .title("Your subscription has ended")
        .text("Renew it, then sign in again.");
    let kinds = kinds.into_iter().map(Error::from);
    kinds.chain([Error::from(denied)]).collect()
}
