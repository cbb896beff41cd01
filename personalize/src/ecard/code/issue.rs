//! The issuer's side: a new code at each refresh.

use super::directory::Issuer;
use super::error::CodeError;
use super::payload::{Code, CodeKind, SignedCode};
use super::text;
use card_model::sm2::{DEFAULT_ID, PrivateKey};
use jiff::Timestamp;
use rand_core::Rng;

/// An issuer with its private key.
#[derive(Debug)]
pub struct CodeIssuer<'a> {
    issuer: &'a Issuer,
    private: PrivateKey,
}

/// What a code is wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRequest {
    /// Identity or payment.
    pub kind: CodeKind,
    /// Number of the electronic card.
    pub card: u64,
    /// Number of the channel that will show it.
    pub channel: u16,
    /// Number of the scene it will be shown for.
    pub scene: u8,
}

impl<'a> CodeIssuer<'a> {
    /// Joins an issuer of the directory with its private key.
    pub const fn new(issuer: &'a Issuer, private: PrivateKey) -> Self {
        Self { issuer, private }
    }

    /// The issuer, as the directory has it.
    pub const fn issuer(&self) -> &'a Issuer {
        self.issuer
    }

    /// Makes a code. Its validity begins now; the number is new each time.
    ///
    /// # Errors
    /// A scene that the scheme does not have or that is for other codes, a key that the directory does not list now, a
    /// moment outside of 1970 to 2106, or useless entropy.
    pub fn issue(&self, request: &CodeRequest, now: Timestamp, entropy: &mut dyn Rng) -> Result<SignedCode, CodeError> {
        let scheme = &self.issuer.scheme;
        let scene = scheme.scene(request.scene).ok_or_else(|| CodeError::UnknownScene {
            scene: request.scene,
            known: scheme
                .scenes
                .iter()
                .map(|scene| scene.code.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        if !scene.kinds.contains(&request.kind) {
            return Err(CodeError::KindOfScene {
                scene: format!("{} {}", scene.name, scene.name_zh),
            });
        }
        let public = self.private.public_key();
        let listed = |key: &&super::IssuerKey| key.public == public && key.signs_at(now);
        let key = self.issuer.keys.iter().find(listed).ok_or(CodeError::KeyNotListed {
            issuer: self.issuer.number,
        })?;
        let mut number = [0; 8];
        entropy.fill_bytes(&mut number);
        let code = Code {
            kind: request.kind,
            issuer: self.issuer.number,
            key: key.number,
            issued: u32::try_from(now.as_second()).map_err(|_| CodeError::Moment)?,
            card: request.card,
            number,
            channel: request.channel,
            scene: request.scene,
        };
        let digest = public.digest(DEFAULT_ID, &text::signed_bytes(scheme, &code));
        let signature = self.private.sign(&digest, entropy).map_err(|_| CodeError::Entropy)?;
        Ok(SignedCode { code, signature })
    }

    /// The text that goes into the QR code.
    ///
    /// # Errors
    /// A payment code of a scheme that has none.
    pub fn text(&self, code: &SignedCode) -> Result<String, CodeError> {
        text::write(&self.issuer.scheme, code)
    }
}
