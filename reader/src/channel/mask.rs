//! Which bytes of a command or an answer a trace may show.
//!
//! Shown are headers, status words, lengths, what everybody may read, and what says nothing about a person. Hidden are PINs,
//! keys, cryptograms and MACs, whatever a file that is not free to read holds, and names and numbers of persons in any
//! file. A command that is not known here is hidden whole: a trace is safe first and telling second.

use super::selection::{FileIndex, Selection, binary_sfi, record_sfi};
use card_model::profile::{Element, ElementaryFile, Meaning, Profile};
use std::sync::Arc;

/// What of a data field may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// All of it.
    Show,
    /// Nothing of it.
    Hide,
    /// Records with tag and length: both are shown, a value where its element allows.
    Records(FileIndex),
}

/// Follows the selections of a card and decides what may be shown.
#[derive(Debug)]
pub(crate) struct Masker {
    selection: Selection,
    /// What GET RESPONSE fetches.
    waiting: Policy,
}

impl Masker {
    /// Without a profile every file counts as secret.
    pub(crate) fn new(profile: Option<Arc<Profile>>) -> Self {
        Self {
            selection: Selection::new(profile),
            waiting: Policy::Hide,
        }
    }

    /// The card was reset: the master file is current.
    pub(crate) fn reset(&mut self) {
        self.selection.reset();
        self.waiting = Policy::Hide;
    }

    /// Command and answer in hex with `**` for hidden bytes; the answer is missing where there was none.
    pub(crate) fn exchange(&mut self, command: &[u8], answer: Option<&[u8]>) -> (String, Option<String>) {
        let (sent, received) = self.policies(command);
        let shown = self.show_command(command, sent);
        let answer = answer.map(|answer| {
            let (data, sw) = answer.split_at(answer.len().saturating_sub(2));
            self.selection.follow(command, sw);
            self.waiting = received;
            let mut text = self.show(data, received);
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&hex::encode_upper(sw));
            text
        });
        (shown, answer)
    }

    /// What may be shown of the data of a command, and of its answer.
    fn policies(&self, command: &[u8]) -> (Policy, Policy) {
        let &[cla, ins, p1, p2, ..] = command else {
            return (Policy::Hide, Policy::Hide);
        };
        match (cla, ins) {
            // SELECT, GET CARD DATA, CREATE FILE, ACTIVATE and ERASE STRUCTURE of the model's COS: structure only.
            (0x00, 0xA4) | (0x80, 0xCA | 0xE0 | 0x44 | 0xE4) => (Policy::Show, Policy::Show),
            // GENERATE KEY PAIR and EXPORT PUBLIC KEY of the certificate application: public keys only.
            (0x80, 0x40 | 0xC9) => (Policy::Show, Policy::Show),
            // GET CHALLENGE: random numbers, used once.
            (0x00, 0x84) => (Policy::Show, Policy::Show),
            (0x00, 0xC0) => (Policy::Show, self.waiting),
            // READ RECORD and READ BINARY.
            (0x00, 0xB2) => (Policy::Show, self.file_policy(record_sfi(p2))),
            (0x00, 0xB0) => (Policy::Show, self.file_policy(binary_sfi(p1))),
            // UPDATE RECORD and UPDATE BINARY; their secured forms may be encrypted and carry a MAC.
            (0x00, 0xDC) => (self.file_policy(record_sfi(p2)), Policy::Show),
            (0x00, 0xD6) => (self.file_policy(binary_sfi(p1)), Policy::Show),
            // VERIFY, CHANGE PIN, authentications, key loading, everything secured, transactions, and the unknown.
            _ => (Policy::Hide, Policy::Hide),
        }
    }

    /// What of a file may be shown; SFI 0 is the current file.
    fn file_policy(&self, sfi: u8) -> Policy {
        match self.selection.addressed(sfi) {
            Some((index, file)) if file.is_linear() => Policy::Records(index),
            // A certificate is free to read, but names a person.
            Some((_, file)) if file.certificate_of.is_some() => Policy::Hide,
            Some((_, file)) if file.read.is_free() && file.elements.iter().all(is_open) => Policy::Show,
            _ => Policy::Hide,
        }
    }

    fn show_command(&self, command: &[u8], policy: Policy) -> String {
        let Some((header, body)) = command.split_at_checked(4) else {
            return hidden(command.len());
        };
        let mut text = hex::encode_upper(header);
        let Some((&p3, rest)) = body.split_first() else {
            return text;
        };
        text.push_str(&format!("{p3:02X}"));
        if rest.is_empty() {
            return text;
        }
        let (data, le) = rest.split_at(usize::from(p3).min(rest.len()));
        // Lengths that do not fit (extended ones begin with 00) are nothing to be read into: hide all.
        let policy = if data.len() < usize::from(p3) || le.len() > 1 {
            Policy::Hide
        } else {
            policy
        };
        text.push_str(&self.show(data, policy));
        text.push_str(&if le.len() > 1 {
            hidden(le.len())
        } else {
            hex::encode_upper(le)
        });
        text
    }

    fn show(&self, data: &[u8], policy: Policy) -> String {
        match policy {
            Policy::Show => hex::encode_upper(data),
            Policy::Hide => hidden(data.len()),
            Policy::Records(index) => match self.selection.file(index) {
                Some(file) => records(data, file),
                None => hidden(data.len()),
            },
        }
    }
}

/// Records with tag and length one after the other; what does not fit is hidden to the end.
fn records(mut data: &[u8], file: &ElementaryFile) -> String {
    let mut text = String::new();
    while let [tag, length, rest @ ..] = data {
        let Some((value, after)) = rest.split_at_checked(usize::from(*length)) else {
            break;
        };
        // The filling of a record that was never written, and of fixed records, is no tag.
        let element = file.element(*tag);
        if element.is_none() && *tag != 0 {
            break;
        }
        text.push_str(&hex::encode_upper([*tag, *length]));
        let open = file.read.is_free() && element.is_some_and(is_open);
        text.push_str(&if open {
            hex::encode_upper(value)
        } else {
            hidden(value.len())
        });
        data = after;
    }
    text.push_str(&hidden(data.len()));
    text
}

/// Whether neither an element nor anything inside it names or numbers a person.
fn is_open(element: &Element) -> bool {
    !matches!(element.meaning, Meaning::PersonName | Meaning::PersonNumber) && element.inner.iter().all(is_open)
}

fn hidden(length: usize) -> String {
    "**".repeat(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn profile() -> Arc<Profile> {
        Arc::new(Profile::builtin("3.0").expect("in the program").clone())
    }

    fn run(masker: &mut Masker, command: &str, answer: &str) -> (String, String) {
        let bytes = |text| crate::command::parse_hex(text).expect("hex");
        let (command, answer) = masker.exchange(&bytes(command), Some(&bytes(answer)));
        (command, answer.expect("given"))
    }

    fn select_ssse(masker: &mut Masker) {
        let name = profile().dedicated_file("SSSE").expect("in every card").name.clone();
        let command = format!("00A40400{:02X}{}", name.len(), hex::encode(name));
        assert_eq!(run(masker, &command, "6F03840101 9000").1, "6F03840101 9000");
    }

    #[test]
    fn secrets_are_hidden_by_command() {
        let mut masker = Masker::new(Some(profile()));
        for (command, shown) in [
            ("0020000003123456", "0020000003******"),
            ("805E010007123456FF654321", "805E010007**************"),
            ("0082000A09010203040506070809", "0082000A09******************"),
            ("0088000002AABB00", "0088000002****00"),
            ("84D4000002AABB", "84D4000002****"),
            ("8424000104AABBCCDD", "8424000104********"),
            ("841E000104AABBCCDD", "841E000104********"),
            ("04DC000002AABB", "04DC000002****"),
            ("B028010102AABB", "B028010102****"),
            ("7777000002AABB", "7777000002****"),
            ("00A4040000000001FF", "00A4040000********"),
        ] {
            assert_eq!(run(&mut masker, command, "0102 9000").0, shown);
        }
        assert_eq!(
            run(&mut masker, "00880000", "0102030405060708 9000").1,
            "**************** 9000"
        );
        assert_eq!(
            run(&mut masker, "0084000008", "0102030405060708 9000").1,
            "0102030405060708 9000"
        );
        assert_eq!(run(&mut masker, "0020000003123456", "63C2").1, "63C2");
    }

    #[test]
    fn of_the_certificate_application_public_keys_are_shown() {
        let mut masker = Masker::new(Some(profile()));
        run(&mut masker, "00A404000C 504B492EC9E7BBE1B1A3D5CF", "9000");
        run(&mut masker, "00A404000C 53532E434552542E41444631", "9000");
        for (command, answer, shown, answered) in [
            ("8040000004C0020012", "9000", "8040000004C0020012", "9000"),
            ("80C9828002", "CA40 9000", "80C9828002", "CA40 9000"),
            ("80C4010303C10112", "AABB 9000", "80C4010303******", "**** 9000"),
            ("0020018102AABB", "9000", "0020018102****", "9000"),
            ("804E000102AABB", "CCDD 9000", "804E000102****", "**** 9000"),
            ("804A021002AABB", "9000", "804A021002****", "9000"),
            ("80C2C00102AABB", "9000", "80C2C00102****", "9000"),
            ("8048000102AABB", "CCDD 9000", "8048000102****", "**** 9000"),
            ("00A40000020012", "9000", "00A40000020012", "9000"),
            ("00B0000002", "CA40 9000", "00B0000002", "CA40 9000"),
            ("00A40000020018", "9000", "00A40000020018", "9000"),
            ("00B0000002", "3082 9000", "00B0000002", "**** 9000"),
            ("00D60000023082", "9000", "00D6000002****", "9000"),
        ] {
            let (command, answer) = run(&mut masker, command, answer);
            assert_eq!((command.as_str(), answer.as_str()), (shown, answered));
        }
    }

    #[test]
    fn free_files_are_shown_and_guarded_ones_hidden() {
        let mut masker = Masker::new(Some(profile()));
        select_ssse(&mut masker);
        // EF05 tag 03 is free, EF06 needs RKSSSE.
        assert_eq!(
            run(&mut masker, "00B203280A", "0304332E3030 9000").1,
            "0304332E3030 9000"
        );
        run(&mut masker, "00A4020002EF06", "9000");
        assert_eq!(
            run(&mut masker, "00B2080006", "080431313131 9000").1,
            "0804******** 9000"
        );
        assert_eq!(
            run(&mut masker, "00DC090006090441424344", "9000").0,
            "00DC0900060904********"
        );
        // After 61xx the answer comes with GET RESPONSE and is hidden all the same.
        assert_eq!(run(&mut masker, "00B2090020", "6106").1, "6106");
        assert_eq!(
            run(&mut masker, "00C0000006", "090441424344 9000").1,
            "0904******** 9000"
        );
        // Several records in one answer, the last one torn.
        assert_eq!(
            run(&mut masker, "00B2010500", "08013109024142 0905 41 9000").1,
            "0801**0902********** 9000"
        );
    }

    #[test]
    fn without_a_profile_every_file_is_hidden() {
        let mut masker = Masker::new(None);
        run(&mut masker, "00A4020002EF05", "9000");
        assert_eq!(
            run(&mut masker, "00B203280A", "0304332E3030 9000").1,
            "************ 9000"
        );
    }

    #[test]
    fn a_lost_selection_hides() {
        let mut masker = Masker::new(Some(profile()));
        select_ssse(&mut masker);
        run(&mut masker, "00A4040005A000000333", "9000");
        assert_eq!(
            run(&mut masker, "00B203280A", "0304332E3030 9000").1,
            "************ 9000"
        );
        select_ssse(&mut masker);
        run(&mut masker, "00A4040003112233", "6A82");
        assert_eq!(
            run(&mut masker, "00B203280A", "0304332E3030 9000").1,
            "0304332E3030 9000",
            "still selected"
        );
        run(&mut masker, "80E000000262 00", "9000");
        assert_eq!(
            run(&mut masker, "00B203280A", "0304332E3030 9000").1,
            "************ 9000",
            "perhaps in the new file"
        );
        masker.reset();
        run(&mut masker, "00A4020002EF05", "6A82");
        assert_eq!(
            run(&mut masker, "00B203000A", "0304332E3030 9000").1,
            "************ 9000"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_keep_their_length(
            talk in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), prop::collection::vec(any::<u8>(), 0..40)), 1..20)
        ) {
            let mut masker = Masker::new(Some(profile()));
            for (command, answer) in &talk {
                let (sent, received) = masker.exchange(command, Some(answer));
                prop_assert_eq!(sent.len(), command.len() * 2);
                let received = received.unwrap_or_default().replace(' ', "");
                prop_assert_eq!(received.len(), answer.len() * 2);
            }
        }

        #[test]
        fn no_file_with_persons_or_conditions_shows_a_value(value in prop::collection::vec(0xA0u8..=0xAF, 8..40)) {
            let profile = profile();
            for (index, df) in profile.dedicated_files.iter().enumerate() {
                for file in &df.files {
                    let guarded = !file.read.is_free();
                    for element in &file.elements {
                        if !guarded && is_open(element) {
                            continue;
                        }
                        let mut masker = Masker::new(Some(Arc::clone(&profile)));
                        masker.selection.df = Some(index);
                        let select = [&[0x00, 0xA4, 0x02, 0x00, 0x02][..], &file.fid.to_be_bytes()].concat();
                        masker.exchange(&select, Some(&[0x90, 0x00]));
                        let record = match element.tag {
                            Some(tag) => [&[tag, value.len() as u8], value.as_slice()].concat(),
                            None => value.clone(),
                        };
                        let update = [&[0x00, 0xDC, 0x01, 0x00, record.len() as u8][..], &record].concat();
                        let answer = [record.as_slice(), &[0x90, 0x00]].concat();
                        let (sent, _) = masker.exchange(&update, Some(&[0x90, 0x00]));
                        let (_, received) = masker.exchange(&[0x00, 0xB2, 0x01, 0x00, 0x00], Some(&answer));
                        let secret = hex::encode_upper(&value);
                        prop_assert!(!sent.contains(&secret), "{}/{}: {sent}", df.id, file.name());
                        prop_assert!(!received.unwrap_or_default().contains(&secret));
                    }
                }
            }
        }
    }
}
