//! What the tests share: the built program, and a renderer that needs no graphics card.
#![expect(clippy::expect_used, clippy::panic, reason = "the hands of tests: what they cannot do fails the test")]

pub mod catalog;
pub mod fuzz;
pub mod program;
pub mod raster;
