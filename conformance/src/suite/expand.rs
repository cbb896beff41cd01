//! From templates to cases: each thing of the profile, each row of a table, `$NAME` filled in.

use super::case::Case;
use super::derive::access;
use super::format::{Derived, DriverNeeds, Include, Template, Text};
use super::select::{Binding, bindings};
use super::{Item, Suite};
use crate::ConformanceError;
use card_model::profile::Profile;
use std::collections::BTreeMap;

impl Suite {
    /// The cases of an item for a profile.
    pub(super) fn expand(&self, item: &Item, profile: &Profile, cases: &mut Vec<Case>) -> Result<(), ConformanceError> {
        for include in &item.file.include {
            self.include(item, include, profile, cases)?;
        }
        for derive in &item.file.derive {
            let templates = match derive.of {
                Derived::Access => access(derive, profile),
            };
            for template in templates {
                cases.push(Case::read(&item.name, template)?);
            }
        }
        let values = BTreeMap::from([("ITEM".to_owned(), item.name.clone())]);
        for template in &item.file.case {
            one(item, template, &values, profile, cases)?;
        }
        Ok(())
    }

    fn include(
        &self,
        item: &Item,
        include: &Include,
        profile: &Profile,
        cases: &mut Vec<Case>,
    ) -> Result<(), ConformanceError> {
        let file = self
            .template(&include.template)
            .ok_or_else(|| ConformanceError::Suite {
                file: item.name.clone(),
                fault: format!("there is no template {}", include.template),
            })?;
        let mut values = include.with.clone();
        values.insert("ITEM".to_owned(), item.name.clone());
        for template in &file.case {
            one(item, template, &values, profile, cases)?;
        }
        Ok(())
    }
}

fn one(
    item: &Item,
    template: &Template,
    values: &BTreeMap<String, String>,
    profile: &Profile,
    cases: &mut Vec<Case>,
) -> Result<(), ConformanceError> {
    let alone = || {
        vec![Binding {
            suffix: String::new(),
            values: BTreeMap::new(),
        }]
    };
    let things = match &template.each {
        None => alone(),
        Some(each) => {
            let mut each = each.clone();
            each.df.iter_mut().for_each(|df| *df = filled(df, values));
            bindings(&each, profile)
        }
    };
    let rows: Vec<Binding> = if template.table.is_empty() {
        alone()
    } else {
        template.table.iter().map(row).collect()
    };
    for thing in &things {
        for row in &rows {
            let mut all = values.clone();
            all.extend(thing.values.clone());
            all.extend(row.values.clone());
            let mut id = filled(&template.id, &all);
            for suffix in [&thing.suffix, &row.suffix] {
                if !suffix.is_empty() {
                    id.push(':');
                    id.push_str(suffix);
                }
            }
            cases.push(Case::read(&item.name, fill(template, id, &all))?);
        }
    }
    Ok(())
}

fn row(cells: &BTreeMap<String, String>) -> Binding {
    Binding {
        suffix: cells.get("n").cloned().unwrap_or_default(),
        values: cells.clone(),
    }
}

fn fill(template: &Template, id: String, values: &BTreeMap<String, String>) -> Template {
    let text = |text: &str| filled(text, values);
    let texts = |texts: &[String]| texts.iter().map(|one| text(one)).collect();
    let both = |both: &Text| Text::new(text(&both.zh), text(&both.en));
    Template {
        id,
        zh: text(&template.zh),
        en: text(&template.en),
        purpose: both(&template.purpose),
        clauses: texts(&template.clauses),
        needs: texts(&template.needs),
        driver: template.driver.as_ref().map(|needs| DriverNeeds {
            card: text(&needs.card),
            psam: text(&needs.psam),
            prepare: texts(&needs.prepare),
        }),
        before: texts(&template.before),
        steps: text(&template.steps),
        after: texts(&template.after),
        leaves: template.leaves.as_ref().map(both),
        covers: texts(&template.covers),
        each: None,
        table: Vec::new(),
        ..template.clone()
    }
}

/// Fills in `$NAME`; the longest name that is known wins, `$1` and what is not known stay as they are.
pub(super) fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(position) = rest.find('$') {
        let (before, after) = rest.split_at(position);
        out.push_str(before);
        let after = &after[1..];
        let found = values
            .iter()
            .filter(|(name, _)| after.starts_with(name.as_str()))
            .max_by_key(|(name, _)| name.len());
        match found {
            Some((name, value)) => {
                out.push_str(value);
                rest = &after[name.len()..];
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
