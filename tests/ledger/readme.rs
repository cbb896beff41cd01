//! The ledger in the READMEs.

use crate::common::{Place, blocks, interrupt};
use std::io::BufRead;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The sequences of the READMEs, word for word, in a folder of their own: the ledger, then a service in front of it.
#[test]
fn the_readmes_do_what_they_say() {
    for (file, heading) in [("README.md", "## Ledger"), ("README.zh.md", "## 台账")] {
        let place = Place::new();
        let run = place.readme(file, heading);
        assert!(
            run.stdout.contains("2 lost") && run.stdout.contains("rows copied"),
            "{file}: {}",
            run.stdout
        );
        the_service_of_a_readme(&place, &blocks(file, heading));
    }
}

/// The second block, in the shell of the first: a token, and the service that takes it until Ctrl-C.
fn the_service_of_a_readme(place: &Place, blocks: &[String]) {
    let exports: String = blocks[0].lines().filter(|line| line.starts_with("export ")).collect();
    let listen = "127.0.0.1:8443";
    assert!(blocks.len() == 2 && blocks[1].contains(listen), "{blocks:?}");
    let begun = Instant::now();
    while let Err(error) = std::net::TcpListener::bind(listen) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "the README's {listen} is taken: {error}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = std::fs::File::create(place.path("service.log")).expect("a log");
    let mut shell = place.script(&format!("{exports}\n{}", blocks[1]));
    let mut process = shell
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("starts");
    let mut lines = std::io::BufReader::new(process.stdout.take().expect("stdout")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let token = line();
    assert_eq!(line(), format!("ready http://{listen}"));
    let status = ["ledger", "status", "--json", "--ledger", &format!("http://{listen}")];
    let told = [token.as_str(), "ssc_nobody"].map(|token| place.run_with(&[("SSC_TOKEN", token)], &status));
    interrupt(format!("-{}", process.id()));
    process.wait().expect("ends");
    let [known, unknown] = told;
    assert_eq!(known.expect(0).json()["people"], 1);
    unknown.expect(2);
    let log = std::fs::read_to_string(place.path("service.log")).expect("the log");
    assert!(
        log.contains("\"who\":\"clerk\"") && log.contains("what was begun is done"),
        "{log}"
    );
}
