//! The service behind HTTP, and the driver as its client.

use crate::bench::PIN;
use crate::support::*;
use card_model::card::Interface;
use reader::driver::{Driver, Settings};
use reader::hsm::{HsmService, HttpHsm, Server, ServerOptions, ServiceError};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A running service, and what its address is.
struct Running {
    address: String,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(world: &World) -> Self {
        let options = ServerOptions {
            timeout: Duration::from_millis(500),
            ..ServerOptions::default()
        };
        let server = Server::bind("127.0.0.1:0", world.hsm(), options).expect("a free port");
        let address = server.address().expect("bound").to_string();
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let thread = std::thread::spawn(move || server.run(&flag).expect("serves"));
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }

    fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("listens");
        stream.write_all(request.as_bytes()).expect("taken");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn the_driver_asks_the_service() {
    for name in ["3.0", "2.0"] {
        let world = World::new(name, Interface::Contact, With::Hsm);
        let service = Running::start(&world);
        let settings = Settings {
            hsm: Some(format!("http://{}/", service.address)),
            ..Settings::default()
        };
        let slots = MemorySlots {
            contact: Some(Arc::clone(&world.card)),
            ..MemorySlots::default()
        };
        let keypad = Script::default();
        let driver = Driver::with_slots(settings, Box::new(slots)).with_keypad(Box::new(keypad.clone()));
        let direct = world.driver.read_card_bas_hsm(1).expect("in this process");
        assert_eq!(driver.read_card_bas_hsm(1).expect("over HTTP"), direct, "{name}");
        driver
            .write_card_hsm(1, &world.info, "DF01EF07|29|$", "DF01EF07|2|$")
            .expect("written");
        let read = driver.read_card_hsm(1, 2, &world.info, "DF01EF07|29|$").expect("read");
        assert_eq!(read, "DF01EF07|2|$");
        driver.unblock_pin_hsm(1, &world.info).expect("unblocked");
        drop(service);
        assert_eq!(world.code(driver.read_card_bas_hsm(1)), -12, "nobody listens any more");
    }
}

#[test]
fn text_json_and_nonsense() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    let service = Running::start(&world);
    let items = "03|0094|1122334455667788|99AABBCCDDEEFF00|";
    let request = format!("02|{}|{items}", world.area());
    let expected = world.hsm().answer(&request).expect("an answer");
    let post = |kind: &str, body: &str| {
        let length = body.len();
        service.raw(&format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    };
    let text = post("text/plain", &request);
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with(&expected), "{text}");
    let json = post("application/json", &format!("{{\"request\":\"{request}\"}}"));
    assert!(json.contains("\"ok\":true") && json.contains(&expected), "{json}");
    let wrong = post("application/json", "{\"request\":\"02|x|\"}");
    assert!(
        wrong.starts_with("HTTP/1.1 400") && wrong.contains("\"ok\":false"),
        "{wrong}"
    );
    assert!(post("application/json", "{").starts_with("HTTP/1.1 400"));
    assert!(post("text/plain", "").starts_with("HTTP/1.1 400"));
    assert!(service.raw("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
    assert!(service.raw("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    assert_eq!(
        service.raw("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"),
        "",
        "a silent caller is left"
    );
    let mut client = HttpHsm::new(&format!("http://{}", service.address), Duration::from_secs(5)).expect("a URL");
    assert_eq!(client.ask(&request).expect("an answer"), expected);
    assert!(matches!(client.ask("02|x|"), Err(ServiceError::Refused { .. })));
}

/// Without a service, or with one that fails, the card is closed after the first step.
#[test]
fn a_service_that_fails() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    for (service, code) in [
        (None, -12),
        (Some("http://127.0.0.1:1/".to_owned()), -12),
        (Some("ftp://x/".to_owned()), -12),
    ] {
        let slots = MemorySlots {
            contact: Some(Arc::clone(&world.card)),
            ..MemorySlots::default()
        };
        let settings = Settings {
            hsm: service,
            ..Settings::default()
        };
        let driver = Driver::with_slots(settings, Box::new(slots)).with_keypad(Box::new(world.keypad.clone()));
        assert_eq!(world.code(driver.read_card_bas_hsm(1)), code);
        world.keypad.typing([PIN]);
        assert_eq!(
            world.code(driver.do_debit_hsm(1, &world.info, "0.10|0.20|20260401093000|")),
            code
        );
        world.keypad.asked();
    }
}
