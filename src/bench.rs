//! `ssc bench`: latency and rate of the main commands on this card, measured here and now. Writes nothing.

use crate::args::Bench;
use crate::connect::Desk;
use crate::failure::Failure;
use crate::output::{Report, Table};
use card_model::profile::{DedicatedFileKind, Profile, Structure};
use reader::channel::{Channel, Figures, Line};
use reader::command::Command;
use reader::link;
use reader::session::Session;
use rust_i18n::t;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A command to be measured and what has to be done once before.
struct Probe {
    name: String,
    before: Vec<Command>,
    command: Command,
}

/// Times of one probe.
struct Times {
    name: String,
    sorted: Vec<Duration>,
    total: Duration,
    /// What went over the line.
    line: Figures,
}

impl Times {
    fn at(&self, percent: usize) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        let time = self.sorted.get(last * percent / 100).copied().unwrap_or_default();
        // Tenths of a microsecond: the model in this process answers faster than one.
        (time.as_nanos() as f64 / 100.0).round() / 10.0
    }

    /// Microseconds of one run on a line.
    fn on_line(&self, line: Line) -> f64 {
        let runs = self.sorted.len().max(1) as f64;
        (self.line.on(line).as_secs_f64() * 1e6 / runs).round()
    }

    fn on_lines(&self, desk: &Desk) -> Value {
        let one = |line: Line| (line.short().to_owned(), json!(self.on_line(line)));
        Value::Object(Line::of(desk.interface()).map(one).collect())
    }

    fn per_second(&self) -> f64 {
        (self.sorted.len() as f64 / self.total.as_secs_f64().max(1e-9)).round()
    }
}

/// Measures every command that this card answers.
pub fn run(it: &Bench, desk: &Desk) -> Result<Report, Failure> {
    let locale = desk.output.lang.locale();
    let mut card = desk.card(false)?;
    let profile = profile_of(card.as_mut());
    let profile = desk.profile(profile.as_deref().unwrap_or(Profile::BUILTIN[0]))?;
    let mut measured = Vec::new();
    for probe in probes(profile) {
        match measure(card.as_mut(), &probe, it.runs, desk)? {
            Some(times) => measured.push(times),
            None => desk
                .output
                .talk(&t!("ssc.bench.skipped", locale = locale, command = probe.name)),
        }
    }
    measured.extend(external_authentication(card, it.runs, desk)?);
    let shown = desk.line().or_else(|| Line::of(desk.interface()).next());
    let shown = shown.unwrap_or(Line::Contact9600);
    let mut table = Table::new(&[
        t!("ssc.bench.command", locale = locale).into_owned(),
        ">n".into(),
        format!(">{}", t!("ssc.bench.median", locale = locale)),
        ">p99 µs".into(),
        format!(">{}", t!("ssc.bench.line", locale = locale, line = shown.short())),
        format!(">{}", t!("ssc.bench.rate", locale = locale)),
    ]);
    let mut rows = Vec::new();
    for times in &measured {
        let (n, median, p99, rate) = (times.sorted.len(), times.at(50), times.at(99), times.per_second());
        rows.push(
            json!({ "command": times.name, "n": n, "median_us": median, "p99_us": p99, "per_second": rate,
            "line_us": times.on_lines(desk) }),
        );
        table.row(vec![
            times.name.clone(),
            n.to_string(),
            format!("{median:.1}"),
            format!("{p99:.1}"),
            format!("{:.0}", times.on_line(shown)),
            format!("{rate:.0}"),
        ]);
    }
    Ok(Report::new(json!(rows), table.to_string()))
}

fn probes(profile: &Profile) -> Vec<Probe> {
    let mut probes = vec![Probe {
        name: "GET CHALLENGE 8".into(),
        before: vec![],
        command: Command::new(0x00, 0x84, 0x00, 0x00).with_le(8),
    }];
    let by_name = |name: &[u8]| {
        Command::new(0x00, 0xA4, 0x04, 0x00)
            .with_data(name)
            .map(|c| c.with_le(0))
            .ok()
    };
    let Some(environment) = profile
        .dedicated_files
        .iter()
        .position(|df| df.kind == DedicatedFileKind::Ddf && df.has_pin)
    else {
        return probes;
    };
    let ddf = &profile.dedicated_files[environment];
    let Some(select_ddf) = by_name(&ddf.name) else {
        return probes;
    };
    probes.push(Probe {
        name: format!("SELECT {}", ddf.id),
        before: vec![],
        command: select_ddf.clone(),
    });
    if let Some(file) = ddf
        .files
        .iter()
        .find(|ef| ef.read.is_free() && ef.structure == Structure::LinearVariable)
    {
        let identifier = file.fid.to_be_bytes();
        if let Ok(select) = Command::new(0x00, 0xA4, 0x02, 0x00).with_data(&identifier) {
            let path = format!("{}/{:04X}", ddf.id, file.fid);
            probes.push(Probe {
                name: format!("SELECT {path}"),
                before: vec![select_ddf.clone()],
                command: select.clone(),
            });
            if let Some((tag, length)) = file
                .elements
                .first()
                .and_then(|e| Some((e.tag?, e.length.saturating_add(2))))
            {
                probes.push(Probe {
                    name: format!("READ RECORD {path}/{tag:02X}"),
                    before: vec![select_ddf.clone(), select],
                    command: Command::new(0x00, 0xB2, tag, 0x00).with_le(u8::try_from(length).unwrap_or(0)),
                });
            }
        }
    }
    let free = profile
        .dedicated_files
        .iter()
        .filter(|df| df.parent == Some(environment))
        .find_map(|df| {
            let transparent = |s: Structure| matches!(s, Structure::Transparent { size } if size >= 128);
            df.files
                .iter()
                .find(|ef| ef.read.is_free() && transparent(ef.structure) && ef.sfi > 0)
                .map(|ef| (df, ef))
        });
    if let Some((df, file)) = free
        && let Some(select) = by_name(&df.name)
    {
        probes.push(Probe {
            name: format!("READ BINARY {}/{:04X} 128", df.id, file.fid),
            before: vec![select_ddf.clone(), select],
            command: Command::new(0x00, 0xB0, 0x80 | file.sfi, 0x00).with_le(128),
        });
    }
    let factor_and_source = [0x5A; 16];
    if let Ok(internal) = Command::new(0x00, 0x88, 0x00, 0x00).with_data(&factor_and_source) {
        probes.push(Probe {
            name: "INTERNAL AUTHENTICATION".into(),
            before: vec![select_ddf],
            command: internal.with_le(8),
        });
    }
    probes
}

/// `None`: the card does not answer this with 9000 now.
fn measure(card: &mut dyn Channel, probe: &Probe, runs: u32, desk: &Desk) -> Result<Option<Times>, Failure> {
    for command in &probe.before {
        link::exchange(card, command).map_err(|e| desk.transport(&e))?;
    }
    if !link::exchange(card, &probe.command)
        .map_err(|e| desk.transport(&e))?
        .sw
        .is_ok()
    {
        return Ok(None);
    }
    let before = desk.figures();
    let start = Instant::now();
    let mut times = Vec::with_capacity(runs as usize);
    for _ in 0..runs {
        let begin = Instant::now();
        link::exchange(card, &probe.command).map_err(|e| desk.transport(&e))?;
        times.push(begin.elapsed());
    }
    let total = start.elapsed();
    let line = desk.figures().since(&before);
    Ok(Some(finish(probe.name.clone(), times, total, line)))
}

/// The profile of an issued card.
fn profile_of(card: &mut dyn Channel) -> Option<String> {
    Session::open(Box::new(card))
        .ok()
        .map(|session| session.profile().name.clone())
}

/// EXTERNAL AUTHENTICATION with the first read key of the environment, two challenges included, as readers do it. `None`
/// without keys, or on a card that has no such key.
fn external_authentication(card: Box<dyn Channel + Send>, runs: u32, desk: &Desk) -> Result<Option<Times>, Failure> {
    let Some(mut keys) = desk.security()? else {
        return Ok(None);
    };
    let Ok(session) = Session::open(card) else {
        return Ok(None);
    };
    let mut session = session.with_security(keys.as_mut());
    let key = session.profile().files().find_map(|(df, file)| {
        let named = |name: &&str| df.keys.iter().any(|key| key.name == **name);
        (df.has_pin)
            .then(|| file.read.keys().into_iter().find(named).map(str::to_owned))
            .flatten()
    });
    let Some(key) = key.or_else(|| update_key(session.profile())) else {
        return Ok(None);
    };
    // A key that the card refuses is told, not measured: each further try would bring it nearer to being locked.
    session.authenticate(&key).map_err(|e| desk.refusal(&e))?;
    let before = desk.figures();
    let start = Instant::now();
    let mut times = Vec::with_capacity(runs as usize);
    for _ in 0..runs {
        session.forget();
        let begin = Instant::now();
        session.authenticate(&key).map_err(|e| desk.refusal(&e))?;
        times.push(begin.elapsed());
    }
    let name = format!("SELECT + 2 GET CHALLENGE + EXTERNAL AUTHENTICATION {key}");
    let total = start.elapsed();
    Ok(Some(finish(name, times, total, desk.figures().since(&before))))
}

/// The update key of the environment's first file, for versions whose files are free to read.
fn update_key(profile: &Profile) -> Option<String> {
    let df = profile.dedicated_files.iter().find(|df| df.has_pin)?;
    df.files
        .iter()
        .find_map(|file| file.update.keys().first().map(|key| (*key).to_owned()))
}

fn finish(name: String, mut times: Vec<Duration>, total: Duration, line: Figures) -> Times {
    times.sort_unstable();
    Times {
        name,
        sorted: times,
        total,
        line,
    }
}
