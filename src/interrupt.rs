//! Requests to stop, by Ctrl-C or by the system. They raise a flag, which work that must not stop
//! half-way checks; what to clean up then is up to that work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::error::Error;

/// Whether this program was asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on Ctrl-C only raises the flag.
    pub(crate) fn on_ctrl_c(&self) -> Result<(), Error> {
        self.register(SIGINT)
    }

    /// From now on every request to stop only raises the flag. For the time in which files are
    /// written.
    pub(crate) fn on_everything(&self) -> Result<(), Error> {
        self.register(SIGINT)?;
        self.register(SIGTERM)?;
        #[cfg(unix)]
        self.register(signal_hook::consts::SIGHUP)?;
        Ok(())
    }

    /// Fails once the program was asked to stop.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.0.load(Ordering::SeqCst) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    fn register(&self, signal: i32) -> Result<(), Error> {
        signal_hook::flag::register(signal, Arc::clone(&self.0))
            .map(|_id| ())
            .map_err(Error::Signals)
    }
}
