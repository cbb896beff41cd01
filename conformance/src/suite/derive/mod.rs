//! Cases that follow from the profile's access conditions: the SAFETY items of LD/T 6001.3 (`spec/conformance.md` §4.9).
//!
//! File × operation × what was proved × way of addressing, each a case of its own. What an update writes was read before, so
//! that the card is left as it was; only cyclic files get one more record, a copy of their newest.

mod access;
mod states;
mod way;

pub(super) use access::access;
