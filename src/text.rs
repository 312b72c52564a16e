//! Texts for C.
//!
//! LLVM puts every literal that ends with a zero into one section of the object file, those of std beside ours, and the
//! linker keeps or drops a section as a whole: four kilobytes of std's messages, which nothing prints. So ours have a
//! section of their own.

use core::ffi::CStr;

/// A `&'static CStr` of a literal without zeros; in place of `c"..."`.
macro_rules! text {
    ($text:literal) => {{
        const LENGTH: usize = concat!($text, "\0").len();
        #[unsafe(link_section = ".rodata.text")]
        static TEXT: [u8; LENGTH] = $crate::text::bytes(concat!($text, "\0"));
        const { $crate::text::of(&TEXT) }
    }};
}
pub(crate) use text;

/// The first `LENGTH` bytes of a literal.
pub const fn bytes<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => [0; LENGTH],
    }
}

/// The text, which is empty if it has a zero before its end.
pub const fn of(bytes: &'static [u8]) -> &'static CStr {
    match CStr::from_bytes_with_nul(bytes) {
        Ok(text) => text,
        Err(_) => c"",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_what_was_written() {
        assert_eq!((text!("a %s\n"), text!("")), (c"a %s\n", c""));
    }
}
