//! 64 processes at eight outlets apply for the same 200 people, with kill -9 and a crash of the server in between.

use crate::common::Place;
use crate::people::citizen;
use crate::server::Server;
use personalize::ledger::{Details, Ledger, LedgerAccess, Order, Rules, Target};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const OUTLETS: usize = 8;
const PROCESSES: usize = 64;
const PEOPLE: usize = 200;

#[test]
fn sixty_four_processes_and_two_hundred_people() {
    let server = Server::start();
    let address = server.database();
    let place = Place::new();
    place.json(0, &["ledger", "init", "--ledger", &address]);
    for outlet in 0..OUTLETS {
        let (id, region, boss) = (format!("N{outlet}"), format!("99010{outlet}"), format!("boss{outlet}"));
        let mut words = vec![
            "ledger",
            "outlet",
            &id,
            "--name",
            "TEST",
            "--bank",
            "TEST",
            "--region",
            &region,
            "--manager",
            &boss,
        ];
        words.extend(["--ledger", &address, "--as", "boss0"]);
        place.json(0, &words);
    }
    let people: Vec<String> = (0..PEOPLE).map(citizen).collect();
    let list: String = people.iter().map(|number| format!("{number},TEST\n")).collect();
    place.write("people.csv", format!("social_security_number,name\n{list}"));
    let spawn = |number: usize| -> Child {
        let who = format!("boss{}", number % OUTLETS);
        let rejects = format!("rejects{number}-{}.csv", jiff::Timestamp::now().as_nanosecond());
        let words = [
            "order",
            "batch",
            "people.csv",
            "--ledger",
            &address,
            "--as",
            &who,
            "--rejects",
            &rejects,
            "--quiet",
        ];
        let mut command = place.command(&words);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ssc runs")
    };
    let mut clerks: Vec<Child> = (0..PROCESSES).map(spawn).collect();
    // Some are killed in the middle of it; then the server crashes and comes back under the others.
    let mut ledger = Ledger::open(&address).expect("a ledger");
    let begun = Instant::now();
    while ledger.counts().expect("counts").open == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody applies");
        std::thread::sleep(Duration::from_millis(5));
    }
    for clerk in clerks.iter_mut().step_by(5) {
        clerk.kill().expect("killed");
    }
    server.crash_and_return();
    let mut killed = 0;
    for (number, clerk) in clerks.iter_mut().enumerate().step_by(5) {
        killed += usize::from(clerk.wait().expect("ended").code().is_none());
        // The same is asked again; all others go on, and end with the rows that others were faster with.
        *clerk = spawn(number);
    }
    assert!(killed > 0, "all were faster than the signal");
    let begun = Instant::now();
    for (number, clerk) in clerks.iter_mut().enumerate() {
        let code = clerk.wait().expect("ended").code();
        assert!(
            matches!(code, Some(0 | 1)),
            "process {number} ended with {code:?} after {:?}",
            begun.elapsed()
        );
    }
    let rules = Rules::builtin().expect("rules");
    let counts = ledger.counts().expect("counts");
    assert_eq!((counts.people, counts.open), (200, 200));
    std::thread::scope(|threads| {
        for part in people.chunks(PEOPLE / 4) {
            let (address, rules) = (&address, &rules);
            threads.spawn(move || {
                let mut ledger = Ledger::open(address).expect("a ledger");
                for person in part {
                    through(&mut ledger, rules, person);
                }
            });
        }
    });
    let counts = ledger.counts().expect("counts");
    assert_eq!(
        (counts.valid, counts.sealed, counts.open, counts.cancelled),
        (200, 0, 0, 0)
    );
    let audit = ledger.examine(&[]).expect("an audit");
    assert!(audit.whole, "{:?}", audit.findings);
}

/// From the application to the valid card, at the outlet of the application.
fn through(ledger: &mut Ledger, rules: &Rules, person: &str) {
    let at = jiff::Timestamp::now();
    let target = Target::Person(person.to_owned());
    let outlet = ledger.progress(&target, at).expect("an application").application.outlet;
    let who = outlet.replace('N', "boss");
    for act in ["make", "made", "deliver", "collect", "activate"] {
        let details = Details {
            pin_chosen: true,
            card_number_prefix: Some(format!("T{}", &outlet[1..])),
            ..Details::default()
        };
        let order = Order::new(format!("{act} {person}"), act, Some(target.clone())).with(details);
        ledger
            .perform(rules, &who, at, &order)
            .unwrap_or_else(|error| panic!("{act}: {error}"));
    }
}
