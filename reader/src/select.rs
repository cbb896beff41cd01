//! SELECT answers and what follows from them: cipher of the card (`spec/files.md` §1.2).

use card_model::crypto::{Algorithm, AlgorithmError};
use iso7816_tlv::ber::{Tag, Tlv, Value};

/// File control information of a dedicated file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fci {
    /// DF name (84).
    pub name: Vec<u8>,
    /// Short file identifier of the directory file (A5/88).
    pub directory_sfi: Option<u8>,
    /// Algorithm byte (A5/9F0C/86).
    pub algorithm: Option<u8>,
}

/// An answer to SELECT that is no `6F` template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer to SELECT is no file control information (6F)")]
pub struct FciError;

impl Fci {
    /// Reads `6F { 84, A5 { 88, 9F0C { 86 } } }`; parts that are missing stay empty.
    ///
    /// # Errors
    /// The bytes are no BER-TLV template 6F.
    pub fn parse(bytes: &[u8]) -> Result<Self, FciError> {
        let (parsed, _) = Tlv::parse(bytes);
        let root = parsed.map_err(|_| FciError)?;
        if root.tag().to_bytes() != [0x6F] {
            return Err(FciError);
        }
        let proprietary = child(&root, &[0xA5]);
        let one_byte = |tlv: &Tlv| match tlv.value() {
            Value::Primitive(bytes) if bytes.len() == 1 => bytes.first().copied(),
            _ => None,
        };
        Ok(Self {
            name: child(&root, &[0x84]).map(|tlv| primitive(&tlv)).unwrap_or_default(),
            directory_sfi: proprietary
                .as_ref()
                .and_then(|tlv| child(tlv, &[0x88]))
                .and_then(|tlv| one_byte(&tlv)),
            algorithm: proprietary
                .as_ref()
                .and_then(|tlv| child(tlv, &[0x9F, 0x0C]))
                .and_then(|issuer| algorithm(&issuer)),
        })
    }

    /// Cipher of the card: 9F0C/86 where it is told; else SSF33 in Beijing (region 11) and DES elsewhere
    /// (IF38 10.1).
    ///
    /// # Errors
    /// SSF33, which is not public, or an unknown algorithm byte.
    pub fn cipher(&self, region: &str) -> Result<Algorithm, AlgorithmError> {
        match self.algorithm {
            Some(byte) => Algorithm::try_from(byte),
            None if region.starts_with("11") => Err(AlgorithmError::Ssf33),
            None => Ok(Algorithm::TripleDes),
        }
    }
}

/// A direct child with this tag. `Tlv::find` would also look deeper.
fn child(parent: &Tlv, tag: &[u8]) -> Option<Tlv> {
    match parent.value() {
        Value::Constructed(children) => children.iter().find(|child| child.tag().to_bytes() == tag).cloned(),
        Value::Primitive(_) => None,
    }
}

fn primitive(tlv: &Tlv) -> Vec<u8> {
    match tlv.value() {
        Value::Primitive(bytes) => bytes.clone(),
        Value::Constructed(_) => Vec::new(),
    }
}

/// 9F0C is a primitive tag by its bits, but carries a template `86 01 alg`.
fn algorithm(issuer: &Tlv) -> Option<u8> {
    let bytes = primitive(issuer);
    let tag = Tag::try_from(0x86u8).ok()?;
    let inner = Tlv::parse_all(&bytes).into_iter().find(|tlv| *tlv.tag() == tag)?;
    primitive(&inner).first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// FCIs of real cards (`spec/files.md` §1.2).
    #[test]
    fn real_cards() {
        let name = "7378312E73682EC9E7BBE1B1A3D5CF";
        let parse = |text: String| Fci::parse(&hex::decode(text).expect("hex")).expect("FCI");
        let three = parse(format!("6F1C840F{name}A50988011E9F0C03860103"));
        assert_eq!(
            (hex::encode_upper(&three.name), three.directory_sfi, three.algorithm),
            (name.to_owned(), Some(0x1E), Some(3))
        );
        assert_eq!(three.cipher("110000"), Ok(Algorithm::Sm4));
        let one = parse(format!("6F16840F{name}A50388010B"));
        assert_eq!((one.directory_sfi, one.algorithm), (Some(0x0B), None));
        assert_eq!(one.cipher("430100"), Ok(Algorithm::TripleDes));
        assert_eq!(one.cipher("110100"), Err(AlgorithmError::Ssf33));
        let adf = parse("6F088406D15600000500".to_owned());
        assert_eq!((adf.name.len(), adf.directory_sfi), (6, None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..60), template: bool) {
            if template && bytes.len() > 2 {
                bytes[0] = 0x6F;
                bytes[1] = u8::try_from(bytes.len() - 2).expect("short");
            }
            if let Ok(fci) = Fci::parse(&bytes) {
                let _ = fci.cipher("990000");
            }
        }
    }
}
