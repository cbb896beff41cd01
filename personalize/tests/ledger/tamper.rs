//! What was done to the database by other means, the audit finds and names; a backup taken meanwhile is whole.

use crate::scene::*;
use personalize::ledger::{Details, FindingKind, Head, Ledger};
use std::sync::atomic::{AtomicBool, Ordering};

/// Statements straight to the database.
pub fn tamper(scene: &Scene, statements: &str) {
    if scene.server.is_some() {
        let mut client = postgres::Client::connect(&scene.address, postgres::NoTls).expect("a server");
        client.batch_execute(statements).expect(statements);
    } else {
        let connection = rusqlite::Connection::open(&scene.address).expect("a file");
        connection.execute_batch(statements).expect(statements);
    }
}

fn some_work(scene: &Scene) {
    let mut desk = scene.open();
    for index in 10..13 {
        desk.apply(applicant(&adult(index))).expect("nobody has a card");
    }
    desk.through(&adult(10));
}

/// Every way of tampering, done and undone, one after the other.
pub fn found(scene: &Scene) {
    use FindingKind::*;
    some_work(scene);
    let mut ledger = Ledger::open(&scene.address).expect("a ledger");
    let clean = ledger.examine(&[]).expect("an audit");
    assert!(clean.whole, "{:?}", clean.findings);
    let last = clean.heads.iter().find(|head| head.chain == "A1").expect("a chain").seq;
    // The line is the sixth from the end: an application, so that its row has one image.
    let line = last - 7;
    let kept = "CREATE TABLE kept AS SELECT * FROM";
    let cases: Vec<(FindingKind, String, String, String)> = vec![
        (
            LineAltered,
            format!("{line}"),
            format!("UPDATE line SET who = 'somebody' WHERE chain = 'A1' AND seq = {line}"),
            format!("UPDATE line SET who = 'clerk-A1' WHERE chain = 'A1' AND seq = {line}"),
        ),
        (
            LineMissing,
            format!("{line}"),
            format!(
                "{kept} line WHERE chain = 'A1' AND seq = {line}; DELETE FROM line WHERE chain = 'A1' AND seq = {line}"
            ),
            "INSERT INTO line SELECT * FROM kept; DROP TABLE kept".into(),
        ),
        (
            EndWrong,
            format!("{}", last - 1),
            format!(
                "{kept} line WHERE chain = 'A1' AND seq = {last}; DELETE FROM line WHERE chain = 'A1' AND seq = {last}"
            ),
            "INSERT INTO line SELECT * FROM kept; DROP TABLE kept".into(),
        ),
        (
            LineAltered,
            format!("{line}"),
            format!(
                "{kept} change WHERE chain = 'A1' AND seq = {line}; UPDATE change SET image = '{{}}' WHERE chain = 'A1' AND seq = {line}"
            ),
            format!(
                "DELETE FROM change WHERE chain = 'A1' AND seq = {line}; INSERT INTO change SELECT * FROM kept; DROP TABLE kept"
            ),
        ),
        (
            RowAltered,
            "T0000001X".into(),
            "UPDATE card SET expires = '2099-01-01' WHERE id = 'T0000001X'".into(),
            "UPDATE card SET expires = '2036-01-05' WHERE id = 'T0000001X'".into(),
        ),
        (
            RowMissing,
            "T0000001X".into(),
            format!("{kept} card; DELETE FROM card"),
            "INSERT INTO card SELECT * FROM kept; DROP TABLE kept".into(),
        ),
        (
            RowOlder,
            "T0000001X".into(),
            format!(
                "{kept} card; UPDATE card SET state = 0, sealed_of = person, valid_of = NULL, medical = 'none', pin = 'initial', revision = 1"
            ),
            "DELETE FROM card; INSERT INTO card SELECT * FROM kept; DROP TABLE kept".into(),
        ),
        (
            RowUnknown,
            "A9".into(),
            "INSERT INTO outlet (id, name, region, bank, revision) VALUES ('A9', 'false', '990100', 'false', 1)".into(),
            "DELETE FROM outlet WHERE id = 'A9'".into(),
        ),
        (
            StrayImage,
            "X".into(),
            "INSERT INTO change (entity, id, revision, chain, seq, image) VALUES ('card', 'X', 1, 'A1', 999, '{}')"
                .into(),
            "DELETE FROM change WHERE id = 'X'".into(),
        ),
    ];
    for (kind, key, wrong, right) in cases {
        tamper(scene, &wrong);
        let audit = ledger.examine(&[]).expect("an audit");
        assert!(!audit.whole, "not found: {wrong}");
        let found = audit
            .findings
            .iter()
            .find(|finding| finding.kind == kind && finding.key == key);
        assert!(found.is_some(), "{kind:?} {key} by {wrong}: {:?}", audit.findings);
        tamper(scene, &right);
        let audit = ledger.examine(&[]).expect("an audit");
        assert!(audit.whole, "after {right}: {:?}", audit.findings);
    }
    // Who rewrites everything is found by the ends that were kept elsewhere.
    let earlier: Vec<Head> = clean.heads.clone();
    assert!(ledger.examine(&earlier).expect("an audit").whole);
    let mut forged = earlier;
    for head in &mut forged {
        head.digest = "00".repeat(32);
    }
    let audit = ledger.examine(&forged).expect("an audit");
    assert!(audit.findings.iter().all(|finding| finding.kind == Rewritten) && audit.faults == 8);
    // The database itself holds no second valid card, no second sealed card, no second open application.
    let second = "INSERT INTO card SELECT 'X00000000', person, application, outlet, region, bank, NULL, NULL, NULL, issued, expires, \
                  state, financial, medical, pin, chip, ended, changed, valid_of, sealed_of, revision FROM card";
    refused(scene, second);
    refused(scene, "UPDATE card SET valid_of = NULL");
    refused(scene, "UPDATE card SET state = 9");
    refused(scene, "UPDATE application SET open_of = NULL WHERE state = 'applied'");
}

/// The database itself does not take a statement.
pub fn refused(scene: &Scene, statement: &str) {
    let taken = if scene.server.is_some() {
        let mut client = postgres::Client::connect(&scene.address, postgres::NoTls).expect("a server");
        client.batch_execute(statement).is_ok()
    } else {
        rusqlite::Connection::open(&scene.address)
            .expect("a file")
            .execute_batch(statement)
            .is_ok()
    };
    assert!(!taken, "{statement}");
}

/// Backups while three clerks work: each is one moment, whole in itself; restored, it goes on working.
pub fn backup(scene: &Scene) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for (number, outlet) in ["A1", "A2", "B1"].iter().enumerate() {
            let stop = &stop;
            threads.spawn(move || {
                let mut desk = scene.open();
                desk.work_as("clerk", outlet);
                let first = 100 + 100 * u32::try_from(number).expect("small");
                for index in first..first + 100 {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    desk.apply(applicant(&adult(index))).expect("nobody has a card");
                    desk.must("make", &adult(index), Details::default());
                }
            });
        }
        let mut desk = scene.open();
        let mut rows = 0;
        for number in 0..3 {
            let path = scene
                .folder
                .path()
                .join(format!("backup{number}.db"))
                .display()
                .to_string();
            let copied = desk.ledger.copy_to(&path).expect("a backup");
            let mut backup = Ledger::open(&path).expect("a ledger");
            let audit = backup.examine(&[]).expect("an audit");
            assert!(audit.whole, "{:?}", audit.findings);
            assert!(copied >= rows);
            rows = copied;
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let backup = scene.folder.path().join("backup2.db").display().to_string();
    let over = scene.open().ledger.copy_to(&backup);
    assert!(
        matches!(over, Err(personalize::ledger::LedgerError::Exists { .. })),
        "a backup is not written over"
    );
    // Restored on the same kind of database, it is the same ledger, and goes on.
    let kind = if scene.server.is_some() {
        Kind::Postgres
    } else {
        Kind::Sqlite
    };
    let place = Scene::empty(kind);
    let heads = Ledger::open(&backup)
        .expect("a ledger")
        .examine(&[])
        .expect("an audit")
        .heads;
    Ledger::open(&backup)
        .expect("a ledger")
        .copy_to(&place.address)
        .expect("restored");
    let mut desk = place.open();
    assert_eq!(desk.ledger.examine(&[]).expect("an audit").heads, heads);
    desk.apply(applicant(&adult(99))).expect("nobody has a card");
    assert!(desk.ledger.examine(&heads).expect("an audit").whole);
}
