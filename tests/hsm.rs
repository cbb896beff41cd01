//! `ssc hsm answer` and `ssc hsm serve`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod common;

use common::Place;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

const AREA: &str = "990100|00992611018699990100000001";
const PAIR: &str = "1122334455667788|99AABBCCDDEEFF00";

fn answer(place: &Place, requests: &[&str]) -> Vec<String> {
    let words = [&["hsm", "answer", "--keys", "TEST.keys"], requests].concat();
    let answers = place.json(0, &words)["answers"].clone();
    serde_json::from_value(answers).expect("a list of texts")
}

#[test]
fn all_types_are_answered() {
    let place = Place::new().with_keys();
    for algorithm in ["03", "01"] {
        let basics = format!("01|{AREA}|{algorithm}|990100D15600000500000001FFFFFFFF|{PAIR}|{PAIR}|");
        let external = format!("02|{AREA}|{algorithm}|0094|{PAIR}|");
        let header = if algorithm == "03" { "8424000114" } else { "842400010C" };
        let reload = format!("03|{AREA}|{algorithm}|0173|1122334455667788|{header}|123456|");
        let unblock = format!("03|{AREA}|{algorithm}|0173|1122334455667788|8424000004||");
        let purchase = format!(
            "04|{AREA}|00000007|{algorithm}|017F|11223344|0007|0000000A00000014|32|990100123456|20260401093000|"
        );
        let requests = [&basics, &external, &reload, &unblock, &purchase].map(String::as_str);
        let answers = answer(&place, &requests);
        assert_eq!(answers.len(), 5);
        let items: Vec<&str> = answers[0].split('|').collect();
        assert_eq!(items.iter().map(|item| item.len()).collect::<Vec<_>>(), [32, 32, 0]);
        assert!(items[..2].iter().all(|item| item.ends_with("99AABBCCDDEEFF00")));
        assert_eq!((answers[1].len(), &answers[1][16..]), (32, "99AABBCCDDEEFF00"));
        assert_eq!(answers[2].len(), if algorithm == "03" { 50 } else { 34 });
        assert!(answers[2].starts_with(header) && answers[3].starts_with("8424000004"));
        assert_eq!(answers[3].len(), 18);
        let purchase: Vec<&str> = answers[4].split_terminator('|').collect();
        assert_eq!(purchase[..2], ["00000007", "20260401093000"]);
        assert!(purchase[2..].iter().all(|item| item.len() == 8) && purchase.len() == 5);
        // The same request gives the same answer, one text for each line.
        let again = place
            .run(&[&["hsm", "answer", "--keys", "TEST.keys"], &requests[..]].concat())
            .expect(0);
        assert_eq!(again.stdout.lines().collect::<Vec<_>>(), answers);
    }
}

#[test]
fn wrong_requests_are_told() {
    let place = Place::new().with_keys();
    for (request, words) in [
        ("05|", "05"),
        (&*format!("02|{AREA}|03|FFFF|{PAIR}|"), "FFFF"),
        (&*format!("02|{AREA}|02|0094|{PAIR}|"), "02"),
        (&*format!("02|{AREA}|03|0094|11|"), "factor"),
        (
            &*format!("03|{AREA}|01|0173|1122334455667788|8424000114|123456|"),
            "header",
        ),
    ] {
        let run = place
            .run(&["hsm", "answer", request, "--keys", "TEST.keys", "--lang", "en"])
            .expect(2);
        assert!(run.stderr.contains(words), "{request}: {}", run.stderr);
    }
    place.run(&["hsm", "answer", "05|"]).expect(2);
}

/// A service that is told to end when the test is over.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_service_answers_over_http() {
    let place = Place::new().with_keys();
    let words = [
        "hsm",
        "serve",
        "--keys",
        "TEST.keys",
        "--listen",
        "127.0.0.1:0",
        "--json",
    ];
    let mut command = place.command(&words);
    let mut service = Service(
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started"),
    );
    let mut line = String::new();
    let output = service.0.stdout.take().expect("piped");
    BufReader::new(output).read_line(&mut line).expect("a line");
    let ready: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let address = ready["address"].as_str().expect("an address");
    let request = format!("02|{AREA}|03|0094|{PAIR}|");
    let expected = answer(&place, &[&request]);
    let mut stream = TcpStream::connect(address).expect("listens");
    let length = request.len();
    write!(stream, "POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{request}").expect("sent");
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("an answer");
    assert!(
        said.starts_with("HTTP/1.1 200 ") && said.ends_with(&expected[0]),
        "{said}"
    );
    // The port is taken.
    let run = place
        .run(&["hsm", "serve", "--keys", "TEST.keys", "--listen", address])
        .expect(2);
    assert!(run.stderr.contains(address), "{}", run.stderr);
}
