//! One card: from blank or pre-personalized to issued and verified.

use crate::card_os::{Bench, CardOs};
use crate::contents::{CardValues, Layout};
use crate::data::{self, PinUse};
use crate::error::IssueError;
use crate::holders::Holder;
use crate::inspect::{Found, Preset, check_holder, inspect, preset};
use crate::journal::{Step, StepState};
use crate::numbers::{CardNumber, identification_head};
use crate::settings::Settings;
use crate::structure;
use card_model::profile::{KeyDefinition, KeyRole, Profile};
use jiff::civil::Date;
use reader::channel::Channel;
use reader::security::{CardIdentity, KeyLoader, KeyReference, SecurityModuleError};
use reader::session::Session;
use reader::verify::Outcome;

/// What is the same for all cards of a batch.
pub struct Issuer<'a> {
    os: &'a dyn CardOs,
    settings: &'a Settings,
    layout: Layout<'a>,
    today: Date,
}

/// A card that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCard {
    /// Card identification code.
    pub card_id: [u8; 16],
    /// Whether files and keys were created.
    pub structure: bool,
    /// Items written.
    pub written: usize,
    /// Items read back and found equal.
    pub compared: usize,
    /// Files without values that were left as they are for want of keys.
    pub left: usize,
}

/// Told when a step begins and when it is finished, before the next one begins. An error stops the card there.
pub type StepHook<'h> = &'h mut dyn FnMut(Step, StepState) -> Result<(), IssueError>;

impl<'a> Issuer<'a> {
    /// Prepares issuing of cards of a profile. `today` is the issue date where neither holder nor settings name one.
    ///
    /// # Errors
    /// The profile lacks something that every card has.
    pub fn new(
        profile: &'a Profile,
        os: &'a dyn CardOs,
        settings: &'a Settings,
        today: Date,
    ) -> Result<Self, IssueError> {
        Ok(Self {
            os,
            settings,
            layout: Layout::new(profile)?,
            today,
        })
    }

    /// The profile.
    pub fn profile(&self) -> &'a Profile {
        self.layout.profile()
    }

    /// The card operating system.
    pub fn os(&self) -> &'a dyn CardOs {
        self.os
    }

    /// Looks at the card in the reader.
    ///
    /// # Errors
    /// As [`inspect`].
    pub fn inspect(&self, channel: &mut dyn Channel) -> Result<Found, IssueError> {
        inspect(channel, self.os)
    }

    /// What the keys of a card in this batch are diversified by.
    pub fn identity(&self, historical: [u8; 13]) -> CardIdentity {
        CardIdentity {
            region: self.settings.region.as_str().to_owned(),
            historical,
            algorithm: self.profile().algorithm,
        }
    }

    /// Checks that the security module holds the keys that every card needs, before a card is touched: with `structure` all
    /// that are loaded into blank cards, else the one by which the card proves itself. Keys of the files to which a holder
    /// has values are checked with each holder.
    ///
    /// # Errors
    /// The first key that is missing.
    pub fn check_keys(&self, loader: &mut dyn KeyLoader, structure: bool) -> Result<(), IssueError> {
        let card = self.identity([0; 13]);
        let profile = self.profile();
        for (_, definition) in profile.keys() {
            let needed = structure || definition.role == KeyRole::InternalAuthentication;
            let versions = if structure { definition.versions } else { 1 };
            if !needed || definition.role == KeyRole::Master {
                continue;
            }
            for version in 1..=versions {
                if !loader.holds(KeyReference { definition, version }, &card) {
                    return Err(missing(loader, &definition.name, version, &card).into());
                }
            }
        }
        if structure {
            use reader::security::MasterKey;
            let id = profile.dedicated_files.first().map_or("MF", |mf| mf.id.as_str());
            for master in [MasterKey::Transport, MasterKey::Temporary, MasterKey::Final(id)] {
                loader.master_cryptogram(master, &card, &[0; 8])?;
            }
        }
        Ok(())
    }

    /// Issues a card for a holder: structure and keys if it has none, data, verification. A card that was begun for the
    /// same person is completed; a card of another person is refused.
    ///
    /// `finish_structure`: the journal says that the structure of this very card was begun and not finished, so what is not
    /// yet in force is put in force first.
    ///
    /// # Errors
    /// Why the card could not be issued; see [`IssueError`].
    pub fn issue(
        &self,
        channel: &mut dyn Channel,
        loader: &mut dyn KeyLoader,
        holder: &Holder,
        card_number: &CardNumber,
        finish_structure: bool,
        hook: StepHook<'_>,
    ) -> Result<IssuedCard, IssueError> {
        let found = self.inspect(channel)?;
        let profile = self.profile();
        let mut card = self.identity(found.historical);
        if found.needs_structure() {
            hook(Step::Structure, StepState::Begun)?;
            channel.comment("structure and keys");
            let mut bench = Bench {
                channel,
                loader,
                profile,
                card: &card,
            };
            structure::build(&mut bench, self.os, &self.settings.initial_pins())?;
            hook(Step::Structure, StepState::Finished)?;
        } else if finish_structure && found.data.is_some() {
            hook(Step::Structure, StepState::Begun)?;
            let mut bench = Bench {
                channel,
                loader,
                profile,
                card: &card,
            };
            structure::put_in_force(&mut bench, self.os)?;
            hook(Step::Structure, StepState::Finished)?;
        }
        channel.comment("data of the holder");
        let preset = match found.needs_structure() {
            true => Preset::default(),
            false => preset(channel, profile)?,
        };
        if let Some(region) = preset.region() {
            if region != self.settings.region {
                return Err(IssueError::OtherRegion {
                    card: region.to_string(),
                    settings: self.settings.region.to_string(),
                });
            }
            card.region = region.as_str().to_owned();
        }
        let mut bench = Bench {
            channel,
            loader,
            profile,
            card: &card,
        };
        if !found.needs_structure() {
            check_same(&mut bench, holder, card_number, &preset)?;
        }
        let card_id = self.identification(&mut bench, &preset)?;
        let values = CardValues {
            settings: self.settings,
            card_number,
            card_id,
            institution: preset.institution,
            today: self.today,
        };
        let contents = self.layout.fill(holder, &values)?;
        data::check_keys(&mut bench, &contents)?;
        hook(Step::Data, StepState::Begun)?;
        let pin = match found.needs_structure() {
            true => PinUse::Loaded(&self.settings.initial_pin),
            false => PinUse::Usual(&self.settings.initial_pin),
        };
        let report = data::write(&mut bench, &contents, pin)?.require_all()?;
        hook(Step::Data, StepState::Finished)?;

        hook(Step::Verification, StepState::Begun)?;
        bench.channel.comment("verification");
        // Issued for a day to come, a card is looked at as on that day.
        let issue_date = holder.issue_date.or(self.settings.issue_date).unwrap_or(self.today);
        verify(&mut bench, self.today.max(issue_date))?;
        hook(Step::Verification, StepState::Finished)?;
        Ok(IssuedCard {
            card_id,
            structure: found.needs_structure(),
            written: report.written,
            compared: report.compared,
            left: report.left,
        })
    }

    /// The card identification code: what the card has of it stays, the rest is made. The serial of a new code is TA–TD of
    /// the historical bytes, as on most cards; readers must not rely on that (`spec/files.md` §4.1).
    fn identification(&self, bench: &mut Bench<'_>, preset: &Preset) -> Result<[u8; 16], IssueError> {
        let historical = &bench.card.historical;
        let serial = preset
            .serial()
            .unwrap_or_else(|| core::array::from_fn(|i| historical[9 + i]));
        let head = preset
            .identification
            .unwrap_or_else(|| identification_head(&self.settings.region, serial));
        let code = match preset.authentication {
            Some(code) => code,
            None => {
                let definition = irk(bench.profile)?;
                bench
                    .loader
                    .identification_code_mac(KeyReference { definition, version: 1 }, bench.card, &head)?
            }
        };
        let mut card_id = [0; 16];
        card_id[..12].copy_from_slice(&head);
        card_id[12..].copy_from_slice(&code);
        Ok(card_id)
    }
}

/// The holder on the card, and the card number on it, must be free or the same.
fn check_same(
    bench: &mut Bench<'_>,
    holder: &Holder,
    card_number: &CardNumber,
    preset: &Preset,
) -> Result<(), IssueError> {
    let same = check_holder(bench, holder.number.as_str())?;
    match &preset.card_number {
        Some(number) if same && number != card_number.as_str() => Err(IssueError::AlreadyIssued {
            card_number: number.clone(),
        }),
        _ => Ok(()),
    }
}

/// Looks at the card as any terminal does: internal authentication, authentication code, numbers, dates.
fn verify(bench: &mut Bench<'_>, today: Date) -> Result<(), IssueError> {
    let mut session = Session::open_as(Box::new(&mut *bench.channel), bench.profile)?.with_security(bench.loader);
    let verification = reader::verify::verify(&mut session, today)?;
    let failed = verification
        .checks
        .into_iter()
        .filter(|check| check.outcome == Outcome::Failed);
    let checks: Vec<_> = failed.map(|check| (check.title, check.detail)).collect();
    if checks.is_empty() {
        Ok(())
    } else {
        Err(IssueError::NotGenuine { checks })
    }
}

fn irk(profile: &Profile) -> Result<&KeyDefinition, IssueError> {
    let found = profile
        .dedicated_files
        .iter()
        .find_map(|df| df.key_with_role(KeyRole::InternalAuthentication));
    found.ok_or_else(|| IssueError::Profile { path: "IRK".to_owned() })
}

fn missing(loader: &dyn KeyLoader, name: &str, version: u8, card: &CardIdentity) -> SecurityModuleError {
    SecurityModuleError::KeyMissing {
        name: name.to_owned(),
        version,
        algorithm: card.algorithm,
        module: loader.describe(),
    }
}
