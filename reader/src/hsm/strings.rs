//! An HSM that answers the string requests, so that every flow can be run without a province.

use super::HsmService;
use super::error::ServiceError;
use super::request::{Area, BasicsRequest, Challenge, ExternalRequest, MessageRequest, PurchaseCall, Request};
use crate::security::{CardIdentity, Hsm, HsmKey, PurchaseRequest, SETTLEMENT, purchase_code_data};
use crate::wellknown;
use card_model::crypto::Algorithm;
use card_model::profile::{KeyDefinition, KeyRole, Profile};
use card_model::secret::Pin;
use zeroize::Zeroizing;

/// An HSM behind the string requests of the functions `iXxx_HSM`.
#[derive(Debug)]
pub struct StringHsm {
    hsm: Hsm,
    version: u8,
}

impl StringHsm {
    /// Takes requests for an HSM. Requests of type 01 name no keys; `version` says which version of them is used.
    pub fn new(hsm: Hsm, version: u8) -> Self {
        Self {
            hsm,
            version: version.clamp(1, 3),
        }
    }

    /// The answer to a request.
    ///
    /// # Errors
    /// The request is wrong, or a key is missing.
    pub fn answer(&self, request: &str) -> Result<String, ServiceError> {
        match Request::parse(request)? {
            Request::Basics(it) => self.basics(&it),
            Request::External(it) => {
                let card = identity(&it.area, it.algorithm)?;
                self.authentication(it, &card)
            }
            Request::Message(it) => self.message(&it),
            Request::Purchase(it) => self.purchase(&it),
        }
    }

    fn basics(&self, it: &BasicsRequest) -> Result<String, ServiceError> {
        let card = identity(&it.area, it.algorithm)?;
        let request = |key: &KeyDefinition, challenge| ExternalRequest {
            area: it.area.clone(),
            algorithm: it.algorithm,
            address: self.address_of(key),
            challenge,
        };
        let irk = profiles(card.algorithm).find_map(|profile| {
            let environment = profile.dedicated_file(wellknown::ENVIRONMENT)?;
            environment.key_with_role(KeyRole::InternalAuthentication)
        });
        let irk = irk.ok_or(ServiceError::Form { item: "alg" })?;
        let mut answer = self.authentication(request(irk, it.internal), &card)?;
        answer.push('|');
        if let Some(external) = it.external {
            // The key that opens the holder's data, from the first version whose cards have one.
            let key = profiles(card.algorithm).find_map(|profile| {
                let file = profile.locate(wellknown::HOLDER_FILE).ok()?.file;
                file.read.keys().first().and_then(|name| profile.key(name))
            });
            let (_, key) = key.ok_or(ServiceError::Form { item: "factor" })?;
            answer += &self.authentication(request(key, external), &card)?;
        }
        answer.push('|');
        Ok(answer)
    }

    /// 鉴别数据 and 原始信息.
    fn authentication(&self, it: ExternalRequest, card: &CardIdentity) -> Result<String, ServiceError> {
        let key = self.key(it.address, card)?;
        let Challenge { factor, original } = it.challenge;
        let data = self.hsm.authentication_code(&key, &factor, &original)?;
        Ok(hex::encode_upper([data, original].concat()))
    }

    fn message(&self, it: &MessageRequest) -> Result<String, ServiceError> {
        let card = identity(&it.area, it.algorithm)?;
        let pin = match it.data.as_str() {
            "" => None,
            digits => Some(Pin::from_digits(digits).map_err(|_| ServiceError::Form { item: "data" })?),
        };
        let [cla, ins, p1, p2, _] = it.header;
        let key = self.key(it.address, &card)?;
        let plain = pin.as_ref().map(Pin::expose);
        let message = self.hsm.secure_message(&key, &it.factor, [cla, ins, p1, p2], plain)?;
        let message = Zeroizing::new(message);
        // The length is counted anew; a request that counts otherwise is for another cipher.
        if !message.starts_with(&it.header) {
            return Err(ServiceError::Form { item: "header" });
        }
        Ok(hex::encode_upper(&*message))
    }

    fn purchase(&self, it: &PurchaseCall) -> Result<String, ServiceError> {
        let card = identity(&it.area, it.algorithm)?;
        let is_purchase_key = profiles(card.algorithm)
            .flat_map(|profile| profile.keys())
            .any(|(_, key)| {
                let versions = key.hsm.map(|first| first..first + u16::from(key.versions.max(1)));
                key.role == KeyRole::Purchase && versions.is_some_and(|versions| versions.contains(&it.address))
            });
        if !is_purchase_key || it.kind != SETTLEMENT {
            return Err(ServiceError::Form { item: "address" });
        }
        let request = PurchaseRequest {
            random: it.random,
            sequence: it.sequence,
            amounts: it.amounts,
            terminal: it.terminal,
            time: it.time,
        };
        let key = self.key(it.address, &card)?;
        let factor = request.session_factor(it.terminal_sequence);
        let mac1 = self.hsm.session_mac(&key, &factor, &request.mac1_data())?;
        let mac2 = self.hsm.session_mac(&key, &factor, &request.amount_bytes())?;
        let dtk = profiles(card.algorithm)
            .flat_map(|profile| profile.keys())
            .find_map(|(_, key)| key.hsm.filter(|_| key.role == KeyRole::Tac))
            .ok_or(ServiceError::Form { item: "alg" })?;
        let covered = purchase_code_data(&request, it.terminal_sequence);
        let tac = self.hsm.transaction_code(&self.key(dtk, &card)?, &covered)?;
        let items: [&[u8]; 5] = [&it.terminal_sequence, &it.time, &mac1, &mac2, &tac];
        Ok(items.map(|item| hex::encode_upper(item) + "|").concat())
    }

    /// Address of a key that a request does not name.
    fn address_of(&self, key: &KeyDefinition) -> u16 {
        let version = self.version.min(key.versions.max(1));
        key.hsm.map_or(0, |first| first + u16::from(version) - 1)
    }

    /// A key for a card: as many factors as are left below the standing of the HSM.
    fn key(&self, address: u16, card: &CardIdentity) -> Result<HsmKey, ServiceError> {
        let takes = self.hsm.takes(address, card.algorithm);
        let takes = takes.ok_or(ServiceError::Address { address })?;
        let all = [card.province_factor(), card.city_factor(), card.card_factor()];
        Ok(HsmKey {
            address,
            algorithm: card.algorithm,
            factors: all.into_iter().skip(all.len().saturating_sub(takes)).collect(),
        })
    }
}

impl HsmService for StringHsm {
    fn ask(&mut self, request: &str) -> Result<String, ServiceError> {
        self.answer(request)
    }
}

fn identity(area: &Area, identifier: u8) -> Result<CardIdentity, ServiceError> {
    let algorithm = Algorithm::try_from(identifier).map_err(|_| ServiceError::Algorithm { identifier })?;
    Ok(CardIdentity {
        region: area.region.clone(),
        historical: area.historical,
        algorithm,
    })
}

/// The profiles in the program, those of a cipher first.
fn profiles(algorithm: Algorithm) -> impl Iterator<Item = &'static Profile> {
    let all = || Profile::BUILTIN.iter().filter_map(|name| Profile::builtin(name).ok());
    let fitting = all().filter(move |profile| profile.algorithm == algorithm);
    fitting.chain(all().filter(move |profile| profile.algorithm != algorithm))
}
