//! Linker flags of libpip.so: its soname, and an entry point for when it is run as a command.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libpip.so");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-e,pip_command_entry");
    // Every task loads this library: two mappings instead of four, and none whose protection changes afterwards.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,noseparate-code,-z,norelro");
    let git = std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let commit =
        git.ok().filter(|git| git.status.success()).map(|git| String::from_utf8_lossy(&git.stdout).trim().to_owned());
    println!("cargo::rustc-env=PIP_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    // Unwinding from libgcc's archive: libgcc_s.so would be one more library to load in every task.
    let gcc = std::process::Command::new("gcc").arg("-print-file-name=libgcc_eh.a").output();
    let archive = gcc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if let Some(folder) = std::path::Path::new(&archive).parent().filter(|folder| folder.is_absolute()) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static=gcc_eh");
    }
}
