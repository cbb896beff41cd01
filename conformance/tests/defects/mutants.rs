//! The suites against faulty cards and against a relay that changes a single answer.

use crate::support::issued::Issued;
use card_model::card::faulty::Defect;
use card_model::card::{Card, Interface};
use card_model::words::Lang;
use conformance::mutants::{Hunt, Sample, Trial, disturb, hunt};
use conformance::suite::Suite;
use std::time::Instant;

fn sample() -> Sample {
    let mut issued = Issued::new("3.0", Interface::Contact);
    issued.fill_cyclic_files();
    Sample {
        profile: issued.profile.clone(),
        card: Card::from_image(issued.channel.card().image()).unwrap(),
        keys: issued.keys.clone(),
        identity: issued.identity.clone(),
        pin: issued.pin.clone(),
        certificate_pins: [issued.pin.clone(), issued.administrator.clone()],
    }
}

#[test]
fn each_defect_is_caught_by_a_case_of_the_rule_that_it_breaks() {
    let begin = Instant::now();
    let suite = Suite::load().unwrap();
    let defects: Vec<&'static Defect> = Defect::all().iter().collect();
    let how = Hunt {
        all_cases: false,
        threads: 2,
    };
    let report = hunt(&suite, &sample(), &defects, how).unwrap();
    assert_eq!(report.trials.len(), defects.len());
    for Trial { defect, caught } in &report.trials {
        let by = caught.first().map_or("nothing", |caught| &caught.case);
        println!("{}  {}  {:?}  {by}", defect.id, defect.title(Lang::En), defect.clauses);
    }
    let uncaught: Vec<&str> = report.uncaught().map(|trial| trial.defect.id.as_str()).collect();
    println!(
        "{} of {} defects caught in {:?}",
        defects.len() - uncaught.len(),
        defects.len(),
        begin.elapsed()
    );
    assert!(uncaught.is_empty(), "no case of the broken rule catches {uncaught:?}");
}

/// Answers that are changed, each in a run of its own. The places are always the same ones.
const PLACES: u64 = 10_000;

/// One answer anywhere in a run is another one than the card gave: another status word, one bit of the data, a byte less. Only what
/// the card draws itself is left out ([`conformance::mutants::Change::is_free`]): a bit of it is as good as another.
#[test]
fn a_relay_that_changes_one_answer_is_noticed() {
    let begin = Instant::now();
    let disturbances = disturb(&Suite::load().unwrap(), &sample(), PLACES, 2).unwrap();
    let judged = disturbances.iter().filter(|disturbance| !disturbance.change.is_free());
    let (mut count, mut missed) = (0, Vec::new());
    for disturbance in judged {
        count += 1;
        if !disturbance.noticed {
            missed.push(format!(
                "{} answer {}: {} {} became {}",
                disturbance.case,
                disturbance.answer,
                hex::encode_upper(&disturbance.change.command),
                hex::encode_upper(&disturbance.change.right),
                hex::encode_upper(&disturbance.change.wrong)
            ));
        }
    }
    println!(
        "{} answers changed, {count} of them defined, {} not noticed, in {:?}:\n{}",
        disturbances.len(),
        missed.len(),
        begin.elapsed(),
        missed.join("\n")
    );
    assert!(
        count > 4000 && missed.is_empty(),
        "{} changed answers were not noticed",
        missed.len()
    );
}
