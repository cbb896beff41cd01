//! The official SM2 examples, computed in the card: private key and k come in as its entropy.

use super::*;

fn vectors() -> serde_json::Value {
    let text = std::fs::read_to_string("../vectors/sm2.json").unwrap();
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    all["groups"][0].clone()
}

fn bytes(value: &serde_json::Value) -> Vec<u8> {
    hex(value.as_str().unwrap())
}

#[test]
fn signature_and_encryption_of_the_standard() {
    let group = vectors();
    assert_eq!(group["id"], "sm2p256v1");
    let example = &group["signature"];
    let mut t = certificate_card(Interface::Contactless);
    t.user();
    let run = |t: &mut Terminal, command: &[u8], entropy: Vec<u8>| {
        let response = t.card.transmit(command, &mut Given(entropy)).unwrap();
        assert_eq!(response.sw, 0x9000);
        response.data.to_vec()
    };
    run(&mut t, &hex(GENERATE), bytes(&example["d"]));
    let public = [bytes(&example["public"]["x"]), bytes(&example["public"]["y"])].concat();
    assert_eq!(t.public_key()[2..], public);
    let message = example["message"].as_str().unwrap().as_bytes();
    let objects = [&hex("C2020013C1")[..], &[message.len() as u8], message].concat();
    let signature = run(&mut t, &command([0x80, 0x48, 0, 2], &objects), bytes(&example["k"]));
    assert_eq!(signature, [bytes(&example["r"]), bytes(&example["s"])].concat());
    let objects = [&hex("C2020013C120")[..], &bytes(&example["e"])].concat();
    let signature = run(&mut t, &command([0x80, 0x48, 0, 1], &objects), bytes(&example["k"]));
    assert_eq!(signature, [bytes(&example["r"]), bytes(&example["s"])].concat());

    let example = &group["encryption"];
    let message = example["message"].as_str().unwrap().as_bytes();
    let objects = [&hex("C0020012C1")[..], &[message.len() as u8], message].concat();
    let cipher = run(&mut t, &command([0x80, 0x50, 0, 1], &objects), bytes(&example["k"]));
    let (c1, c2, c3) = (&example["c1"], bytes(&example["c2"]), bytes(&example["c3"]));
    assert_eq!(cipher, [bytes(&c1["x"]), bytes(&c1["y"]), c3, c2].concat());
    let objects = [&hex("C2020013C1")[..], &[cipher.len() as u8], &cipher].concat();
    assert_eq!(t.ok(&command([0x80, 0x4E, 0, 1], &objects)), message);
}

/// The same entropy gives the same card, byte for byte.
#[test]
fn runs_repeat() {
    let run = || {
        let mut t = certificate_card(Interface::Contact);
        t.user();
        t.ok(&hex(GENERATE));
        let signature = t.ok(&hex("80480002 06 C2020013 C100"));
        (t.card.image().to_vec(), signature)
    };
    assert!(run() == run());
}

/// A broken source of entropy is a memory failure, not a key that anybody can guess or a loop without end.
#[test]
fn broken_entropy_gives_no_key() {
    let mut t = certificate_card(Interface::Contact);
    t.user();
    let response = t.card.transmit(&hex(GENERATE), &mut Given(vec![])).unwrap();
    assert_eq!(response.sw, 0x6581);
    assert_eq!(t.public_key(), [0; 0x42]);
}
