//! Cards issued as a bank issues them: from blank by COS commands, TEST keys, one sample holder.

use card_model::card::{Card, Interface};
use card_model::crypto::Algorithm;
use card_model::profile::{Profile, Structure};
use card_model::secret::Pin;
use conformance::terminal::{CertificatePins, Subject, Terminal};
use personalize::{Batch, Holder, HolderRules, HoldersFile, IssueRun, ModelOs, Settings, Silent};
use reader::channel::{Channel, ModelChannel};
use reader::command::Command;
use reader::security::{CardIdentity, KeyFile};
use std::path::PathBuf;

/// A card in its reader, and what belongs to it.
pub struct Issued {
    pub profile: &'static Profile,
    pub channel: ModelChannel,
    pub keys: KeyFile,
    pub identity: CardIdentity,
    pub pin: Pin,
    pub administrator: Pin,
}

impl Issued {
    /// Issues the first sample holder's card of a profile.
    pub fn new(profile: &str, interface: Interface) -> Self {
        let profile = Profile::builtin(profile).unwrap();
        let samples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../personalize/samples");
        let settings = Settings::load(&samples.join("settings.toml")).unwrap();
        let today = jiff::civil::date(2026, 1, 2);
        let rules = HolderRules {
            profile,
            settings: &settings,
            today,
            accept_disagreement: false,
        };
        let text = "social_security_number,name,sex,ethnic_group\n111111198101011110,张三,男,汉族\n";
        let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let table = HoldersFile::parse(text.as_bytes(), "sample", &rules, &none).unwrap();
        let holders: Vec<Holder> = table.require_all("sample").unwrap();

        let both = [Algorithm::Sm4, Algorithm::TripleDes];
        let mut keys = KeyFile::generate("TEST keys", &[profile], &both, true).unwrap();
        let historical = personalize::run::historical_bytes(profile, &settings.region, [0, 0, 0, 1]);
        let entropy = Box::new(super::Entropy(0x7E57));
        let mut channel = ModelChannel::new(Card::blank(profile, historical), interface, entropy);
        let batch = Batch {
            profile,
            os: &ModelOs,
            settings: &settings,
            holders: &holders,
            today,
        };
        let mut run = IssueRun::new(batch, &mut keys, None).unwrap();
        let result = run.issue_next(&mut channel, &mut Silent).unwrap().unwrap();
        result.outcome.as_ref().unwrap();
        drop(run);
        channel.reset().unwrap();
        Self {
            profile,
            channel,
            keys,
            identity: CardIdentity {
                region: settings.region.as_str().to_owned(),
                historical,
                algorithm: profile.algorithm,
            },
            pin: settings.initial_pin.clone(),
            administrator: settings.administrator_pin.clone(),
        }
    }

    /// Appends two records to each cyclic file that a terminal may write, so that none of them is empty.
    pub fn fill_cyclic_files(&mut self) {
        let profile = self.profile;
        let (channel, keys, subject) = self.parts();
        let mut terminal = Terminal::new(channel, keys, subject);
        for (index, df) in profile.dedicated_files.iter().enumerate() {
            for file in df
                .files
                .iter()
                .filter(|file| matches!(file.structure, Structure::Cyclic { .. }))
            {
                let Some(term) = file.update.terms.first() else {
                    continue;
                };
                terminal.enter(profile.environment(index)).unwrap();
                terminal.enter(index).unwrap();
                term.keys.iter().for_each(|key| terminal.prove(key).unwrap());
                for byte in [0x31, 0x32] {
                    let record = vec![byte; usize::from(file.record_length().unwrap())];
                    let command = Command::new(0x00, 0xDC, 0x00, file.sfi << 3 | 3)
                        .with_data(&record)
                        .unwrap();
                    assert!(terminal.send(&command).unwrap().sw.is_ok(), "{}/{}", df.id, file.name());
                }
            }
        }
        terminal.reset().unwrap();
    }

    /// The card as a subject of a suite, beside its channel and keys.
    pub fn parts(&mut self) -> (&mut ModelChannel, &mut KeyFile, Subject<'_>) {
        let subject = Subject {
            profile: self.profile,
            identity: &self.identity,
            pin: Some(&self.pin),
            certificate_pins: Some(CertificatePins {
                user: &self.pin,
                administrator: &self.administrator,
            }),
        };
        (&mut self.channel, &mut self.keys, subject)
    }
}
