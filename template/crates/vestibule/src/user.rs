//! The signed-in person, with what the app knows of them.

use std::{any::Any, rc::Rc, sync::Arc};

use crate::session::{LiveSession, UserSession};

/// The signed-in person, with the app's own context `C` from
/// [`Hooks::add_user_context`](crate::Hooks::add_user_context) (`()` in an app
/// without hooks). As a handler's argument it lets nobody else in: a browser is
/// sent to sign in, anything else gets a 401.
///
/// ```
/// async fn account(user: vestibule::User) -> String {
///     format!("Hello, {}!", user.name())
/// }
/// ```
pub struct User<C = ()>(Rc<Inner<C>>);

struct Inner<C> {
    live: Arc<LiveSession>,
    context: C,
}

impl<C> User<C> {
    /// What is known from the provider: claims, roles, times.
    pub fn session(&self) -> &UserSession {
        &self.0.live.session
    }

    /// What the app knows of the person.
    pub fn context(&self) -> &C {
        &self.0.context
    }

    /// What to call the person.
    pub fn name(&self) -> &str {
        self.session().name()
    }

    /// Whether the person has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.session().roles.iter().any(|held| held == role)
    }

    pub(crate) fn live(&self) -> &Arc<LiveSession> {
        &self.0.live
    }
}

impl<C> Clone for User<C> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

/// A [`User`] whose context is of a type that only the app knows.
#[derive(Clone)]
pub struct AnyUser {
    inner: Rc<dyn Any>,
    live: Arc<LiveSession>,
}

impl AnyUser {
    pub(crate) fn new<C: 'static>(live: Arc<LiveSession>, context: C) -> Self {
        let inner = Inner {
            live: Arc::clone(&live),
            context,
        };
        Self {
            inner: Rc::new(inner),
            live,
        }
    }

    pub(crate) fn live(&self) -> &Arc<LiveSession> {
        &self.live
    }

    /// The user, if `C` is what the app's hooks give.
    pub(crate) fn of<C: 'static>(self) -> Option<User<C>> {
        self.inner.downcast().ok().map(User)
    }
}
