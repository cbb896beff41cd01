//! What a round sends: steps that stay meaningful whatever other steps are left out. Where bytes depend on what the card says
//! (a challenge, a record's contents) the step has no bytes, and asks the card itself when it is played.

use card_model::profile::Profile;

/// A step of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Power goes and comes.
    Reset,
    /// Selects a dedicated file of the profile by way of its environment.
    Enter(usize),
    /// GET CHALLENGE and the right EXTERNAL AUTHENTICATION, in the dedicated file that has the key or below it.
    Prove {
        /// Dedicated file that has the key.
        df: usize,
        /// The key in it.
        key: usize,
        /// Version that is sent.
        version: Option<u8>,
    },
    /// The same with a wrong proof: costs a try.
    ProveWrongly {
        /// Dedicated file that has the key.
        df: usize,
        /// The key in it.
        key: usize,
    },
    /// VERIFY with the holder's PIN.
    Verify,
    /// VERIFY with another PIN: costs a try.
    VerifyWrongly,
    /// CHANGE PIN from the holder's PIN to the same.
    KeepPin,
    /// Reads and writes what was read back to its place.
    WriteBack {
        /// The command that reads; its Le is what the card names.
        read: [u8; 4],
        /// Header of the command that writes.
        update: [u8; 4],
    },
    /// A command; `61xx` and `6Cxx` are followed.
    Command(Vec<u8>),
    /// A command whose `61xx` and `6Cxx` are left as they are.
    Unfollowed(Vec<u8>),
}

impl Step {
    /// Simpler steps that may show the same, the simplest first.
    pub fn simpler(&self) -> Vec<Self> {
        match self {
            Self::Prove {
                df,
                key,
                version: Some(_),
            } => vec![Self::Prove {
                df: *df,
                key: *key,
                version: None,
            }],
            Self::Unfollowed(bytes) => {
                let followed = [Self::Command(bytes.clone())];
                followed
                    .into_iter()
                    .chain(simpler(bytes).map(Self::Unfollowed))
                    .collect()
            }
            Self::Command(bytes) => simpler(bytes).map(Self::Command).collect(),
            _ => Vec::new(),
        }
    }

    /// In words, for the remark before its commands.
    pub fn remark(&self, profile: &Profile) -> Option<String> {
        let id = |df: &usize| profile.dedicated_files.get(*df).map(|df| df.id.clone());
        let name = |df: &usize, key: &usize| {
            let key = profile.dedicated_files.get(*df)?.keys.get(*key)?;
            Some(key.name.clone())
        };
        Some(match self {
            Self::Enter(df) => format!("enter {}", id(df)?),
            Self::Prove { df, key, version } => match version {
                Some(version) => format!("prove {} v{version}", name(df, key)?),
                None => format!("prove {}", name(df, key)?),
            },
            Self::ProveWrongly { df, key } => format!("prove {} wrongly", name(df, key)?),
            Self::Verify => "verify the PIN".to_owned(),
            Self::VerifyWrongly => "verify a wrong PIN".to_owned(),
            Self::KeepPin => "change the PIN to itself".to_owned(),
            Self::WriteBack { .. } => "write back what was read".to_owned(),
            Self::Reset | Self::Command(_) | Self::Unfollowed(_) => return None,
        })
    }
}

/// Commands with less data, without Le, with zeros instead of what stands there. Each has a right form again.
fn simpler(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    let (header, body) = bytes.split_at(bytes.len().min(4));
    if let [length, data @ ..] = body
        && data.len() >= usize::from(*length)
        && *length > 0
        && !data.is_empty()
    {
        let (data, le) = data.split_at(usize::from(*length));
        if !le.is_empty() {
            all.push([header, &[*length], data].concat());
        }
        for shorter in [0, data.len() / 2, data.len() - 1] {
            let data = &data[..shorter];
            all.push(match shorter {
                0 => [header, le].concat(),
                _ => [header, &[shorter as u8], data, le].concat(),
            });
        }
        if data.iter().any(|byte| *byte != 0) {
            all.push([header, &[*length], &vec![0; data.len()], le].concat());
        }
    } else if !body.is_empty() {
        all.push(header.to_vec());
        all.push([header, &[0]].concat());
    }
    for position in [0, 2, 3] {
        let mut zero = bytes.to_vec();
        if zero.get(position).is_some_and(|byte| *byte != 0) {
            zero[position] = 0;
            all.push(zero);
        }
    }
    all.dedup();
    all.retain({
        let bytes = bytes.to_vec();
        move |simpler| *simpler != bytes
    });
    all.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reader::command::Command;

    /// A number that every simplification makes smaller, so that simplifying ends.
    fn weight(bytes: &[u8]) -> (usize, usize) {
        (bytes.len(), bytes.iter().filter(|byte| **byte != 0).count())
    }

    proptest! {
        #[test]
        fn simplifying_ends_and_keeps_the_form(
            header: [u8; 4], data in prop::collection::vec(any::<u8>(), 0..20), le: Option<u8>,
        ) {
            let command = Command::new(header[0], header[1], header[2], header[3]);
            let mut command = if data.is_empty() { command } else { command.with_data(&data).expect("short") };
            if let Some(le) = le {
                command = command.with_le(le);
            }
            let bytes = command.to_bytes().to_vec();
            for simpler in (Step::Command(bytes.clone())).simpler() {
                let Step::Command(simpler) = simpler else { panic!("a command") };
                prop_assert!(weight(&simpler) < weight(&bytes), "{simpler:02X?} of {bytes:02X?}");
                prop_assert!(Command::from_bytes(&simpler).is_ok(), "{simpler:02X?}");
            }
        }
    }
}
