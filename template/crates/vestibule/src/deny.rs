//! How an app's own rule turns someone away.

use std::{borrow::Cow, fmt};

use actix_web::http::StatusCode;

/// A denial by the app's own rule, returned from [`Hooks`](crate::Hooks). It says
/// what the person reads and can do next; scripts get the same as JSON.
///
/// ```
/// use vestibule::Deny;
///
/// let deny = Deny::new("email_unverified")
///     .title("Verify your e-mail address first")
///     .text("Open the link we sent you, then sign in again.")
///     .logout_at_provider();
/// ```
#[derive(Clone, Debug)]
pub struct Deny(Box<Reason>);

/// Boxed to keep results small: they rarely contain a denial.
#[derive(Clone, Debug)]
pub(crate) struct Reason {
    pub(crate) code: Cow<'static, str>,
    pub(crate) title: Cow<'static, str>,
    pub(crate) text: Cow<'static, str>,
    pub(crate) status: StatusCode,
    pub(crate) button: Option<DenyButton>,
    pub(crate) logout_at_provider: bool,
    pub(crate) cause: Option<String>,
}

/// Where the page's button leads.
#[derive(Clone, Debug)]
pub(crate) struct DenyButton {
    pub(crate) label: Cow<'static, str>,
    pub(crate) path: Cow<'static, str>,
}

impl Deny {
    /// Turns the person away with a 403. The code is stable: tests, logs and
    /// support rely on it.
    pub fn new(code: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Reason {
            code: code.into(),
            title: "You cannot use this app".into(),
            text: "Your account does not have access to this app. If you think it should, ask \
                   the people who run it."
                .into(),
            status: StatusCode::FORBIDDEN,
            button: None,
            logout_at_provider: false,
            cause: None,
        }))
    }

    /// Something that the hook needs, such as a database, is unavailable: a 503,
    /// and the person can try again. `cause` is only for the log.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        Self::new("unavailable")
            .title("This page is not available right now")
            .text("Please try again in a moment.")
            .status(StatusCode::SERVICE_UNAVAILABLE)
            .because(cause)
    }

    /// The heading.
    #[must_use]
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.0.title = title.into();
        self
    }

    /// What happened, and what to do next.
    #[must_use]
    pub fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.text = text.into();
        self
    }

    /// A status other than 403.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// A button that leads to a path of this app, instead of "Use another account".
    #[must_use]
    pub fn button(
        mut self,
        label: impl Into<Cow<'static, str>>,
        path: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.0.button = Some(DenyButton {
            label: label.into(),
            path: path.into(),
        });
        self
    }

    /// Also signs the person out at the provider, so that the next sign-in asks who
    /// they are. They see the reason when they come back.
    #[must_use]
    pub fn logout_at_provider(mut self) -> Self {
        self.0.logout_at_provider = true;
        self
    }

    /// Why; only for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    pub(crate) fn reason(&self) -> &Reason {
        &self.0
    }
}

/// For the log: the code, and why.
impl fmt::Display for Deny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.code)?;
        match &self.0.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}
