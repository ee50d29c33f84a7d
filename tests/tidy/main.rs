//! The rules that no compiler checks: who may use whom, what must be registered, what must not be named.
//!
//! Each rule is a table or a loop over the tree; a failure says the file, the line and the rule.

#![expect(clippy::expect_used, reason = "the hands of tests: what they cannot do fails the test")]

mod catalog;
mod layers;
mod names;
mod page;
mod prose;
mod source;
mod tables;
