//! Why a route is not added. Whatever finds a reason, here it becomes the error that is shown.

use crate::error::{Error, ManualSteps};
use crate::scaffold::BadScaffold;
use crate::source::CannotEdit;

/// A reason, or several of the same kind.
#[derive(Debug)]
pub(super) enum Objection {
    /// The command line asks for something that can't be.
    Usage(Vec<String>),
    /// Something in the app is in the way.
    Conflict(Vec<String>),
    /// A file can't be edited safely.
    CannotEdit { file: String, reason: String },
    /// The same, where a flag would do without that file.
    CannotEditTests { file: String, reason: String },
    /// The new code would name what isn't there.
    Lacks(Vec<String>),
    /// The same of its tests, which a flag leaves out.
    TestsLack(Vec<String>),
    /// The app can't be read, or something else went wrong.
    Failed(Error),
}

impl Objection {
    pub(super) fn conflict(reason: String) -> Self {
        Self::Conflict(vec![reason])
    }

    pub(super) fn cannot_edit(file: &str, CannotEdit(reason): CannotEdit) -> Self {
        Self::CannotEdit {
            file: file.to_owned(),
            reason,
        }
    }

    /// The error to end with. What can't be edited is shown as steps to take by hand.
    pub(super) fn into_error(self, steps: impl FnOnce(bool) -> ManualSteps) -> Error {
        let lacks = |reasons, by_hand| Error::RouteLacks { reasons, by_hand };
        let (file, reason, without_tests) = match self {
            Self::Lacks(reasons) => return lacks(reasons, steps(false)),
            Self::TestsLack(reasons) => return lacks(reasons, steps(true)),
            Self::Usage(reasons) => return Error::InvalidRoute(reasons),
            Self::Conflict(reasons) => return Error::RouteConflict(reasons),
            Self::Failed(error) => return error,
            Self::CannotEdit { file, reason } => (file, reason, false),
            Self::CannotEditTests { file, reason } => (file, reason, true),
        };
        Error::CannotEdit {
            file,
            reason,
            by_hand: steps(without_tests),
        }
    }
}

impl From<Error> for Objection {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<BadScaffold> for Objection {
    fn from(error: BadScaffold) -> Self {
        Self::Failed(error.into())
    }
}
