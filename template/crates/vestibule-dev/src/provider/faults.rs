//! How to make the provider misbehave: hooks that change what it is about to send.
//! The named misbehaviours, for people rather than tests, are in `misbehaviour.rs`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{
    exchange::{Answer, Endpoint},
    jws::Jws,
    keys::Keys,
    misbehaviour::Misbehaviour,
};

type Hook<T> = Arc<dyn Fn(&mut T) + Send + Sync>;
type Pairs = Vec<(String, String)>;

/// What the provider should do wrong. Several faults of one kind apply in the order
/// in which they were set. Each lasts until [`clear`](Faults::clear), or for one
/// use when set through [`once`](Faults::once).
#[derive(Clone)]
pub struct Faults {
    set: Arc<Mutex<Set>>,
    pub(super) keys: Arc<Keys>,
    once: bool,
}

#[derive(Default)]
struct Set {
    faults: Vec<(Fault, bool)>,
    named: Option<Misbehaviour>,
}

enum Fault {
    IdToken(Hook<Jws>),
    LogoutToken(Hook<Jws>),
    Userinfo(Hook<Jws>),
    AuthorizationResponse(Hook<Pairs>),
    Json(Endpoint, Hook<Value>),
    Answer(Endpoint, Hook<Answer>),
    Instead(Endpoint, Answer),
}

impl Faults {
    pub(super) fn new(keys: Arc<Keys>) -> Faults {
        Faults {
            set: Arc::default(),
            keys,
            once: false,
        }
    }

    /// A handle through which faults are set for one use only.
    pub fn once(&self) -> Faults {
        Faults {
            once: true,
            ..self.clone()
        }
    }

    /// Removes all faults. Keys that were rotated stay rotated.
    pub fn clear(&self) {
        *self.lock() = Set::default();
    }

    /// Misbehaves in this way only.
    pub fn set(&self, misbehaviour: Misbehaviour) {
        self.clear();
        misbehaviour.apply(self);
        self.lock().named = Some(misbehaviour);
    }

    /// The named misbehaviour that is set, if any.
    pub fn named(&self) -> Option<Misbehaviour> {
        self.lock().named
    }

    /// Changes ID tokens before they are signed.
    pub fn id_token(&self, hook: impl Fn(&mut Jws) + Send + Sync + 'static) {
        self.add(Fault::IdToken(Arc::new(hook)));
    }

    /// Changes logout tokens before they are signed.
    pub fn logout_token(&self, hook: impl Fn(&mut Jws) + Send + Sync + 'static) {
        self.add(Fault::LogoutToken(Arc::new(hook)));
    }

    /// Changes signed userinfo responses before they are signed.
    pub fn userinfo(&self, hook: impl Fn(&mut Jws) + Send + Sync + 'static) {
        self.add(Fault::Userinfo(Arc::new(hook)));
    }

    /// Changes the parameters of authorization responses, including errors (OIDC
    /// Core 3.1.2.5).
    pub fn authorization_response(
        &self,
        hook: impl Fn(&mut Vec<(String, String)>) + Send + Sync + 'static,
    ) {
        self.add(Fault::AuthorizationResponse(Arc::new(hook)));
    }

    /// Changes the JSON that an endpoint returns: metadata, keys, tokens, claims.
    pub fn json(&self, endpoint: Endpoint, hook: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.add(Fault::Json(endpoint, Arc::new(hook)));
    }

    /// Changes an endpoint's whole response: status, header fields, body, delay. By
    /// then, the endpoint has done its work.
    pub fn answer(&self, endpoint: Endpoint, hook: impl Fn(&mut Answer) + Send + Sync + 'static) {
        self.add(Fault::Answer(endpoint, Arc::new(hook)));
    }

    /// Sends this response and does nothing else: codes and tokens stay unused.
    pub fn instead(&self, endpoint: Endpoint, answer: Answer) {
        self.add(Fault::Instead(endpoint, answer));
    }

    pub(super) fn alter_id_token(&self, token: &mut Jws) {
        self.alter(token, |fault| match fault {
            Fault::IdToken(hook) => Some(hook.clone()),
            _ => None,
        });
    }

    pub(super) fn alter_logout_token(&self, token: &mut Jws) {
        self.alter(token, |fault| match fault {
            Fault::LogoutToken(hook) => Some(hook.clone()),
            _ => None,
        });
    }

    pub(super) fn alter_userinfo(&self, token: &mut Jws) {
        self.alter(token, |fault| match fault {
            Fault::Userinfo(hook) => Some(hook.clone()),
            _ => None,
        });
    }

    pub(super) fn alter_authorization_response(&self, pairs: &mut Pairs) {
        self.alter(pairs, |fault| match fault {
            Fault::AuthorizationResponse(hook) => Some(hook.clone()),
            _ => None,
        });
    }

    pub(super) fn alter_answer(&self, endpoint: Endpoint, answer: &mut Answer) {
        if let Ok(mut json) = serde_json::from_slice::<Value>(&answer.body) {
            let is_altered = self.alter(&mut json, |fault| match fault {
                Fault::Json(at, hook) if *at == endpoint => Some(hook.clone()),
                _ => None,
            });
            if is_altered {
                answer.body = json.to_string().into_bytes();
            }
        }
        self.alter(answer, |fault| match fault {
            Fault::Answer(at, hook) if *at == endpoint => Some(hook.clone()),
            _ => None,
        });
    }

    /// The last of the responses set for this endpoint.
    pub(super) fn answer_instead(&self, endpoint: Endpoint) -> Option<Answer> {
        self.take(|fault| match fault {
            Fault::Instead(at, answer) if *at == endpoint => Some(answer.clone()),
            _ => None,
        })
        .pop()
    }

    /// Applies the hooks. Returns whether there were any.
    fn alter<T>(&self, what: &mut T, pick: impl Fn(&Fault) -> Option<Hook<T>>) -> bool {
        // The hooks run without the lock, so that one may set another fault.
        let hooks = self.take(pick);
        for hook in &hooks {
            hook(what);
        }
        !hooks.is_empty()
    }

    /// What `pick` returns for the faults that are set; removes one-time faults
    /// that were picked.
    fn take<T>(&self, pick: impl Fn(&Fault) -> Option<T>) -> Vec<T> {
        let mut picked = Vec::new();
        self.lock()
            .faults
            .retain(|(fault, once)| match pick(fault) {
                Some(part) => {
                    picked.push(part);
                    !once
                }
                None => true,
            });
        picked
    }

    fn add(&self, fault: Fault) {
        self.lock().faults.push((fault, self.once));
    }

    fn lock(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
