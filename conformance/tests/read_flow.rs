//! The read flow of a 3.00 card, as real cards show it, on the model through both interfaces.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use card_model::card::Interface;
use conformance::flow::Flow;
use reader::channel::Channel;
use support::issued::Issued;

fn flow() -> Flow {
    Flow::parse(&std::fs::read_to_string(support::path("read-flow-3.00.txt")).unwrap()).unwrap()
}

#[test]
fn a_3_00_card_answers_as_the_real_one() {
    let flow = flow();
    assert_eq!(flow.len(), 20);
    for interface in [Interface::Contact, Interface::Contactless] {
        let mut issued = Issued::new("3.0", interface);
        let (channel, keys, subject) = issued.parts();
        assert_eq!(flow.run(channel, keys, subject).unwrap(), None, "{interface:?}");
    }
}

#[test]
fn other_cards_deviate_where_they_differ() {
    let mut issued = Issued::new("2.0", Interface::Contact);
    let (channel, keys, subject) = issued.parts();
    let deviation = flow().run(channel, keys, subject).unwrap().unwrap();
    assert!(
        deviation.expected.starts_with("6F1C840F") && deviation.got.starts_with("6F16840F"),
        "{deviation:?}"
    );
}

/// EF06 refuses until RKSSSE, both forms of SELECT work, records come by tag, number, SFI and whole.
#[test]
fn what_the_flow_leaves_out() {
    let text = "
        > 00A40400 0F 7378312E73682EC9E7BBE1B1A3D5CF
        < {30} 9000
        > 00A40000 02 EF06
        < 9000
        > 00B20800 14
        < 6982
        > 00B20830 14
        < 6982
        > 00B20534 14
        < 6982
        > 00A40200 02 EF05
        < 9000
        > 00B20105 40
        < 0110 {16} 0201 {1} 0304 {4} 040C {12} 0504 {4} 0604 {4} 0709 {9} 9000
        > 00B20304 06
        < 0304 332E3030 9000
        > 00B20128 12
        < 0110 {16} 9000
        > 00B2012C 12
        < 0110 {16} 9000
        > 00840000 08
        < {R1=8} 9000
        > 00840000 08
        < {R2=8} 9000
        > 0082000A 11 {auth RKSSSE R2 R1} {R1} 01
        < 9000
        > 00B20135 5B
        < 0812 {18} 091E {30} 4E14 {20} 0A01 {1} 0B01 {1} 0C03 {3} 0D04 {4} 9000
    ";
    let mut issued = Issued::new("3.0", Interface::Contact);
    let (channel, keys, subject) = issued.parts();
    assert_eq!(Flow::parse(text).unwrap().run(channel, keys, subject).unwrap(), None);
    // Without link layer: Le 00 is answered with the true length.
    assert_eq!(channel.transmit(&[0x00, 0xB2, 0x03, 0x28, 0x00]).unwrap(), [0x6C, 0x06]);
}
