//! The card that is fuzzed, and what is known of it.

use card_model::profile::Profile;
use card_model::secret::Pin;
use reader::security::{CardIdentity, SecurityModule};

/// The card and what is known of it. Of a card that is none of ours nothing but a profile is known, which says what to ask for.
pub struct Target<'a> {
    /// Files, names and keys that the card should have.
    pub profile: &'a Profile,
    /// The card's keys. With them files are read and written back that need them.
    pub keys: Option<(&'a mut dyn SecurityModule, &'a CardIdentity)>,
    /// The holder's PIN.
    pub pin: Option<&'a Pin>,
}
