//! TEST authorities for TLS and the certificates they issue, made by OpenSSL: `NAME.pem` and `NAME.key` in a folder.

use std::path::Path;
use std::process::{Command, Stdio};

/// A root of one's own.
pub fn root(folder: &Path, name: &str) {
    request(folder, name, &["-x509", "-days", "2"]);
}

/// A certificate of a root, good from now on; `names` as in `subjectAltName`: `DNS:localhost`, `IP:127.0.0.1`.
pub fn issued(folder: &Path, root: &str, name: &str, names: &str) {
    certify(folder, root, name, names, &["-days", "2"]);
}

/// A certificate of a root that was good in another year.
pub fn expired(folder: &Path, root: &str, name: &str, names: &str) {
    let year = ["-startdate", "20250101000000Z", "-enddate", "20251231235959Z"];
    certify(folder, root, name, names, &year);
}

fn certify(folder: &Path, root: &str, name: &str, names: &str, lifetime: &[&str]) {
    let file = |extension: &str| format!("{name}.{extension}");
    let settings = format!(
        "[ca]\ndefault_ca = root\n[root]\ndatabase = {name}.index\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\n\
         policy = any\nx509_extensions = its\n[any]\ncommonName = supplied\n[its]\nsubjectAltName = {names}\n\
         basicConstraints = CA:FALSE\n"
    );
    for (extension, content) in [("cnf", settings.as_str()), ("index", "")] {
        std::fs::write(folder.join(file(extension)), content).expect("written");
    }
    request(folder, name, &[]);
    std::fs::rename(folder.join(file("pem")), folder.join(file("csr"))).expect("a request");
    let (ca, key) = (format!("{root}.pem"), format!("{root}.key"));
    let issuer = ["ca", "-batch", "-notext", "-cert", &ca, "-keyfile", &key];
    let files = ["-config", &file("cnf"), "-in", &file("csr"), "-out", &file("pem")];
    openssl(folder, &[&issuer[..], &files, lifetime].concat());
}

fn request(folder: &Path, name: &str, more: &[&str]) {
    let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
    let subject = format!("/CN=TEST {name}");
    let pair = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let files = ["-subj", &subject, "-out", &certificate, "-keyout", &key];
    openssl(folder, &[&["req", "-new"], &pair[..], &files, more].concat());
}

fn openssl(folder: &Path, words: &[&str]) {
    let mut command = Command::new("openssl");
    command.args(words).current_dir(folder).stdin(Stdio::null());
    let output = command.output().expect("openssl is installed: make test does it");
    assert!(
        output.status.success(),
        "openssl {words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
