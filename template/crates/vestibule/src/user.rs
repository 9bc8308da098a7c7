//! The signed-in person, with what the app knows about them.

use std::{any::Any, rc::Rc, sync::Arc};

use crate::session::{LiveSession, UserSession};

/// The signed-in person, with the app's own context `C` from
/// [`Hooks::add_user_context`](crate::Hooks::add_user_context) (`()` without
/// hooks). As a handler's argument it admits only signed-in people: browsers are
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
    /// What the provider says about the person: claims, roles, times.
    pub fn session(&self) -> &UserSession {
        &self.0.live.session
    }

    /// What the app knows about the person.
    pub fn context(&self) -> &C {
        &self.0.context
    }

    /// The name to show for the person.
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

/// A [`User`] whose context type is known only to the app.
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

    /// The user, if `C` is the context of the app's hooks.
    pub(crate) fn of<C: 'static>(self) -> Option<User<C>> {
        self.inner.downcast().ok().map(User)
    }
}
