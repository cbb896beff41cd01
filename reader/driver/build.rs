//! Gives the shared library the name under which programs look for it, whichever vendor made theirs.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The interface is fixed by the standard, so the name carries no version: a program linked with one maker's library runs
    // with any other's.
    let unix = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if unix {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libSSCardDriver.so");
    }
}
