//! Data of commands and answers, part by part (`spec/commands.md` §1.2, §1.3).

use super::kind::Kind;
use super::shown::Shown;
use crate::decode::{Value, decode};
use card_model::profile::{Element, ElementaryFile, Structure};
use card_model::words::Lang;
use rust_i18n::t;

/// A part of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Tag, where it has one.
    pub tag: Option<u8>,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Bytes in hex, hidden ones as `**`.
    pub hex: String,
    /// Value; `None` where bytes of it are hidden or say no more than their hex.
    pub value: Option<Value>,
}

impl Field {
    /// Name in a language.
    pub fn name(&self, lang: Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }

    /// Value in words, where it says more than the hex.
    pub fn text(&self, lang: Lang) -> Option<String> {
        let text = self.value.as_ref()?.text(lang);
        (!text.is_empty() && text != self.hex).then_some(text)
    }

    fn named(key: &str, shown: &Shown) -> Self {
        let word = |lang: Lang| {
            let key = format!("explain.field.{key}");
            t!(&key, locale = lang.locale()).into_owned()
        };
        Self {
            tag: None,
            zh: word(Lang::Zh),
            en: word(Lang::En),
            hex: shown.all(),
            value: None,
        }
    }

    fn of(element: &Element, shown: &Shown) -> Self {
        Self {
            tag: element.tag,
            zh: element.zh.clone(),
            en: element.en.clone(),
            hex: shown.all(),
            value: shown.open(0..shown.bytes.len()).map(|bytes| decode(element, bytes)),
        }
    }
}

/// Length of a part: what the others leave.
const REST: usize = 0;

type Layout = &'static [(&'static str, usize)];

/// Parts of the data of a command, by name and length.
const fn sent_layout(kind: Kind) -> Layout {
    match kind {
        Kind::ExternalAuthentication => &[("authentication", 8), ("original", 8), ("key_version", REST)],
        Kind::InternalAuthentication => &[("factor", 8), ("original", 8), ("key_version", REST)],
        Kind::Verify => &[("pin", REST)],
        Kind::ChangePin => &[("pins", REST)],
        Kind::VerifyCertificatePin | Kind::MasterAuthentication => &[("cryptogram", REST)],
        Kind::PinUnblock | Kind::ApplicationBlock | Kind::CardBlock => &[("mac", 4)],
        Kind::PinReload | Kind::LoadKey | Kind::ReplaceAdministratorPin => &[("cipher", REST), ("mac", 4)],
        Kind::InitializeForLoad => &[("key_index", 1), ("amount", 4), ("terminal", 6)],
        Kind::CreditForLoad => &[("time", 7), ("mac2", 4)],
        Kind::InitializeForPurchase => &[
            ("key_index", 1),
            ("personal", 4),
            ("self_paid", 4),
            ("pooled", 4),
            ("terminal", 6),
        ],
        Kind::DebitForPurchase => &[("terminal_sequence", 4), ("time", 7), ("mac1", 4)],
        Kind::GetTransactionProof => &[("sequence", 2)],
        Kind::UpdateStartingDay => &[("day", 2)],
        _ => &[],
    }
}

/// Parts of the data of an answer.
const fn received_layout(kind: Kind) -> Layout {
    match kind {
        Kind::GetChallenge => &[("challenge", REST)],
        Kind::InternalAuthentication => &[("authentication", REST)],
        Kind::GetBalance => &[("balance", 4), ("year", REST)],
        Kind::InitializeForLoad => &[
            ("balance", 4),
            ("sequence", 2),
            ("key_version", 1),
            ("algorithm", 1),
            ("random", 4),
            ("mac1", 4),
        ],
        Kind::CreditForLoad => &[("tac", 4)],
        Kind::InitializeForPurchase => &[
            ("balance", 4),
            ("self_paid_sum", 4),
            ("pooled_sum", 4),
            ("year", 2),
            ("sequence", 2),
            ("key_version", 1),
            ("algorithm", 1),
            ("random", 4),
        ],
        Kind::DebitForPurchase => &[("tac", 4), ("mac2", 4)],
        Kind::GetTransactionProof => &[("mac", 4), ("tac", 4)],
        Kind::GetStartingDay => &[("day", 2)],
        _ => &[],
    }
}

/// Whether a part is an amount in fen.
fn is_amount(name: &str) -> bool {
    matches!(
        name,
        "amount" | "balance" | "personal" | "self_paid" | "pooled" | "self_paid_sum" | "pooled_sum"
    )
}

/// Parts of the data of a command.
pub(super) fn sent(kind: Kind, data: &Shown) -> Vec<Field> {
    split(sent_layout(kind), data)
}

/// Parts of the data of an answer that is no file's.
pub(super) fn received(kind: Kind, data: &Shown) -> Vec<Field> {
    split(received_layout(kind), data)
}

/// Nothing where the data does not fit the layout: then the command was of another form.
fn split(layout: Layout, data: &Shown) -> Vec<Field> {
    let fixed: usize = layout.iter().map(|(_, length)| length).sum();
    let has_rest = layout.iter().any(|(_, length)| *length == REST);
    let Some(rest) = data
        .bytes
        .len()
        .checked_sub(fixed)
        .filter(|rest| has_rest || *rest == 0)
    else {
        return Vec::new();
    };
    let mut at = 0;
    let mut fields = Vec::with_capacity(layout.len());
    for &(name, length) in layout {
        let part = data.part(at, if length == REST { rest } else { length });
        at += part.bytes.len();
        if part.bytes.is_empty() {
            continue;
        }
        let mut field = Field::named(name, &part);
        if is_amount(name)
            && let Some(bytes) = part.open(0..part.bytes.len())
        {
            field.value = Some(Value::Amount(
                bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
            ));
        }
        fields.push(field);
    }
    fields
}

/// Answer to SELECT: name, directory, cipher (`spec/commands.md` §1.2).
pub(super) fn control_information(data: &Shown) -> Vec<Field> {
    let Some(fci) = data
        .open(0..data.bytes.len())
        .and_then(|bytes| crate::select::Fci::parse(bytes).ok())
    else {
        return Vec::new();
    };
    let part = |bytes: &[u8]| Shown::new(&bytes.iter().copied().map(Some).collect::<Vec<_>>(), None);
    let mut fields = vec![Field::named("df_name", &part(&fci.name))];
    fields.extend(
        fci.directory_sfi
            .map(|sfi| Field::named("directory_sfi", &part(&[sfi]))),
    );
    if let Some(byte) = fci.algorithm {
        let mut field = Field::named("algorithm", &part(&[byte]));
        field.value = card_model::crypto::Algorithm::try_from(byte)
            .ok()
            .map(|cipher| Value::Text(format!("{cipher:?}")));
        fields.push(field);
    }
    fields
}

/// Contents of a file: records with tag and length, fields of a cyclic record, a whole transparent file.
pub(super) fn contents(file: &ElementaryFile, data: &Shown, offset: usize) -> Vec<Field> {
    match file.structure {
        Structure::LinearVariable | Structure::LinearFixed => records(file, data),
        Structure::Cyclic { .. } => cyclic(file, data),
        Structure::Transparent { size } if offset == 0 && data.bytes.len() == usize::from(size) => file
            .elements
            .first()
            .map(|element| Field::of(element, data))
            .into_iter()
            .collect(),
        Structure::Transparent { .. } | Structure::Internal { .. } => Vec::new(),
    }
}

fn records(file: &ElementaryFile, data: &Shown) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut at = 0;
    while let Some(&[tag, length]) = data.bytes.get(at..at + 2) {
        let value = data.part(at + 2, usize::from(length));
        if value.bytes.len() < usize::from(length) {
            break;
        }
        if let Some(element) = file.element(tag) {
            fields.push(Field::of(element, &value));
        }
        at += 2 + value.bytes.len();
    }
    fields
}

fn cyclic(file: &ElementaryFile, data: &Shown) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut at = 0;
    for element in &file.elements {
        let part = data.part(at, usize::from(element.length));
        if part.bytes.len() < usize::from(element.length) {
            break;
        }
        at += part.bytes.len();
        fields.push(Field::of(element, &part));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_words() {
        for kind in Kind::ALL {
            for (name, _) in sent_layout(*kind).iter().chain(received_layout(*kind)) {
                let field = Field::named(name, &Shown::default());
                assert!(
                    !field.en.contains("explain.") && !field.zh.contains("explain."),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn a_layout_fits_or_is_left() {
        let data = |length: usize| Shown::new(&vec![Some(1); length], None);
        let names = |length| sent(Kind::ExternalAuthentication, &data(length)).len();
        assert_eq!((names(15), names(16), names(17)), (0, 2, 3));
        assert_eq!(
            sent(Kind::PinReload, &data(20))
                .iter()
                .map(|field| field.hex.len())
                .collect::<Vec<_>>(),
            [32, 8]
        );
        let amount = &sent(Kind::InitializeForLoad, &data(11))[1];
        assert_eq!(amount.text(Lang::En).as_deref(), Some("168430.09 yuan"));
    }
}
