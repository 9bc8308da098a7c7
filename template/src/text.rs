//! Memory for the pages that go out.

use std::{cell::RefCell, fmt};

use actix_web::web::{Bytes, BytesMut};

/// Room for some usual pages; what a larger one has taken is given back at once.
const ROOM: usize = 16 * 1024;

/// A text that is being written.
pub(crate) struct Draft(String);

impl fmt::Write for Draft {
    // A page is written in some thirty pieces.
    #[inline(always)]
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.push_str(piece);
        Ok(())
    }
}

/// The text that `write` writes. It is written into memory that earlier texts
/// have used, so that it is not moved while it grows, and sent from memory that
/// earlier ones have left.
///
/// # Errors
/// Those of `write`.
pub(crate) fn text<E>(write: impl FnOnce(&mut Draft) -> Result<(), E>) -> Result<Bytes, E> {
    thread_local! {
        static DRAFT: RefCell<Draft> = const { RefCell::new(Draft(String::new())) };
        static FREE: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(ROOM));
    }
    // Taken out meanwhile, since `write` may ask for another text.
    let mut draft = DRAFT.replace(Draft(String::new()));
    let written = write(&mut draft).map(|()| {
        FREE.with_borrow_mut(|free| {
            free.reserve(draft.0.len());
            free.extend_from_slice(draft.0.as_bytes());
            free.split().freeze()
        })
    });
    draft.0.clear();
    if draft.0.capacity() <= ROOM {
        DRAFT.set(draft);
    }
    written
}
