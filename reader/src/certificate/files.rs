//! Certificates in the card: written in blocks, filled up with 00, read back without the filling.

use super::application::CertificateApplication;
use super::error::{CertificateError, title};
use super::x509::{self, Certificate};
use crate::commands as basic;
use card_model::profile::{KeyPair, Structure};
use card_model::status::StatusWord;

/// Bytes in one UPDATE BINARY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlockSize {
    /// 112 bytes, as SRC-Z390 writes.
    #[default]
    Small,
    /// 250 bytes, as SRC-T10 writes.
    Large,
}

impl BlockSize {
    const fn bytes(self) -> usize {
        match self {
            Self::Small => 0x70,
            Self::Large => 0xFA,
        }
    }
}

impl CertificateApplication<'_> {
    /// Writes a certificate in DER and reads it back. It must be for the key of this pair that the card holds. The rest of
    /// the file is filled with 00, as far as it is not 00 already. Needs the PINs of the file's rule: user and administrator.
    ///
    /// The first block is erased first and written last: a card pulled in the middle has no certificate, not half of one.
    ///
    /// # Errors
    /// No certificate, one for another key, one that does not fit, missing PINs, or the card refused.
    pub fn write_certificate(&mut self, pair: KeyPair, der: &[u8], block: BlockSize) -> Result<(), CertificateError> {
        let certificate = Certificate::from_der(der)?;
        let key = self.public_key(pair)?.ok_or(CertificateError::NoKey { pair })?;
        if certificate.public_key()? != key {
            return Err(CertificateError::OtherKey { pair });
        }
        let room = self.room(pair)?;
        if der.len() > room {
            return Err(CertificateError::TooLong {
                length: der.len(),
                room,
            });
        }
        let before = self.read_file(pair)?;
        let mut contents = der.to_vec();
        contents.resize(room, 0);
        if before == contents {
            return Ok(());
        }
        self.select_file(pair)?;
        let size = block.bytes();
        let first = size.min(room);
        if before[..first].iter().any(|byte| *byte != 0) {
            self.write_block(pair, 0, &vec![0; first])?;
        }
        for (i, (new, old)) in contents.chunks(size).zip(before.chunks(size)).enumerate().skip(1) {
            if new != old {
                self.write_block(pair, i * size, new)?;
            }
        }
        self.write_block(pair, 0, &contents[..first])?;
        if self.read_file(pair)? == contents {
            Ok(())
        } else {
            Err(CertificateError::ReadBack { pair })
        }
    }

    fn write_block(&mut self, pair: KeyPair, offset: usize, data: &[u8]) -> Result<(), CertificateError> {
        let roles = self.roles_of(self.certificate_file(pair)?, true);
        // A profile's transparent file has at most 7FFF bytes, so every offset fits.
        let offset = u16::try_from(offset).unwrap_or(0x7FFF);
        self.demand_with(&basic::update_binary(offset, data)?, pair, &roles)?;
        Ok(())
    }

    /// The certificate of a pair in DER, without the filling; `None` if the file is empty. Needs no PIN.
    ///
    /// # Errors
    /// The card refused, or the file begins with something else than a certificate's frame.
    pub fn read_certificate(&mut self, pair: KeyPair) -> Result<Option<Vec<u8>>, CertificateError> {
        let contents = self.read_file(pair)?;
        match contents.first() {
            // Files of blank cards hold 00; some operating systems erase to FF.
            None | Some(0x00 | 0xFF) => Ok(None),
            Some(_) => Ok(Some(x509::trim(&contents)?.to_vec())),
        }
    }

    fn read_file(&mut self, pair: KeyPair) -> Result<Vec<u8>, CertificateError> {
        let room = self.room(pair)?;
        self.select_file(pair)?;
        let mut contents = Vec::with_capacity(room);
        while contents.len() < room {
            let wanted = (room - contents.len()).min(basic::CHUNK);
            let offset = u16::try_from(contents.len()).unwrap_or(0x7FFF);
            let command = basic::read_binary(offset, wanted);
            let response = self.send(&command)?;
            // A real card's file may be shorter than the profile's.
            if response.sw == StatusWord::WRONG_OFFSET && !contents.is_empty() {
                break;
            }
            if !response.sw.is_ok() {
                return Err(CertificateError::Refused {
                    command: title(&command),
                    sw: response.sw,
                });
            }
            if response.data.is_empty() {
                break;
            }
            contents.extend(response.data);
        }
        contents.resize(room, 0);
        Ok(contents)
    }

    fn select_file(&mut self, pair: KeyPair) -> Result<(), CertificateError> {
        let command = basic::select_file_p1_00(self.certificate_file(pair)?.fid)?;
        self.demand(&command)?;
        Ok(())
    }

    fn room(&self, pair: KeyPair) -> Result<usize, CertificateError> {
        match self.certificate_file(pair)?.structure {
            Structure::Transparent { size } => Ok(usize::from(size)),
            _ => Err(CertificateError::NoCertificate { pair }),
        }
    }
}
