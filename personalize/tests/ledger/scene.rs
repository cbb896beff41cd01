//! An empty ledger with outlets and staff, invented people, and short words for orders.

use crate::server::Server;
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use personalize::ledger::{
    Agent, Applicant, Details, Entrance, Ledger, LedgerAccess, LedgerError, Line, Order, Outlet, Receipt, Refusal,
    Returned, Rules, Staff, Target,
};
use personalize::numbers::Region;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// Where a ledger of a test lives.
pub struct Scene {
    pub address: String,
    pub folder: TempDir,
    pub server: Option<Arc<Server>>,
}

/// The kinds of databases.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Eight outlets in two regions, each with a clerk `c…`, a manager `m…` and others.
pub const OUTLETS: [&str; 8] = ["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4"];

impl Scene {
    /// An address without a ledger.
    pub fn empty(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = (kind == Kind::Postgres).then(Server::shared);
        let address = match &server {
            Some(server) => server.database(),
            None => folder.path().join("ledger.db").display().to_string(),
        };
        Self {
            address,
            folder,
            server,
        }
    }

    /// With outlets and staff.
    pub fn new(kind: Kind) -> Self {
        let scene = Self::empty(kind);
        let region = Region::parse("990000").expect("six digits");
        let (mut ledger, new) = Ledger::init(&scene.address, &region, at(0)).expect("a ledger");
        assert!(new);
        let mut entrances = Vec::new();
        for id in OUTLETS {
            entrances.push(Entrance::Outlet(Outlet {
                id: id.into(),
                name: format!("Outlet {id}"),
                region: if id.starts_with('A') { "990100" } else { "990200" }.into(),
                bank: format!("Bank {}", &id[..1]),
                revision: 0,
            }));
            let roles = [
                "clerk",
                "manager",
                "maker",
                "hotline",
                "self_service",
                "organization",
                "auditor",
                "till",
            ];
            for role in roles {
                entrances.push(Entrance::Staff(Staff {
                    id: format!("{role}-{id}"),
                    outlet: id.into(),
                    role: role.into(),
                    active: true,
                    revision: 0,
                }));
            }
        }
        ledger
            .enter(&rules(), None, at(0), &entrances, "found")
            .expect("founded");
        scene
    }

    pub fn open(&self) -> Desk {
        Desk {
            ledger: Ledger::open(&self.address).expect("a ledger"),
            rules: rules(),
            who: "clerk-A1".into(),
            at: at(0),
        }
    }
}

pub fn rules() -> Rules {
    Rules::builtin().expect("the rules built in are right")
}

/// Noon of the n-th day of the story, which begins on 5 January 2026.
pub fn at(days: i64) -> Timestamp {
    let noon: Timestamp = "2026-01-05T04:00:00Z".parse().expect("a moment");
    noon + (days * 24).hours()
}

/// A fictitious citizen number of the region 990000, which does not exist.
pub fn citizen(index: u32, birth: Date) -> String {
    let body = format!(
        "990000{:04}{:02}{:02}{index:03}",
        birth.year(),
        birth.month(),
        birth.day()
    );
    let check = reader::check_digits::citizen_check(&body).expect("17 digits");
    format!("{body}{check}")
}

pub fn adult(index: u32) -> String {
    let birth = date(1970, 1, 1)
        .checked_add((i64::from(index) / 999).days())
        .expect("a day");
    citizen(index % 999 + 1, birth)
}

/// A request number that nobody else uses.
pub fn request() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("r{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn applicant(number: &str) -> Details {
    Details {
        applicant: Some(Applicant::new(number, "TEST 张三")),
        ..Details::default()
    }
}

pub fn agent(guardian: bool) -> Option<Agent> {
    Some(Agent {
        name: "TEST 李四".into(),
        document: "resident_card 111111198101011110".into(),
        guardian,
    })
}

/// Somebody at work with a ledger.
pub struct Desk {
    pub ledger: Ledger,
    pub rules: Rules,
    pub who: String,
    pub at: Timestamp,
}

impl Desk {
    pub fn try_do(&mut self, order: &Order) -> Result<Receipt, LedgerError> {
        self.ledger.perform(&self.rules, &self.who, self.at, order)
    }

    pub fn apply(&mut self, details: Details) -> Result<Receipt, LedgerError> {
        self.try_do(&Order::new(request(), "apply", None).with(details))
    }

    /// An act on a person's application or card.
    pub fn act(&mut self, act: &str, person: &str, details: Details) -> Result<Receipt, LedgerError> {
        self.try_do(&Order::new(request(), act, Some(Target::Person(person.into()))).with(details))
    }

    /// The same, which has to succeed.
    pub fn must(&mut self, act: &str, person: &str, details: Details) -> Receipt {
        self.act(act, person, details)
            .unwrap_or_else(|error| panic!("{act}: {error}"))
    }

    /// From an application that was made to a card in its normal state.
    pub fn through(&mut self, person: &str) -> Receipt {
        for act in ["make", "made", "deliver", "collect"] {
            self.must(act, person, Details::default());
        }
        self.must(
            "activate",
            person,
            Details {
                pin_chosen: true,
                ..Details::default()
            },
        )
    }

    /// The log about a row.
    pub fn history(&mut self, subject: &str) -> Vec<Line> {
        let lines = self.ledger.history(&self.rules, "auditor-A1", self.at, subject);
        lines.expect("lines")
    }

    pub fn receipts(&mut self, batch: Option<&str>) -> Vec<Returned> {
        self.ledger.receipts(&self.who, self.at, batch).expect("receipts")
    }

    pub fn work_as(&mut self, role: &str, outlet: &str) {
        self.who = format!("{role}-{outlet}");
    }
}

pub fn because(reason: &str) -> Details {
    Details {
        reason: Some(reason.into()),
        ..Details::default()
    }
}

/// The refusal by its name.
pub fn refusal<T: core::fmt::Debug>(result: Result<T, LedgerError>) -> &'static str {
    match result {
        Err(LedgerError::Refused(refusal)) => Refusal::name(&refusal),
        other => panic!("no refusal: {other:?}"),
    }
}
