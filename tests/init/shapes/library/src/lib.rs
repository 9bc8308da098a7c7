//! A list of people who wait for the next workshop.

pub mod configuration;
pub mod domain;
pub mod routes;
pub mod startup;
