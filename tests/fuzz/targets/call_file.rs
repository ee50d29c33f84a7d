//! See `callscope_tests::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| callscope_tests::fuzz::run("call_file", bytes));
