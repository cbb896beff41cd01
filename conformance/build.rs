//! Makes the list of the suites that are put into the program: every TOML file in `suites/`.

use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("suites");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("suites.rs");
    println!("cargo::rerun-if-changed={}", root.display());
    let text = format!(
        "/// Named test items: file name without ending, text.\npub(super) const ITEMS: &[(&str, &str)] = &[{}];\n\
         /// Cases shared by several items.\npub(super) const TEMPLATES: &[(&str, &str)] = &[{}];\n",
        list(&root)?,
        list(&root.join("templates"))?
    );
    std::fs::write(out, text)
}

/// One tuple per TOML file of a folder, by name.
fn list(folder: &Path) -> std::io::Result<String> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let entry = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        format!("({name:?}, include_str!({path:?})),\n")
    };
    Ok(files.iter().map(entry).collect())
}
