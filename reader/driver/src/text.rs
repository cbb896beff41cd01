//! Strings across the border: C pointers in, C buffers out, within the sizes of IF38.

use core::ffi::{c_char, c_long};
use reader::driver::{Digits, Encoding, Failure, Outcome, ReturnCode};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a function returns when the program itself failed; vendors use the number for unknown errors.
pub const UNKNOWN: c_long = -999;

/// Whether a string must end within its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a NUL: pCardInfo, pFileAddr, pWriteData, pPayInfo.
    Nul,
    /// With a NUL or with the size, which counts characters only: pKey.
    NulOrSize,
}

/// A string of the caller as bytes, at most `size` of them.
///
/// # Errors
/// NULL, or no end within the size (−14).
///
/// # Safety
/// `pointer` is NULL or points to bytes that may be read up to the first NUL or up to `size`, whichever comes first.
pub unsafe fn take(name: &str, pointer: *const c_char, size: usize, end: End) -> Result<Vec<u8>, Failure> {
    let parameter =
        |zh: &str, en: &str| Failure::because(ReturnCode::PARAMETER, format!("{name}{zh}"), format!("{name} {en}"));
    if pointer.is_null() {
        return Err(parameter("为空指针", "is NULL"));
    }
    let mut bytes = Vec::new();
    for offset in 0..size {
        // SAFETY: all bytes before this one were no NUL and the offset is below the size, so the caller lets us read it.
        let place = unsafe { pointer.add(offset) };
        // SAFETY: as said.
        let byte = unsafe { place.read() };
        if byte == 0 {
            return Ok(bytes);
        }
        bytes.push(byte.cast_unsigned());
    }
    match end {
        End::NulOrSize => Ok(bytes),
        End::Nul => Err(parameter("无结束符或过长", "has no end within its size")),
    }
}

/// Digits of the caller; `None` for NULL.
///
/// # Errors
/// No end within the size (−14), or something else than ASCII (−41).
///
/// # Safety
/// As [`take`].
pub unsafe fn optional(name: &str, pointer: *const c_char, size: usize) -> Result<Option<Digits>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise is ours.
    let bytes = unsafe { take(name, pointer, size, End::Nul) }?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Digits::new(text))),
        Err(_) => Err(Failure::new(ReturnCode::ILLEGAL_CHARACTER)),
    }
}

/// Writes text with its NUL into a buffer; text that is too long is cut between two characters.
///
/// # Safety
/// `pointer` points to `size` bytes that may be written.
unsafe fn give(pointer: *mut c_char, size: usize, text: &str, encoding: Encoding) {
    let Some(room) = size.checked_sub(1) else { return };
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        let mut buffer = [0; 4];
        let encoded = encoding.encode(character.encode_utf8(&mut buffer));
        if bytes.len() + encoded.len() > room {
            break;
        }
        bytes.extend(encoded);
    }
    // SAFETY: at most `room` bytes were collected, so that they and the NUL fit into the size.
    unsafe { write(pointer, bytes.into_iter()) };
}

/// Writes bytes and a NUL.
///
/// # Safety
/// `pointer` points to one byte more than there are `bytes`, all of which may be written.
unsafe fn write(pointer: *mut c_char, bytes: impl Iterator<Item = u8>) {
    for (offset, byte) in bytes.chain([0]).enumerate() {
        // SAFETY: the caller says that there is room for all bytes.
        let place = unsafe { pointer.add(offset) };
        // SAFETY: as said.
        unsafe { place.write(byte.cast_signed()) };
    }
}

/// Runs a function of the interface: its text goes into pOutInfo, its code is returned. A text that does not fit is an error
/// (−42), because half an answer is none.
///
/// # Safety
/// `out` is NULL or points to `size` bytes that may be written.
pub unsafe fn answer(out: *mut c_char, size: usize, work: impl FnOnce() -> (Outcome, Encoding)) -> c_long {
    let work = || {
        let (outcome, encoding) = work();
        (outcome.map(|text| encoding.encode(&text)), encoding)
    };
    // SAFETY: the caller's promise is ours.
    unsafe { answer_bytes(out, size, work) }
}

/// As [`answer`], for bytes that go out as they are. A NUL among them would end them too early and is an error (−41).
///
/// # Safety
/// As [`answer`].
pub unsafe fn answer_bytes<B: AsRef<[u8]>>(
    out: *mut c_char,
    size: usize,
    work: impl FnOnce() -> (Result<B, Failure>, Encoding),
) -> c_long {
    if out.is_null() {
        return c_long::from(ReturnCode::PARAMETER.0);
    }
    let lang = crate::global::lang();
    let Ok((outcome, encoding)) = catch_unwind(AssertUnwindSafe(work)) else {
        // SAFETY: the caller's promise is ours.
        unsafe { give(out, size, "", Encoding::Utf8) };
        return UNKNOWN;
    };
    let outcome = outcome.and_then(|bytes| {
        let refused = |code, zh: &str, en: &str| Err(Failure::because(code, zh, en));
        if bytes.as_ref().contains(&0) {
            refused(
                ReturnCode::ILLEGAL_CHARACTER,
                "输出含空字符",
                "the answer has a NUL within",
            )
        } else if bytes.as_ref().len() >= size {
            refused(
                ReturnCode::DATA_LENGTH,
                "输出超过缓冲区长度",
                "the answer is longer than the buffer",
            )
        } else {
            Ok(bytes)
        }
    });
    match outcome {
        Ok(bytes) => {
            // SAFETY: the bytes and their NUL have at most `size` bytes, which the caller lets us write.
            unsafe { write(out, bytes.as_ref().iter().copied()) };
            c_long::from(ReturnCode::SUCCESS.0)
        }
        Err(failure) => {
            // SAFETY: the caller's promise is ours.
            unsafe { give(out, size, &failure.text(lang), encoding) };
            c_long::from(failure.code.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bytes: &[u8], size: usize, end: End) -> Option<Vec<u8>> {
        assert!(bytes.len() >= size || bytes.contains(&0));
        // SAFETY: the slice has `size` bytes or a NUL.
        unsafe { take("p", bytes.as_ptr().cast(), size, end) }.ok()
    }

    #[test]
    fn strings_end_within_their_size() {
        assert_eq!(taken(b"abc\0d", 5, End::Nul).as_deref(), Some(&b"abc"[..]));
        assert_eq!(taken(b"abcd", 4, End::Nul), None);
        assert_eq!(taken(b"abcd", 4, End::NulOrSize).as_deref(), Some(&b"abcd"[..]));
        assert_eq!(taken(b"\0", 1, End::Nul).as_deref(), Some(&b""[..]));
        // SAFETY: NULL is allowed.
        assert!(unsafe { take("p", core::ptr::null(), 4, End::Nul) }.is_err());
    }

    fn given(text: &str, size: usize, encoding: Encoding) -> Vec<u8> {
        let mut buffer = vec![0x55u8; size + 4];
        // SAFETY: the buffer is longer than `size`.
        unsafe { give(buffer.as_mut_ptr().cast(), size, text, encoding) };
        assert_eq!(buffer[size..], [0x55; 4], "nothing behind the size");
        let end = buffer.iter().position(|b| *b == 0).unwrap_or(size);
        buffer.truncate(end);
        buffer
    }

    fn answered(bytes: &[u8], size: usize) -> (c_long, Vec<u8>) {
        let mut buffer = vec![0x55u8; size + 4];
        let work = || (Ok(bytes), Encoding::Gbk);
        // SAFETY: the buffer is longer than `size`.
        let code = unsafe { answer_bytes(buffer.as_mut_ptr().cast(), size, work) };
        assert_eq!(buffer[size..], [0x55; 4], "nothing behind the size");
        let end = buffer.iter().position(|b| *b == 0).unwrap_or(size);
        buffer.truncate(end);
        (code, buffer)
    }

    #[test]
    fn bytes_go_out_whole_or_not_at_all() {
        assert_eq!(answered(&[0xFF, 0x80], 3), (0, vec![0xFF, 0x80]));
        assert_eq!(answered(&[0xFF, 0x80], 2).0, -42);
        assert_eq!(answered(&[1, 0, 2], 20).0, -41);
        assert_eq!(answered(&[], 1), (0, vec![]));
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(given("张三", 5, Encoding::Gbk), [0xD5, 0xC5, 0xC8, 0xFD]);
        assert_eq!(given("张三", 4, Encoding::Gbk), [0xD5, 0xC5]);
        assert_eq!(given("张三", 6, Encoding::Utf8), "张".as_bytes());
        assert_eq!(given("张三", 1, Encoding::Gbk), b"");
        assert_eq!(given("张三", 0, Encoding::Gbk), b"");
    }
}
