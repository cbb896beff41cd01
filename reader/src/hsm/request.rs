//! The string requests.

use super::error::ServiceError;
use std::fmt;

/// Which card: region and historical bytes, from which the HSM diversifies its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Six digits.
    pub region: String,
    /// The 13 historical bytes (卡复位信息).
    pub historical: [u8; 13],
}

/// Factor and original data of an authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// 过程因子.
    pub factor: [u8; 8],
    /// 原始信息.
    pub original: [u8; 8],
}

/// Type 01: both authentications of iReadCardBas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicsRequest {
    /// Which card.
    pub area: Area,
    /// Algorithm identifier 01, 02, 03.
    pub algorithm: u8,
    /// Card identification code.
    pub card_id: [u8; 16],
    /// Internal authentication.
    pub internal: Challenge,
    /// External authentication; none for cards before 3.0.
    pub external: Option<Challenge>,
}

/// Type 02: an external authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalRequest {
    /// Which card.
    pub area: Area,
    /// Algorithm identifier.
    pub algorithm: u8,
    /// Logical address of the key in its version.
    pub address: u16,
    /// Factor and original data.
    pub challenge: Challenge,
}

/// Type 03: a secure message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRequest {
    /// Which card.
    pub area: Area,
    /// Algorithm identifier.
    pub algorithm: u8,
    /// Logical address of the key.
    pub address: u16,
    /// 过程因子.
    pub factor: [u8; 8],
    /// CLA INS P1 P2 Lc.
    pub header: [u8; 5],
    /// Digits to be encrypted; none for a MAC alone.
    pub data: String,
}

/// Type 04: a settlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseCall {
    /// Which card.
    pub area: Area,
    /// Terminal transaction sequence number.
    pub terminal_sequence: [u8; 4],
    /// Algorithm identifier.
    pub algorithm: u8,
    /// Logical address of the purchase key.
    pub address: u16,
    /// Random number of the card.
    pub random: [u8; 4],
    /// Sequence number of the card.
    pub sequence: [u8; 2],
    /// The three amounts in fen. Requests with two leave the first one out, which is 0.
    pub amounts: [[u8; 4]; 3],
    /// Transaction type.
    pub kind: u8,
    /// Terminal number.
    pub terminal: [u8; 6],
    /// Time, YYYYMMDDhhmmss.
    pub time: [u8; 7],
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Type 01.
    Basics(BasicsRequest),
    /// Type 02.
    External(ExternalRequest),
    /// Type 03.
    Message(MessageRequest),
    /// Type 04.
    Purchase(PurchaseCall),
}

/// The items of a request, taken one after the other.
struct Items<'t>(std::vec::IntoIter<&'t str>);

impl<'t> Items<'t> {
    fn text(&mut self, item: &'static str) -> Result<&'t str, ServiceError> {
        self.0.next().map(str::trim).ok_or(ServiceError::Form { item })
    }

    fn bytes<const N: usize>(&mut self, item: &'static str) -> Result<[u8; N], ServiceError> {
        array(self.text(item)?, item)
    }

    fn number(&mut self, item: &'static str) -> Result<u16, ServiceError> {
        Ok(u16::from_be_bytes(self.bytes(item)?))
    }

    fn area(&mut self) -> Result<Area, ServiceError> {
        let region = self.text("area")?;
        if region.len() != 6 || !region.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ServiceError::Form { item: "area" });
        }
        Ok(Area {
            region: region.to_owned(),
            historical: self.bytes("ATR")?,
        })
    }

    fn challenge(&mut self) -> Result<Challenge, ServiceError> {
        Ok(Challenge {
            factor: self.bytes("factor")?,
            original: self.bytes("original")?,
        })
    }

    /// A challenge that may be left out as a whole.
    fn optional_challenge(&mut self) -> Result<Option<Challenge>, ServiceError> {
        match (self.0.next().map(str::trim), self.0.next().map(str::trim)) {
            (None | Some(""), None | Some("")) => Ok(None),
            (factor, original) => Ok(Some(Challenge {
                factor: array(factor.unwrap_or_default(), "factor")?,
                original: array(original.unwrap_or_default(), "original")?,
            })),
        }
    }

    fn algorithm(&mut self) -> Result<u8, ServiceError> {
        Ok(self.bytes::<1>("alg")?[0])
    }

    fn amounts(&mut self) -> Result<[[u8; 4]; 3], ServiceError> {
        let text = self.text("amounts")?;
        let bytes: [u8; 12] = if text.len() == 16 {
            array(&format!("00000000{text}"), "amounts")?
        } else {
            array(text, "amounts")?
        };
        let (parts, _) = bytes.as_chunks::<4>();
        parts.try_into().map_err(|_| ServiceError::Form { item: "amounts" })
    }
}

fn array<const N: usize>(text: &str, item: &'static str) -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    match hex::decode_to_slice(text, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(ServiceError::Form { item }),
    }
}

impl Request {
    /// Reads a request; items behind those of its type, which some provinces append, are not looked at.
    ///
    /// # Errors
    /// No such type, or an item is wrong or missing.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        let parts: Vec<&str> = text.trim().split('|').collect();
        let mut items = Items(parts.into_iter());
        match items.text("type")? {
            "01" => Ok(Self::Basics(BasicsRequest {
                area: items.area()?,
                algorithm: items.algorithm()?,
                card_id: items.bytes("card id")?,
                internal: items.challenge()?,
                external: items.optional_challenge()?,
            })),
            "02" => Ok(Self::External(ExternalRequest {
                area: items.area()?,
                algorithm: items.algorithm()?,
                address: items.number("address")?,
                challenge: items.challenge()?,
            })),
            "03" => Ok(Self::Message(MessageRequest {
                area: items.area()?,
                algorithm: items.algorithm()?,
                address: items.number("address")?,
                factor: items.bytes("factor")?,
                header: items.bytes("header")?,
                data: items.text("data").unwrap_or_default().to_owned(),
            })),
            "04" => {
                let area = items.area()?;
                Ok(Self::Purchase(PurchaseCall {
                    area,
                    terminal_sequence: items.bytes("terminal sequence")?,
                    algorithm: items.algorithm()?,
                    address: items.number("address")?,
                    random: items.bytes("random")?,
                    sequence: items.bytes("sequence")?,
                    amounts: items.amounts()?,
                    kind: items.bytes::<1>("type")?[0],
                    terminal: items.bytes("terminal")?,
                    time: items.bytes("time")?,
                }))
            }
            other => Err(ServiceError::Type {
                given: other.chars().take(8).collect(),
            }),
        }
    }
}

/// Bytes as they stand in a request.
fn upper(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.region, upper(&self.historical))
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", upper(&self.factor), upper(&self.original))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basics(it) => {
                let external = it
                    .external
                    .map_or_else(|| "|".to_owned(), |challenge| challenge.to_string());
                let id = upper(&it.card_id);
                write!(
                    f,
                    "01|{}|{:02X}|{id}|{}|{external}|",
                    it.area, it.algorithm, it.internal
                )
            }
            Self::External(it) => {
                write!(
                    f,
                    "02|{}|{:02X}|{:04X}|{}|",
                    it.area, it.algorithm, it.address, it.challenge
                )
            }
            Self::Message(it) => {
                let (factor, header) = (upper(&it.factor), upper(&it.header));
                let (area, data) = (&it.area, &it.data);
                write!(
                    f,
                    "03|{area}|{:02X}|{:04X}|{factor}|{header}|{data}|",
                    it.algorithm, it.address
                )
            }
            Self::Purchase(it) => {
                let sequence = upper(&it.terminal_sequence);
                write!(f, "04|{}|{sequence}|{:02X}|{:04X}|", it.area, it.algorithm, it.address)?;
                // The interface hands on the last two amounts.
                let amounts = if it.amounts[0] == [0; 4] {
                    &it.amounts[1..]
                } else {
                    &it.amounts[..]
                };
                let (random, card) = (upper(&it.random), upper(&it.sequence));
                let (terminal, time) = (upper(&it.terminal), upper(&it.time));
                write!(
                    f,
                    "{random}|{card}|{}|{:02X}|{terminal}|{time}|",
                    upper(&amounts.concat()),
                    it.kind
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "990100|00814E43238697159900BF7C7A";

    #[test]
    fn requests_come_back() {
        let pair = "1122334455667788|99AABBCCDDEEFF00";
        for text in [
            format!("01|{HEAD}|03|990100D15600000500BF7C7A48FB4966|{pair}|{pair}|"),
            format!("01|{HEAD}|01|990100D15600000500BF7C7A48FB4966|{pair}|||"),
            format!("02|{HEAD}|03|0094|{pair}|"),
            format!("03|{HEAD}|03|0173|1122334455667788|8424000114|123456|"),
            format!("03|{HEAD}|01|0173|1122334455667788|8424000004||"),
            format!("04|{HEAD}|00000007|03|017F|11223344|0007|0000000A00000014|32|410100813475|20151118185001|"),
            format!(
                "04|{HEAD}|00000007|03|017F|11223344|0007|000000010000000A00000014|32|410100813475|20151118185001|"
            ),
        ] {
            assert_eq!(Request::parse(&text).expect(&text).to_string(), text);
        }
    }

    #[test]
    fn a_ninth_item_does_no_harm() {
        let text = format!(
            "01|{HEAD}|01|990100D15600000500BF7C7A48FB4966|1122334455667788|99AABBCCDDEEFF00|||{}|",
            "0".repeat(32)
        );
        assert!(matches!(Request::parse(&text), Ok(Request::Basics(it)) if it.external.is_none()));
    }

    #[test]
    fn the_wrong_item_is_named() {
        let item = |text: &str| match Request::parse(text) {
            Err(ServiceError::Form { item }) => item,
            other => panic!("{other:?}"),
        };
        assert_eq!(item("02|99010|00|"), "area");
        assert_eq!(item(&format!("02|{HEAD}|03|94|")), "address");
        assert_eq!(item(&format!("02|{HEAD}|03|0094|11|")), "factor");
        assert_eq!(item(&format!("02|{HEAD}|03|0094|1122334455667788")), "original");
        assert!(matches!(Request::parse("05|"), Err(ServiceError::Type { .. })));
        assert!(matches!(Request::parse(""), Err(ServiceError::Type { .. })));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "(0[1-4]\\|)?[0-9A-F|]{0,120}|\\PC{0,40}") {
            if let Ok(request) = Request::parse(&text) {
                prop_assert_eq!(Request::parse(&request.to_string()).expect("own text"), request);
            }
        }
    }
}
