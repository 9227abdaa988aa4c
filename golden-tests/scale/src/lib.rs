//! Applications of any size, made from a topology; what `cargo xtask bench-scale` and the tests of scale build.

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

pub mod application;
pub mod measure;
pub mod topology;
