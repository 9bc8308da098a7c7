//! What a safe relying party does, row by row of a checklist. The name of each
//! test begins with the row that it holds the app to.

mod options;
mod session;
mod sessions_rotation;
