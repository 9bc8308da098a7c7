//! User sessions: who is signed in. The browser holds a random id; the store holds
//! the record under the id's hash, sealed with a key derived from the id and the app's
//! secret: what is in the store is of no use without both, and no one can make it up.
//!
//! The [record](UserSession) is in `record.rs`, its copy in memory in `live.rs`, how
//! sessions start, change and end in `service.rs`, and how their streams learn of it in
//! `watch.rs`.

mod device;
mod live;
mod record;
mod service;
mod watch;

pub(crate) use self::record::{person_tag, subject_key};
#[cfg(feature = "actix-session")]
pub(crate) use self::service::is_visit_due;
pub use self::{
    device::{Device, describe_browser},
    live::{LiveSession, SessionId},
    record::{Registration, UserSession},
    service::UserSessions,
    watch::{SessionEnd, StreamEnd},
};
