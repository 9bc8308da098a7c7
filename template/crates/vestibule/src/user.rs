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
    own_roles: OwnRoles,
    context: C,
}

/// The roles that the app's own records give; `None`, which costs nothing, if they
/// give none.
pub type OwnRoles = Option<Rc<[String]>>;

/// All roles of a person: those in the provider's claims, then those of the app.
pub fn all_roles<'a>(session: &'a UserSession, own: &'a OwnRoles) -> impl Iterator<Item = &'a str> {
    let own = own.iter().flat_map(|own| own.iter());
    let own = own.filter(|role| !session.roles.contains(role));
    session.roles.iter().chain(own).map(String::as_str)
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

    /// The person's roles: those in the provider's claims, then what
    /// [`Hooks::roles`](crate::Hooks::roles) adds.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        all_roles(self.session(), &self.0.own_roles)
    }

    /// Whether the person has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().any(|held| held == role)
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
    own_roles: OwnRoles,
}

impl AnyUser {
    pub(crate) fn new<C: 'static>(live: Arc<LiveSession>, context: C, roles: Vec<String>) -> Self {
        let own_roles: OwnRoles = (!roles.is_empty()).then(|| roles.into());
        let inner = Inner {
            live: Arc::clone(&live),
            own_roles: own_roles.clone(),
            context,
        };
        Self {
            inner: Rc::new(inner),
            live,
            own_roles,
        }
    }

    pub(crate) fn live(&self) -> &Arc<LiveSession> {
        &self.live
    }

    pub(crate) fn own_roles(&self) -> &OwnRoles {
        &self.own_roles
    }

    /// The user, if `C` is the context of the app's hooks.
    pub(crate) fn of<C: 'static>(self) -> Option<User<C>> {
        self.inner.downcast().ok().map(User)
    }
}
