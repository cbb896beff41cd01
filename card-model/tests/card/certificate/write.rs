//! Certificates: UPDATE BINARY in the blocks of both known writers.

use super::*;

fn write(t: &mut Terminal, file: &str, block: usize, data: &[u8]) -> u16 {
    t.ok(&hex(&format!("00A4000002{file}")));
    for (i, chunk) in data.chunks(block).enumerate() {
        let [high, low] = u16::try_from(i * block).unwrap().to_be_bytes();
        let sw = t.sw(&command([0, 0xD6, high, low], chunk));
        if sw != 0x9000 {
            return sw;
        }
    }
    0x9000
}

fn read(t: &mut Terminal, file: &str) -> Vec<u8> {
    t.ok(&hex(&format!("00A4000002{file}")));
    let mut data = Vec::new();
    for page in 0..4 {
        data.extend(t.ok(&[0, 0xB0, page, 0, 0]));
    }
    data
}

#[test]
fn both_pins_and_both_block_sizes() {
    for file in ["0018", "0019"] {
        let mut t = certificate_card(Interface::Contactless);
        let mut certificate: Vec<u8> = (0..700u16).map(|i| i as u8).collect();
        assert_eq!(write(&mut t, file, 0x70, &certificate), 0x6982);
        t.user();
        assert_eq!(
            write(&mut t, file, 0x70, &certificate),
            0x6982,
            "the user PIN is not enough"
        );
        t.administrator();
        assert_eq!(write(&mut t, file, 0x70, &certificate), 0x9000);
        assert_eq!(read(&mut t, file)[..700], certificate);
        certificate.resize(1020, 0);
        certificate[1] = 0xEE;
        assert_eq!(write(&mut t, file, 0xFA, &certificate), 0x9000);
        assert_eq!(read(&mut t, file)[..1020], certificate);
        assert_eq!(read(&mut t, file).len(), 1024);
        assert_eq!(t.sw(&[0, 0xD6, 4, 0, 1, 9]), 0x6B00, "behind the end");
        assert_eq!(t.sw(&[0, 0xD6, 3, 0xFF, 2, 9, 9]), 0x6700, "over the end");
        let mut t = certificate_card(Interface::Contact);
        t.administrator();
        assert_eq!(
            write(&mut t, file, 0x70, &certificate),
            0x6982,
            "nor the administrator's"
        );
        let missing = t.card.refusal().unwrap().missing.clone();
        assert_eq!(missing, ["81"]);
    }
}

#[test]
fn both_interfaces_share_one_memory() {
    let mut t = certificate_card(Interface::Contact);
    t.user();
    t.administrator();
    assert_eq!(write(&mut t, "0018", 0x70, b"certificate"), 0x9000);
    t.ok(&hex(GENERATE));
    let key = t.public_key();
    t.card.power_on(Interface::Contactless);
    select_application(&mut t);
    assert_eq!(read(&mut t, "0018")[..11], *b"certificate");
    assert_eq!(t.public_key(), key);
    assert_eq!(t.sw(&hex(GENERATE)), 0x6982, "each interface has its own session");
}
