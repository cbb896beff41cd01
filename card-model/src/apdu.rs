//! Command APDUs as bytes: short form only, the four cases (`spec/conformance.md` §6.1).

/// A command APDU, parsed once at the edge.
#[derive(Debug, Clone, Copy)]
pub struct Apdu<'a> {
    /// CLA INS P1 P2 and P3 (Lc of cases 3 and 4), as MACs cover them.
    pub header: [u8; 5],
    /// Command data, empty in cases 1 and 2.
    pub data: &'a [u8],
    /// Expected length 1–256 in cases 2 and 4.
    pub le: Option<u16>,
}

impl<'a> Apdu<'a> {
    /// Parses 4 to 261 bytes; `None` when the length fits no case (extended lengths included: the card has none).
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, body) = bytes.split_at_checked(4)?;
        let header = |p3| [head[0], head[1], head[2], head[3], p3];
        let Some((p3, rest)) = body.split_first() else {
            return Some(Self {
                header: header(0),
                data: &[],
                le: None,
            });
        };
        if rest.is_empty() {
            return Some(Self {
                header: header(*p3),
                data: &[],
                le: Some(expected(*p3)),
            });
        }
        if *p3 == 0 {
            return None;
        }
        let (data, tail) = rest.split_at_checked(usize::from(*p3))?;
        let le = match tail {
            [] => None,
            [le] => Some(expected(*le)),
            _ => return None,
        };
        Some(Self {
            header: header(*p3),
            data,
            le,
        })
    }

    /// CLA.
    pub fn cla(&self) -> u8 {
        self.header[0]
    }

    /// INS.
    pub fn ins(&self) -> u8 {
        self.header[1]
    }

    /// P1.
    pub fn p1(&self) -> u8 {
        self.header[2]
    }

    /// P2.
    pub fn p2(&self) -> u8 {
        self.header[3]
    }

    /// Whether neither data nor a length other than 00 came: the empty VERIFY, case 1 commands on T=0.
    pub fn is_bare(&self) -> bool {
        self.data.is_empty() && matches!(self.le, None | Some(256))
    }
}

fn expected(le: u8) -> u16 {
    if le == 0 { 256 } else { u16::from(le) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        let case = |bytes: &[u8]| Apdu::parse(bytes).map(|apdu| (apdu.data.len(), apdu.le));
        assert_eq!(case(&[0, 0x84, 0]), None);
        assert_eq!(case(&[0, 0x84, 0, 0]), Some((0, None)));
        assert_eq!(case(&[0, 0x84, 0, 0, 8]), Some((0, Some(8))));
        assert_eq!(case(&[0, 0x84, 0, 0, 0]), Some((0, Some(256))));
        assert_eq!(case(&[0, 0xA4, 0, 0, 2, 0x3F, 0]), Some((2, None)));
        assert_eq!(case(&[0, 0xA4, 0, 0, 2, 0x3F, 0, 0]), Some((2, Some(256))));
        assert_eq!(case(&[0, 0xA4, 0, 0, 2, 0x3F]), None);
        assert_eq!(case(&[0, 0xA4, 0, 0, 2, 0x3F, 0, 0, 0]), None);
        assert_eq!(case(&[0, 0xA4, 0, 0, 0, 0, 2, 0x3F, 0]), None);
    }
}
