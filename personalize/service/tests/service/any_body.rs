//! Whatever is sent, the service answers, never with a fault of its own.

use crate::place::Place;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use service::open_api;

/// Values like those of the description, and others.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("apply".to_owned()),
        Just("A1-00000001".to_owned()),
        Just("111111198101011110".to_owned()),
        Just("2026-01-01".to_owned()),
        "\\PC{0,12}",
        "[\\x00-\\x1f\u{7f}\u{202e}\u{feff}]{1,3}",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
        prop::collection::vec("\\PC{0,4}", 0..3).prop_map(Value::from),
        Just(json!({ "person": "111111198101011110" })),
        Just(json!({ "application": "\u{0}" })),
        Just(json!({ "number": "111111198101011110", "name": "TEST" })),
    ]
}

#[test]
fn any_body_has_an_answer() {
    let place = Place::with(100_000, None);
    let description = open_api();
    let paths: Vec<String> = description["paths"]
        .as_object()
        .expect("paths")
        .keys()
        .cloned()
        .collect();
    let names: Vec<String> = description["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .values()
        .filter_map(|schema| schema["properties"].as_object())
        .flat_map(|properties| properties.keys().cloned())
        .collect();
    let body = prop::collection::vec((prop::sample::select(names), value()), 0..8);
    let strategy = (prop::sample::select(paths), body, any::<bool>());
    let mut runner = TestRunner::new(Config {
        cases: 400,
        ..Config::default()
    });
    let done = runner.run(&strategy, |(path, members, whole)| {
        let mut body: Value = members.into_iter().collect::<serde_json::Map<_, _>>().into();
        if whole && path == "/v1/orders" {
            body["request"] = json!("any");
            body["act"] = json!("apply");
        }
        let (status, answer) = place.post("manager", &path, body.to_string().as_bytes());
        prop_assert!(status < 500, "{path} {body}: {status} {answer}");
        prop_assert!(status == 200 || answer["status"] == status, "{answer}");
        Ok(())
    });
    done.unwrap();
    assert!(place.ledger().examine(&[]).unwrap().whole);
}
