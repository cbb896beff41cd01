//! Revocation lists (RFC 5280 §5) signed with SM2.

use super::error::FormatError;
use super::x509::{Certificate, Signed, der_error, der_or_pem, timestamp};
use card_model::sm2::PublicKey;
use der::Decode;
use jiff::Timestamp;
use x509_cert::crl::CertificateList;
use x509_cert::name::Name;

/// A revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    signed: Signed,
    inner: CertificateList,
}

impl RevocationList {
    /// Reads DER or PEM.
    ///
    /// # Errors
    /// No revocation list, or not signed with SM2.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let der = der_or_pem(bytes, "crl")?;
        Ok(Self {
            signed: Signed::from_der(&der, "crl")?,
            inner: CertificateList::from_der(&der).map_err(der_error("crl"))?,
        })
    }

    /// Who keeps the list, in the form of RFC 4514.
    pub fn issuer(&self) -> String {
        self.inner.tbs_cert_list.issuer.to_string()
    }

    /// When the list was made.
    pub fn this_update(&self) -> Timestamp {
        timestamp(self.inner.tbs_cert_list.this_update)
    }

    /// When the next one is due.
    pub fn next_update(&self) -> Option<Timestamp> {
        self.inner.tbs_cert_list.next_update.map(timestamp)
    }

    /// Number of revoked certificates.
    pub fn len(&self) -> usize {
        self.inner
            .tbs_cert_list
            .revoked_certificates
            .as_ref()
            .map_or(0, Vec::len)
    }

    /// Whether no certificate is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether an authority of this name keeps the list.
    pub(super) fn is_of(&self, issuer: &Name) -> bool {
        self.inner.tbs_cert_list.issuer == *issuer
    }

    /// Whether `key` signed the list, it counts at this moment, and it says all about its authority's certificates: one with
    /// a critical extension is a part or a change of another list (RFC 5280 §5.2), and such are not understood here.
    pub(super) fn is_right(&self, key: &PublicKey, now: Timestamp) -> bool {
        let list = &self.inner.tbs_cert_list;
        let entries = list.revoked_certificates.iter().flatten();
        let of_entries = entries.filter_map(|entry| entry.crl_entry_extensions.as_ref());
        let mut extensions = list.crl_extensions.iter().chain(of_entries).flatten();
        let current = self.this_update() <= now && self.next_update().is_none_or(|next| now <= next);
        current && !extensions.any(|extension| extension.critical) && self.signed.signed_by(key)
    }

    /// Whether, and since when, a certificate is revoked.
    pub(super) fn revoked(&self, certificate: &Certificate) -> Option<Timestamp> {
        let serial = certificate.inner().tbs_certificate().serial_number();
        let mut entries = self.inner.tbs_cert_list.revoked_certificates.iter().flatten();
        entries
            .find(|entry| entry.serial_number == *serial)
            .map(|entry| timestamp(entry.revocation_date))
    }
}
