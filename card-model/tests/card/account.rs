//! The medical account: load, purchase, yearly totals, proof, starting day. The terminal's and the host's side is computed
//! here from the clauses, apart from the card's code.

use super::support::*;
use card_model::card::Interface;
use card_model::crypto::{Algorithm, SessionKey, transaction_code};
use card_model::secret::Key;

const DLK: u8 = 0xB1;
const DPK: u8 = 0xB2;
const DSK: u8 = 0x87;
const TERMINAL: [u8; 6] = [0x99, 0x00, 0x00, 0x12, 0x34, 0x56];

/// A card whose application DF04 has an account with log records of `record` bytes, PIN verified, application selected.
fn account(algorithm: Algorithm, interface: Interface, record: u8) -> Terminal {
    let mut t = Terminal::blank(algorithm, interface);
    t.master(&TRANSPORT);
    t.ok(&create(&[(0x82, &[0x38]), (0x83, &[0xDD, 0xF1]), (0x84, NAME)]));
    t.select_fid(0xDDF1);
    t.load(&TRANSPORT, [0, 0, 0, 0, 3], &[0xD1; 16]);
    t.master(&[0xD1; 16]);
    t.load(&[0xD1; 16], [1, 0, 0, 0, 3], &hex("123456"));
    t.ok(&create(&[(0x82, &[0x39]), (0x83, &[0xDF, 4]), (0x84, b"ADF.4")]));
    t.select_fid(0xDF04);
    t.load(&[0xD1; 16], [0, 0, 0, 0, 3], &[0xA4; 16]);
    t.master(&[0xA4; 16]);
    for (kind, id, index, value) in [
        (0x08, 1, 1, [DLK; 16]),
        (0x09, 1, 1, [DPK; 16]),
        (0x09, 2, 2, [DPK ^ 0x40; 16]),
        (0x0A, 0, 0, *b"TEST TAC KEY 016"),
        (0x13, DSK, 0, [DSK; 16]),
    ] {
        t.load(&[0xA4; 16], [kind, id, 1, index, 3], &value);
    }
    t.ok(&create(&[
        (0x82, &[9]),
        (0x83, &[0xEF, 7]),
        (0x80, &[0, 20]),
        (0xC1, &[]),
        (0xC2, &[]),
    ]));
    t.ok(&create(&[
        (0x82, &[6, record, 30]),
        (0x83, &[0xEF, 8]),
        (0x88, &[8]),
        (0xC1, &[1]),
        (0xC2, &[]),
    ]));
    t.ok(&hex("0020000003123456"));
    t
}

fn four(amount: u32) -> [u8; 4] {
    amount.to_be_bytes()
}

/// INITIALIZE FOR LOAD and the host's CREDIT command for its answer.
fn load(t: &mut Terminal, amount: u32, time: &str) -> (Vec<u8>, Vec<u8>) {
    let begin = t.ok(&command(
        [0xB0, 0x28, 0, 1],
        &[&[1][..], &four(amount), &TERMINAL].concat(),
    ));
    let (balance, sequence, random) = (&begin[..4], &begin[4..6], &begin[8..12]);
    assert_eq!(begin[6..8], [1, t.algorithm.identifier()]);
    let input = [random, sequence, &[0x80, 0]].concat();
    let seslk = SessionKey::derive(t.algorithm, &Key::from([DLK; 16]), &input);
    let mac1 = seslk.mac(&[], &[balance, &four(amount), b"1", &TERMINAL].concat());
    assert_eq!(begin[12..], mac1, "MAC1 of the card");
    let time = hex(time);
    let mac2 = seslk.mac(&[], &[&four(amount)[..], b"1", &TERMINAL, &time].concat());
    (begin.clone(), command([0xB0, 0x2A, 0, 0], &[&time[..], &mac2].concat()))
}

/// INITIALIZE FOR PURCHASE, the terminal's DEBIT command, and the answer it must give.
fn purchase(t: &mut Terminal, index: u8, amounts: [u32; 3], time: &str) -> (Vec<u8>, Vec<u8>) {
    let three: Vec<u8> = amounts.iter().flat_map(|a| four(*a)).collect();
    let begin = t.ok(&command(
        [0xB0, 0x28, 1, 1],
        &[&[index][..], &three, &TERMINAL].concat(),
    ));
    assert_eq!(begin.len(), 22);
    assert_eq!(begin[16..18], [index, t.algorithm.identifier()]);
    let terminal_sequence = hex("00000A0B");
    let input = [&begin[18..22], &begin[14..16], &terminal_sequence[2..]].concat();
    let value = if index == 1 { DPK } else { DPK ^ 0x40 };
    let sespk = SessionKey::derive(t.algorithm, &Key::from([value; 16]), &input);
    let time = hex(time);
    let mac1 = sespk.mac(&[], &[&three[..], b"2", &TERMINAL, &time].concat());
    let mac2 = sespk.mac(&[], &three);
    let dtk = Key::from(*b"TEST TAC KEY 016");
    let tac = transaction_code(
        t.algorithm,
        &dtk,
        &[&three[..], b"2", &TERMINAL, &terminal_sequence, &time].concat(),
    );
    let debit = command([0xB0, 0x2C, 1, 0], &[&terminal_sequence[..], &time, &mac1].concat());
    (debit, [tac, mac2].concat())
}

fn balance(t: &mut Terminal) -> (u32, u32, u32, String) {
    let personal = t.ok(&hex("B026000104"));
    let self_paid = t.ok(&hex("B026000206"));
    let pooled = t.ok(&hex("B026000306"));
    let amount = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap());
    assert_eq!(self_paid[4..], pooled[4..]);
    (
        amount(&personal),
        amount(&self_paid),
        amount(&pooled),
        upper(&pooled[4..]),
    )
}

#[test]
fn load_and_purchase_over_a_year_change() {
    for algorithm in super::BOTH {
        for interface in [Interface::Contact, Interface::Contactless] {
            let mut t = account(algorithm, interface, 28);
            assert_eq!(balance(&mut t), (0, 0, 0, "0000".into()));
            let (_, credit) = load(&mut t, 100_000, "20261121103000");
            let tac = t.ok(&credit);
            let expected = [
                &four(100_000)[..],
                &[0, 0],
                &four(100_000),
                b"1",
                &TERMINAL,
                &hex("20261121103000"),
            ]
            .concat();
            assert_eq!(
                tac,
                transaction_code(algorithm, &Key::from(*b"TEST TAC KEY 016"), &expected)
            );
            // The pay year begins on 1 April.
            t.authenticate(DSK, 1);
            t.ok(&hex("B056000002 0401"));
            assert_eq!(upper(&t.ok(&hex("B056010002"))), "0401");
            let mut pay = |index, amounts, time: &str| {
                let (debit, answer) = purchase(&mut t, index, amounts, time);
                assert_eq!(t.ok(&debit), answer, "TAC and MAC2");
                balance(&mut t)
            };
            assert_eq!(
                pay(1, [1_000, 200, 30], "20261121110000"),
                (99_000, 200, 30, "2026".into())
            );
            assert_eq!(
                pay(2, [1_000, 100, 70], "20270331235959"),
                (98_000, 300, 100, "2026".into())
            );
            assert_eq!(pay(1, [0, 5, 6], "20270401000000"), (98_000, 5, 6, "2027".into()));
            assert_eq!(pay(1, [98_000, 0, 0], "20300101000000"), (0, 0, 0, "2029".into()));
            let newest = upper(&t.ok(&hex("00B201441C")));
            assert_eq!(newest, "0003329900001234562030010100000000017ED00000000000000000");
            let oldest = upper(&t.ok(&hex("00B205441C")));
            assert_eq!(oldest, "00003199000012345620261121103000000186A00000000000000000");
        }
    }
}

#[test]
fn wrong_order_wrong_mac_and_repetition_change_nothing() {
    let mut t = account(Algorithm::Sm4, Interface::Contact, 28);
    let (_, credit) = load(&mut t, 5_000, "20261121103000");
    t.ok(&credit);
    assert_eq!(t.sw(&credit), 0x6901, "a repeated MAC2");
    let before = t.card.image().to_vec();
    let (debit, _) = purchase(&mut t, 1, [10, 0, 0], "20261121103000");
    let mut altered = debit.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(t.sw(&altered), 0x9302);
    assert_eq!(t.sw(&debit), 0x6901, "a failure drops to idle");
    let (debit, _) = purchase(&mut t, 1, [10, 0, 0], "20261121103000");
    t.ok(&hex("B026000104"));
    assert_eq!(t.sw(&hex("B02E003202 0000")), 0x9406);
    assert_eq!(t.sw(&debit), 0x6901, "a proof that failed drops to idle as well");
    let (debit, _) = purchase(&mut t, 1, [10, 0, 0], "20261121103000");
    t.ok(&hex("0084000008"));
    assert_eq!(t.sw(&debit), 0x6901, "INITIALIZE is valid for the next command only");
    let (debit, _) = purchase(&mut t, 1, [10, 0, 0], "20261121103000");
    let (_, credit) = load(&mut t, 1, "20261121103000");
    assert_eq!(t.sw(&debit), 0x6901);
    assert_eq!(t.sw(&credit), 0x6901);
    assert_eq!(t.card.image(), before);
    let (debit, answer) = purchase(&mut t, 1, [10, 0, 0], "20261121103000");
    assert_eq!(
        t.ok(&hex("B026000104")),
        four(5_000),
        "looking at the balance keeps the state"
    );
    assert_eq!(t.ok(&debit), answer);
    assert_eq!(
        t.ok(&hex("B02E003202 0000")),
        [&answer[4..], &answer[..4]].concat(),
        "MAC2 and TAC again"
    );
    assert_eq!(t.sw(&hex("B02E003202 0001")), 0x9406);
    assert_eq!(t.sw(&hex("B02E003102 0000")), 0x9406);
    assert_eq!(t.sw(&hex("B02E003302 0000")), 0x6A86);
}

#[test]
fn refusals() {
    let mut t = account(Algorithm::Sm4, Interface::Contact, 28);
    let begin = |index: u8, personal: u32| {
        command(
            [0xB0, 0x28, 1, 1],
            &[&[index][..], &four(personal), &[0; 8], &TERMINAL].concat(),
        )
    };
    for (command, sw) in [
        (begin(1, 1), 0x9401),
        (begin(3, 0), 0x9403),
        (hex("B0280001 0B 02 00000001 990000123456"), 0x9403),
        (hex("B0280001 0A 01 00000001 9900001234"), 0x6700),
        (hex("B0280002 0B 01 00000001 990000123456"), 0x6A86),
        (hex("B026000100"), 0x6700),
        (hex("B026000406"), 0x6A86),
        (hex("B02A0000 0B 20261121103000 00000000"), 0x6901),
        (hex("B056000002 0401"), 0x6982),
        (hex("B056020002"), 0x6A86),
        (hex("B0B2010400"), 0x6E00),
        (hex("B099000000"), 0x6D00),
        (hex("0026000104"), 0x6E00),
    ] {
        assert_eq!(t.sw(&command), sw, "{}", upper(&command));
    }
    t.authenticate(DSK, 1);
    assert_eq!(t.sw(&hex("B056000002 1301")), 0x6985);
    t.card.power_on(Interface::Contact);
    t.select_fid(0xDDF1);
    assert_eq!(
        t.sw(&hex("B026000104")),
        0x6985,
        "there is no account in the environment itself"
    );
    t.select_fid(0xDF04);
    assert_eq!(t.sw(&hex("B026000104")), 0x6982);
    assert_eq!(t.sw(&begin(1, 0)), 0x6982);
    assert_eq!(t.card.refusal().unwrap().missing, ["PIN"]);
    assert_eq!(t.sw(&hex("B056010002")), 0x6982);
}

#[test]
fn a_card_with_short_records_knows_the_personal_account_only() {
    let mut t = account(Algorithm::TripleDes, Interface::Contact, 20);
    let (_, credit) = load(&mut t, 5_000, "20261121103000");
    t.ok(&credit);
    assert_eq!(
        upper(&t.ok(&hex("00B2014414"))),
        "0000319900001234562026112110300000001388"
    );
    let with_pool = command(
        [0xB0, 0x28, 1, 1],
        &[&[1][..], &four(1), &four(1), &four(0), &TERMINAL].concat(),
    );
    assert_eq!(t.sw(&with_pool), 0x6985);
    let (debit, answer) = purchase(&mut t, 1, [8, 0, 0], "20261121103000");
    assert_eq!(t.ok(&debit), answer);
    assert_eq!(balance(&mut t), (4_992, 0, 0, "0000".into()));
}

/// MAC and TAC can be fetched exactly when the money moved, whatever word the power goes after.
#[test]
fn power_cuts_move_all_of_the_money_or_none() {
    let mut cuts = [0, 0];
    for words in 0.. {
        let mut t = account(Algorithm::Sm4, Interface::Contact, 28);
        let (_, credit) = load(&mut t, 5_000, "20261121103000");
        t.ok(&credit);
        let (debit, answer) = purchase(&mut t, 1, [700, 20, 3], "20261121103000");
        t.card.lose_power_after(Some(words));
        let response = t.card.transmit(&debit, &mut t.entropy);
        t.card.lose_power_after(None);
        t.card.power_on(Interface::Contact);
        t.select_fid(0xDDF1);
        t.select_fid(0xDF04);
        t.ok(&hex("0020000003123456"));
        let moved = t.sw(&hex("B02E003202 0000")) == 0x9000;
        let (amounts, records) = if moved {
            ((4_300, 20, 3, "2026".to_owned()), 2)
        } else {
            ((5_000, 0, 0, "0000".to_owned()), 1)
        };
        assert_eq!(balance(&mut t), amounts, "after {words} words");
        assert_eq!(t.raw(&hex("00B2014500")), [0x6C, 28 * records]);
        if moved {
            assert_eq!(t.ok(&hex("B02E003202 0000")), [&answer[4..], &answer[..4]].concat());
        }
        cuts[usize::from(moved)] += 1;
        if response.is_some() {
            break;
        }
    }
    println!(
        "cut points: {} before the money moved, {} after, 0 torn",
        cuts[0], cuts[1]
    );
    assert!(cuts[0] > 10 && cuts[1] > 10);
}

/// 65,535 transactions would take a card's life: its image says that 65,534 were made.
#[test]
fn a_sequence_number_does_not_begin_again() {
    const BALANCE: u32 = 0x1357_9BDF;
    let mut t = account(Algorithm::Sm4, Interface::Contact, 28);
    let (_, credit) = load(&mut t, BALANCE, "20260301120000");
    t.ok(&credit);
    // Load sequence 1, purchase sequence 0, then the balance, which stands nowhere else.
    let amounts = [&[0, 1, 0, 0][..], &four(BALANCE)].concat();
    let mut image = t.card.image().to_vec();
    let places: Vec<usize> = (0..image.len()).filter(|i| image[*i..].starts_with(&amounts)).collect();
    assert!(!places.is_empty(), "the file, and what is kept for a loss of power");
    for place in places {
        image[place..place + 4].copy_from_slice(&[0xFF, 0xFE, 0xFF, 0xFE]);
    }
    t.card = card_model::card::Card::from_image(&image).unwrap();
    t.card.power_on(Interface::Contact);
    t.select_fid(0xDDF1);
    t.select_fid(0xDF04);
    t.ok(&hex("0020000003123456"));

    let (begin, credit) = load(&mut t, 1, "20260301120100");
    assert_eq!(begin[4..6], [0xFF, 0xFE], "the last one");
    t.ok(&credit);
    let begin_load = command([0xB0, 0x28, 0, 1], &[&[1][..], &four(1), &TERMINAL].concat());
    assert_eq!(t.sw(&begin_load), 0x9402);
    let (debit, answer) = purchase(&mut t, 1, [1, 0, 0], "20260301120200");
    assert_eq!(t.ok(&debit), answer);
    let three: Vec<u8> = [1, 0, 0].into_iter().flat_map(four).collect();
    let begin_purchase = command([0xB0, 0x28, 1, 1], &[&[1][..], &three, &TERMINAL].concat());
    assert_eq!(t.sw(&begin_purchase), 0x9402);
    assert_eq!(balance(&mut t).0, BALANCE, "nothing else was done");
}
