//! The holder's PIN (`spec/commands.md` §1.2, §3.1).

use super::Oracle;
use super::expect::{Data, Expectation, Request};
use super::state::Surely;
use card_model::crypto::Algorithm;
use card_model::profile::{DedicatedFileKind, KeyDefinition, KeyRole};

/// New PINs that a tester sends encrypted: an oracle has no key to decrypt them, so it compares with what they would be.
const KNOWN: [&[u8]; 5] = [
    &[],
    &[0x12, 0x34, 0x56],
    &[0x65, 0x43, 0x21],
    &[0x11, 0x22, 0x3F],
    &[0x1A, 0x2B],
];

impl<'a> Oracle<'a> {
    pub(super) fn expect_verify(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        expected.parameters(request, [(0x00, 0x00)]);
        let query = request.data.is_empty();
        let form = match query {
            true => matches!(request.le, None | Some(0)),
            false => (2..=8).contains(&request.data.len()) && request.le.is_none(),
        };
        if !form {
            expected.refuse(0x6700);
        }
        let environment = self.profile.environment(self.state.df);
        let Some((pin, left)) = self.state.learnt.pins.get(&environment) else {
            expected.refuse(0x6A88);
            return expected;
        };
        let left = *left;
        match pin {
            None => expected.maybe([0x9000, 0x6983, 0x6984, 0x63C0, 0x63C1, 0x63C2, 0x63C3]),
            Some(pin) if pin.is_empty() => {
                if !query {
                    // VERIFY where there is no PIN: the sheets list 6984 and do not say when.
                    expected.maybe([0x6984, 0x6985]);
                }
            }
            Some(_) if query => {
                expected.refuse(0x63C0 | u16::from(left));
                if left == 0 {
                    expected.refuse(0x6983);
                }
            }
            Some(_) if left == 0 => expected.refuse(0x6983),
            Some(pin) if pin != request.data => expected.refuse(0x63C0 | u16::from(left - 1)),
            Some(_) => {}
        }
        expected
    }

    pub(super) fn follow_verify(&mut self, request: &Request<'_>, sw: u16) {
        if request.data.is_empty() {
            return;
        }
        let environment = self.profile.environment(self.state.df);
        let most = self.profile.pin.tries;
        let Some((pin, left)) = self.state.learnt.pins.get_mut(&environment) else {
            return;
        };
        match sw {
            0x9000 => {
                if pin.is_none() {
                    *pin = Some(request.data.to_vec());
                }
                *left = most;
                self.state.verified.insert(environment, Surely::Yes);
            }
            _ if sw & 0xFFF0 == 0x63C0 => {
                *left = (sw & 15) as u8;
                self.doubt_pin(environment);
            }
            _ => self.doubt_pin(environment),
        }
    }

    /// Whether a wrong PIN takes back what the right one won before is not said.
    fn doubt_pin(&mut self, environment: usize) {
        if let Some(state) = self.state.verified.get_mut(&environment)
            && *state == Surely::Yes
        {
            *state = Surely::Maybe;
        }
    }

    pub(super) fn expect_change_pin(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        expected.parameters(request, [(0x01, 0x00)]);
        expected.lengths(request, 0x03..=0x11, false);
        let environment = self.profile.environment(self.state.df);
        let pin = self.state.learnt.pins.get(&environment);
        if pin.is_none() {
            // Nothing else in the list of CHANGE PIN fits.
            expected.refuse(0x6A81);
        }
        let Some((old, new)) = sides(request.data) else {
            expected.refuse(0x6A80);
            return expected;
        };
        if !acceptable(old) || !acceptable(new) {
            expected.refuse(0x6A80);
        }
        match pin {
            Some((_, 0)) => expected.refuse(0x6983),
            Some((Some(stored), left)) if stored != old => expected.refuse(0x63C0 | u16::from(left - 1)),
            Some((None, _)) => expected.maybe([0x9000, 0x6983, 0x63C0, 0x63C1, 0x63C2]),
            _ => {}
        }
        expected
    }

    pub(super) fn follow_change_pin(&mut self, request: &Request<'_>, sw: u16) {
        let environment = self.profile.environment(self.state.df);
        let most = self.profile.pin.tries;
        let (Some((_, new)), Some((pin, left))) = (sides(request.data), self.state.learnt.pins.get_mut(&environment))
        else {
            return;
        };
        match sw {
            0x9000 => (*pin, *left) = (Some(new.to_vec()), most),
            _ if sw & 0xFFF0 == 0x63C0 => *left = (sw & 15) as u8,
            _ => {}
        }
        self.doubt_pin(environment);
    }

    /// PIN CHANGE/UNBLOCK: after external authentication with PUK, with a MAC and perhaps a new PIN under STK.
    pub(super) fn expect_reset_pin(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        expected.parameters(request, [(0x00, 0x00), (0x00, 0x01)]);
        let cipher_length = match self.profile.algorithm {
            Algorithm::TripleDes => 8,
            Algorithm::Sm4 => 16,
        };
        let length = if request.p2 == 0x00 { 4 } else { 4 + cipher_length };
        expected.lengths(request, [length], false);
        let Some((puk, stk)) = self.reset_keys() else {
            expected.refuse(self.without_key());
            return expected;
        };
        match self.proved(puk.id) {
            Surely::No => expected.refuse(0x6982),
            Surely::Maybe => expected.maybe([0x6982]),
            Surely::Yes => {}
        }
        if self.puk_tries() == Some(0) {
            [0x6982, 0x6983].iter().for_each(|word| expected.refuse(*word));
        }
        if let Some((cipher, mac)) = request.data.split_last_chunk() {
            self.check_mac(&mut expected, stk, request, cipher, *mac);
            if !cipher.is_empty() {
                match self.new_pin(stk, request) {
                    Some(pin) if acceptable(pin) => {}
                    Some(_) => expected.refuse(0x6A80),
                    None => expected.maybe([0x6A80, 0x9000]),
                }
            }
        }
        expected
    }

    pub(super) fn follow_reset_pin(&mut self, request: &Request<'_>, sw: u16) {
        let keys = self.reset_keys();
        let new = keys.and_then(|(_, stk)| self.new_pin(stk, request).map(<[u8]>::to_vec));
        self.used_challenge(true, sw);
        let environment = self.profile.environment(self.state.df);
        let (pin_most, Some((puk, _))) = (self.profile.pin.tries, keys) else {
            return;
        };
        let tries = self.state.learnt.tries.get_mut(&(environment, puk.id, 1));
        match sw {
            0x9000 => {
                if let (Some(tries), Some(most)) = (tries, puk.tries) {
                    *tries = most;
                }
                if let Some((pin, left)) = self.state.learnt.pins.get_mut(&environment) {
                    *left = pin_most;
                    if request.p2 == 0x01 {
                        *pin = new;
                    }
                }
                self.doubt_pin(environment);
            }
            0x6988 => {
                if let Some(tries) = tries {
                    *tries = tries.saturating_sub(1);
                }
                self.doubt_key(puk.id);
                self.doubt_pin(environment);
            }
            // The message was genuine: whether the holder's PIN state lasts is not said.
            0x6A80 => self.doubt_pin(environment),
            _ => {}
        }
    }

    /// A command on an environment where there is no key for it: the master file is none (6985), or it has none (6A88).
    pub(super) fn without_key(&self) -> u16 {
        let environment = self.profile.environment(self.state.df);
        match self.profile.dedicated_files[environment].kind {
            DedicatedFileKind::Mf => 0x6985,
            _ => 0x6A88,
        }
    }

    fn puk_tries(&self) -> Option<u8> {
        let environment = self.profile.environment(self.state.df);
        let (puk, _) = self.reset_keys()?;
        self.state.learnt.tries.get(&(environment, puk.id, 1)).copied()
    }

    fn reset_keys(&self) -> Option<(&'a KeyDefinition, &'a KeyDefinition)> {
        let environment = self.profile.environment(self.state.df);
        let file = &self.profile.dedicated_files[environment];
        let there = self.state.learnt.pins.contains_key(&environment);
        let puk = file.key_with_role(KeyRole::PinUnblock).filter(|_| there)?;
        Some((puk, file.key_with_role(KeyRole::SecureMessaging)?))
    }

    /// The new PIN of a command, if it is one of those that a tester sends.
    fn new_pin(&self, stk: &KeyDefinition, request: &Request<'_>) -> Option<&'static [u8]> {
        let header = [request.cla, request.ins, request.p1, request.p2];
        let (cipher, _) = request.data.split_last_chunk::<4>()?;
        let (challenge, _) = &self.state.challenge;
        KNOWN.into_iter().find(|pin| {
            let made = self.keys.secured(stk, challenge, header, Some(pin));
            made.is_some_and(|command| command.get(5..5 + cipher.len()) == Some(cipher))
        })
    }
}

/// `old ‖ FF ‖ new`.
fn sides(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let separator = data.iter().position(|byte| *byte == 0xFF)?;
    Some((&data[..separator], &data[separator + 1..]))
}

/// No PIN, or 4 to 16 digits in 2 to 8 bytes, an odd count filled with F.
fn acceptable(pin: &[u8]) -> bool {
    let digits: Vec<u8> = pin.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
    let digits = match digits.split_last() {
        Some((0x0F, digits)) => digits,
        _ => &digits,
    };
    pin.is_empty() || (4..=16).contains(&digits.len()) && pin.len() <= 8 && digits.iter().all(|digit| *digit <= 9)
}
