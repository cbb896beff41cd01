//! Runs the suites on a card and gives verdicts. The runner knows nothing about cards: what a case needs and does is data.

mod guard;
mod junit;
mod masked;
mod order;
mod parallel;
mod record;

pub use guard::guard;
pub use junit::junit;
pub(crate) use masked::Transcript;
pub use parallel::{Station, run_all};
pub(crate) use record::without_serial;
pub use record::{CaseResult, Failure, Run, RunError, Subject as SubjectRecord, Verdict};

use crate::ConformanceError;
use crate::flow::{Deviation, Judged, Player, Reference};
use crate::fuzz::Limits;
use crate::suite::coverage::{Table, coverage};
use crate::suite::{Case, Effect, Suite, TRUST, Text};
use crate::terminal::{Selections, Subject, Terminal};
use card_model::words::{Explain, Lang};
use reader::certificate::chain::TrustStore;
use reader::channel::{Channel, Masking, Trace};
use reader::reset::historical;
use reader::security::SecurityModule;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// How a run is made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Named test items; none: all.
    pub items: Vec<String>,
    /// Cases by identifier; `CHANGE_PIN-03` also means all cases expanded from it. None: all.
    pub cases: Vec<String>,
    /// Runs cases that cannot be undone, at the end.
    pub destructive: bool,
    /// A run that was interrupted: what it has a verdict for is not run again.
    pub resume: Option<Run>,
    /// PIN and keys are known to belong to the card and are not tried before the run: for simulated cards with defects.
    pub trusted: bool,
    /// Cases of the driver interface are run on a stand of their own ([`crate::driver::run`]) and left out here.
    pub without_driver: bool,
    /// Leaves the transcripts of passed cases out of the result.
    pub brief: bool,
    /// Roots, issuing authorities and revocation lists that the card's certificates are held against; without them the cases
    /// about chains do not apply.
    pub trust: Option<TrustStore>,
    /// Why the card may be any card: it could not be opened as a social security card. Cases that need its PIN or keys or that
    /// would change it then stay without a verdict, and nothing is sent that could cost a card of somebody else a try.
    pub stranger: Option<Text>,
}

impl Options {
    /// Whether a case is chosen.
    pub fn chooses(&self, case: &Case) -> bool {
        let stem = case.id.split(':').next().unwrap_or_default();
        let item = self.items.is_empty() || self.items.contains(&case.item);
        item && (self.cases.is_empty() || self.cases.iter().any(|id| *id == case.id || id == stem))
    }
}

/// Who watches a run.
pub trait Observer {
    /// A case begins: its place from 1, and how many there are.
    fn begins(&mut self, _case: &Case, _number: usize, _of: usize) {}
    /// A case has ended; `run` is all there is so far.
    fn ended(&mut self, _result: &CaseResult, _run: &Run) {}
    /// Whether the run is to stop before the next case.
    fn wants_stop(&mut self) -> bool {
        false
    }
}

/// Nobody.
impl Observer for () {}

/// Runs the cases on a card and gives a verdict for each.
///
/// The card is reset before each case. Cases run in the order of their effect: first those that leave the card as it was, then
/// those that spend tries and give them back, then those that change it, then, if allowed, those that cannot be undone. A
/// failing channel ends a case without a verdict on the card; if the card does not come back, or another one does, the cases
/// that are left stay without a verdict, with that reason. A run that is stopped ([`Observer::wants_stop`]) has results of the
/// cases that were run.
///
/// Before anything else the card's proof of its issuer is compared with the keys, and each PIN is tried once
/// ([`Options::trusted`] leaves that out): a wrong key file would lock every key of the card. A card without the applications
/// for that is judged as [`Options::stranger`] says.
///
/// # Errors
/// A suite file cannot be read, or PIN or keys are not those of this card.
pub fn run(
    suite: &Suite,
    channel: &mut dyn Channel,
    module: &mut dyn SecurityModule,
    subject: Subject<'_>,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<Run, ConformanceError> {
    let mut cases = suite.cases(subject.profile)?;
    cases.retain(|case| options.chooses(case) && !(options.without_driver && case.driver.is_some()));
    order::sort(&mut cases);
    let mut run = Run::begin(&*channel, &*module, subject);
    let mut runner = Runner {
        suite,
        channel,
        module,
        subject,
        options,
        stranger: options.stranger.clone(),
        masking: Masking::Masked(Some(Arc::new(subject.profile.clone()))),
        selections: Selections::default(),
    };
    run.interrupted = runner.lost();
    if run.interrupted.is_none() && !options.trusted && runner.stranger.is_none() {
        runner.stranger = guard(&mut Terminal::new(&mut *runner.channel, &mut *runner.module, subject))?;
    }
    run.stranger.clone_from(&runner.stranger);
    let mut stopped = false;
    for (number, case) in (1..).zip(&cases) {
        if let Some(before) = options.resume.as_ref().and_then(|run| run.settled(&case.id)) {
            run.add(before.clone());
            continue;
        }
        if let Some(reason) = &run.interrupted {
            let reason = reason.clone();
            run.add(CaseResult::new(case, Verdict::Inconclusive, Some(reason)));
            continue;
        }
        if observer.wants_stop() {
            stopped = true;
            break;
        }
        observer.begins(case, number, cases.len());
        let result = runner.case(case)?;
        run.add(result);
        if let Some(result) = run.results.last() {
            observer.ended(result, &run);
        }
        run.interrupted = runner.lost();
    }
    if stopped {
        run.interrupted = Some(Text::new("运行被中止", "the run was stopped"));
    }
    run.finish(cases.len());
    if run.interrupted.is_none() && !options.trusted {
        run.coverage = coverage(suite.table(), &run.results, subject, run.subject.interface);
    }
    Ok(run)
}

struct Runner<'a> {
    suite: &'a Suite,
    channel: &'a mut dyn Channel,
    module: &'a mut dyn SecurityModule,
    subject: Subject<'a>,
    options: &'a Options,
    stranger: Option<Text>,
    masking: Masking,
    selections: Selections,
}

/// How a case ended.
pub(crate) enum End {
    Passed,
    Failed(&'static str, Deviation),
    NotApplicable(Text),
    Inconclusive(Text),
}

impl Runner<'_> {
    fn case(&mut self, case: &Case) -> Result<CaseResult, ConformanceError> {
        let interface = self.channel.reset_answer().interface;
        if case.driver.is_some() {
            let reason = Text::new("未指定驱动库（--driver）", "no driver named: --driver");
            return Ok(CaseResult::new(case, Verdict::NotApplicable, Some(reason)));
        }
        if let Some(obstacle) = case.obstacle(self.subject, interface, self.suite.routines())? {
            return Ok(CaseResult::new(case, Verdict::NotApplicable, Some(obstacle)));
        }
        if case.steps.needs_bench() && !self.channel.is_bench() {
            let reason = Text::new(
                "读卡器不能在指令中途断电或更换界面；仅对本进程内的模拟卡运行",
                "the power cannot be cut within a command, nor the interface changed, over this channel: for simulated cards only",
            );
            return Ok(CaseResult::new(case, Verdict::NotApplicable, Some(reason)));
        }
        if case.effect == Effect::Irreversible && !self.options.destructive {
            let reason = Text::new(
                "不可逆的用例，需 --destructive 才运行",
                "cannot be undone: runs only with --destructive",
            );
            return Ok(CaseResult::new(case, Verdict::NotApplicable, Some(reason)));
        }
        if self.options.trust.is_none() && case.needs.iter().any(|need| need == TRUST) {
            let reason = Text::new(
                "未提供证书的信任根（--ca）",
                "no root is given that certificates are held against (--ca)",
            );
            return Ok(CaseResult::new(case, Verdict::NotApplicable, Some(reason)));
        }
        if let Some(reason) = &self.stranger
            && (case.effect != Effect::None || needs_owner(case, self.suite)?)
        {
            return Ok(CaseResult::new(case, Verdict::Inconclusive, Some(reason.clone())));
        }
        let begin = Instant::now();
        let transcript = Transcript::default();
        let mut traced = Trace::new(&mut *self.channel, transcript.clone(), self.masking.clone());
        transcript.clear();
        let mut terminal = Terminal::new(&mut traced, &mut *self.module, self.subject).comparing(&mut self.selections);
        if self.stranger.is_some() {
            terminal = terminal.within(Limits::default());
        }
        let (end, remark, judged) = play(case, self.suite, &mut terminal, self.options.trust.as_ref());
        let commands = terminal.commands;
        let mut result = match end {
            End::Passed => CaseResult {
                covers: shown(case, self.suite.table(), &judged),
                ..CaseResult::new(case, Verdict::Pass, remark)
            },
            End::NotApplicable(reason) => CaseResult::new(case, Verdict::NotApplicable, Some(reason)),
            End::Inconclusive(reason) => CaseResult::new(case, Verdict::Inconclusive, Some(reason)),
            End::Failed(phase, deviation) => {
                let got = transcript.last_answer();
                let mut result = CaseResult::new(case, Verdict::Fail, remark);
                result.failure = Some(Failure::new(case, phase, &deviation, got));
                result
            }
        };
        result.commands = commands;
        result.micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX);
        if !(self.options.brief && result.verdict == Verdict::Pass) {
            result.transcript = transcript.lines();
        }
        Ok(result)
    }

    /// Resets the card for the next case; tells why if it does not come back, or if another card does: PIN and keys are not for
    /// that one.
    fn lost(&mut self) -> Option<Text> {
        if let Err(error) = self.channel.reset() {
            return Some(Text::new(error.explain(Lang::Zh).what, error.explain(Lang::En).what));
        }
        let now = historical(&self.channel.reset_answer().bytes);
        let other = self.stranger.is_none() && !self.options.trusted && now != Some(self.subject.identity.historical);
        other.then(|| {
            Text::new(
                "卡的复位应答变了，可能换了卡",
                "the card answers another reset than before: it may be another card",
            )
        })
    }
}

/// Rows of the coverage table that a passed case has shown.
fn shown(case: &Case, table: &Table, judged: &[Judged]) -> BTreeSet<String> {
    let words = judged.iter().flat_map(|one| table.shown(&one.command, one.sw));
    case.covers.iter().cloned().chain(words).collect()
}

/// Plays a case: before, steps, after; the card is back on its interface then. The second part is a remark on cleaning up, the
/// third what the steps have judged.
pub(crate) fn play(
    case: &Case,
    suite: &Suite,
    terminal: &mut Terminal<'_>,
    trust: Option<&TrustStore>,
) -> (End, Option<Text>, Vec<Judged>) {
    let interface = terminal.interface();
    let (end, remark, judged) = play_on(case, suite, terminal, trust);
    if terminal.interface() == interface {
        return (end, remark, judged);
    }
    let back = terminal.change_interface(interface).err();
    (end, remark.or(back.map(|error| in_both(&error))), judged)
}

fn play_on(
    case: &Case,
    suite: &Suite,
    terminal: &mut Terminal<'_>,
    trust: Option<&TrustStore>,
) -> (End, Option<Text>, Vec<Judged>) {
    let mut player = Player::new(terminal, suite.routines());
    player.trust = trust;
    for call in &case.before {
        let end = match player.call(call) {
            Ok(()) => continue,
            Err(error @ ConformanceError::Answer { .. }) => End::Failed("before", wrong_answer(&error)),
            Err(error) => End::Inconclusive(in_both(&error)),
        };
        return (end, None, Vec::new());
    }
    player.judged.clear();
    let end = match player.play(&case.steps) {
        Ok(None) => End::Passed,
        Ok(Some(deviation)) => End::Failed("steps", deviation),
        Err(error @ ConformanceError::Unmet { .. }) => End::NotApplicable(in_both(&error)),
        Err(error) => End::Inconclusive(in_both(&error)),
    };
    let judged = std::mem::take(&mut player.judged);
    let trouble = case.after.iter().find_map(|call| player.call(call).err());
    match (end, trouble) {
        (End::Passed, Some(ConformanceError::Setup { step, sw })) => {
            let deviation = Deviation {
                line: 0,
                source: step.clone(),
                expected: format!("{step} 9000"),
                got: sw.to_string(),
                detail: "the card could not be left as it was found".to_owned(),
            };
            (End::Failed("after", deviation), None, judged)
        }
        (End::Passed, Some(error @ ConformanceError::Answer { .. })) => {
            (End::Failed("after", wrong_answer(&error)), None, judged)
        }
        (End::Passed, Some(error)) => (End::Inconclusive(in_both(&error)), None, judged),
        (end, trouble) => (end, trouble.map(|error| in_both(&error)), judged),
    }
}

/// A routine's answer that is another one than it must be.
fn wrong_answer(error: &ConformanceError) -> Deviation {
    let (source, expected, got) = match error {
        ConformanceError::Answer { step, expected, got } => (step.clone(), expected.clone(), got.clone()),
        _ => Default::default(),
    };
    Deviation {
        line: 0,
        source,
        expected,
        got,
        detail: error.to_string(),
    }
}

/// Whether a case works with the card's PIN or keys.
fn needs_owner(case: &Case, suite: &Suite) -> Result<bool, ConformanceError> {
    let secret = |reference: &Reference| {
        matches!(
            reference,
            Reference::Key(_) | Reference::Version(..) | Reference::TransactionKey(..) | Reference::Pin
        )
    };
    Ok(case.references(suite.routines())?.iter().any(secret))
}

fn in_both(error: &ConformanceError) -> Text {
    Text::new(error.explain(Lang::Zh).what, error.explain(Lang::En).what)
}
