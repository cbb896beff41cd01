//! Real cards differ (`spec/files.md` §9): the session copes with what is known of them.

use crate::bench::{issued, keys};
use card_model::words::Lang;
use reader::channel::{Channel, ModelChannel, TransportError};
use reader::session::Session;

/// A card that answers some commands differently.
struct Quirk<F> {
    inner: ModelChannel,
    /// Answer in place of the card's own.
    change: F,
}

impl<F: FnMut(&[u8], &mut ModelChannel) -> Option<Vec<u8>>> Channel for Quirk<F> {
    reader::pass_on!(self => self.inner; name reset_answer reset);

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        match (self.change)(command, &mut self.inner) {
            Some(answer) => Ok(answer),
            None => self.inner.transmit(command),
        }
    }
}

fn reads_all_the_same(change: impl FnMut(&[u8], &mut ModelChannel) -> Option<Vec<u8>>) {
    let mut keys = keys();
    let plain = |session: &mut Session<'_>| {
        let paths = [
            "SSSE/EF05",
            "SSSE/EF06",
            "SSSE/EF06/09",
            "SSSE/EF05/07",
            "DF01/EF15",
            "SSSE/EF08",
        ];
        let readings = session.read(&paths).expect("transport");
        readings
            .iter()
            .map(|reading| reading.view(Lang::En))
            .collect::<Vec<_>>()
    };
    let mut channel = issued("3.0", &mut keys);
    let mut session = Session::open(Box::new(&mut channel))
        .expect("a card")
        .with_security(&mut keys);
    session
        .write_text(&[("DF01/EF15/40:3/57", "3"), ("DF01/EF15/2A", "21")])
        .expect("transport");
    let expected = plain(&mut session);
    assert!(expected.iter().all(|file| file.ok));
    drop(session);
    channel.reset().expect("in memory");
    let quirk = Quirk { inner: channel, change };
    let mut session = Session::open(Box::new(quirk)).expect("a card").with_security(&mut keys);
    assert_eq!(plain(&mut session), expected);
}

#[test]
fn elementary_files_are_selected_with_p1_00() {
    reads_all_the_same(|command, _| (command[1] == 0xA4 && command[2] == 0x02).then(|| vec![0x6A, 0x86]));
}

#[test]
fn the_master_file_is_selected_first() {
    let mut master = false;
    reads_all_the_same(move |command, _| {
        master |= command.starts_with(&[0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00]);
        (!master && command[1] == 0xA4).then(|| vec![0x6A, 0x82])
    });
}

#[test]
fn whole_files_are_not_known_or_cut() {
    let whole = |command: &[u8]| command[1] == 0xB2 && command[3] & 7 == 5;
    reads_all_the_same(move |command, _| whole(command).then(|| vec![0x6A, 0x86]));
    reads_all_the_same(move |command, card| {
        whole(command).then(|| {
            let mut answer = card.transmit(command).expect("in memory");
            answer.drain(5..answer.len() - 2);
            answer
        })
    });
}

/// A record longer than the element: the version 1 card of LOG-V1 takes a larger Le, others keep more bytes in tag 07.
#[test]
fn a_card_number_with_more_than_nine_bytes() {
    let mut keys = keys();
    let channel = issued("3.0", &mut keys);
    let long = |command: &[u8], _: &mut ModelChannel| {
        let record = b"\x07\x0C\x44\x32\x31\x34\x33\x35\x36\x39\x58\0\0\0\x90\x00";
        (command[1] == 0xB2 && command[2] == 0x07).then(|| match command[4] {
            0x0E => record.to_vec(),
            _ => vec![0x6C, 0x0E],
        })
    };
    let session = Session::open(Box::new(Quirk {
        inner: channel,
        change: long,
    }))
    .expect("a card");
    assert_eq!(session.card().card_number.as_deref(), Some("D2143569X"));
}

#[test]
fn other_cards_are_told_apart() {
    use card_model::words::Explain;
    let channel = issued("3.0", &mut keys());
    let none = |command: &[u8], _: &mut ModelChannel| (command[1] == 0xA4).then(|| vec![0x6A, 0x82]);
    let error = Session::open(Box::new(Quirk {
        inner: channel,
        change: none,
    }))
    .err()
    .expect("no SSSE");
    assert!(
        error
            .explain(Lang::En)
            .why
            .expect("the status word")
            .starts_with("6A82")
    );
}

/// Region 11 without an algorithm in the FCI means SSF33 (IF38 10.1): told, not supported, and free data is still read.
#[test]
fn a_beijing_card_of_generation_2_uses_ssf33() {
    use card_model::crypto::AlgorithmError;
    use reader::error::ReaderError;
    let mut keys = keys();
    let channel = issued("2.0", &mut keys);
    let beijing = |command: &[u8], card: &mut ModelChannel| {
        (command[1] == 0xB2 && command[2] == 0x01 && command[3] & 7 == 0).then(|| {
            let mut answer = card.transmit(command).expect("in memory");
            if answer.len() > 4 {
                answer[2] = 0x11;
            }
            answer
        })
    };
    let mut session = Session::open(Box::new(Quirk {
        inner: channel,
        change: beijing,
    }))
    .expect("a card")
    .with_security(&mut keys);
    assert_eq!(session.card().region.as_deref(), Some("110100"));
    assert_eq!(session.algorithm(), Err(AlgorithmError::Ssf33));
    assert!(session.read(&["SSSE/EF05"]).expect("transport")[0].ok());
    assert!(matches!(
        session.internal_authentication(),
        Err(ReaderError::Algorithm(AlgorithmError::Ssf33))
    ));
}
