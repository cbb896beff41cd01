//! The code tables of the card model, as decoding and encoding need them.

use card_model::codes;
use card_model::words::Lang;

/// Chinese and English text of a code.
pub(crate) fn text(table: &str, code: &str) -> Option<(String, String)> {
    let entry = codes::table(table)?.entry(code)?;
    Some((entry.zh.clone(), entry.en.clone()))
}

/// Chinese and English name of a region.
pub(crate) fn region(code: &str) -> Option<(String, String)> {
    let region = codes::region(code)?;
    Some((region.text(Lang::Zh), region.text(Lang::En)))
}

/// The code that `given` is or names. A table that is not whole takes any ASCII code: it may only be unknown here.
pub(crate) fn find(table: &str, given: &str) -> Option<String> {
    let table = codes::table(table)?;
    if let Some(entry) = table.find(given) {
        return Some(entry.code.clone());
    }
    let like_a_code = given.bytes().all(|b| b.is_ascii_alphanumeric());
    (!table.complete && like_a_code).then(|| given.to_owned())
}

/// The six digits of a region by its name.
pub(crate) fn region_code(name: &str) -> Option<String> {
    codes::region_code(name).map(str::to_owned)
}
