//! The library as `make install` puts it on a machine, and programs compiled against it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};
use tempfile::TempDir;

/// Where the library goes below DESTDIR: no place that compilers search by themselves.
const PREFIX: &str = "/opt/ssc";

/// The folder of this package.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The library, installed from what cargo built beside this test.
pub fn library() -> PathBuf {
    libraries().join("libSSCardDriver.so")
}

/// The folder of the installed library.
pub fn libraries() -> PathBuf {
    destination().join(&PREFIX[1..]).join("lib")
}

/// What DESTDIR is.
fn destination() -> &'static Path {
    static INSTALLED: OnceLock<TempDir> = OnceLock::new();
    let folder = INSTALLED.get_or_init(|| {
        let beside = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let built = beside.join("libSSCardDriver.so");
        assert!(built.is_file(), "{} was not built", built.display());
        let folder = tempfile::tempdir().unwrap();
        let variables = [
            ("DESTDIR", folder.path()),
            ("PREFIX", Path::new(PREFIX)),
            ("LIBRARY", &built),
        ];
        let variables = variables.map(|(name, path)| format!("{name}={}", path.display()));
        let make = Command::new("make")
            .arg("install")
            .args(variables)
            .current_dir(here().join("../.."))
            .output();
        succeeded("make install", make);
        folder
    });
    folder.path()
}

/// A C program of this package, compiled with the flags of pkg-config; the path is relative to the package.
pub fn program(source: &'static str) -> PathBuf {
    static PROGRAMS: Mutex<Option<HashMap<&str, (TempDir, PathBuf)>>> = Mutex::new(None);
    let mut programs = PROGRAMS.lock().unwrap();
    let compiled = programs.get_or_insert_default().entry(source).or_insert_with(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        let mut compiler = Command::new("cc");
        compiler.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-g", "-o"]);
        compiler.arg(&path).arg(here().join(source)).args(flags());
        compiler.arg(format!("-Wl,-rpath,{}", libraries().display()));
        succeeded("cc", compiler.output());
        (folder, path)
    });
    compiled.1.clone()
}

/// What pkg-config says about the installed library.
pub fn flags() -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.args(["--cflags", "--libs", "SSCardDriver"]);
    command.env("PKG_CONFIG_LIBDIR", libraries().join("pkgconfig"));
    command.env("PKG_CONFIG_SYSROOT_DIR", destination());
    let output = succeeded("pkg-config", command.output());
    let flags = String::from_utf8(output.stdout).unwrap();
    flags.split_whitespace().map(str::to_owned).collect()
}

/// The output of a program that must have ended well.
pub fn succeeded(name: &str, output: std::io::Result<Output>) -> Output {
    let output = output.unwrap_or_else(|error| panic!("{name}: {error}; `make test` installs what is missing"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{name}: {}{}",
        said(&output.stdout),
        said(&output.stderr)
    );
    output
}
