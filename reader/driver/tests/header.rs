//! The header is what cbindgen makes of the source: `UPDATE_HEADER=1 cargo test -p ssc-driver --test header` writes it anew.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;

#[test]
fn the_header_is_that_of_the_source() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml")).expect("settings of cbindgen");
    // cbindgen knows C functions only; that Windows programs of 32 bits call them otherwise is said by a macro.
    let folder = tempfile::tempdir().expect("a folder");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for name in ["functions.rs", "pki.rs", "icc.rs"] {
        let source = std::fs::read_to_string(here.join("src").join(name)).expect("source");
        let path = folder.path().join(name);
        std::fs::write(&path, source.replace("extern \"system\"", "extern \"C\"")).expect("written");
        builder = builder.with_src(path);
    }
    let bindings = builder.generate().expect("cbindgen reads the source");
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).expect("text");
    let made = made.replace("\nlong ", "\nlong SSCARD_CALL ");
    let path = here.join("include/SSCardDriver.h");
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    for name in [
        "iReadCardBas",
        "iDoDebit_HSM_Step2",
        "iReadDebitRecord",
        "PKI_SignData",
        "ICC_Reader_Application",
        "SSCardDriver_SetPIN",
    ] {
        assert!(made.contains(&format!(" {name}(")), "{name} is missing:\n{made}");
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        made,
        "run with UPDATE_HEADER=1"
    );
}
