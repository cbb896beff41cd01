//! A run as JUnit XML.

use super::record::{CaseResult, Run, Verdict};
use card_model::words::Lang;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::time::Duration;

/// One suite for each test item, one test case for each case; what does not apply or was not decided is skipped with its
/// reason.
///
/// # Errors
/// The XML cannot be written.
pub fn junit(run: &Run, lang: Lang) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new(format!("ssc conform {}", run.subject.profile));
    let mut items: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for result in &run.results {
        items.entry(&result.item).or_default().push(result);
    }
    for (item, results) in items {
        let mut suite = TestSuite::new(item);
        suite.add_test_cases(results.into_iter().map(|result| test_case(result, lang)));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn test_case(result: &CaseResult, lang: Lang) -> TestCase {
    let reason = || result.reason.as_ref().map(|text| text.in_language(lang).to_owned());
    let status = match result.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            if let Some(failure) = &result.failure {
                status.set_type(failure.phase.clone());
                status.set_message(format!("{}: {}", result.clauses.join(", "), failure.detail));
                status.set_description(format!(
                    "{}\nexpected {}\ngot {}\n\n{}",
                    failure.source,
                    failure.expected,
                    failure.got,
                    result.transcript.join("\n")
                ));
            }
            status
        }
        Verdict::NotApplicable | Verdict::Inconclusive => {
            let mut status = TestCaseStatus::skipped();
            if let Some(reason) = reason() {
                status.set_message(reason);
            }
            status
        }
    };
    let mut case = TestCase::new(format!("{} {}", result.id, result.title.in_language(lang)), status);
    case.set_classname(result.item.clone());
    case.set_time(Duration::from_micros(result.micros));
    case
}
