//! One file a route, each asking who may reach it. `vestibule add route` writes
//! such files, and names them here.

mod admin;
