use super::*;
use crate::run::Run;
use proptest::prelude::*;
use serde_json::json;

const HOSTILE: &str = "</pre><script>alert(1)</script>'\"&<img src=x onerror=alert(2)>\u{202E}\u{1}{{7*7}}${x}]]>";

/// A run as a result file may hold it: `text` stands wherever somebody else's text may stand.
fn run_with(text: &str, verdicts: &[&str]) -> Run {
    let both = json!({ "zh": text, "en": text });
    let results: Vec<_> = verdicts
        .iter()
        .enumerate()
        .map(|(number, verdict)| {
            json!({
                "id": format!("ITEM-{number:02}{text}"), "item": format!("ITEM{text}"), "title": both, "purpose": both,
                "clauses": ["STD-P5 6.3", text], "origin": "own", "effect": "none", "verdict": verdict, "reason": both,
                "failure": { "phase": text, "line": 1, "step": text, "source": text, "expected": text, "got": text, "detail": text },
                "commands": 3, "micros": 1234 * number, "steps": text, "transcript": [text, "> 00840000 08"],
            })
        })
        .collect();
    let count = |name: &str| verdicts.iter().filter(|verdict| **verdict == name).count();
    let document = json!({
        "format": 1, "version": text, "started": "2026-11-22T04:00:00Z", "finished": "2026-11-22T04:00:01Z",
        "subject": { "profile": text, "reader": text, "interface": "contact", "reset": text, "region": text, "module": text },
        "interrupted": both, "cases": verdicts.len(), "passed": count("pass"), "failed": count("fail"),
        "not_applicable": count("not_applicable"), "inconclusive": count("inconclusive"), "results": results,
    });
    Run::parse(&document.to_string()).expect("a result file")
}

/// Names of the elements of a page, in order; panics where a tag does not end.
fn elements(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .map(|part| part.split_once('>').expect("every tag ends").0)
        .map(|tag| {
            tag.split(|c: char| c.is_whitespace() || c == '/')
                .find(|word| !word.is_empty())
                .unwrap_or_default()
        })
        .collect()
}

fn is_harmless(page: &str) {
    let known = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "nav", "button", "main",
        "script", "div", "b", "p", "br", "span", "table", "thead", "tbody", "tr", "th", "td", "code", "details",
        "summary", "small", "pre", "select", "option", "input", "svg", "rect", "text", "line",
    ];
    for element in elements(page) {
        assert!(known.contains(&element), "<{element}>");
    }
    assert!(
        page.matches("<script").count() <= 2,
        "only our own, and the block of details"
    );
    assert!(
        !page.contains("onerror=alert(2)>") && !page.contains("://"),
        "nothing is loaded"
    );
    assert!(!page.contains('\u{202E}') && !page.contains('\u{1}'));
    for tag in ["div", "span", "details", "table", "pre", "p", "h2", "svg", "main"] {
        let (begun, ended) = (
            page.matches(&format!("<{tag}")).count(),
            page.matches(&format!("</{tag}>")).count(),
        );
        assert_eq!(
            begun - usize::from(tag == "p") * page.matches("<pre").count(),
            ended,
            "{tag}"
        );
    }
}

#[test]
fn hostile_text_stays_text() {
    let run = run_with(HOSTILE, &["pass", "fail", "not_applicable", "inconclusive"]);
    let page = html(&run);
    is_harmless(&page);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let other = run_with(&HOSTILE.replace('1', "3"), &["fail"]);
    is_harmless(&Comparison::of(&run, &other).html());
}

#[test]
fn a_page_has_both_languages_and_everything_of_a_case() {
    let page = html(&run_with("x", &["pass", "fail"]));
    for part in [
        "通过",
        "passed",
        "各测试项结果",
        "Verdicts by test item",
        "ITEM-01x",
        "STD-P5 6.3",
        "&gt; 00840000 08",
        "\"\\u003e 00840000 08\"",
        "<svg",
        "<details class=\"fail\" open>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("report."), "every word is in the table");
}

#[test]
fn an_empty_run_has_a_page() {
    is_harmless(&html(&run_with("", &[])));
}

#[test]
fn runs_are_compared_case_by_case() {
    let before = run_with("", &["pass", "fail", "pass", "not_applicable", "fail"]);
    let mut after = run_with(
        "",
        &["fail", "pass", "not_applicable", "not_applicable", "fail", "pass"],
    );
    after.results[4].failure.as_mut().expect("failed").line = 2;
    let compared = Comparison::of(&before, &after);
    let kinds: Vec<(&str, ChangeKind)> = compared
        .changes
        .iter()
        .map(|change| (change.id.as_str(), change.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("ITEM-00", ChangeKind::Worse),
            ("ITEM-04", ChangeKind::FailsOtherwise),
            ("ITEM-01", ChangeKind::Better),
            ("ITEM-02", ChangeKind::Other),
            ("ITEM-05", ChangeKind::Added),
        ]
    );
    assert_eq!(compared.same, 1);
    assert!(!compared.is_no_worse() && Comparison::of(&before, &before).is_no_worse());
    for lang in [Lang::Zh, Lang::En] {
        let text = compared.text(lang);
        assert!(text.contains("ITEM-00") && !text.contains("report."), "{text}");
    }
    assert!(compared.html().contains("变差") && !compared.html().contains("report."));
    assert_eq!(Comparison::of(&after, &before).of_kind(ChangeKind::Removed).count(), 1);
}

proptest! {
    #[test]
    fn any_text_stays_text(text in "\\PC{0,40}|[<>&\"'/a-z= ]{0,40}") {
        is_harmless(&html(&run_with(&text.replace("://", ""), &["fail"])));
    }
}
