//! Link arguments of the shared library; nothing is generated here.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // GNU ld drops what is unreachable of std: a tenth of the size that the toolchain's own linker makes.
    println!("cargo:rustc-cdylib-link-arg=-fuse-ld=bfd");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libev.so.4");
    // Code and constants in one mapping: two pages less in the file, two mappings less at every start of a program.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,noseparate-code");
    // Unmapping would pull a signal handler from under the process.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
