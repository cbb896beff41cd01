//! The driver interface (LD/T 6001.5, `spec/conformance.md` §4.10): cases that call the functions of a driver, this project's or
//! any vendor's, and judge return codes and strings.
//!
//! A case says which functions are called with what and what they must give ([`script`], [`text`]), and what card and PSAM are in
//! which state before ([`Situation`]). A [`Stand`] is a tester's setup: a driver, and what can be done to the slots and the
//! keypad around it: [`MemoryStand`] simulates everything in this process, [`FolderStand`] gives a library simulated cards in files,
//! [`ReaderStand`] takes the card that is in a reader. [`run`] runs the cases on any of them.

mod evaluate;
mod facts;
mod fit;
mod folder;
pub mod function;
mod hosted;
mod memory;
mod play;
mod run;
pub mod script;
mod shown;
mod situation;
mod stand;
mod terminal;
pub mod text;
pub mod wire;
mod workshop;

pub use facts::Facts;
pub use folder::FolderStand;
pub use function::{Argument, Function, Invocation};
pub use hosted::Hosted;
pub use memory::{Builtin, MemoryStand};
pub use run::run;
pub use script::Script;
pub use situation::{CardState, PsamState, Situation};
pub use stand::{Answer, CallFault, DriverUnderTest, Entry, Stand};
pub use terminal::{Attendant, ReaderStand};
pub use workshop::{Specimen, Workshop};
