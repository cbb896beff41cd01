//! `ssc atr`: an answer to reset, field by field.

use crate::args::Atr;
use crate::connect::Desk;
use crate::failure::{Class, Failure};
use crate::output::{Report, Table, hex_upper};
use card_model::codes;
use card_model::words::Lang;
use reader::reset::speed::{Offer, offer};
use reader::reset::{Explained, Kind, explain, pcsc_contactless_atr, rules};
use rust_i18n::t;
use serde_json::{Value, json};

/// Explains an ATR, an ATS, or the ATR that a reader makes up for a contactless card.
pub fn run(it: &Atr, desk: &Desk) -> Result<Report, Failure> {
    let lang = desk.output.lang;
    let locale = lang.locale();
    let bytes = bytes(&it.hex.join(" "), lang)?;
    let explained = explain(&bytes);
    let kind = match explained.kind {
        Kind::Atr => t!("ssc.atr.contact", locale = locale),
        Kind::PcscContactless => t!("ssc.atr.pcsc", locale = locale),
        Kind::Ats => t!("ssc.atr.ats", locale = locale),
    };
    let mut text = vec![kind.into_owned(), String::new(), table(&explained, lang)];
    let mut fields = Vec::new();
    let mut at = 1;
    for field in &explained.fields {
        let words = field.text(lang);
        fields.push(json!({ "name": field.name, "at": at, "bytes": hex_upper(&field.bytes), "text": words }));
        at += field.bytes.len();
    }
    let speed = offer(&explained);
    text.extend(speed.as_ref().map(|speed| speed_text(speed, lang)));
    let region = region(&explained, lang);
    if let Some(region) = &region {
        text.push(t!("ssc.atr.region", locale = locale, region = region).into_owned());
    }
    let factor = explained.card_reset_information().map(|card| hex_upper(&card[5..]));
    if let Some(factor) = &factor {
        text.push(t!("ssc.atr.factor", locale = locale, factor = factor).into_owned());
    }
    let made_up = (explained.kind == Kind::Ats && explained.damage.is_none())
        .then(|| hex_upper(&pcsc_contactless_atr(&explained.historical)));
    if let Some(atr) = &made_up {
        text.push(t!("ssc.atr.made_up", locale = locale, atr = atr).into_owned());
    }
    let mut objections = Vec::new();
    for objection in rules::objections(&explained) {
        let words = objection.text(lang);
        text.push(t!("ssc.atr.objection", locale = locale, at = objection.at, rule = words).into_owned());
        objections.push(json!({ "at": objection.at, "text": words }));
    }
    if explained.damage.is_none() && objections.is_empty() {
        text.push(t!("ssc.atr.fits", locale = locale).into_owned());
    }
    let failure = explained.damage.map(|damage| {
        let at = explained.damaged_at.unwrap_or(1);
        let what = t!("ssc.atr.damaged", locale = locale, at = at, damage = damage.text(lang));
        Failure::new(Class::Verdict, what).next(t!("ssc.atr.damaged_next", locale = locale))
    });
    let json = json!({
        "kind": match explained.kind {
            Kind::Atr => "atr",
            Kind::PcscContactless => "pcsc_contactless",
            Kind::Ats => "ats",
        },
        "bytes": hex_upper(&bytes),
        "ok": explained.damage.is_none(),
        "damaged_at": explained.damaged_at,
        "fields": fields,
        "historical": hex_upper(&explained.historical),
        "region": region,
        "factor": factor,
        "protocols": explained.protocols,
        "speed": speed.as_ref().map(speed_json),
        "pcsc_atr": made_up,
        "objections": objections,
    });
    Ok(Report::new(json, text.join("\n")).with(failure))
}

fn table(explained: &Explained, lang: Lang) -> String {
    let locale = lang.locale();
    let mut table = Table::new(&[
        format!(">{}", t!("ssc.atr.byte", locale = locale)),
        t!("ssc.atr.field", locale = locale).into_owned(),
        t!("ssc.atr.value", locale = locale).into_owned(),
        t!("ssc.atr.meaning", locale = locale).into_owned(),
    ]);
    let mut at = 1;
    for field in &explained.fields {
        let words = field.text(lang);
        table.row(vec![at.to_string(), field.name.clone(), hex_upper(&field.bytes), words]);
        at += field.bytes.len();
    }
    table.to_string()
}

fn speed_text(speed: &Offer, lang: Lang) -> String {
    let locale = lang.locale();
    match speed {
        Offer::Contact {
            first,
            best,
            pps: Some(pps),
            ..
        } => t!(
            "ssc.atr.negotiable",
            locale = locale,
            first = first,
            best = best,
            pps = hex_upper(pps)
        ),
        Offer::Contact { first, .. } => t!("ssc.atr.fixed", locale = locale, first = first),
        Offer::Contactless { down, up } => {
            let list = |rates: &[u16]| rates.iter().map(u16::to_string).collect::<Vec<_>>().join("/");
            t!("ssc.atr.air", locale = locale, down = list(down), up = list(up))
        }
    }
    .into_owned()
}

fn speed_json(speed: &Offer) -> Value {
    match speed {
        Offer::Contact {
            first,
            best,
            pps,
            extra_guard,
        } => json!({ "first": first, "best": best, "pps": pps.map(|pps| hex_upper(&pps)), "extra_guard": extra_guard }),
        Offer::Contactless { down, up } => json!({ "to_card_kbit": down, "from_card_kbit": up }),
    }
}

/// Name of the region whose first four digits stand in T8–T9.
fn region(explained: &Explained, lang: Lang) -> Option<String> {
    let card = explained.card_reset_information()?;
    let code = format!("{}00", hex_upper(&card[7..9]));
    codes::region(&code).map(|region| region.text(lang))
}

/// The bytes of hexadecimal text; spaces, colons and hyphens stand where they like.
fn bytes(text: &str, lang: Lang) -> Result<Vec<u8>, Failure> {
    let locale = lang.locale();
    let next = t!("ssc.atr.hex_next", locale = locale);
    let mut digits = Vec::new();
    for (place, letter) in text.chars().enumerate() {
        match letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
            Some(digit) => digits.push(digit),
            None if letter.is_whitespace() || matches!(letter, ':' | '-') => {}
            None => {
                let number = digits.len() / 2 + 1;
                return Err(Failure::input(t!(
                    "ssc.atr.no_digit",
                    locale = locale,
                    letter = letter,
                    place = place + 1,
                    byte = number
                ))
                .next(next));
            }
        }
    }
    if digits.is_empty() || digits.len() % 2 == 1 {
        let number = digits.len() / 2 + 1;
        return Err(Failure::input(t!("ssc.atr.half", locale = locale, byte = number)).next(next));
    }
    Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text() {
        let good = |text: &str| bytes(text, Lang::En).ok();
        assert_eq!(good("3B 6d:00-00"), Some(vec![0x3B, 0x6D, 0, 0]));
        assert_eq!(good("3B6D0"), None);
        assert_eq!(good(""), None);
        let words = |text: &str| bytes(text, Lang::En).map_err(|failure| failure.words.what).unwrap_err();
        assert!(words("3B 6D 0O").contains("byte 3"), "{}", words("3B 6D 0O"));
        assert!(words("3B 6D 0").contains("Byte 3"), "{}", words("3B 6D 0"));
    }
}
