mod health;
mod join;

pub use health::health;
pub use join::join;
