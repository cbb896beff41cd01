//! Master keys of the environment and of the application: authentication and replacement as real writers do it.

use super::*;

const NEW: [u8; 16] = *b"TEST NEW MK.....";

/// `84 D4 01 00 24`: plain `13 00 00 00 ‖ key16 ‖ 80 …` under the old key.
fn replace(t: &mut Terminal, old: &[u8; 16], new: &[u8; 16]) -> Vec<u8> {
    let challenge = t.ok(&hex("0084000010"));
    let plain = [&[0; 3][..], new].concat();
    let old = Key::from(*old);
    let cipher = encrypt_data(Algorithm::Sm4, &old, &plain);
    let head = hex("84D4010024");
    let mac = key_loading_mac(Algorithm::Sm4, &old, &challenge, &head, &cipher);
    [&head[..], &cipher, &mac].concat()
}

fn authenticate(t: &mut Terminal, key: &[u8; 16], length: u8) -> u16 {
    let challenge = t.ok(&[0, 0x84, 0, 0, length]);
    let cryptogram = master_cryptogram(Algorithm::Sm4, &Key::from(*key), &challenge);
    t.sw(&command([0, 0x82, 0, 0], &cryptogram))
}

#[test]
fn replaced_in_both_files() {
    for (select, old) in [
        ("00A404000C504B492EC9E7BBE1B1A3D5CF", ENVIRONMENT_KEY),
        ("00A404000C53532E434552542E41444631", APPLICATION_KEY),
    ] {
        let mut t = certificate_card(Interface::Contact);
        t.ok(&hex(select));
        let early = replace(&mut t, &old, &NEW);
        assert_eq!(t.sw(&early), 0x6982);
        assert_eq!(authenticate(&mut t, &NEW, 8), 0x63C2);
        assert_eq!(authenticate(&mut t, &old, 8), 0x9000);
        let mut forged = replace(&mut t, &old, &NEW);
        forged[10] ^= 1;
        assert_eq!(t.sw(&forged), 0x6988);
        let right = replace(&mut t, &old, &NEW);
        assert_eq!(right.len(), 5 + 0x24);
        assert_eq!(t.sw(&right), 0x9000);
        assert_eq!(authenticate(&mut t, &old, 16), 0x63C2);
        assert_eq!(authenticate(&mut t, &NEW, 16), 0x9000);
        let back = t.key_command(1, &NEW, [0, 0, 0, 0, 3], &old);
        assert_eq!(back[..5], hex("84D4010024"), "the COS's own coding has the same length");
        assert_eq!(t.sw(&back), 0x9000);
        assert_eq!(authenticate(&mut t, &old, 16), 0x9000);
    }
}

/// LOAD KEY does not take the short form: a first master key needs its tries.
#[test]
fn the_short_form_only_replaces() {
    let mut t = certificate_card(Interface::Contact);
    assert_eq!(authenticate(&mut t, &APPLICATION_KEY, 8), 0x9000);
    let challenge = t.ok(&hex("0084000010"));
    let key = Key::from(APPLICATION_KEY);
    let cipher = encrypt_data(Algorithm::Sm4, &key, &[&[0; 3][..], &NEW].concat());
    let head = hex("84D4000024");
    let mac = key_loading_mac(Algorithm::Sm4, &key, &challenge, &head, &cipher);
    t.card.power_on(Interface::Contact);
    select_application(&mut t);
    assert_eq!(t.sw(&[&head[..], &cipher, &mac].concat()), 0x6982);
}

/// The issuer can give the administrator's PIN again under the master key, with a full counter.
#[test]
fn administrator_pin_under_the_master_key() {
    let mut t = certificate_card(Interface::Contact);
    for _ in 0..6 {
        let wrong = t.verify_command(ADMINISTRATOR_ID, &[0x99, 0x99], 16);
        t.sw(&wrong);
    }
    t.ok(&hex("00A404000C504B492EC9E7BBE1B1A3D5CF"));
    assert_eq!(authenticate(&mut t, &ENVIRONMENT_KEY, 16), 0x9000);
    let challenge = t.challenge();
    let header = [KeyType::AdministratorPin as u8, ADMINISTRATOR_ID, 0, 0, 6, 3, 0, 4];
    let plain = [&header[..], ADMINISTRATOR, &[0xFF; 4]].concat();
    let key = Key::from(ENVIRONMENT_KEY);
    let cipher = encrypt_data(Algorithm::Sm4, &key, &plain);
    let head = [0x84, 0xD4, 1, 0, (cipher.len() + 4) as u8];
    let mac = key_loading_mac(Algorithm::Sm4, &key, &challenge, &head, &cipher);
    t.ok(&[&head[..], &cipher, &mac].concat());
    select_application(&mut t);
    t.administrator();
}

/// Key files have the sizes and the uniqueness that their commands rely on.
#[test]
fn creation_of_key_files() {
    let mut t = Terminal::blank(Algorithm::Sm4, Interface::Contact);
    t.master(&TRANSPORT);
    let key_file = |fid: u8, descriptor: u8, size: u8, pair: &[u8]| {
        create(&[
            (0x82, &[descriptor]),
            (0x83, &[0, fid]),
            (0x80, &[0, size]),
            (0xC1, &[0]),
            (0xC2, &[]),
            (0xC4, pair),
        ])
    };
    for (fid, descriptor, size, pair, sw) in [
        (0x12, 0x01, 0x41, &[1][..], 0x6A80),
        (0x12, 0x01, 0x42, &[3], 0x6A80),
        (0x12, 0x01, 0x42, &[], 0x6A80),
        (0x12, 0x04, 0x42, &[1], 0x6A80),
        (0x12, 0x01, 0x42, &[1], 0x9000),
        (0x16, 0x01, 0x42, &[1], 0x6A89),
        (0x13, 0x09, 0x42, &[1], 0x6A80),
        (0x13, 0x09, 0x22, &[1], 0x9000),
        (0x14, 0x01, 0x42, &[2], 0x9000),
    ] {
        assert_eq!(
            t.sw(&key_file(fid, descriptor, size, pair)),
            sw,
            "{fid:02X} {pair:02X?}"
        );
    }
}
