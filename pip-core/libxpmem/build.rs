//! Gives the library the name that programs record at link time.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libxpmem.so");
    println!("cargo::rerun-if-changed=build.rs");
}
