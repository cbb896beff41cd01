//! OpenSSL 3 through its command. It must be there: nothing is skipped.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The identifier that OpenSSL has to be told; without it signs and verifies with an empty one.
pub const ID: &str = "distid:1234567812345678";

/// A folder for the files that OpenSSL reads and writes.
pub struct OpenSsl {
    folder: tempfile::TempDir,
}

impl OpenSsl {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = Self { folder };
        let version = openssl.run(&["version"]);
        assert!(
            version.starts_with("OpenSSL 3"),
            "OpenSSL 3 is needed for this test, not {version}"
        );
        openssl
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn put(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).unwrap();
    }

    pub fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Runs a command that must succeed; stdout and stderr.
    pub fn run(&self, arguments: &[&str]) -> String {
        let (ok, text) = call(self.folder.path(), arguments);
        assert!(ok, "openssl {}: {text}", arguments.join(" "));
        text
    }

    /// Words of `openssl verify`: whether `file` was signed by the certificate in `issuer`, at a moment in seconds, as strictly
    /// as OpenSSL can. One step of a chain at a time: OpenSSL 3.0 tells the SM2 identifier to the last certificate only, so
    /// that what stands in `-untrusted` is checked with an empty one and never right.
    pub fn under<'a>(issuer: &'a str, file: &'a str, at: &'a str) -> [&'a str; 10] {
        [
            "verify",
            "-x509_strict",
            "-partial_chain",
            "-attime",
            at,
            "-vfyopt",
            ID,
            "-trusted",
            issuer,
            file,
        ]
    }

    /// Runs a command that must fail.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let (ok, text) = call(self.folder.path(), arguments);
        assert!(!ok, "openssl {} succeeded: {text}", arguments.join(" "));
        text
    }
}

fn call(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("openssl must be installed: it is the second opinion of this test");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}
