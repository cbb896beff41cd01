//! The ledger: applications and transitions per second on both databases, and what a lookup costs among many cards
//! (`cargo bench -p ssc-personalize --bench ledger`; `-- rates` or `-- lookups` for one of them).
//! `SSC_BENCH_CARDS=1000000,10000000` says among how many cards; nothing: 100000.
//! Cards for lookups are generated straight into the tables, in a file of SQLite in the folder for temporary files (`TMPDIR`);
//! a million takes about 0.8 GB.
#![allow(clippy::expect_used, missing_docs, reason = "benches stop at the first surprise")]

#[path = "../tests/ledger/server.rs"]
mod server;

use card_model::words::Lang;
use jiff::Timestamp;
use personalize::ledger::{
    Applicant, BatchFile, Details, Entrance, Ledger, LedgerAccess, Order, Outlet, Rules, Staff, Target,
};
use personalize::numbers::Region;
use server::Server;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long each rate is measured.
const SPAN: Duration = Duration::from_secs(5);
/// Connections at once: clerks of as many outlets.
const CLERKS: u64 = 8;
/// Rows of a transaction when cards are generated.
const CHUNK: u64 = 500_000;
/// Rows of the file that is fed.
const ROWS: u64 = 10_000;
/// Lookups that are timed.
const LOOKUPS: u64 = 2000;

fn main() {
    // `cargo test --benches` only wants to know that it starts.
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let wanted = |part: &str| {
        let mut parts = std::env::args()
            .skip(1)
            .filter(|word| !word.starts_with("--"))
            .peekable();
        parts.peek().is_none() || parts.any(|word| word == part)
    };
    let folder = tempfile::tempdir().expect("a folder");
    if wanted("rates") {
        rates(folder.path());
    }
    if wanted("lookups") {
        let counts = std::env::var("SSC_BENCH_CARDS").unwrap_or_else(|_| "100000".to_owned());
        for count in counts.split(',') {
            lookups(folder.path(), count.trim().parse().expect("numbers of cards"));
        }
    }
}

fn rates(folder: &Path) {
    let server = Server::start();
    let file = folder.join("ledger.db").display().to_string();
    for (name, address) in [("SQLite", file), ("PostgreSQL", server.database())] {
        found(&address);
        for (what, clerks) in [("one connection", 1), ("eight connections", CLERKS)] {
            let rate = measure(&address, clerks, apply);
            println!("{name}: {rate:.0} applications/s, {what}");
            let rate = measure(&address, clerks, lose_and_find);
            println!("{name}: {rate:.0} transitions/s, {what}");
        }
        let rate = measure(&address, 1, batch);
        println!("{name}: {rate:.0} applications/s in batches of fifty");
        file_of_rows(name, &address);
    }
}

/// A ledger with eight outlets, a clerk at each.
fn found(address: &str) {
    let region = Region::parse("990000").expect("six digits");
    let (mut ledger, _) = Ledger::init(address, &region, Timestamp::now()).expect("a ledger");
    let mut entrances = Vec::new();
    for number in 0..CLERKS {
        entrances.push(Entrance::Outlet(Outlet {
            id: format!("N{number}"),
            name: "TEST".into(),
            region: "990100".into(),
            bank: "TEST".into(),
            revision: 0,
        }));
        entrances.push(Entrance::Staff(Staff {
            id: format!("clerk{number}"),
            outlet: format!("N{number}"),
            role: "manager".into(),
            active: true,
            revision: 0,
        }));
    }
    let rules = Rules::builtin().expect("rules");
    ledger
        .enter(&rules, None, Timestamp::now(), &entrances, "found")
        .expect("founded");
}

/// Somebody at work.
struct Clerk {
    ledger: Ledger,
    rules: Rules,
    who: String,
    person: String,
}

/// How many things so many clerks do in a second, each with a connection and an outlet.
fn measure(address: &str, clerks: u64, work: fn(&mut Clerk) -> u64) -> f64 {
    let done = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|threads| {
        for number in 0..clerks {
            let done = &done;
            threads.spawn(move || {
                let mut clerk = Clerk {
                    ledger: Ledger::open(address).expect("a ledger"),
                    rules: Rules::builtin().expect("rules"),
                    who: format!("clerk{number}"),
                    person: String::new(),
                };
                while begun.elapsed() < SPAN {
                    done.fetch_add(work(&mut clerk), Ordering::Relaxed);
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

fn apply(clerk: &mut Clerk) -> u64 {
    let order = application();
    clerk
        .ledger
        .perform(&clerk.rules, &clerk.who, Timestamp::now(), &order)
        .expect("nobody has a card");
    1
}

fn batch(clerk: &mut Clerk) -> u64 {
    let orders: Vec<Order> = (0..50).map(|_| application()).collect();
    let done = clerk
        .ledger
        .perform_all(&clerk.rules, &clerk.who, Timestamp::now(), &orders);
    done.expect("a transaction").iter().filter(|it| it.is_ok()).count() as u64
}

/// A file of so many rows, one of a hundred with a wrong check character, fed and fed again.
fn file_of_rows(name: &str, address: &str) {
    let row = |index: u64| {
        let number = citizen(next());
        let wrong = if number.ends_with('0') { '1' } else { '0' };
        match index % 100 {
            7 => format!("{}{wrong},TEST\n", &number[..17]),
            _ => format!("{number},TEST\n"),
        }
    };
    let rows: String = (0..ROWS).map(row).collect();
    let table = format!("social_security_number,name\n{rows}");
    let mut ledger = Ledger::open(address).expect("a ledger");
    let rules = Rules::builtin().expect("rules");
    let mut feed = || {
        let begun = Instant::now();
        let file = BatchFile::parse(table.as_bytes(), Path::new("people.csv"), "employer").expect("a table");
        let fed = ledger.feed(&rules, "clerk0", Timestamp::now(), &file, Lang::En, &mut |_| {});
        let fed = fed.expect("fed");
        assert_eq!(fed.rejected.len() as u64, ROWS / 100);
        (fed.accepted + fed.repeated, begun.elapsed().as_secs_f64())
    };
    let ((accepted, first), (_, again)) = (feed(), feed());
    println!("{name}: a file of {ROWS} rows, {accepted} accepted: {first:.1} s; fed again: {again:.1} s");
}

/// A card is lost and found again, with its electronic twin.
fn lose_and_find(clerk: &mut Clerk) -> u64 {
    let mut act = |name: &str, person: &str, details: Details| {
        let order = Order::new(next().to_string(), name, Some(Target::Person(person.to_owned()))).with(details);
        clerk
            .ledger
            .perform(&clerk.rules, &clerk.who, Timestamp::now(), &order)
            .expect(name);
    };
    if clerk.person.is_empty() {
        let order = application();
        clerk.person = order.details.applicant.as_ref().expect("somebody").number.clone();
        clerk
            .ledger
            .perform(&clerk.rules, &clerk.who, Timestamp::now(), &order)
            .expect("nobody has a card");
        let mut act = |name: &str| {
            let details = Details {
                pin_chosen: true,
                card_number_prefix: Some(format!("T{}", &clerk.who[5..])),
                channel: Some("app_province".into()),
                real_name: Some(personalize::ledger::Identified {
                    method: "document".into(),
                    evidence: None,
                }),
                ..Details::default()
            };
            let target = Target::Person(clerk.person.clone());
            let order = Order::new(next().to_string(), name, Some(target)).with(details);
            clerk
                .ledger
                .perform(&clerk.rules, &clerk.who, Timestamp::now(), &order)
                .expect(name);
        };
        for name in ["make", "made", "deliver", "collect", "activate", "register"] {
            act(name);
        }
        return 7;
    }
    let person = clerk.person.clone();
    act("lose_orally", &person, Details::default());
    act("find", &person, Details::default());
    2
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn application() -> Order {
    let details = Details {
        applicant: Some(Applicant::new(citizen(next()), "TEST")),
        ..Details::default()
    };
    Order::new(next().to_string(), "apply", None).with(details)
}

/// A fictitious citizen number of the region 99, which does not exist.
fn citizen(index: u64) -> String {
    let (region, day, place) = (index / 336_000 % 10_000, index / 1000 % 336, index % 1000);
    let body = format!("99{region:04}1970{:02}{:02}{place:03}", day / 28 + 1, day % 28 + 1);
    let check = reader::check_digits::citizen_check(&body).expect("17 digits");
    format!("{body}{check}")
}

/// What it costs to find a person with their card among so many.
fn lookups(folder: &Path, count: u64) {
    let file = folder.join(format!("cards{count}.db"));
    let address = file.display().to_string();
    found(&address);
    let begun = Instant::now();
    generate(&file, count);
    let made = begun.elapsed();
    let mut ledger = Ledger::open(&address).expect("a ledger");
    let mut pass = || {
        let mut times: Vec<Duration> = (0..LOOKUPS)
            .map(|number| {
                // Spread over all of them, so that no page is at hand because of the one before.
                let index = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % count;
                let begun = Instant::now();
                let found = ledger.standing(&citizen(index)).expect("generated");
                assert_eq!(found.cards.len(), 1);
                begun.elapsed()
            })
            .collect();
        times.sort_unstable();
        let micros = |place: usize| times[place].as_micros();
        (micros(times.len() / 2), micros(times.len() * 99 / 100))
    };
    // The first time the pages may have to come from the disk, the second time they are in memory.
    let (first, again) = (pass(), pass());
    println!(
        "lookup of a person among {count} cards: {} µs median, {} µs p99; again {} µs, {} µs (generated in {:.0} s, {} MB)",
        first.0,
        first.1,
        again.0,
        again.1,
        made.as_secs_f64(),
        std::fs::metadata(&file).map_or(0, |file| file.len() >> 20)
    );
    let _ = std::fs::remove_file(&file);
}

/// People with an application and a card each, straight into the tables.
fn generate(file: &Path, count: u64) {
    let mut connection = rusqlite::Connection::open(file).expect("a file");
    connection
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000;")
        .expect("a pragma");
    for begin in (0..count).step_by(CHUNK as usize) {
        let transaction = connection.transaction().expect("a transaction");
        insert(&transaction, begin..count.min(begin + CHUNK));
        transaction.commit().expect("committed");
    }
}

fn insert(connection: &rusqlite::Connection, indices: std::ops::Range<u64>) {
    let prepare = |sql: &str| connection.prepare(sql).expect(sql);
    let mut person =
        prepare("INSERT INTO person VALUES (?1, 'resident_card', ?1, 'TEST', '1', '1970-01-01', NULL, NULL, 1)");
    let mut application = prepare(
        "INSERT INTO application VALUES (?1, ?2, 'first', '', 'counter', 'N0', '990100', 'TEST', NULL, 'self', NULL, NULL, \
         'collected', NULL, ?3, NULL, 0, 0, '2026-01-05T04:00:00Z', '2026-02-09', '2026-01-05T04:00:00Z', 'self', NULL, 1)",
    );
    let mut card = prepare(
        "INSERT INTO card VALUES (?1, ?2, ?3, 'N0', '990100', 'TEST', NULL, NULL, NULL, '2026-01-05', '2036-01-05', 1, 'open', \
         'open', 'chosen', 'sound', NULL, '2026-01-05T04:00:00Z', ?2, NULL, 1)",
    );
    for index in indices {
        let (who, id, number) = (citizen(index), format!("N0-{index:08}"), format!("{index:09}"));
        person.execute([&who]).expect("a row");
        application.execute([&id, &who, &number]).expect("a row");
        card.execute([&number, &who, &id]).expect("a row");
    }
}
