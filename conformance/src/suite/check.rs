//! Checks of the suites themselves: identifiers, counts, references, clauses.

use super::applies::{is_cipher, need_reference};
use super::case::Case;
use super::format::Effect;
use super::{Suite, TRUST};
use crate::ConformanceError;
use crate::flow::{Call, Reference};
use card_model::profile::Profile;
use std::collections::{BTreeMap, BTreeSet};

/// Documents that clauses name.
const DOCUMENTS: [&str; 24] = [
    "LD/T 6001.1",
    "LD/T 6001.2",
    "LD/T 6001.3",
    "LD/T 6001.4",
    "LD/T 6001.5",
    "STD-P2",
    "STD-P3",
    "STD-P4",
    "STD-P5",
    "STD-P6",
    "STD-P7",
    "STD-P9",
    "STD-P10",
    "STD-V2",
    "IF38",
    "GM/T 0003",
    "GM/T 0004",
    "GM/T 0009",
    "GM/T 0016",
    "GM/T 0041",
    "GB/T 32915",
    "ISO/IEC 7816-3",
    "ISO/IEC 7816-4",
    "ISO/IEC 14443-4",
];
/// Documents of the project, for cases that no public standard has.
const OWN: [&str; 5] = [
    "spec/commands.md",
    "spec/conformance.md",
    "spec/files.md",
    "spec/terminal.md",
    "card-model/COS.md",
];

/// Something wrong with the suites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Case or item.
    pub at: String,
    /// What is wrong, in English.
    pub fault: String,
}

/// Checks everything; nothing found: all is well.
///
/// # Errors
/// A case cannot be read.
pub fn check(suite: &Suite, profiles: &[&Profile]) -> Result<Vec<Finding>, ConformanceError> {
    let mut findings = Vec::new();
    let mut find = |at: &str, fault: String| {
        let finding = Finding {
            at: at.to_owned(),
            fault,
        };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    };
    let retired: BTreeSet<&str> = suite
        .items()
        .iter()
        .flat_map(|item| item.file.retired.iter().map(String::as_str))
        .collect();
    let mut references: BTreeMap<Reference, String> = BTreeMap::new();
    for profile in profiles {
        let mut ids = BTreeSet::new();
        for case in suite.cases(profile)? {
            if !ids.insert(case.id.clone()) {
                find(
                    &case.id,
                    format!("the identifier stands twice (profile {})", profile.name),
                );
            }
            let stem = case.id.split(':').next().unwrap_or_default();
            if retired.contains(stem) {
                find(stem, "the identifier is retired".to_owned());
            }
            if !is_identifier(stem) {
                find(stem, "an identifier is NAME-NUMBER".to_owned());
            }
            for fault in faults(&case, suite) {
                find(stem, fault);
            }
            for reference in case.references(suite.routines()).unwrap_or_default() {
                references.entry(reference).or_insert_with(|| case.id.clone());
            }
            for need in case.needs.iter().filter_map(|need| need_reference(need)) {
                references.entry(need).or_insert_with(|| case.id.clone());
            }
        }
    }
    for (reference, case) in &references {
        if !profiles.iter().any(|profile| is_there(reference, profile)) {
            find(case, format!("no profile has {reference:?}"));
        }
    }
    Ok(findings)
}

fn faults(case: &Case, suite: &Suite) -> Vec<String> {
    let mut faults = Vec::new();
    if case.clauses.is_empty() {
        faults.push("no clause".to_owned());
    }
    for clause in case.clauses.iter().filter(|clause| !is_clause(clause)) {
        faults.push(format!("{clause} is no clause: DOCUMENT SECTION was expected"));
    }
    let texts = [&case.title, &case.purpose];
    if texts
        .iter()
        .any(|text| text.zh.trim().is_empty() || text.en.trim().is_empty())
    {
        faults.push("title and purpose need both languages".to_owned());
    }
    if case.effect >= Effect::Changed && case.leaves.is_none() {
        faults.push("it does not say how it leaves the card".to_owned());
    }
    if case.steps.is_empty() && case.driver.as_ref().is_none_or(|driver| driver.steps.steps.is_empty()) {
        faults.push("no steps".to_owned());
    }
    let prepare = case.driver.iter().flat_map(|driver| &driver.situation.prepare);
    let calls = case
        .before
        .iter()
        .chain(&case.after)
        .chain(case.steps.calls())
        .chain(prepare);
    for call in calls.filter(|call| !suite.routines().has(call)) {
        if let Call::Named { name, .. } = call {
            faults.push(format!("there is no routine {name}"));
        }
    }
    for need in &case.needs {
        if need_reference(need).is_none() && !is_cipher(need) && need != "certificate pins" && need != TRUST {
            faults.push(format!("{need} is no need"));
        }
    }
    let left = [
        &case.text,
        &case.title.en,
        &case.title.zh,
        &case.purpose.en,
        &case.purpose.zh,
    ];
    // In the strings of a driver $ ends a file; the name of another file may follow.
    let unfilled = |text: &str| match &case.driver {
        None => text.contains('$'),
        Some(_) => text.split('$').skip(1).any(|rest| {
            let word: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
            let file = word.len() == 8 && word.contains("EF");
            !word.is_empty() && !file
        }),
    };
    if left.iter().any(|text| unfilled(text)) {
        faults.push("a $NAME has no value".to_owned());
    }
    faults
}

/// `NAME-NUMBER`, number of two digits or more.
fn is_identifier(stem: &str) -> bool {
    stem.rsplit_once('-').is_some_and(|(name, number)| {
        number.len() >= 2
            && number.chars().all(|c| c.is_ascii_digit())
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

/// The document that a clause is of; all of the clause where that is none of the known ones.
pub fn document_of(clause: &str) -> &str {
    let documents = DOCUMENTS.iter().chain(&OWN).copied();
    let named = documents.filter(|document| clause.strip_prefix(document).is_some_and(|rest| rest.starts_with(' ')));
    named.max_by_key(|document| document.len()).unwrap_or(clause)
}

fn is_clause(clause: &str) -> bool {
    let section = |document: &str| {
        let rest = clause.strip_prefix(document)?.strip_prefix(' ')?;
        rest.chars().any(|c| c.is_ascii_alphanumeric()).then_some(())
    };
    DOCUMENTS.iter().chain(&OWN).any(|document| section(document).is_some())
}

fn is_there(reference: &Reference, profile: &Profile) -> bool {
    match reference {
        Reference::DedicatedFile(id) => profile.dedicated_file(id).is_some(),
        Reference::Path(path) => profile.locate(path).is_ok(),
        Reference::Key(name) => profile.key(name).is_some() || profile.certificate_pin(name).is_some(),
        // A version that no card has is for a case to ask for; only the key must exist.
        Reference::Version(name, _) => profile.key(name).is_some(),
        Reference::TransactionKey(name, index) => profile.transaction_key(name, *index).is_some(),
        Reference::Pin => profile.dedicated_files.iter().any(|df| df.has_pin),
    }
}
