//! A hand-written application in the shape of generated code, started, called, configured and stopped.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "generated code is public, and the exemption for tests does not cover what tests share"
)]

mod app;
mod calls;
mod capabilities;
mod configuration;
mod cycles;
mod endpoints;
mod life;
mod outside;
mod tables;

fn bp_app() -> bp_std::rt::App {
    app::app(&app::plan::monolith())
}
