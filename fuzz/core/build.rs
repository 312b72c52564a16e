//! With cargo-fuzz or without: the core is always built on the scripted kernel.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(fuzzing)");
    println!("cargo:rustc-cfg=fuzzing");
}
