//! The paths of the sign-in pages.

use std::borrow::Cow;

/// The paths of the sign-in pages, and where they lead. A path changed here changes
/// everywhere:
///
/// ```
/// use vestibule::Paths;
///
/// let paths = Paths {
///     login: "/door".into(),
///     ..Paths::default()
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Starts a sign-in.
    pub login: Cow<'static, str>,
    /// Where the provider sends people back to; the provider must know this
    /// address. Each of several providers has its own below it, such as
    /// `/authorization-code/callback/google`.
    pub login_callback: Cow<'static, str>,
    /// Where people go who did not ask for a particular page.
    pub after_login: Cow<'static, str>,
    /// The app's own page for failed sign-ins; `None` shows an error page. Its
    /// query has `error` (the code), `return_to` and `request_id`.
    pub failure: Option<Cow<'static, str>>,
    /// Signs out; accepts only POST.
    pub logout: Cow<'static, str>,
    /// Where the provider's sign-out returns to; the provider must know this
    /// address.
    pub logged_out: Cow<'static, str>,
    /// Where the provider reports sign-outs that happened elsewhere.
    pub backchannel_logout: Cow<'static, str>,
    /// The files of the Okta Sign-In Widget, if the app serves them itself.
    pub widget_files: Cow<'static, str>,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            login: "/login".into(),
            login_callback: "/authorization-code/callback".into(),
            after_login: "/".into(),
            failure: None,
            logout: "/logout".into(),
            logged_out: "/logged-out".into(),
            backchannel_logout: "/backchannel-logout".into(),
            widget_files: "/static/okta-signin-widget".into(),
        }
    }
}

impl Paths {
    /// Moves the sign-in pages below a prefix, such as `/auth`. Where they lead
    /// afterwards does not change.
    #[must_use]
    pub fn under(self, prefix: &str) -> Self {
        let prefix = prefix.trim_end_matches('/');
        let below = |path: Cow<'static, str>| Cow::Owned(format!("{prefix}{path}"));
        Self {
            login: below(self.login),
            login_callback: below(self.login_callback),
            logout: below(self.logout),
            logged_out: below(self.logged_out),
            backchannel_logout: below(self.backchannel_logout),
            widget_files: below(self.widget_files),
            ..self
        }
    }

    /// The first path that does not start with a slash.
    pub(crate) fn malformed(&self) -> Option<&str> {
        let failure = self.failure.as_deref().unwrap_or("/");
        [
            &*self.login,
            &*self.login_callback,
            &*self.after_login,
            failure,
            &*self.logout,
            &*self.logged_out,
            &*self.backchannel_logout,
            &*self.widget_files,
        ]
        .into_iter()
        .find(|path| !path.starts_with('/'))
    }
}
