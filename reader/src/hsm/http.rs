//! The little of HTTP that the service and its client need: one request and one answer for each connection.

use std::io::{self, ErrorKind, Read, Write};

/// Longest head of a message, and longest body: a request has 200 characters.
pub(super) const MOST: usize = 8 * 1024;
/// Most header fields.
const FIELDS: usize = 64;

/// A message as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// `POST` of a request; empty in an answer.
    pub method: String,
    /// Status of an answer; 0 in a request.
    pub status: u16,
    /// Whether the body is JSON.
    pub json: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// Which message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Answer,
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_owned())
}

/// Reads one message. An answer without a length goes to the end of the connection.
pub(super) fn read(stream: &mut impl Read, kind: Kind) -> io::Result<Message> {
    let mut bytes = Vec::with_capacity(1024);
    let mut buffer = [0; 1024];
    let mut head = None;
    loop {
        if head.is_none() {
            head = parse(&bytes, kind)?;
        }
        if let Some((length, Head { body: Some(body), .. })) = &head
            && bytes.len() >= length + body
        {
            break;
        }
        if bytes.len() > 2 * MOST {
            return Err(invalid("too long"));
        }
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let (length, head) = head.ok_or_else(|| invalid("no head"))?;
    let end = head.body.map_or(bytes.len(), |body| length + body);
    let body = bytes.get(length..end).ok_or_else(|| invalid("the body is cut"))?;
    Ok(Message {
        method: head.method,
        status: head.status,
        json: head.json,
        body: body.to_vec(),
    })
}

/// Head of a message.
struct Head {
    method: String,
    status: u16,
    json: bool,
    /// Length of the body; `None` where it goes to the end.
    body: Option<usize>,
}

/// The head and its length, once it is there as a whole.
fn parse(bytes: &[u8], kind: Kind) -> io::Result<Option<(usize, Head)>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let bad = |_| invalid("no HTTP");
    let (done, method, status, fields) = match kind {
        Kind::Request => {
            let mut request = httparse::Request::new(&mut fields);
            let done = request.parse(bytes).map_err(bad)?;
            (
                done,
                request.method.unwrap_or_default().to_owned(),
                0,
                &*request.headers,
            )
        }
        Kind::Answer => {
            let mut answer = httparse::Response::new(&mut fields);
            let done = answer.parse(bytes).map_err(bad)?;
            (done, String::new(), answer.code.unwrap_or(0), &*answer.headers)
        }
    };
    let httparse::Status::Complete(length) = done else {
        return if bytes.len() > MOST {
            Err(invalid("too long"))
        } else {
            Ok(None)
        };
    };
    let value = |name: &str| {
        let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        field
            .and_then(|field| core::str::from_utf8(field.value).ok())
            .map(str::trim)
    };
    if value("Transfer-Encoding").is_some() {
        return Err(invalid("transfer encodings are not taken"));
    }
    let body = match value("Content-Length") {
        Some(text) => {
            let length: usize = text.parse().map_err(|_| invalid("no length"))?;
            if length > MOST {
                return Err(invalid("too long"));
            }
            Some(length)
        }
        None => (kind == Kind::Request).then_some(0),
    };
    let json = value("Content-Type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    Ok(Some((
        length,
        Head {
            method,
            status,
            json,
            body,
        },
    )))
}

/// Writes an answer, after which the connection ends.
pub(super) fn answer(stream: &mut impl Write, status: u16, json: bool, body: &str) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        405 => "Method Not Allowed",
        503 => "Service Unavailable",
        _ => "Error",
    };
    let kind = content_type(json);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    stream.flush()
}

/// Writes a request. Version 1.0 asks for an answer in one piece.
pub(super) fn request(stream: &mut impl Write, host: &str, path: &str, json: bool, body: &str) -> io::Result<()> {
    let (kind, length) = (content_type(json), body.len());
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    stream.flush()
}

const fn content_type(json: bool) -> &'static str {
    if json {
        "application/json; charset=utf-8"
    } else {
        "text/plain; charset=utf-8"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_come_back() {
        let mut bytes = Vec::new();
        request(&mut bytes, "localhost", "/", true, "{\"a\":1}").expect("memory");
        let read_back = read(&mut bytes.as_slice(), Kind::Request).expect("own");
        assert_eq!(
            (read_back.method.as_str(), read_back.json, read_back.body.as_slice()),
            ("POST", true, &b"{\"a\":1}"[..])
        );
        let mut bytes = Vec::new();
        answer(&mut bytes, 400, false, "no").expect("memory");
        let read_back = read(&mut bytes.as_slice(), Kind::Answer).expect("own");
        assert_eq!(
            (read_back.status, read_back.json, read_back.body.as_slice()),
            (400, false, &b"no"[..])
        );
        let open = b"HTTP/1.0 200 OK\r\n\r\nto the end";
        assert_eq!(read(&mut &open[..], Kind::Answer).expect("read").body, b"to the end");
    }

    #[test]
    fn bounds() {
        let refused = |text: &str| read(&mut text.as_bytes(), Kind::Request).is_err();
        assert!(refused("POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\n"));
        assert!(refused("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"));
        assert!(refused("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"));
        assert!(refused(&format!("POST /{} HTTP/1.1\r\n", "a".repeat(3 * MOST))));
        assert!(refused(""));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), good: bool) {
            let mut all = if good { b"POST / HTTP/1.1\r\n".to_vec() } else { Vec::new() };
            all.extend(bytes);
            let _ = read(&mut all.as_slice(), Kind::Request);
            let _ = read(&mut all.as_slice(), Kind::Answer);
        }
    }
}
