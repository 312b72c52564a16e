#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    ferroev_fuzz::run(bytes, ferroev_fuzz::Focus::Pending);
});
