//! libSSCardDriver: the standard reader interface (人社信息函〔2016〕38号, `spec/terminal.md` part 1) as C functions, and the
//! low-level functions `ICC_Reader_*` beneath it. [`client`] calls such a library, any vendor's.
//!
//! What the functions do stands in [`reader::driver`]; here C strings become text and text becomes C strings. All unsafe code
//! of the project is in [`text`], in [`client`] and in the signatures that C asks for. Every function takes NULL and wrong pointers' worth of
//! text for what they are: an error code, no crash, and never a byte outside the sizes that IF38 prints.
//!
//! Windows programs of 32 bits call the functions as `__stdcall`, all others as C functions: `extern "system"`.

#![allow(non_snake_case, reason = "the names are those of the standard")]

pub mod client;
pub mod functions;
pub mod global;
pub mod icc;
pub mod pki;
pub mod text;
