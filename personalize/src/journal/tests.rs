use super::*;
use proptest::prelude::*;

const SALT: &str = "000102030405060708090a0b0c0d0e0f";

fn begun(journal: &Journal, number: &str, card: &str) -> Entry {
    Entry::Begun {
        person: journal.person(number).0,
        row: 2,
        name: "张*".to_owned(),
        card_number: card.to_owned(),
        historical: hex::encode_upper([7; 13]),
    }
}

#[test]
fn remembers_over_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("batch.journal");
    let number = "111111198101011110";
    {
        let mut journal = Journal::open(&path, SALT).unwrap();
        let entry = begun(&journal, number, "T00000015");
        journal.append(entry).unwrap();
        let person = journal.person(number);
        let step = Entry::Step {
            person: person.0.clone(),
            step: Step::Structure,
            state: StepState::Begun,
        };
        journal.append(step).unwrap();
        assert!(matches!(Journal::open(&path, SALT), Err(JournalError::Locked { .. })));
    }
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains(number));
    bytes.extend_from_slice(b"{\"at\":\"2026-01-01T00:00:00Z\",\"event\":\"iss");
    std::fs::write(&path, &bytes).unwrap();
    {
        let mut journal = Journal::open(&path, "another salt is not taken").unwrap();
        let person = journal.person(number);
        let progress = journal.progress(&person).unwrap();
        assert_eq!(
            progress.stage,
            Stage::Begun {
                open: Some(Step::Structure)
            }
        );
        assert!(journal.begun_on(&[7; 13]).is_some());
        assert!(journal.knows_card_number("T00000015"));
        journal
            .append(Entry::Issued {
                person: person.0.clone(),
                card_id: "99".to_owned(),
            })
            .unwrap();
    }
    let journal = Journal::open(&path, SALT).unwrap();
    let person = journal.person(number);
    assert_eq!(
        journal.progress(&person).unwrap().stage,
        Stage::Issued {
            card_id: "99".to_owned()
        }
    );
    assert!(journal.begun_on(&[7; 13]).is_none());
    assert!(journal.issued_on(&[7; 13]).is_some());
}

#[test]
fn write_off_only_what_is_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(&folder.path().join("j"), SALT).unwrap();
    let person = journal.person("x");
    assert!(!journal.write_off(&person).unwrap());
    let entry = begun(&journal, "x", "T00000015");
    journal.append(entry).unwrap();
    assert!(journal.write_off(&person).unwrap());
    assert!(!journal.write_off(&person).unwrap());
}

#[test]
fn damage_and_strangers_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    std::fs::write(&path, "name,sex\n").unwrap();
    assert!(matches!(
        Journal::open(&path, SALT),
        Err(JournalError::Damaged { line: 1, .. })
    ));
    std::fs::write(&path, "{\"at\":\"x\",\"event\":\"written_off\",\"person\":\"x\"}\n").unwrap();
    assert!(matches!(
        Journal::open(&path, SALT),
        Err(JournalError::NoJournal { .. })
    ));
    std::fs::write(
        &path,
        "{\"at\":\"x\",\"event\":\"opened\",\"format\":9,\"salt\":\"x\"}\n",
    )
    .unwrap();
    assert!(matches!(
        Journal::open(&path, SALT),
        Err(JournalError::Newer { format: 9, .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let _ = Journal::open(file.path(), SALT);
    }

    /// Cut anywhere, a journal opens and knows a prefix of what was written.
    #[test]
    fn cut_anywhere(cut in 0_usize..2000) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let mut journal = Journal::open(&path, SALT).unwrap();
        for i in 0..5 {
            let entry = begun(&journal, &i.to_string(), "T00000015");
            journal.append(entry).unwrap();
        }
        drop(journal);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..cut.min(bytes.len())]).unwrap();
        let journal = Journal::open(&path, SALT).unwrap();
        prop_assert!(journal.people().count() <= 5);
    }
}
