//! The cases of one dedicated file's access conditions.

use super::states::{name, routines, states};
use super::way::{Operation, Way, ways};
use crate::rule::States;
use crate::suite::format::{Derive, Effect, Origin, Template, Text};
use card_model::profile::{
    Access, DedicatedFile, DedicatedFileKind, ElementaryFile, KeyDefinition, KeyRole, Profile, Structure, Term,
};

/// Row of the coverage table that all these cases show: the conditions of files.
const CONDITIONS: &str = "3.1 conditions";

/// What happens between the proofs and the command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Between {
    Nothing,
    SelectedAgain,
    FailedSelection,
    OtherApplication,
    Reset,
    /// The proofs are those of another application, whose keys have the same identifiers.
    WonElsewhere,
    /// The keys are proved in this version.
    OfVersion(u8),
}

impl Between {
    const EVENTS: [Self; 7] = [
        Self::SelectedAgain,
        Self::FailedSelection,
        Self::OtherApplication,
        Self::Reset,
        Self::WonElsewhere,
        Self::OfVersion(2),
        Self::OfVersion(3),
    ];

    fn name(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::SelectedAgain => "selected-again".to_owned(),
            Self::FailedSelection => "failed-selection".to_owned(),
            Self::OtherApplication => "other-application".to_owned(),
            Self::Reset => "reset".to_owned(),
            Self::WonElsewhere => "won-elsewhere".to_owned(),
            Self::OfVersion(version) => format!("version-{version}"),
        }
    }

    fn words(self) -> Text {
        match self {
            Self::Nothing => Text::new("", ""),
            Self::SelectedAgain => Text::new("，再次选择本应用后", ", after the application was selected again"),
            Self::FailedSelection => Text::new("，选择文件失败后", ", after a failed selection"),
            Self::OtherApplication => Text::new("，选择其他应用后返回", ", after another application was selected"),
            Self::Reset => Text::new("，复位后", ", after a reset"),
            Self::WonElsewhere => Text::new(
                "，但权限是在另一应用中取得的",
                ", but proved in another application under the same identifiers",
            ),
            Self::OfVersion(version) => Text::new(
                format!("，第 {version} 版密钥"),
                format!(", with version {version} of the key"),
            ),
        }
    }

    /// What is left of the proofs.
    fn leaves(self, states: &States) -> States {
        match self {
            Self::Nothing | Self::SelectedAgain | Self::FailedSelection | Self::OfVersion(_) => states.clone(),
            Self::OtherApplication | Self::WonElsewhere => states.after_leaving(),
            Self::Reset => States::none(),
        }
    }

    fn lines(self, df: &str) -> Vec<String> {
        match self {
            Self::Nothing | Self::WonElsewhere | Self::OfVersion(_) => vec![],
            Self::SelectedAgain => vec![format!("! select {df}")],
            Self::FailedSelection => vec!["> 00A40200 [ EFFE ]".to_owned(), "< 6A82".to_owned()],
            Self::OtherApplication => vec![format!("! afresh {df}")],
            Self::Reset => vec!["! reset".to_owned(), format!("! open {df}")],
        }
    }
}

/// The cases for a dedicated file of the profile; none if the profile does not have it.
pub(in crate::suite) fn access(derive: &Derive, profile: &Profile) -> Vec<Template> {
    let Some(index) = profile.index_of(&derive.df) else {
        return Vec::new();
    };
    let df = &profile.dedicated_files[index];
    let environment = &profile.dedicated_files[profile.environment(index)];
    let maker = Maker {
        derive,
        profile,
        df,
        has_pin: environment.has_pin,
    };
    let mut cases = Vec::new();
    for file in &df.files {
        for operation in Operation::ALL {
            maker.file(file, operation, &mut cases);
        }
    }
    cases
}

struct Maker<'a> {
    derive: &'a Derive,
    profile: &'a Profile,
    df: &'a DedicatedFile,
    has_pin: bool,
}

impl Maker<'_> {
    fn file(&self, file: &ElementaryFile, operation: Operation, cases: &mut Vec<Template>) {
        let rule = match operation {
            Operation::Read => &file.read,
            Operation::Update => &file.update,
        };
        let path = format!("{}/{}", self.df.id, file.name());
        let ways = ways(&path, file, operation);
        let states = states(self.df, rule, self.has_pin);
        let closed = is_closed(file, operation);
        let granting = states.iter().find(|states| !closed && states.satisfy(rule));
        let mut turn = 0;
        for (number, state) in states.iter().enumerate() {
            // Nothing proved, and the first alternative proved: in all ways. Everything else: in one way, another each time.
            let thorough = number == 0 || Some(state) == granting;
            for (place, way) in ways.iter().enumerate() {
                if thorough || place == turn % ways.len() {
                    cases.push(self.case(file, operation, rule, way, state, Between::Nothing));
                }
            }
            turn += usize::from(!thorough);
        }
        let Some(granting) = granting.filter(|_| !rule.is_free()) else {
            return;
        };
        for event in Between::EVENTS {
            if self.proofs(granting, event).is_none() {
                continue;
            }
            if let Some(way) = ways.get(turn % ways.len().max(1)) {
                cases.push(self.case(file, operation, rule, way, granting, event));
            }
            turn += 1;
        }
    }

    fn case(
        &self,
        file: &ElementaryFile,
        operation: Operation,
        rule: &Access,
        way: &Way,
        proved: &States,
        between: Between,
    ) -> Template {
        let path = format!("{}/{}", self.df.id, file.name());
        let granted = !is_closed(file, operation) && between.leaves(proved).satisfy(rule);
        let mut id = format!(
            "{}:{}/{}/{}/{}",
            self.derive.id,
            file.name(),
            operation.name(),
            way.name,
            name(proved)
        );
        if between != Between::Nothing {
            id = format!("{id}/{}", between.name());
        }
        let mut steps = Vec::new();
        if operation == Operation::Update
            && let Some(reading) = &way.before
            && !is_closed(file, Operation::Read)
        {
            steps.extend(self.learn(&path, file, reading));
        }
        let proofs = self.proofs(proved, between).unwrap_or_default();
        steps.extend(proofs.iter().map(|routine| format!("! {routine}")));
        steps.extend(between.lines(&self.df.id));
        steps.extend(command(&path, file, operation, way, granted));
        let appended = granted && way.appends && operation == Operation::Update;
        Template {
            driver: None,
            id,
            zh: title_zh(&path, operation, way, proved, between, granted),
            en: title_en(&path, operation, way, proved, between, granted),
            purpose: Text::new(
                format!("{path} 的{}条件是“{rule}”，以任何寻址方式都相同", zh(operation)),
                format!(
                    "the {} condition of {path} is \"{rule}\", in every way of addressing",
                    operation.name()
                ),
            ),
            clauses: self.derive.clauses.clone(),
            origin: Origin::Official,
            generations: Vec::new(),
            interfaces: Vec::new(),
            needs: Vec::new(),
            before: vec![format!("open {}", self.df.id)],
            steps: steps.join("\n"),
            after: Vec::new(),
            effect: if appended { Effect::Changed } else { Effect::None },
            leaves: appended.then(|| Text::new("多一条记录", "one more record in a cyclic file")),
            order: 0,
            covers: vec![format!("{} {path}", operation.name()), CONDITIONS.to_owned()],
            each: None,
            table: Vec::new(),
        }
    }

    /// The routines that bring about what is proved before an event; `None` where this card has no such event.
    fn proofs(&self, proved: &States, between: Between) -> Option<Vec<String>> {
        match between {
            // Selecting another dedicated file and coming back needs one to go to.
            Between::OtherApplication if self.df.kind == DedicatedFileKind::Mf => None,
            Between::WonElsewhere => {
                let (other, keys) = self.namesakes(proved)?;
                let pin = proved.pin.then(|| "verify".to_owned());
                let steps = pin.into_iter().chain([format!("open {other}")]);
                let steps = steps.chain(keys.iter().map(|key| format!("prove {key}")));
                Some(steps.chain([format!("open {}", self.df.id)]).collect())
            }
            Between::OfVersion(version) => {
                let loaded = |name: &String| self.profile.key(name).is_some_and(|(_, key)| key.versions >= version);
                let all = !proved.keys.is_empty() && proved.keys.iter().all(loaded);
                let of_version = |routine: String| match routine.starts_with("prove ") {
                    true => format!("{routine}@{version}"),
                    false => routine,
                };
                all.then(|| routines(proved).into_iter().map(of_version).collect())
            }
            _ => Some(routines(proved)),
        }
    }

    /// Another application whose keys have the identifiers of the keys that are proved, and these keys.
    fn namesakes(&self, proved: &States) -> Option<(&str, Vec<&str>)> {
        let id = |name: &String| self.profile.key(name).map(|(_, key)| key.id);
        let ids: Vec<u8> = proved.keys.iter().filter_map(id).collect();
        let others = self.profile.dedicated_files.iter().filter(|other| {
            other.kind == DedicatedFileKind::Adf && self.df.kind == other.kind && other.id != self.df.id
        });
        others
            .filter(|other| other.parent == self.df.parent && !ids.is_empty())
            .find_map(|other| {
                let key = |id: &u8| {
                    let proving = |key: &&KeyDefinition| key.id == *id && key.role == KeyRole::ExternalAuthentication;
                    other.keys.iter().find(proving).map(|key| key.name.as_str())
                };
                let keys: Option<Vec<&str>> = ids.iter().map(key).collect();
                keys.filter(|keys| !keys.is_empty())
                    .map(|keys| (other.id.as_str(), keys))
            })
    }

    /// Reads what an update is to write, and forgets the rights it took.
    fn learn(&self, path: &str, file: &ElementaryFile, (place, le, pattern): &(String, String, String)) -> Vec<String> {
        let free = file.read.is_free();
        // An alternative without PIN is preferred: keys are forgotten without a reset.
        let terms = &file.read.terms;
        let term = terms
            .iter()
            .find(|term| !term.pin)
            .or(terms.first())
            .cloned()
            .unwrap_or_default();
        let Term { pin, keys } = if free { Term::default() } else { term };
        let states = States::with(pin, keys);
        let mut lines = vec!["# what is there now".to_owned()];
        lines.extend(routines(&states).iter().map(|routine| format!("! {routine}")));
        lines.push(format!("! select {path}"));
        let binary = matches!(file.structure, Structure::Transparent { .. });
        lines.push(format!("> 00{} {place} {le}", if binary { "B0" } else { "B2" }));
        lines.push(format!("< {pattern} 9000"));
        if pin {
            lines.push("! reset".to_owned());
            lines.push(format!("! open {}", self.df.id));
        } else {
            lines.push(format!("! afresh {}", self.df.id));
        }
        lines
    }
}

/// The bytes of a private key are for nobody, and a public key is written by the commands that make or import the pair.
fn is_closed(file: &ElementaryFile, operation: Operation) -> bool {
    let internal = matches!(file.structure, Structure::Internal { .. });
    internal || (operation == Operation::Update && file.key_pair.is_some())
}

fn command(path: &str, file: &ElementaryFile, operation: Operation, way: &Way, granted: bool) -> Vec<String> {
    let internal = matches!(file.structure, Structure::Internal { .. });
    let binary = internal || matches!(file.structure, Structure::Transparent { .. });
    let mut lines = Vec::new();
    if internal {
        // A card may hide such a file.
        for remembered in ["= HIDDEN {SW}", "? equal HIDDEN {SW}"] {
            lines.push(format!("> 00A40200 [ {{fid {path}}} ]"));
            lines.push("< 9000/6A82".to_owned());
            lines.push(remembered.to_owned());
        }
    } else if way.selected {
        lines.push(format!("! select {path}"));
    }
    let ins = match (operation, binary) {
        (Operation::Read, true) => "B0",
        (Operation::Read, false) => "B2",
        (Operation::Update, true) => "D6",
        (Operation::Update, false) => "DC",
    };
    let body = match operation {
        Operation::Read => way.length.clone(),
        Operation::Update if way.before.is_some() && !is_closed(file, Operation::Read) => "[ {OLD} ]".to_owned(),
        Operation::Update if way.appends => format!(
            "{{reclen {path}}} {{repeat {} 0x00}}",
            file.record_length().unwrap_or(1)
        ),
        Operation::Update => "[ 00 ]".to_owned(),
    };
    lines.push(format!("# the {} condition", operation.name()));
    lines.push(format!("> 00{ins} {} {body}", way.place));
    match (operation, granted) {
        (Operation::Read, true) => lines.extend(way.answers.iter().map(|answer| format!("< {answer}"))),
        (Operation::Update, true) => lines.push("< 9000".to_owned()),
        (_, false) if internal => refused_alike(&mut lines, "6982/6981/6986"),
        (Operation::Update, false) if file.key_pair.is_some() => refused_alike(&mut lines, "6982/6981"),
        (_, false) => lines.push("< 6982".to_owned()),
    }
    lines
}

/// Where more than one refusal is right it is at least the same one each time.
fn refused_alike(lines: &mut Vec<String>, words: &str) {
    let command = lines.last().cloned().unwrap_or_default();
    lines.push(format!("< {words}"));
    lines.push("= SAME {SW}".to_owned());
    lines.push(command);
    lines.push(format!("< {words}"));
    lines.push("? equal SAME {SW}".to_owned());
}

const fn zh(operation: Operation) -> &'static str {
    match operation {
        Operation::Read => "读",
        Operation::Update => "更新",
    }
}

fn title_zh(path: &str, operation: Operation, way: &Way, proved: &States, between: Between, granted: bool) -> String {
    let verdict = if granted { "允许" } else { "拒绝" };
    let proved = if *proved == States::none() {
        "无任何权限".to_owned()
    } else {
        format!("已通过 {proved}")
    };
    format!(
        "{}{path}（{}），{proved}{}：{verdict}",
        zh(operation),
        way.name,
        between.words().zh
    )
}

fn title_en(path: &str, operation: Operation, way: &Way, proved: &States, between: Between, granted: bool) -> String {
    let verdict = if granted { "granted" } else { "refused" };
    format!(
        "{} {path} by {} with {proved}{}: {verdict}",
        operation.name(),
        way.name,
        between.words().en
    )
}
