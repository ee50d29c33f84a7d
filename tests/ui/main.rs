//! Journeys through the whole window without a display: the real engine, the real world, no graphics card.
#![expect(clippy::expect_used, reason = "the hands of tests: what they cannot do fails the test")]

mod chinese;
mod composing;
mod form;
mod hands;
mod idle;
mod keyboard;
mod large;
mod link;
mod main_job;
mod side_by_side;
