//! A ledger with an outlet and one member of the staff for each role, and a service in front of it.

use jiff::{SignedDuration, Timestamp};
use personalize::ledger::{
    Applicant, Credential, Details, Entrance, Ledger, LedgerAccess, Order, Outlet, Rules, Staff,
};
use personalize::numbers::Region;
use reader::check_digits::citizen_check;
use serde_json::Value;
use service::{Client, ClientSettings, Service, ServiceSettings, TlsClient, TlsServer};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// An invented person; the region does not exist.
pub const CITIZEN: &str = "111111198101011110";
pub const NAME: &str = "测试甲";
pub const ROLES: [&str; 4] = ["clerk", "manager", "auditor", "maker"];

/// What the service wrote into its log.
#[derive(Clone, Default)]
pub struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub struct Place {
    pub dir: TempDir,
    pub service: Option<Service>,
    pub log: Written,
}

impl Place {
    pub fn new() -> Self {
        Self::with(50, None)
    }

    /// `rate` requests in a second.
    pub fn with(rate: u32, tls: Option<TlsServer>) -> Self {
        Self::at(tempfile::tempdir().unwrap(), rate, tls)
    }

    pub fn at(dir: TempDir, rate: u32, tls: Option<TlsServer>) -> Self {
        let address = dir.path().join("ledger.db").display().to_string();
        let region = Region::parse("990000").unwrap();
        let (mut ledger, _) = Ledger::init(&address, &region, Timestamp::now()).unwrap();
        let outlet = Outlet {
            id: "A1".to_owned(),
            name: "East".to_owned(),
            region: "990100".to_owned(),
            bank: "TEST Bank".to_owned(),
            revision: 0,
        };
        let mut entrances = vec![Entrance::Outlet(outlet)];
        entrances.extend(ROLES.map(|role| {
            Entrance::Staff(Staff {
                id: role.to_owned(),
                outlet: "A1".to_owned(),
                role: role.to_owned(),
                active: true,
                revision: 0,
            })
        }));
        let rules = Rules::builtin().unwrap();
        ledger
            .enter(&rules, None, Timestamp::now(), &entrances, "founding")
            .unwrap();
        for role in ROLES {
            admit(&mut ledger, role, &token(role), 1);
        }
        let log = Written::default();
        let settings = ServiceSettings {
            ledger: address,
            rules,
            listen: "127.0.0.1:0".parse().unwrap(),
            tls,
            rate: NonZeroU32::new(rate).unwrap(),
            ledgers: 4,
            connections: 100,
        };
        let service = Service::start(settings, Box::new(log.clone())).unwrap();
        Self {
            dir,
            service: Some(service),
            log,
        }
    }

    pub fn ledger(&self) -> Ledger {
        Ledger::open(&self.dir.path().join("ledger.db").display().to_string()).unwrap()
    }

    pub fn url(&self) -> String {
        self.service.as_ref().unwrap().url()
    }

    pub fn client(&self, role: &str) -> Client {
        Client::connect(&self.settings(&token(role))).unwrap()
    }

    pub fn settings(&self, token: &str) -> ClientSettings {
        ClientSettings {
            address: self.url(),
            token: Some(Zeroizing::new(token.to_owned())),
            tls: TlsClient::default(),
        }
    }

    /// Sends a request as it is written, and gives status, headers in lower case and body.
    pub fn raw(&self, head: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.service.as_ref().unwrap().address()).unwrap();
        let text = format!(
            "{head}Host: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(text.as_bytes()).unwrap();
        // A service that has seen enough may close before the whole body is sent.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let end = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("an answer") + 4;
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head, answer[end..].to_vec())
    }

    /// A request with JSON by somebody of a role.
    pub fn post(&self, role: &str, path: &str, body: &[u8]) -> (u16, Value) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
            token(role)
        );
        let (status, _, body) = self.raw(&head, body);
        (status, serde_json::from_slice(&body).expect("JSON"))
    }
}

/// TEST tokens; real ones are random.
pub fn token(role: &str) -> String {
    format!("ssc_TEST_{role}")
}

pub fn admit(ledger: &mut Ledger, staff: &str, token: &str, days: i64) {
    let credential = Credential {
        id: Credential::digest(token.as_bytes()),
        staff: staff.to_owned(),
        kind: "token".to_owned(),
        expires: Timestamp::now() + SignedDuration::from_hours(24 * days),
        active: true,
        revision: 0,
    };
    let request = format!("admit {token} {days}");
    let rules = Rules::builtin().unwrap();
    ledger
        .admit(&rules, "manager", Timestamp::now(), &credential, &request)
        .unwrap();
}

/// An application of the one citizen.
pub fn application(request: &str) -> Order {
    let details = Details {
        applicant: Some(Applicant::new(CITIZEN, NAME)),
        ..Details::default()
    };
    Order::new(request, "apply", None).with(details)
}

/// The citizen number of an invented person of the region 990000.
pub fn citizen(n: u32) -> String {
    let digits = format!("990000{:04}0101{:03}", 1950 + n / 1000, n % 1000);
    let check = citizen_check(&digits).unwrap();
    format!("{digits}{check}")
}
