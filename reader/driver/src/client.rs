//! The other side of the border: calls the functions of any library with this interface, loaded at run time, as a C program
//! does. Buffers stand between guard bytes, so that a library that writes where it must not is found out.

use core::ffi::{c_char, c_int, c_long};
use libloading::Library;
use std::path::Path;

/// A library with functions of the interface.
#[derive(Debug)]
pub struct Client {
    library: Library,
}

/// Why a library cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LoadError(#[from] libloading::Error);

/// What is handed over for a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<'a> {
    /// A number.
    Number(i32),
    /// The bytes of a string; the NUL is put behind them.
    Text(&'a [u8]),
    /// A NULL pointer.
    Null,
}

/// Why a call gave no code and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The library has no such function.
    #[error("no such function")]
    Missing,
    /// No function of the interface has these parameters.
    #[error("no function of the interface has these parameters")]
    Shape,
    /// It wrote outside of pOutInfo.
    #[error("bytes outside of pOutInfo were written")]
    Overrun,
    /// pOutInfo has no NUL within its size.
    #[error("pOutInfo has no NUL within its size")]
    Endless,
    /// It changed a string that goes in.
    #[error("a string that goes in was changed")]
    Changed,
}

/// Guard bytes before and behind a buffer.
const GUARD: usize = 64;
const GUARD_BYTE: u8 = 0x5A;
/// What a buffer holds before the call; no NUL, so that one that is not written is seen.
const FRESH: u8 = 0xA5;

/// Bytes between guards.
struct Buffer {
    bytes: Vec<u8>,
    before: Vec<u8>,
}

impl Buffer {
    fn new(contents: &[u8]) -> Self {
        let mut bytes = vec![GUARD_BYTE; GUARD];
        bytes.extend_from_slice(contents);
        bytes.extend([GUARD_BYTE; GUARD]);
        Self {
            before: bytes.clone(),
            bytes,
        }
    }

    fn pointer(&mut self) -> *mut c_char {
        self.bytes[GUARD..].as_mut_ptr().cast()
    }

    fn contents(&self) -> &[u8] {
        &self.bytes[GUARD..self.bytes.len() - GUARD]
    }

    /// Whether the guards are as they were.
    fn is_guarded(&self) -> bool {
        let end = self.bytes.len() - GUARD;
        self.bytes[..GUARD] == self.before[..GUARD] && self.bytes[end..] == self.before[end..]
    }

    fn is_unchanged(&self) -> bool {
        self.bytes == self.before
    }
}

type Text = *mut c_char;

/// The shapes that the functions of the interface have, pOutInfo last.
type NumberOut = unsafe extern "system" fn(c_int, Text) -> c_long;
type TextOut = unsafe extern "system" fn(Text, Text) -> c_long;
type TwoTextsOut = unsafe extern "system" fn(Text, Text, Text) -> c_long;
type NumberTextOut = unsafe extern "system" fn(c_int, Text, Text) -> c_long;
type NumberTwoTextsOut = unsafe extern "system" fn(c_int, Text, Text, Text) -> c_long;
type NumberThreeTextsOut = unsafe extern "system" fn(c_int, Text, Text, Text, Text) -> c_long;
type TwoNumbersTwoTextsOut = unsafe extern "system" fn(c_int, c_int, Text, Text, Text) -> c_long;
type TwoTextsNumberOut = unsafe extern "system" fn(Text, Text, c_int, Text) -> c_long;
type ThreeTextsNumberOut = unsafe extern "system" fn(Text, Text, Text, c_int, Text) -> c_long;
type FourTextsNumberOut = unsafe extern "system" fn(Text, Text, Text, Text, c_int, Text) -> c_long;

/// An argument as C takes it.
#[derive(Clone, Copy)]
enum Raw {
    Number(c_int),
    Text(Text),
}

impl Client {
    /// Loads a library.
    ///
    /// # Errors
    /// It is not there, is for another kind of machine, or needs others that are not there.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        // SAFETY: what a library does when it is loaded is its own; whoever names it trusts it. It is never unloaded while a
        // function of it runs, because calls borrow the client.
        let library = unsafe { Library::new(path) }?;
        Ok(Self { library })
    }

    /// Whether the library has a function.
    pub fn has(&self, name: &str) -> bool {
        // SAFETY: the symbol is only looked for, not called.
        let symbol = unsafe { self.library.get::<NumberOut>(name.as_bytes()) };
        symbol.is_ok()
    }

    /// Calls a function of the interface by its name; `out` is the size of pOutInfo. Gives the return code and pOutInfo up to its NUL.
    ///
    /// # Errors
    /// The library has no such function, or it does not keep to its buffers.
    pub fn call(&self, name: &str, given: &[Given<'_>], out: usize) -> Result<(i64, Vec<u8>), CallError> {
        if !self.has(name) {
            return Err(CallError::Missing);
        }
        let mut strings: Vec<Option<Buffer>> = given
            .iter()
            .map(|one| match one {
                Given::Text(bytes) => Some(Buffer::new(&[bytes, &[0][..]].concat())),
                Given::Number(_) | Given::Null => None,
            })
            .collect();
        let mut out = Buffer::new(&vec![FRESH; out]);
        let raw: Vec<Raw> = given
            .iter()
            .zip(&mut strings)
            .map(|(one, buffer)| match (one, buffer) {
                (Given::Number(number), _) => Raw::Number(*number),
                (_, Some(buffer)) => Raw::Text(buffer.pointer()),
                (_, None) => Raw::Text(core::ptr::null_mut()),
            })
            .collect();
        let code = self.call_raw(name, &raw, out.pointer())?;
        if !out.is_guarded() {
            return Err(CallError::Overrun);
        }
        if !strings.iter().flatten().all(Buffer::is_unchanged) {
            return Err(CallError::Changed);
        }
        let contents = out.contents();
        let end = contents.iter().position(|byte| *byte == 0).ok_or(CallError::Endless)?;
        #[allow(clippy::useless_conversion, reason = "long has 32 bits on Windows")]
        let code = i64::from(code);
        Ok((code, contents[..end].to_vec()))
    }

    fn call_raw(&self, name: &str, raw: &[Raw], out: Text) -> Result<c_long, CallError> {
        use Raw::{Number as N, Text as T};
        macro_rules! with {
            ($shape:ty, $($argument:expr),*) => {{
                // SAFETY: the interface fixes the parameters of its functions by their names, and the arguments are of this
                // shape because the caller knows the function; a library under such a name with other parameters is none of the
                // interface.
                let function = unsafe { self.library.get::<$shape>(name.as_bytes()) };
                let function = function.map_err(|_| CallError::Missing)?;
                // SAFETY: strings end with NUL, pOutInfo has the size of the standard, all of them live until the call is over.
                Ok(unsafe { function($($argument),*, out) })
            }};
        }
        match *raw {
            [N(a)] => with!(NumberOut, a),
            [T(a)] => with!(TextOut, a),
            [T(a), T(b)] => with!(TwoTextsOut, a, b),
            [N(a), T(b)] => with!(NumberTextOut, a, b),
            [N(a), T(b), T(c)] => with!(NumberTwoTextsOut, a, b, c),
            [N(a), T(b), T(c), T(d)] => with!(NumberThreeTextsOut, a, b, c, d),
            [N(a), N(b), T(c), T(d)] => with!(TwoNumbersTwoTextsOut, a, b, c, d),
            [T(a), T(b), N(c)] => with!(TwoTextsNumberOut, a, b, c),
            [T(a), T(b), T(c), N(d)] => with!(ThreeTextsNumberOut, a, b, c, d),
            [T(a), T(b), T(c), T(d), N(e)] => with!(FourTextsNumberOut, a, b, c, d, e),
            _ => Err(CallError::Shape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_beside_a_buffer_is_seen() {
        let mut buffer = Buffer::new(b"abc\0");
        assert!(buffer.is_guarded() && buffer.is_unchanged());
        assert_eq!(buffer.contents(), b"abc\0");
        buffer.bytes[GUARD] = b'x';
        assert!(buffer.is_guarded() && !buffer.is_unchanged());
        let end = buffer.bytes.len() - GUARD;
        buffer.bytes[end] = 0;
        assert!(!buffer.is_guarded());
    }

    #[test]
    fn a_file_that_is_no_library() {
        assert!(Client::load(Path::new("/nonexistent/libSSCardDriver.so")).is_err());
    }
}
