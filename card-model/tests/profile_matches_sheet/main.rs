//! The profiles against the specification sheets themselves: every file, element, condition and key of the tables in
//! `../shared/spec/files.md` and `terminal.md`, counted, so that forgetting or mistyping one fails.

#![allow(clippy::expect_used, clippy::panic)]

mod elements;
mod keys;
mod older;
mod provinces;
mod sheet;
mod tree;
mod version1;
