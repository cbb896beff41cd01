//! `--profile-overlay`: a province's extension by name, or a person's own from a file, laid over whatever version a card is.

use crate::connect::Desk;
use crate::failure::{Class, Failure};
use card_model::profile::{Extension, Profile, ProfileError};
use card_model::words::{Explain, Lang};
use personalize::{CardOs, ModelOs};
use reader::channel::{Channel, SIMULATED};
use rust_i18n::t;
use std::path::Path;

/// An extension laid over each version it is for.
#[derive(Debug, Clone)]
pub struct Overlay {
    name: String,
    /// Version and profile, the usual one first.
    on: Vec<(String, Profile)>,
}

impl Overlay {
    /// Reads what `--profile-overlay` names: an extension in the program, else a file.
    pub fn load(name: &str, lang: Lang) -> Result<Self, Failure> {
        let extension = match Extension::builtin(name) {
            Ok(extension) => extension,
            Err(_) => {
                let path = Path::new(name);
                let text = std::fs::read_to_string(path).map_err(|error| missing(path, &error, lang))?;
                let parsed = Extension::parse(&text, name).map_err(|faults| several(&faults, name, lang))?;
                for remark in parsed.remarks() {
                    crate::output::Output::warn_line(&remark.explain(lang).what);
                }
                parsed
            }
        };
        let on = |base: &String| {
            let profile = extension.on(base).map_err(|faults| several(&faults, name, lang))?;
            Ok((base.clone(), profile))
        };
        Ok(Self {
            name: name.to_owned(),
            on: extension.bases().iter().map(on).collect::<Result<_, Failure>>()?,
        })
    }

    /// The profiles it makes.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.on.iter().map(|(_, profile)| profile)
    }

    /// The profile on a base, or the one with its own name.
    fn find(&self, name: &str) -> Option<&Profile> {
        let short = name.strip_prefix("ssc-").unwrap_or(name);
        let found = self
            .on
            .iter()
            .find(|(base, profile)| base == short || profile.name == short);
        found.map(|(_, profile)| profile)
    }

    /// It is not for this version.
    fn other_base(&self, base: &str) -> ProfileError {
        use card_model::profile::Fault;
        let bases: Vec<&str> = self.on.iter().map(|(base, _)| base.as_str()).collect();
        ProfileError {
            file: self.name.clone(),
            line: 1,
            path: String::new(),
            fault: Fault::OtherBase {
                base: base.to_owned(),
                bases: bases.join(", "),
            },
        }
    }
}

/// The first of several faults as a failure, and how to see them all.
pub fn several(faults: &[ProfileError], name: &str, lang: Lang) -> Failure {
    let Some(first) = faults.first() else {
        return Failure::input(name);
    };
    let mut failure = Failure::explained(Class::Input, first, lang);
    if faults.len() > 1 {
        let locale = lang.locale();
        failure = failure.because(t!(
            "profile_verbs.more",
            locale = locale,
            more = faults.len() - 1,
            file = name
        ));
    }
    failure
}

/// There is neither an extension nor a file of this name.
fn missing(path: &Path, error: &std::io::Error, lang: Lang) -> Failure {
    let locale = lang.locale();
    let known = Profile::PROVINCES.join(", ");
    Failure::file(lang, path, error).next(t!("profile_verbs.no_overlay_next", locale = locale, known = known))
}

impl Desk<'_> {
    /// A profile by its name. With `--profile-overlay` a version means the version with the overlay on it.
    pub fn profile(&self, name: &str) -> Result<&Profile, Failure> {
        let lang = self.output.lang;
        let result = match &self.overlay {
            Some(overlay) => overlay.find(name).ok_or_else(|| overlay.other_base(name)),
            None => Profile::builtin(name),
        };
        result.map_err(|error| Failure::explained(Class::Input, &error, lang))
    }

    /// The profile for the label of a card, which names the one it was made with.
    pub fn labelled(&self, label: &str) -> Result<&Profile, Failure> {
        self.profile(label).map_err(|failure| {
            if self.overlay.is_some() || Profile::builtin(label).is_ok() {
                return failure;
            }
            let locale = self.output.lang.locale();
            Failure::input(t!("profile_verbs.unknown_label", locale = locale, name = label)).next(t!(
                "profile_verbs.unknown_label_next",
                locale = locale,
                name = label
            ))
        })
    }

    /// All national profiles, and those of `--profile-overlay`.
    pub fn profiles(&self) -> Result<Vec<&Profile>, Failure> {
        let lang = self.output.lang;
        let national = Profile::BUILTIN
            .iter()
            .map(|name| Profile::builtin(name).map_err(|error| Failure::explained(Class::Input, &error, lang)));
        let mut all = national.collect::<Result<Vec<&Profile>, _>>()?;
        all.extend(self.overlay.iter().flat_map(Overlay::profiles));
        Ok(all)
    }

    /// The same with all provincial extensions of the program: what a key file of tests holds keys for.
    pub fn all_profiles(&self) -> Result<Vec<&Profile>, Failure> {
        let mut all = self.profiles()?;
        all.extend(Profile::extended());
        Ok(all)
    }

    /// The profile of a card whose version is known: the version itself, or with an overlay on it. `label` is what a
    /// simulated card says it was made with.
    pub fn profile_for<'d>(
        &'d self,
        version: &'static Profile,
        label: Option<&str>,
    ) -> Result<&'d Profile, ProfileError> {
        if let Some(overlay) = &self.overlay {
            return overlay
                .find(&version.name)
                .ok_or_else(|| overlay.other_base(&version.name));
        }
        let Some(label) = label.filter(|label| *label != version.name) else {
            return Ok(version);
        };
        match Profile::builtin(label) {
            // A label of another generation than the card's own data is not to be trusted.
            Ok(extended) if extended.generation == version.generation => Ok(extended),
            Ok(_) => Ok(version),
            Err(_) => {
                let locale = self.output.lang.locale();
                self.output
                    .talk(&t!("profile_verbs.unknown_label_next", locale = locale, name = label));
                Ok(version)
            }
        }
    }

    /// What a simulated card says it was made with; real cards are not asked, as the command is the model's own.
    pub fn label(&self, channel: &mut dyn Channel) -> Option<String> {
        let simulated = self.common.reader.as_deref()?.starts_with(SIMULATED);
        let data = simulated.then(|| ModelOs.card_data(channel).ok().flatten())??;
        Some(data.label)
    }
}
