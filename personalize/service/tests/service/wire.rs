//! Byte by byte: media types, sizes, addresses, limits, and the description.

use crate::place::{Place, token};
use service::open_api;

#[test]
fn what_is_wrong_with_a_request_is_said() {
    let place = Place::new();
    let clerk = format!("Authorization: Bearer {}\r\n", token("clerk"));
    let json = "Content-Type: application/json\r\n";
    let cases = [
        (format!("POST /v1/orders HTTP/1.1\r\n{clerk}"), &b"{}"[..], 415, "media"),
        (
            format!("POST /v1/orders HTTP/1.1\r\n{clerk}Content-Type: text/plain\r\n"),
            b"{}",
            415,
            "media",
        ),
        (format!("POST /v1/orders HTTP/1.1\r\n{clerk}{json}"), b"{", 400, "body"),
        (format!("POST /v1/orders HTTP/1.1\r\n{clerk}{json}"), b"", 400, "body"),
        (
            format!("POST /v1/standing HTTP/1.1\r\n{clerk}{json}"),
            b"{\"number\":\"1\",\"x\":1}",
            400,
            "body",
        ),
        (
            format!("POST /v1/orders HTTP/1.1\r\n{json}"),
            b"{}",
            401,
            "unauthorized",
        ),
        (
            format!("POST /v1/orders HTTP/1.1\r\nAuthorization: Basic eA==\r\n{json}"),
            b"{}",
            401,
            "unauthorized",
        ),
        (format!("GET /v1/orders HTTP/1.1\r\n{clerk}"), b"", 405, "method"),
        (format!("GET /v2 HTTP/1.1\r\n{clerk}"), b"", 404, "place"),
        (
            format!("POST /v1/orders HTTP/1.1\r\n{clerk}{json}"),
            b"{\"request\":\"r\",\"act\":\"fly\"}",
            422,
            "act",
        ),
    ];
    for (head, body, status, name) in cases {
        let (got, headers, answer) = place.raw(&head, body);
        let problem: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!((got, problem["name"].as_str()), (status, Some(name)), "{head}");
        assert!(headers.contains("content-type: application/problem+json"), "{headers}");
        assert_eq!(problem["status"], status);
        for lang in ["en", "zh"] {
            let words = &problem[lang];
            assert!(words["what"].is_string() && words["next"].is_string(), "{problem}");
            assert!(
                !problem.to_string().contains("service."),
                "words are missing: {problem}"
            );
        }
    }
    let huge = vec![b' '; (16 << 20) + 1];
    let (status, ..) = place.raw(&format!("POST /v1/orders HTTP/1.1\r\n{clerk}{json}"), &huge);
    assert_eq!(status, 413);
}

#[test]
fn who_asks_too_often_waits() {
    let place = Place::with(1, None);
    let head = |role: &str| format!("GET /v1/me HTTP/1.1\r\nAuthorization: Bearer {}\r\n", token(role));
    let answers: Vec<_> = (0..5).map(|_| place.raw(&head("clerk"), b"")).collect();
    let limited: Vec<_> = answers.iter().filter(|(status, ..)| *status == 429).collect();
    assert!(!limited.is_empty() && limited.len() < 5);
    assert!(limited.iter().all(|(_, headers, _)| headers.contains("retry-after: ")));
    assert_eq!(place.raw(&head("manager"), b"").0, 200, "the others do not wait");
    // Who guesses is slowed down too; health is for everybody.
    let guesses: Vec<u16> = (0..8).map(|_| place.raw(&head("nobody"), b"").0).collect();
    assert!(guesses.contains(&401) && guesses.contains(&429), "{guesses:?}");
    assert_eq!(place.raw("GET /health HTTP/1.1\r\n", b"").0, 200);
}

#[test]
fn the_description_is_served_and_says_what_there_is() {
    let place = Place::new();
    let (status, _, body) = place.raw("GET /v1/openapi.json HTTP/1.1\r\n", b"");
    let description: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((status, &description), (200, &open_api()));
    let paths = description["paths"].as_object().expect("paths");
    assert!(paths.len() >= 12);
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys() {
            let head = format!("{} {path} HTTP/1.1\r\n", method.to_uppercase());
            assert_eq!(place.raw(&head, b"").0, 401, "{head}");
        }
    }
    // Every reference leads somewhere.
    let text = description.to_string();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(description["components"]["schemas"][name].is_object(), "{name}");
    }
}
