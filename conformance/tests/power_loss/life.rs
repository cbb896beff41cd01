//! What a card goes through: issuing, updates of every structure, PIN, keys, account, certificates, blocking.

use crate::certificate;
use crate::support::Entropy;
use crate::sweep::{Findings, Purse, Sweep};
use card_model::card::{Card, Interface, JournalStep};
use card_model::crypto::Algorithm;
use card_model::profile::{DedicatedFile, Profile, Structure};
use card_model::secret::Pin;
use conformance::terminal::{Subject, Terminal};
use personalize::{Batch, Bench, CardOs, HolderRules, HoldersFile, IssueRun, ModelOs, Settings, Silent};
use reader::channel::Channel;
use reader::command::Command;
use reader::link::{exchange, exchange_bytes};
use reader::security::{
    AccountTerminal, CardIdentity, KeyFile, KeyLoader as _, KeyReference, KeyToLoad, MasterKey, SecurityModule as _,
};
use reader::session::{Amounts, Place, Session};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

const TERMINAL: [u8; 6] = [0x99, 0x00, 0x00, 0x12, 0x34, 0x56];

/// A card under the sweep, and all that a bank and a terminal have for it.
pub struct World {
    pub profile: &'static Profile,
    pub sweep: Sweep,
    pub keys: KeyFile,
    pub identity: CardIdentity,
    pub settings: Settings,
    findings: Rc<RefCell<Findings>>,
}

/// The whole life of a card of one generation.
pub fn live(name: &str) -> Findings {
    let mut world = World::new(name, None);
    world.erased_structure();
    world.issue();
    world.update_every_structure();
    world.pin();
    world.replace_keys();
    world.account();
    if world.profile.certificate_application().is_some() {
        world.phase("certificates");
        certificate::live(&mut world);
    }
    world.block();
    world.end()
}

/// A part of it that leads through every step of the journal, with or without one of them.
pub fn shortly(without: Option<JournalStep>) -> Findings {
    let mut world = World::new("1.0", without);
    world.erased_structure();
    world.end()
}

impl World {
    fn new(name: &str, without: Option<JournalStep>) -> Self {
        let profile = Profile::builtin(name).unwrap();
        let samples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../personalize/samples");
        let settings = Settings::load(&samples.join("settings.toml")).unwrap();
        let both = [Algorithm::Sm4, Algorithm::TripleDes];
        let keys = KeyFile::generate("TEST keys", &[profile], &both, true).unwrap();
        let historical = personalize::run::historical_bytes(profile, &settings.region, [0, 0, 0, 7]);
        let findings = Rc::new(RefCell::new(Findings::default()));
        let card = Card::blank(profile, historical);
        let mut sweep = Sweep::new(card, Interface::Contact, findings.clone());
        if let Some(step) = without {
            sweep.break_journal(step);
        }
        let identity = CardIdentity {
            region: settings.region.as_str().to_owned(),
            historical,
            algorithm: profile.algorithm,
        };
        Self {
            profile,
            sweep,
            keys,
            identity,
            settings,
            findings,
        }
    }

    fn end(self) -> Findings {
        drop(self.sweep);
        Rc::try_unwrap(self.findings).unwrap().into_inner()
    }

    pub fn phase(&self, phase: &str) {
        phase.clone_into(&mut self.findings.borrow_mut().phase);
    }

    pub fn bench(&mut self) -> Bench<'_> {
        Bench {
            channel: &mut self.sweep,
            loader: &mut self.keys,
            profile: self.profile,
            card: &self.identity,
        }
    }

    pub fn terminal(&mut self) -> Terminal<'_> {
        let subject = Subject {
            profile: self.profile,
            identity: &self.identity,
            pin: Some(&self.settings.initial_pin),
            certificate_pins: None,
        };
        Terminal::new(&mut self.sweep, &mut self.keys, subject)
    }

    pub fn send(&mut self, command: &[u8]) -> Vec<u8> {
        exchange_bytes(&mut self.sweep, command).unwrap().to_bytes()
    }

    pub fn ok(&mut self, command: &[u8]) -> Vec<u8> {
        let mut answer = self.send(command);
        assert!(answer.ends_with(&[0x90, 0]), "{command:02X?} → {answer:02X?}");
        answer.truncate(answer.len() - 2);
        answer
    }

    /// Structure that is begun and erased again, as after a fault in production; twice, so that the second is built where
    /// the first one stood.
    fn erased_structure(&mut self) {
        self.phase("structure, erased");
        let os = ModelOs;
        let mut bench = self.bench();
        let environment = bench.profile.index_of("SSSE").unwrap();
        for _ in 0..2 {
            bench.channel.reset().unwrap();
            os.authenticate_master(&mut bench, "MF", MasterKey::Transport).unwrap();
            os.create_dedicated(&mut bench, environment).unwrap();
            let name = &bench.profile.dedicated_files[environment].name;
            exchange(&mut *bench.channel, &select(name)).unwrap();
            let temporary = KeyToLoad::Master {
                key: MasterKey::Temporary,
                tries: 3,
            };
            os.load(&mut bench, "SSSE", temporary, MasterKey::Transport).unwrap();
            os.authenticate_master(&mut bench, "SSSE", MasterKey::Temporary)
                .unwrap();
            let key = &bench.profile.dedicated_files[environment].keys[1];
            for version in 1..=key.versions {
                let load = KeyToLoad::Card(KeyReference {
                    definition: key,
                    version,
                });
                os.load(&mut bench, "SSSE", load, MasterKey::Temporary).unwrap();
            }
            for file in 0..2 {
                os.create_elementary(&mut bench, environment, file).unwrap();
            }
            exchange(&mut *bench.channel, &Command::new(0x00, 0xA4, 0x00, 0x00)).unwrap();
            os.authenticate_master(&mut bench, "MF", MasterKey::Transport).unwrap();
            os.erase(&mut bench).unwrap();
        }
    }

    fn issue(&mut self) {
        self.phase("issuing");
        let today = jiff::civil::date(2026, 1, 2);
        let rules = HolderRules {
            profile: self.profile,
            settings: &self.settings,
            today,
            accept_disagreement: false,
        };
        let text = "social_security_number,name,sex,ethnic_group\n111111198101011110,张三,男,汉族\n";
        let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let holders = HoldersFile::parse(text.as_bytes(), "sample", &rules, &none).unwrap();
        let holders = holders.require_all("sample").unwrap();
        let batch = Batch {
            profile: self.profile,
            os: &ModelOs,
            settings: &self.settings,
            holders: &holders,
            today,
        };
        let mut run = IssueRun::new(batch, &mut self.keys, None).unwrap();
        let result = run.issue_next(&mut self.sweep, &mut Silent).unwrap().unwrap();
        result.outcome.as_ref().unwrap();
    }

    /// One file of each structure in each application that a terminal may write: a record replaced, appended, a block of
    /// bytes, twice in one session.
    fn update_every_structure(&mut self) {
        let profile = self.profile;
        for (index, df) in profile.dedicated_files.iter().enumerate() {
            if profile.certificate_application().is_some_and(|pki| pki.id == df.id) {
                continue;
            }
            for file in &df.files {
                // The issuer's data says which keys the card has.
                let issuer = (df.id.as_str(), file.fid) == ("SSSE", 0xEF05);
                let Some(term) = file.update.terms.first().filter(|term| !term.pin && !issuer) else {
                    continue;
                };
                self.phase(&format!("update of a {} file", file.structure.name()));
                let mut terminal = self.terminal();
                terminal.enter_afresh(index).unwrap();
                term.keys.iter().for_each(|key| terminal.prove(key).unwrap());
                terminal.select_file(file.fid).unwrap();
                let commands = match file.structure {
                    Structure::Cyclic { .. } => {
                        let record = |byte| vec![byte; usize::from(file.record_length().unwrap())];
                        (0x31..0x37)
                            .map(|byte| update([0, 0xDC, 0, 3], &record(byte)))
                            .collect()
                    }
                    Structure::LinearVariable | Structure::LinearFixed => {
                        let mut commands = Vec::new();
                        for record in file.records().take(2) {
                            let tag = record.element.tag.unwrap();
                            let length = match file.record_length() {
                                Some(_) => record.element.length,
                                None => record.element.length.min(0x60),
                            };
                            let value = vec![0x39; usize::from(length)];
                            let data = [&[tag, u8::try_from(length).unwrap()][..], &value].concat();
                            commands.push(update([0, 0xDC, tag, 0], &data));
                            commands.push(update([0, 0xDC, record.number, 4], &data));
                        }
                        commands
                    }
                    Structure::Transparent { .. } => vec![
                        update([0, 0xD6, 0, 0], &[0x5A; 200]),
                        update([0, 0xD6, 0, 3], &[0xA5; 4]),
                        update([0, 0xD6, 0, 7], &[0xA5; 3]),
                    ],
                    Structure::Internal { .. } => Vec::new(),
                };
                for command in commands {
                    // A file may be full, a record longer than its room; the sweep judges whatever was written.
                    self.send(&command);
                }
            }
        }
        self.phase("update of a transparent file, secured");
        let (df, _) = profile.key("STKSSSE").unwrap();
        let file = df.file(0xEF07).unwrap();
        let key = file.update.terms.first().and_then(|term| term.keys.first());
        let mut terminal = self.terminal();
        terminal.enter_afresh(profile.index_of(&df.id).unwrap()).unwrap();
        key.into_iter().for_each(|key| terminal.prove(key).unwrap());
        terminal.select_file(file.fid).unwrap();
        let message = self.secured(df, "STKSSSE", [0x04, 0xD6, 0x00, 0x08], Some(&[0x77; 100]));
        self.ok(&message);
    }

    fn pin(&mut self) {
        self.phase("PIN");
        let pin = self.settings.initial_pin.clone();
        let other = Pin::from_digits("654321").unwrap();
        let mut session = Session::open(Box::new(&mut self.sweep))
            .unwrap()
            .with_security(&mut self.keys);
        session.verify_pin(&pin).unwrap();
        assert!(session.verify_pin(&other).is_err());
        session.change_pin(Some(&pin), Some(&other)).unwrap();
        assert!(session.verify_pin(&pin).is_err());
        session.unblock_pin().unwrap();
        session.reset_pin(None).unwrap();
        session.reset_pin(Some(&pin)).unwrap();
        session.verify_pin(&pin).unwrap();
    }

    /// Keys are replaced under the environment's master key, then the master key itself.
    fn replace_keys(&mut self) {
        self.phase("keys");
        let profile = self.profile;
        let df = profile.dedicated_file("SSSE").unwrap();
        self.sweep.reset().unwrap();
        self.ok(&update([0, 0xA4, 4, 0], &df.name));
        let under = MasterKey::Final("SSSE");
        ModelOs.authenticate_master(&mut self.bench(), "SSSE", under).unwrap();
        let card = |definition| KeyToLoad::Card(KeyReference { definition, version: 1 });
        let master = KeyToLoad::Master {
            key: under,
            tries: profile.os.key_tries,
        };
        for load in df.keys.iter().take(3).map(card).chain([master]) {
            let challenge = self.ok(&[0, 0x84, 0, 0, 8]);
            let header = [0x84, 0xD4, 0x01, 0x00];
            let command = self
                .keys
                .load_key_command(header, load, under, &self.identity, &challenge)
                .unwrap();
            self.ok(&command);
        }
    }

    /// Load, starting day, settlements within the pay year, over its change, and in all key versions.
    fn account(&mut self) {
        self.phase("account");
        let profile = self.profile;
        let internal = |df: &&DedicatedFile| {
            df.files
                .iter()
                .any(|file| matches!(file.structure, Structure::Internal { .. }))
        };
        let application = profile.dedicated_files.iter().find(internal).unwrap();
        let pin = self.settings.initial_pin.clone();
        self.sweep.watch(Purse {
            environment: profile.dedicated_file("SSSE").unwrap().name.clone(),
            application: application.name.clone(),
            pin: pin.expose().to_vec(),
        });
        let mut host = self.keys.clone();
        let terminal_keys = self.keys.clone();
        let mut terminal = AccountTerminal::new(terminal_keys, TERMINAL, 0x0A00);
        let mut pins = pin;
        let mut session = Session::open(Box::new(&mut self.sweep))
            .unwrap()
            .with_security(&mut self.keys)
            .with_pins(&mut pins);
        let place = |year, month| Place {
            terminal: TERMINAL,
            time: [0x20, year, month, 0x02, 0x12, 0x00, 0x00],
        };
        let amounts = Amounts {
            personal: 1_000,
            self_paid: 100,
            pooled: 10,
        };
        session.load(100_000, place(0x26, 0x03), &mut host).unwrap();
        session.set_starting_day(4, 1).unwrap();
        for (index, month) in [(1, 0x03), (2, 0x03), (3, 0x04), (1, 0x05)] {
            session
                .settle(index, amounts, place(0x26, month), &mut terminal)
                .unwrap();
        }
        session.load(5, place(0x26, 0x06), &mut host).unwrap();
        assert_eq!(session.balance().unwrap().personal, 96_005);
    }

    /// Application and card are blocked on cards of their own: nothing comes after it.
    fn block(&mut self) {
        self.phase("blocking");
        let profile = self.profile;
        let (df, lk) = profile.key("LKDF04").unwrap();
        let mut terminal = self.terminal();
        terminal.enter_afresh(profile.index_of(&df.id).unwrap()).unwrap();
        terminal.prove(&lk.name).unwrap();
        let message = self.secured(df, "STKDF04", [0x84, 0x1E, 0x00, 0x01], None);
        self.ok(&message);
        assert_eq!(self.send(&[0, 0x84, 0, 0, 8]), [0x93, 0x03]);
        let mut terminal = self.terminal();
        let environment = profile.dedicated_file("SSSE").unwrap();
        terminal.enter_afresh(profile.index_of("SSSE").unwrap()).unwrap();
        terminal.prove("BK").unwrap();
        let message = self.secured(environment, "STKSSSE", [0x84, 0x16, 0x00, 0x00], None);
        self.ok(&message);
        assert_eq!(self.send(&[0, 0x84, 0, 0, 8]), [0x6A, 0x81]);
    }

    fn secured(&mut self, df: &DedicatedFile, stk: &str, header: [u8; 4], plain: Option<&[u8]>) -> Vec<u8> {
        let definition = df.key(stk).unwrap();
        let challenge = self.ok(&[0, 0x84, 0, 0, 8]);
        let key = KeyReference { definition, version: 1 };
        self.keys
            .secure_message(key, &self.identity, &challenge, header, plain)
            .unwrap()
    }

    /// Bytes for keys and nonces of the test.
    pub fn entropy(&self) -> Entropy {
        Entropy(0x00C0_FFEE)
    }
}

fn select(name: &[u8]) -> Command {
    Command::new(0x00, 0xA4, 0x04, 0x00).with_data(name).unwrap()
}

fn update(header: [u8; 4], data: &[u8]) -> Vec<u8> {
    [&header[..], &[u8::try_from(data.len()).unwrap()], data].concat()
}
