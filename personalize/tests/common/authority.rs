//! TEST authorities for TLS and the certificates they issue, made by OpenSSL: `NAME.pem` and `NAME.key` in a folder.

use std::path::Path;
use std::process::{Command, Stdio};

/// A root of one's own.
pub fn root(folder: &Path, name: &str) {
    request(folder, name, &[]);
}

/// A certificate of a root; `names` as in `subjectAltName`: `DNS:localhost`, `IP:127.0.0.1`.
pub fn issued(folder: &Path, root: &str, name: &str, names: &str) {
    let (ca, key) = (format!("{root}.pem"), format!("{root}.key"));
    let names = format!("subjectAltName={names}");
    let issuer = ["-CA", &ca, "-CAkey", &key];
    request(
        folder,
        name,
        &[
            &issuer[..],
            &["-addext", &names, "-addext", "basicConstraints=CA:FALSE"],
        ]
        .concat(),
    );
}

fn request(folder: &Path, name: &str, more: &[&str]) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let status = Command::new("openssl")
        .args(["req", "-x509", "-days", "2", "-subj", &format!("/CN=TEST {name}")])
        .args(key)
        .args(["-out", &format!("{name}.pem"), "-keyout", &format!("{name}.key")])
        .args(more)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("openssl is installed: make test does it");
    assert!(status.success(), "openssl {name}");
}
