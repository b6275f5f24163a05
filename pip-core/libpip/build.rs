//! Linker flags of libpip.so: its soname, and an entry point for when it is run as a command.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libpip.so");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-e,pip_command_entry");
}
