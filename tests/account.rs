//! `ssc account`: balance, load, debit, history and proof, with a key file and with a PSAM.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::{Place, Run, has_keys};
use serde_json::Value;

const CARD: [&str; 2] = ["--reader", "sim:card.sim"];
const KEYS: [&str; 2] = ["--keys", "TEST.keys"];
const PSAM: [&str; 2] = ["--psam", "sim:TEST.psam"];
const TIME: [&str; 2] = ["--time", "2026-06-01 12:00:00"];
/// The initial PIN of the sample settings.
const PIN: &str = "123456";

fn run(place: &Place, verb: &[&str], more: &[&str]) -> Run {
    let words = [&["account"], verb, &CARD, more].concat();
    place.run_with(&[("SSC_PIN", PIN)], &words)
}

fn json(place: &Place, code: i32, verb: &[&str], more: &[&str]) -> Value {
    run(place, verb, &[more, &["--json"]].concat()).expect(code).json()
}

#[test]
fn a_day_at_the_counter_with_keys() {
    let place = Place::with_card();
    let empty = json(&place, 0, &["balance"], &[]);
    has_keys(
        &empty,
        &[
            "personal_fen",
            "self_paid_fen",
            "pooled_fen",
            "pay_year",
            "starting_day",
        ],
    );
    assert_eq!(
        (&empty["personal_fen"], &empty["pay_year"]),
        (&Value::from(0), &Value::Null)
    );
    assert_eq!(
        json(&place, 0, &["history"], &[])["transactions"],
        Value::Array(Vec::new())
    );
    assert_eq!(json(&place, 1, &["proof"], &[])["moved"], false);

    let more = [&KEYS[..], &TIME].concat();
    let loaded = json(&place, 0, &["load", "100.00"], &more);
    has_keys(
        &loaded,
        &[
            "kind",
            "amount_fen",
            "sequence",
            "balance_fen",
            "tac",
            "terminal",
            "time",
            "ok",
        ],
    );
    assert_eq!(
        (&loaded["amount_fen"], &loaded["balance_fen"]),
        (&10_000.into(), &10_000.into())
    );
    assert_eq!(loaded["terminal"], "000000000000");

    let more = [
        &KEYS[..],
        &TIME,
        &["--terminal", "990100000042", "--terminal-sequence", "777"],
    ]
    .concat();
    let verb = [
        "debit",
        "12.34",
        "--self-paid",
        "5yuan",
        "--pooled",
        "250fen",
        "--key-index",
        "3",
    ];
    let debited = json(&place, 0, &verb, &more);
    has_keys(
        &debited,
        &[
            "sequence",
            "terminal_sequence",
            "balance_fen",
            "tac",
            "tac_ok",
            "key_index",
            "ok",
        ],
    );
    assert_eq!(
        (&debited["balance_fen"], &debited["terminal_sequence"]),
        (&8_766.into(), &777.into())
    );
    assert_eq!((&debited["tac_ok"], &debited["key_index"]), (&true.into(), &3.into()));

    let balance = json(&place, 0, &["balance"], &[]);
    assert_eq!(balance["personal_fen"], 8_766);
    assert_eq!(
        (&balance["self_paid_fen"], &balance["pooled_fen"]),
        (&500.into(), &250.into())
    );
    assert_eq!(balance["pay_year"], 2026);

    let history = json(&place, 0, &["history"], &[]);
    let list = history["transactions"].as_array().expect("list");
    assert_eq!(list.len(), 2);
    assert_eq!(
        (&list[0]["kind"], &list[1]["kind"]),
        (&"settlement".into(), &"load".into())
    );
    assert_eq!(list[0]["terminal"], "990100000042");
    assert_eq!(list[0]["time"], "2026-06-01 12:00:00");
    assert_eq!(
        (&list[0]["personal_fen"], &list[0]["pooled_fen"]),
        (&1_234.into(), &250.into())
    );

    for lang in ["en", "zh"] {
        for verb in ["balance", "history", "proof"] {
            let text = run(&place, &[verb], &["--lang", lang]).expect(0).stdout;
            assert!(!text.contains("account."), "{text}");
            assert_eq!(text.contains("87.66"), verb == "balance", "{text}");
            assert_eq!(text.contains("12.34"), verb != "balance", "{text}");
        }
    }
}

#[test]
fn the_proof_tells_what_happened() {
    let place = Place::with_card();
    let more = [&KEYS[..], &TIME].concat();
    let loaded = json(&place, 0, &["load", "1.00"], &more);
    let proof = json(&place, 0, &["proof", "--load", "0"], &KEYS);
    has_keys(&proof, &["kind", "sequence", "moved", "mac", "tac", "tac_ok", "record"]);
    assert_eq!((&proof["moved"], &proof["tac_ok"]), (&true.into(), &true.into()));
    assert_eq!(proof["tac"], loaded["tac"]);
    assert_eq!(proof["record"]["personal_fen"], 100);

    let debited = json(&place, 0, &["debit", "0.40"], &more);
    let number = debited["terminal_sequence"].to_string();
    let newest = json(&place, 0, &["proof"], &[]);
    assert_eq!(
        (&newest["kind"], &newest["sequence"]),
        (&"settlement".into(), &0.into())
    );
    assert_eq!((&newest["tac"], &newest["tac_ok"]), (&debited["tac"], &Value::Null));
    let ask = ["proof", "--settlement", "0", "--terminal-sequence"];
    let proof = json(&place, 0, &[&ask[..], &[&number]].concat(), &KEYS);
    assert_eq!(proof["tac_ok"], true);
    let false_number = run(&place, &[&ask[..], &["1"]].concat(), &KEYS).expect(4);
    assert!(false_number.stderr.contains("MAC"), "{}", false_number.stderr);

    // The load is not the last transaction any more: no MAC and TAC, but it did happen. The next ones did not.
    let old = json(&place, 0, &["proof", "--load", "0"], &KEYS);
    assert_eq!(
        (&old["moved"], &old["mac"], &old["tac_ok"]),
        (&true.into(), &Value::Null, &Value::Null)
    );
    for verb in [["proof", "--load", "1"], ["proof", "--settlement", "1"]] {
        let refused = run(&place, &verb, &["--json"]).expect(1);
        assert_eq!(refused.json()["moved"], false);
    }
    run(&place, &["proof", "--load", "1", "--settlement", "1"], &[]).expect(2);
}

/// With a PSAM everything is as with the key file; terminal number and transaction numbers are the PSAM's.
#[test]
fn the_same_with_a_psam() {
    let place = Place::with_card();
    place
        .run(&[&["psam", "new", "TEST.psam", "--terminal", "42"], &KEYS[..]].concat())
        .expect(0);
    std::fs::copy(place.path("card.sim"), place.path("twin.sim")).expect("copy");
    let twin = |verb: &[&str], more: &[&str]| {
        let words = [&["account"], verb, &["--reader", "sim:twin.sim", "--json"], more].concat();
        place.run_with(&[("SSC_PIN", PIN)], &words).expect(0).json()
    };
    let with_psam = [&PSAM[..], &TIME].concat();
    for number in 1..4 {
        let sequence = number.to_string();
        let counter = ["--terminal", "000000000042"];
        let with_keys = [&KEYS[..], &TIME, &counter].concat();
        let counted = [&with_keys[..], &["--terminal-sequence", &sequence]].concat();
        assert_eq!(
            json(&place, 0, &["load", "20.00"], &with_psam),
            twin(&["load", "20.00"], &with_keys)
        );
        let debited = json(&place, 0, &["debit", "7.77", "--pooled", "1.00"], &with_psam);
        assert_eq!(debited, twin(&["debit", "7.77", "--pooled", "1.00"], &counted));
        assert_eq!(
            (&debited["terminal_sequence"], &debited["tac_ok"]),
            (&number.into(), &true.into())
        );
    }
    assert_eq!(json(&place, 0, &["balance"], &[]), twin(&["balance"], &[]));
    assert_eq!(json(&place, 0, &["history"], &[]), twin(&["history"], &[]));
    let ask = ["proof", "--settlement", "2", "--terminal-sequence", "3"];
    let proof = json(&place, 0, &ask, &PSAM);
    assert_eq!(proof["tac_ok"], true);
    // The MACs differ, because the cards drew other random numbers; the TACs do not.
    assert_eq!(proof["tac"], twin(&ask, &KEYS)["tac"]);

    // The kind of a special settlement is a record of another file, with the settlement's number.
    let special = [&["write", r#"DF04/EF15=["2","1"]"#, "--json"], &CARD[..], &PSAM].concat();
    let written = place.run_with(&[("SSC_PIN", PIN)], &special).expect(0).json();
    assert_eq!(written["written"][0]["ok"], true);
    let read = [&["read", "DF04/EF15", "--json"], &CARD[..], &PSAM].concat();
    let fields = place.run(&read).expect(0).json()["files"][0]["elements"].clone();
    assert_eq!((&fields[0]["value"], &fields[1]["raw"]), (&2.into(), &"31".into()));

    run(
        &place,
        &["debit", "1.00"],
        &[&PSAM[..], &["--terminal", "990100000001"]].concat(),
    )
    .expect(2);
    run(
        &place,
        &["debit", "1.00"],
        &[&PSAM[..], &["--terminal-sequence", "9"]].concat(),
    )
    .expect(2);
    run(&place, &["debit", "1.00"], &[&PSAM[..], &KEYS].concat()).expect(2);

    // A terminal's PSAM that has no keys of the host: it settles, but cannot tell whether the TAC is right, and does not load.
    let without = ["psam", "new", "shop.psam", "--without", "DLK", "--without", "DTK"];
    place.run(&[&without[..], &KEYS].concat()).expect(0);
    let shop = ["--psam", "sim:shop.psam"];
    let debited = json(&place, 0, &["debit", "0.01"], &shop);
    assert_eq!((&debited["ok"], &debited["tac_ok"]), (&true.into(), &Value::Null));
    let refused = run(&place, &["load", "0.01"], &shop);
    assert!(
        refused.code == 2 && refused.stderr.contains("DLK"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_cannot_be_done_is_told() {
    let place = Place::with_card();
    let more = [&KEYS[..], &TIME].concat();
    json(&place, 0, &["load", "10.00"], &more);

    let refused = run(&place, &["debit", "10.01"], &[&more[..], &["--json"]].concat()).expect(4);
    assert_eq!(refused.json()["error"]["sw"], "9401");
    for verb in [
        &["debit", "10"][..],
        &["debit", "ten"],
        &["debit", "1.234"],
        &["load", "42949672.96"],
        &["debit", "1.00", "--key-index", "4"],
        &["debit", "1.00", "--terminal", "1234"],
    ] {
        run(&place, verb, &more).expect(2);
    }
    run(&place, &["load", "1.00", "--time", "2026-13-01 00:00:00"], &KEYS).expect(2);
    run(&place, &["load", "1.00"], &[]).expect(2);

    // Without a PIN and nobody to ask; with a wrong one.
    let words = [&["account", "balance"][..], &CARD].concat();
    let nobody = place.run(&words).expect(2);
    assert!(nobody.stderr.contains("SSC_PIN"), "{}", nobody.stderr);
    let wrong = place.run_with(&[("SSC_PIN", "000000")], &words).expect(5);
    assert!(wrong.stderr.contains('2'), "{}", wrong.stderr);
    place.run_with(&[("SSC_PIN", PIN)], &words).expect(0);

    assert_eq!(json(&place, 0, &["balance"], &[])["personal_fen"], 1_000);
    assert_eq!(
        json(&place, 0, &["history"], &[])["transactions"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );

    // A blank card has no account; a missing card is a missing card.
    place.run(&["card", "new", "blank.sim"]).expect(0);
    let words = ["account", "balance", "--reader", "sim:blank.sim"];
    place.run_with(&[("SSC_PIN", PIN)], &words).expect(4);
    let words = ["account", "balance", "--reader", "sim:nowhere.sim"];
    place.run_with(&[("SSC_PIN", PIN)], &words).expect(3);
}
