//! The words of all areas are compiled into the program: a change in `locales/` must rebuild it.

fn main() {
    println!("cargo:rerun-if-changed=locales");
}
