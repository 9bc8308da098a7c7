//! Memory for the texts that go out with responses: pages, and headers that are
//! written anew each time.

use std::cell::RefCell;

use actix_web::web::{Bytes, BytesMut};

/// Enough for the texts of some responses, which are sent before all of it is
/// used: then it is used again.
const MEMORY: usize = 16 * 1024;

/// The text that `write` writes, usually at most `room` bytes.
///
/// # Errors
/// Those of `write`.
pub(crate) fn text<E>(
    room: usize,
    write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<Bytes, E> {
    thread_local! {
        static FREE: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(MEMORY));
    }
    // Taken out meanwhile, since `write` may ask for another text.
    let mut memory = FREE.take();
    memory.reserve(room);
    let written = write(&mut memory);
    let text = memory.split().freeze();
    FREE.set(memory);
    written.map(|()| text)
}
