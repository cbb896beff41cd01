//! A case for one profile: a template with everything filled in.

use super::format::{DriverNeeds, Effect, InterfaceName, Origin, Template, Text};
use crate::ConformanceError;
use crate::driver::{CardState, PsamState, Script, Situation};
use crate::flow::{Call, Flow, Reference, Routines};

/// A case, ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Identifier, such as `CHANGE_PIN-03` or `DF01_RECORD-01:DF01/EF05/20`.
    pub id: String,
    /// Named test item it belongs to.
    pub item: String,
    /// Title.
    pub title: Text,
    /// What it is to show.
    pub purpose: Text,
    /// Clauses.
    pub clauses: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// Generations it is for; none: all.
    pub generations: Vec<u8>,
    /// Interfaces it is for; none: all.
    pub interfaces: Vec<InterfaceName>,
    /// What the card must have beyond what the steps refer to.
    pub needs: Vec<String>,
    /// Routines before.
    pub before: Vec<Call>,
    /// The steps; empty where a driver is called.
    pub steps: Flow,
    /// Calls of a driver.
    pub driver: Option<DriverCase>,
    /// The steps as written.
    pub text: String,
    /// Routines after, also after a failure.
    pub after: Vec<Call>,
    /// What it does to the card.
    pub effect: Effect,
    /// How it leaves the card, where that is not as it found it.
    pub leaves: Option<Text>,
    /// Order among cases of the same effect.
    pub order: u8,
    /// Rows of the coverage table that it names itself.
    pub covers: Vec<String>,
}

/// Calls of a driver, and what is around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverCase {
    /// Card and PSAM before.
    pub situation: Situation,
    /// The steps.
    pub steps: Script,
    /// Steps that run afterwards in any case.
    pub after: Script,
}

impl Case {
    /// Reads a template in which nothing is left to be filled in.
    pub(super) fn read(item: &str, template: Template) -> Result<Self, ConformanceError> {
        let fault = |fault: String| ConformanceError::Suite {
            file: template.id.clone(),
            fault,
        };
        let calls = |texts: &[String]| -> Result<Vec<Call>, ConformanceError> {
            texts
                .iter()
                .flat_map(|text| text.split(';'))
                .filter(|text| !text.trim().is_empty())
                .map(|text| Call::parse(text).map_err(&fault))
                .collect()
        };
        let script = |text: &str| Script::parse(text).map_err(|error| fault(error.to_string()));
        let (steps, driver, before, after) = match &template.driver {
            None => {
                let steps = Flow::parse(&template.steps).map_err(|error| fault(error.to_string()))?;
                (steps, None, calls(&template.before)?, calls(&template.after)?)
            }
            Some(_) if !template.before.is_empty() => {
                return Err(fault("calls of a driver have no `before`".to_owned()));
            }
            Some(needs) => {
                let driver = DriverCase {
                    situation: situation(needs, calls(&needs.prepare)?).map_err(fault)?,
                    steps: script(&template.steps)?,
                    after: script(&template.after.join("\n"))?,
                };
                (Flow::default(), Some(driver), Vec::new(), Vec::new())
            }
        };
        Ok(Self {
            item: item.to_owned(),
            title: Text::new(template.zh, template.en),
            purpose: template.purpose,
            clauses: template.clauses,
            origin: template.origin,
            generations: template.generations,
            interfaces: template.interfaces,
            needs: template.needs,
            before,
            steps,
            driver,
            text: template
                .steps
                .trim()
                .lines()
                .map(str::trim)
                .collect::<Vec<_>>()
                .join("\n"),
            after,
            effect: template.effect,
            leaves: template.leaves,
            order: template.order,
            covers: template.covers,
            id: template.id,
        })
    }

    /// Everything of the profile that the case refers to, routines included.
    ///
    /// # Errors
    /// A routine does not exist.
    pub fn references(&self, routines: &Routines) -> Result<Vec<Reference>, ConformanceError> {
        let mut references = self.steps.references();
        for call in self.before.iter().chain(&self.after).chain(self.steps.calls()) {
            references.extend(routines.references(call)?);
        }
        if let Some(driver) = &self.driver {
            references.extend(driver.steps.references());
            for call in &driver.situation.prepare {
                references.extend(routines.references(call)?);
            }
        }
        references.sort();
        references.dedup();
        Ok(references)
    }
}

fn situation(needs: &DriverNeeds, prepare: Vec<Call>) -> Result<Situation, String> {
    Ok(Situation {
        card: CardState::parse(&needs.card)?,
        psam: PsamState::parse(&needs.psam)?,
        prepare,
    })
}
