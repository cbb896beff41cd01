//! Readers with a keypad of their own (PC/SC part 10, CCID): the person types at the reader, the reader puts the digits into the
//! command and sends it, and no program ever sees them.
//!
//! What a reader can do it tells by its [`Features`]; what it is to do stands in a [`PinVerify`] or a [`PinModify`]. Both go over
//! [`Channel::control`](crate::channel::Channel::control). [`SimulatedPinPad`] is such a reader around any other channel.
//!
//! CCID describes where the digits go by a block of fixed length at a fixed place. This card writes its PIN with as many bytes as it
//! has digits, so a block fits PINs of one length only, and the length must be known before:
//!
//! | command | with a known number of digits | otherwise |
//! |---|---|---|
//! | VERIFY `00 20 00 00 Lc PIN` | BCD, left, filled with F by the template | no: Lc would have to follow the digits. CCID does not say who counts them; readers differ (some take Lc 00 as "count", some send it) |
//! | CHANGE PIN `80 5E 01 00 Lc old FF new` | two such blocks, at 0 and behind the FF | no: the place of the new PIN would follow the length of the old one |
//! | PIN CHANGE/UNBLOCK `84 24 00 01` | no: the PIN is encrypted and MACed, by a PSAM or an HSM, which a keypad cannot ask | no |

mod block;
mod features;
mod simulated;

pub use block::{Answer, Language, PinModify, PinVerify};
pub use features::{Features, GET_FEATURE_REQUEST, MODIFY_PIN_DIRECT, VERIFY_PIN_DIRECT, control_code};
pub use simulated::{PadPrompt, SimulatedPinPad, Typing};
