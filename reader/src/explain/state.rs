//! Follows a card through a log: what is selected, what was proved, what a command means there.

use super::cause::{Cause, Effect};
use super::fields::{self, Field};
use super::kind::Kind;
use super::shown::{Shown, plain};
use super::step::{KeyName, Step, Target};
use crate::channel::Masking;
use crate::channel::mask::Masker;
use crate::channel::selection::{FileIndex, Selection, binary_sfi, record_sfi};
use crate::rule::{Operation, PIN, Rule};
use card_model::profile::{Access, DedicatedFile, ElementaryFile, KeyRole, Profile};
use card_model::status::StatusWord as Sw;
use std::sync::Arc;

/// A card as far as a log shows it.
#[derive(Debug)]
pub(super) struct Follower {
    profile: Arc<Profile>,
    selection: Selection,
    /// Hides what traces hide; `None` shows everything.
    masker: Option<Masker>,
    /// PIN proved, or the card has none.
    pin: bool,
    /// Keys and certificate PINs proved in the current directory.
    proved: Vec<String>,
    /// A challenge that was not used yet.
    challenge: bool,
    /// What GET RESPONSE fetches.
    waiting: Option<Asked>,
}

/// What an answer belongs to.
#[derive(Debug, Clone, Copy)]
struct Asked {
    kind: Kind,
    file: Option<FileIndex>,
    offset: usize,
}

/// A command in its parts.
struct Parts<'c> {
    bytes: &'c [u8],
    header: [u8; 4],
    data: Shown,
}

impl Follower {
    pub(super) fn new(profile: Arc<Profile>, reveal: bool) -> Self {
        let masker = || match Masking::standard() {
            Masking::Masked(newest) => Masker::new(newest),
            Masking::Unmasked => Masker::new(None),
        };
        Self {
            selection: Selection::new(Some(Arc::clone(&profile))),
            profile,
            masker: (!reveal).then(masker),
            pin: false,
            proved: Vec::new(),
            challenge: false,
            waiting: None,
        }
    }

    /// The card was reset and forgot everything.
    pub(super) fn reset(&mut self) {
        self.selection.reset();
        if let Some(masker) = &mut self.masker {
            masker.reset();
        }
        self.pin = false;
        self.proved.clear();
        self.challenge = false;
        self.waiting = None;
    }

    /// Explains a command and its answer, and follows it.
    pub(super) fn exchange(&mut self, line: usize, command: &[Option<u8>], answer: Option<&[Option<u8>]>) -> Step {
        let bytes = plain(command);
        let answered = answer.map(plain);
        let masked = self
            .masker
            .as_mut()
            .map(|masker| masker.exchange(&bytes, answered.as_deref()));
        let (sent, received) = masked.unzip();
        let sent = Shown::new(command, sent.as_deref());
        let received = answer.map(|answer| Shown::new(answer, received.flatten().as_deref()));
        let sw = answer.and_then(|answer| match answer.split_last_chunk::<2>()?.1 {
            [Some(high), Some(low)] => Some(Sw::from([*high, *low])),
            _ => None,
        });
        let kind = Kind::of(&bytes);
        let asked = self.asked(kind, &bytes);
        let mut step = Step {
            line,
            kind,
            command: sent.all(),
            data: received.as_ref().map(|received| received.without_last(2).all()),
            sw,
            ..Step::default()
        };
        if let (Some(kind), Some(header)) = (kind, bytes.first_chunk::<4>()) {
            let lc = bytes.get(4).map_or(0, |lc| usize::from(*lc));
            let data = sent.part(5, if bytes.len() > 5 { lc } else { 0 });
            let parts = Parts {
                bytes: &bytes,
                header: *header,
                data,
            };
            self.name(kind, &parts, asked, &mut step);
            if let (Some(sw), Some(received)) = (sw, &received) {
                if let Some(asked) = asked {
                    step.received = self.received(asked, &received.without_last(2));
                }
                step.cause = self.cause(kind, &parts, asked, sw);
                step.effects = self.follow(kind, &parts, &step.key, sw);
            }
        }
        if kind != Some(Kind::GetResponse) {
            self.waiting = asked;
        }
        step
    }

    /// What the answer will be about.
    fn asked(&self, kind: Option<Kind>, bytes: &[u8]) -> Option<Asked> {
        let kind = kind?;
        let &[_, _, p1, p2, ..] = bytes else { return None };
        let addressed = |sfi| self.selection.addressed(sfi).map(|(index, _)| index);
        let (file, offset) = match kind {
            Kind::GetResponse => return self.waiting,
            Kind::ReadRecord | Kind::UpdateRecord => (addressed(record_sfi(p2)), 0),
            Kind::ReadBinary | Kind::UpdateBinary if binary_sfi(p1) != 0 => (addressed(binary_sfi(p1)), p2.into()),
            Kind::ReadBinary | Kind::UpdateBinary => (addressed(0), usize::from(p1) << 8 | usize::from(p2)),
            _ => (None, 0),
        };
        Some(Asked { kind, file, offset })
    }

    fn directory(&self) -> Option<&DedicatedFile> {
        self.selection.dedicated_file()
    }

    /// Names the target, the key and the parts of the data.
    fn name(&self, kind: Kind, parts: &Parts<'_>, asked: Option<Asked>, step: &mut Step) {
        let file = asked.and_then(|asked| asked.file);
        step.target = match kind {
            Kind::Select => self.selected(parts),
            Kind::GetResponse => None,
            _ => file.and_then(|index| self.addressed(kind, parts, index)),
        };
        step.key = self.key(kind, parts);
        step.sent = match (kind, file.and_then(|index| self.selection.file(index))) {
            (Kind::UpdateRecord | Kind::UpdateBinary, Some(file)) if parts.header[0] == 0x00 => {
                fields::contents(file, &parts.data, asked.map_or(0, |asked| asked.offset))
            }
            _ => fields::sent(kind, &parts.data),
        };
    }

    /// What a SELECT goes for, whether the card has it or not.
    fn selected(&self, parts: &Parts<'_>) -> Option<Target> {
        let mut after = self.selection.clone();
        after.follow(parts.bytes, &Sw::OK.to_bytes());
        match after.ef {
            Some(index) => Target::file(&self.profile, index),
            None => Target::directory(&self.profile, after.df?),
        }
    }

    /// The file, and the element or record where the command names one.
    fn addressed(&self, kind: Kind, parts: &Parts<'_>, index: FileIndex) -> Option<Target> {
        let mut target = Target::file(&self.profile, index)?;
        let [_, _, p1, p2] = parts.header;
        if !matches!(kind, Kind::ReadRecord | Kind::UpdateRecord) {
            return Some(target);
        }
        let file = self.selection.file(index)?;
        if p2 & 7 >= 4 {
            let one = p2 & 7 == 4 && file.is_linear();
            let record = file.records().find(|record| one && record.number == p1);
            target = record.map_or(target.clone(), |record| target.element(record.element));
            target.record = Some(p1);
            return Some(target);
        }
        Some(match file.element(p1).filter(|_| file.is_linear()) {
            Some(element) => target.element(element),
            None => target,
        })
    }

    /// The key or PIN that the header names.
    fn key(&self, kind: Kind, parts: &Parts<'_>) -> Option<KeyName> {
        let df = self.selection.df?;
        let environment = self.profile.environment(df);
        let [_, _, _, p2] = parts.header;
        let role = |at: usize, role| self.profile.dedicated_files.get(at)?.key_with_role(role);
        match kind {
            Kind::ExternalAuthentication => {
                let at = if p2 & 0x80 == 0 { environment } else { df };
                let keys = &self.profile.dedicated_files.get(at)?.keys;
                keys.iter()
                    .find(|key| key.id == p2 && key.role.is_external())
                    .map(KeyName::from)
            }
            Kind::InternalAuthentication => role(environment, KeyRole::InternalAuthentication).map(KeyName::from),
            Kind::VerifyCertificatePin => {
                let directories = [df, environment]
                    .into_iter()
                    .filter_map(|at| self.profile.dedicated_files.get(at));
                let pins = directories.flat_map(|df| &df.pins);
                pins.into_iter().find(|pin| pin.id == p2).map(KeyName::from)
            }
            Kind::PinUnblock | Kind::PinReload | Kind::CardBlock => {
                role(environment, KeyRole::SecureMessaging).map(KeyName::from)
            }
            Kind::ApplicationBlock => role(df, KeyRole::SecureMessaging).map(KeyName::from),
            Kind::MasterAuthentication => role(df, KeyRole::Master).map(KeyName::from),
            _ => None,
        }
    }

    fn received(&self, asked: Asked, data: &Shown) -> Vec<Field> {
        match (asked.kind, asked.file.and_then(|index| self.selection.file(index))) {
            (Kind::Select, _) => fields::control_information(data),
            (Kind::ReadRecord | Kind::ReadBinary, Some(file)) => fields::contents(file, data, asked.offset),
            (kind, _) => fields::received(kind, data),
        }
    }

    fn cause(&self, kind: Kind, parts: &Parts<'_>, asked: Option<Asked>, sw: Sw) -> Option<Cause> {
        let [_, _, p1, p2] = parts.header;
        let file = asked.and_then(|asked| Some((asked.file?, self.selection.file(asked.file?)?)));
        match (sw, kind) {
            (_, Kind::GetResponse) => None,
            (Sw::SECURITY_NOT_SATISFIED, _) => match file {
                Some((index, file)) => Some(Cause::Rule(self.rule(kind, index, file)?)),
                None => self.proof(kind),
            },
            (sw, _) if sw.is_ok() && file.is_some() => {
                let (index, file) = file?;
                let rule = self.rule(kind, index, file)?;
                (rule.is_never() || rule.is_missing()).then_some(Cause::Earlier(rule))
            }
            (Sw::REFERENCE_DATA_INVALID, _) if !self.challenge => Some(Cause::NoChallenge),
            (Sw::REFERENCE_NOT_FOUND, Kind::ExternalAuthentication) if self.key(kind, parts).is_none() => {
                let directory = self.directory()?.id.clone();
                Some(Cause::NoSuchKey { id: p2, directory })
            }
            (Sw::FILE_NOT_FOUND, Kind::Select) => self.elsewhere(&parts.data.bytes),
            (Sw::RECORD_NOT_FOUND, Kind::ReadRecord | Kind::UpdateRecord) if p2 & 7 < 4 => {
                let (index, file) = file?;
                let path = Target::file(&self.profile, index)?.path;
                file.element(p1)
                    .is_none()
                    .then_some(Cause::NoSuchElement { tag: p1, path })
            }
            (Sw::INVALID_STATE, Kind::CreditForLoad) => Some(Cause::OutOfTurn {
                after: Kind::InitializeForLoad,
            }),
            (Sw::INVALID_STATE, Kind::DebitForPurchase) => Some(Cause::OutOfTurn {
                after: Kind::InitializeForPurchase,
            }),
            _ => None,
        }
    }

    /// The access rule of a file and what of it the log does not show; `None` for free files.
    fn rule(&self, kind: Kind, index: FileIndex, file: &ElementaryFile) -> Option<Rule> {
        let (operation, access): (_, &Access) = match kind {
            Kind::ReadRecord | Kind::ReadBinary => (Operation::Read, &file.read),
            Kind::UpdateRecord | Kind::UpdateBinary => (Operation::Update, &file.update),
            _ => return None,
        };
        if access.is_free() {
            return None;
        }
        let mut missing: Vec<Vec<String>> = access
            .terms
            .iter()
            .map(|term| {
                let pin = (term.pin && !self.pin).then(|| PIN.to_owned());
                let keys = term.keys.iter().filter(|key| !self.proved.contains(key)).cloned();
                pin.into_iter().chain(keys).collect()
            })
            .collect();
        missing.sort_by_key(Vec::len);
        let certificate = missing
            .iter()
            .flatten()
            .any(|name| self.profile.certificate_pin(name).is_some());
        Some(Rule {
            path: Target::file(&self.profile, index)?.path,
            operation,
            condition: access.to_string(),
            missing,
            module: None,
            certificate,
        })
    }

    /// What a command that is no file's needs first (`spec/commands.md` §1.2, §1.3, §3.1).
    fn proof(&self, kind: Kind) -> Option<Cause> {
        let role = match kind {
            Kind::GetBalance | Kind::InitializeForLoad | Kind::InitializeForPurchase => {
                let needs = vec![PIN.to_owned()];
                return Some(Cause::Proof { command: kind, needs });
            }
            Kind::PinUnblock | Kind::PinReload => KeyRole::PinUnblock,
            Kind::CardBlock => KeyRole::CardBlock,
            Kind::ApplicationBlock => KeyRole::ApplicationBlock,
            Kind::UpdateStartingDay => KeyRole::StartingDay,
            _ => return None,
        };
        let df = self.selection.df?;
        let places = [df, self.profile.environment(df)]
            .into_iter()
            .filter_map(|at| self.profile.dedicated_files.get(at));
        let key = places
            .filter_map(|df| df.key_with_role(role))
            .map(|key| key.name.clone())
            .next()?;
        Some(Cause::Proof {
            command: kind,
            needs: vec![key],
        })
    }

    /// Where the profile has what was not found here.
    fn elsewhere(&self, data: &[u8]) -> Option<Cause> {
        let fid = <[u8; 2]>::try_from(data).map(u16::from_be_bytes).ok();
        let mut paths = Vec::new();
        for df in &self.profile.dedicated_files {
            if Some(df.fid) == fid || !df.name.is_empty() && df.name == data {
                paths.push(df.id.clone());
            }
            let files = df.files.iter().filter(|file| Some(file.fid) == fid);
            paths.extend(files.map(|file| format!("{}/{}", df.id, file.name())));
        }
        let here = self.directory().map(|df| format!("{}/", df.id)).unwrap_or_default();
        // What the profile has here is missing on this card only; that is no matter of the way to it.
        if paths.iter().any(|path| path.starts_with(&here) && !here.is_empty()) {
            return None;
        }
        Some(if paths.is_empty() {
            Cause::NoSuchFile
        } else {
            Cause::Elsewhere { paths }
        })
    }

    /// Takes over what the command changed.
    fn follow(&mut self, kind: Kind, parts: &Parts<'_>, key: &Option<KeyName>, sw: Sw) -> Vec<Effect> {
        let mut effects = Vec::new();
        let before = self.selection.df;
        self.selection.follow(parts.bytes, &sw.to_bytes());
        if self.selection.df != before {
            self.challenge = false;
            let lost = std::mem::take(&mut self.proved);
            effects.extend((!lost.is_empty()).then_some(Effect::Lost(lost)));
        }
        let done = sw.is_ok();
        match kind {
            Kind::GetChallenge => self.challenge |= done,
            Kind::Verify | Kind::VerifyStatus if done => {
                self.pin = true;
                effects.push(if kind == Kind::Verify {
                    Effect::PinProved
                } else {
                    Effect::NoPin
                });
            }
            Kind::Verify => self.pin = false,
            Kind::ExternalAuthentication | Kind::VerifyCertificatePin => {
                self.challenge = false;
                if let Some(KeyName { name, .. }) = key {
                    self.proved.retain(|proved| proved != name);
                    if done {
                        self.proved.push(name.clone());
                        effects.push(Effect::Proved(name.clone()));
                    }
                }
            }
            Kind::PinUnblock | Kind::PinReload | Kind::ApplicationBlock | Kind::CardBlock | Kind::LoadKey => {
                self.challenge = false;
            }
            _ => {}
        }
        effects.extend((sw.tries_left() == Some(0) && kind != Kind::VerifyStatus).then_some(Effect::Locked));
        effects
    }
}
