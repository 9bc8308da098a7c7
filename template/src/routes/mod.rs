//! The table of pages. Everybody reaches what is in [`public`]; only people who
//! are signed in reach what is in [`protected`]. `app.rs` mounts both.

pub mod admin;
pub mod api;
pub mod assets;
pub mod devices;
pub mod health;
pub mod home;
pub mod profile;

use actix_web::web::{get, post, scope};
use vestibule::{ProtectedConfig, PublicConfig};

/// Routes for everybody.
pub fn public(cfg: &mut PublicConfig) {
    cfg.route("/", get().to(home::show));
    cfg.service(
        scope("/static")
            .route("/app.css", get().to(assets::stylesheet))
            .route("/icon.svg", get().to(assets::icon))
            .route("/widget.js", get().to(assets::widget)),
    );
    cfg.route("/healthz", get().to(health::alive));
    cfg.route("/readyz", get().to(health::ready));
}

/// Routes for people who are signed in. A handler that also wants a role says
/// so itself, by an argument of type `Has<Role>`.
pub fn protected(cfg: &mut ProtectedConfig) {
    cfg.route("/profile", get().to(profile::show));
    cfg.route("/devices", get().to(devices::show));
    cfg.route("/devices", post().to(devices::sign_out));
    cfg.route("/admin", get().to(admin::show));
    cfg.route("/admin/members", get().to(admin::list_members));
    cfg.route("/admin/members/{number}", get().to(admin::show_member));
    cfg.route("/admin/members/{number}", post().to(admin::sign_out));
    cfg.route("/api/me", get().to(api::me));
    cfg.route("/api/userinfo", get().to(api::userinfo));
}
