//! Challenge, authentication and blocking (`spec/commands.md` §1.2, §3.1).

use super::Oracle;
use super::expect::{Data, Expectation, Request};
use super::state::Surely;
use card_model::profile::{DedicatedFileKind, KeyDefinition, KeyRole};

impl<'a> Oracle<'a> {
    pub(super) fn expect_challenge(&self, request: &Request<'_>) -> Expectation {
        let length = request.expected_length();
        let mut expected = Expectation::done(Data::of_length(length));
        expected.parameters(request, [(0x00, 0x00)]);
        if !request.data.is_empty() || !matches!(length, 4 | 8 | 16) {
            expected.refuse(0x6700);
        }
        expected
    }

    pub(super) fn follow_challenge(&mut self, sw: u16, data: &[u8]) {
        match sw {
            0x9000 => self.state.challenge = (data.to_vec(), Surely::Yes),
            _ => self.state.doubt_challenge(),
        }
    }

    pub(super) fn expect_internal(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        expected.parameters(request, [(0x00, 0x00)]);
        expected.lengths(request, [16, 17], true);
        expected.case_four(request);
        let Some(Fields { first, source, version }) = fields(request) else {
            return expected;
        };
        let environment = self.profile.environment(self.state.df);
        let irk = self.profile.dedicated_files[environment].key_with_role(KeyRole::InternalAuthentication);
        match irk.filter(|irk| (1..=irk.versions).contains(&version)) {
            None => expected.refuse(0x6A88),
            Some(irk) => {
                let answer = self.keys.authentication(irk, version, &first, &source);
                expected.data = answer.map_or(Data::Any, |answer| Data::known(&answer));
            }
        }
        expected
    }

    pub(super) fn expect_external(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        if request.p1 != 0x00 {
            expected.refuse(0x6A86);
        }
        if request.p2 & 0x60 != 0 {
            // Bits that the standard does not use: wrong parameters, or a key that is not there.
            [0x6A86, 0x6A88].iter().for_each(|word| expected.refuse(*word));
        }
        expected.lengths(request, [16, 17], false);
        let Some(Fields { first, source, version }) = fields(request) else {
            return expected;
        };
        let Some((df, key)) = self.external_key(request.p2, version) else {
            expected.refuse(0x6A88);
            return expected;
        };
        let left = self.state.learnt.tries.get(&(df, key.id, version)).copied();
        if left == Some(0) {
            expected.refuse(0x6983);
        }
        let (challenge, there) = &self.state.challenge;
        match there {
            Surely::No => expected.refuse(0x6984),
            Surely::Maybe => expected.maybe([0x6984]),
            Surely::Yes => {}
        }
        if self.keys.authentication(key, version, challenge, &source) != Some(first) {
            match left {
                Some(left) => expected.refuse(0x63C0 | u16::from(left.saturating_sub(1))),
                // A key that is never locked: how many tries it shows is not said.
                None => (0x63C0..=0x63CF).for_each(|word| expected.refuse(word)),
            }
        }
        expected
    }

    pub(super) fn follow_external(&mut self, request: &Request<'_>, sw: u16) {
        let found = fields(request).and_then(|fields| {
            let (df, key) = self.external_key(request.p2, fields.version)?;
            Some((df, key, fields.version))
        });
        let Some((df, key, version)) = found else {
            self.state.doubt_challenge();
            return;
        };
        let tries = self.state.learnt.tries.get_mut(&(df, key.id, version));
        match sw {
            0x9000 => {
                self.state.challenge.1 = Surely::No;
                if let (Some(tries), Some(most)) = (tries, key.tries) {
                    *tries = most;
                }
                self.state.keys.insert(key.id, Surely::Yes);
            }
            _ if sw & 0xFFF0 == 0x63C0 => {
                self.state.challenge.1 = Surely::No;
                if let Some(tries) = tries {
                    *tries = tries.saturating_sub(1);
                }
                self.doubt_key(key.id);
            }
            0x6984 => self.state.challenge.1 = Surely::No,
            _ => self.state.doubt_challenge(),
        }
    }

    /// Whether a failure takes back what the same key won before is not said.
    pub(super) fn doubt_key(&mut self, id: u8) {
        if let Some(state) = self.state.keys.get_mut(&id)
            && *state == Surely::Yes
        {
            *state = Surely::Maybe;
        }
    }

    /// The key that an identifier and a version name: bit 8 of the current dedicated file, without it of its environment.
    fn external_key(&self, id: u8, version: u8) -> Option<(usize, &'a KeyDefinition)> {
        let df = if id & 0x80 == 0 {
            self.profile.environment(self.state.df)
        } else {
            self.state.df
        };
        let mut keys = self.profile.dedicated_files[df].keys.iter();
        let key = keys.find(|key| key.id == id && is_external(key.role) && (1..=key.versions).contains(&version))?;
        Some((df, key))
    }

    /// Whether a key was authenticated.
    pub(super) fn proved(&self, id: u8) -> Surely {
        self.state.keys.get(&id).copied().unwrap_or_default()
    }

    /// APPLICATION BLOCK and CARD BLOCK.
    pub(super) fn expect_block(&self, request: &Request<'_>) -> Expectation {
        let mut expected = Expectation::done(Data::None);
        let (df, role, parameters) = self.block(request);
        expected.parameters(request, [parameters]);
        expected.lengths(request, [4], false);
        let file = &self.profile.dedicated_files[df];
        let (Some(permission), Some(stk)) = (file.key_with_role(role), file.key_with_role(KeyRole::SecureMessaging))
        else {
            let application = role != KeyRole::CardBlock && file.kind != DedicatedFileKind::Adf;
            expected.refuse(if application { 0x6985 } else { self.without_key() });
            return expected;
        };
        match self.proved(permission.id) {
            Surely::No => expected.refuse(0x6982),
            Surely::Maybe => expected.maybe([0x6982]),
            Surely::Yes => {}
        }
        if let Ok(mac) = request.data.try_into() {
            self.check_mac(&mut expected, stk, request, &[], mac);
        }
        expected
    }

    pub(super) fn follow_block(&mut self, request: &Request<'_>, sw: u16) {
        if self.state.blocked() {
            self.state.doubt_challenge();
            return;
        }
        self.used_challenge(true, sw);
        if sw != 0x9000 {
            return;
        }
        match request.ins {
            0x16 => self.state.learnt.card_blocked = true,
            _ => {
                self.state.learnt.blocked.insert(self.state.df);
            }
        }
    }

    fn block(&self, request: &Request<'_>) -> (usize, KeyRole, (u8, u8)) {
        match request.ins {
            0x16 => (
                self.profile.environment(self.state.df),
                KeyRole::CardBlock,
                (0x00, 0x00),
            ),
            _ => (self.state.df, KeyRole::ApplicationBlock, (0x00, 0x01)),
        }
    }
}

fn is_external(role: KeyRole) -> bool {
    matches!(
        role,
        KeyRole::ExternalAuthentication
            | KeyRole::PinUnblock
            | KeyRole::CardBlock
            | KeyRole::ApplicationBlock
            | KeyRole::StartingDay
    )
}

/// `first8 ‖ source8 [‖ version]`; without version 1.
struct Fields {
    first: [u8; 8],
    source: [u8; 8],
    version: u8,
}

fn fields(request: &Request<'_>) -> Option<Fields> {
    let (first, rest) = request.data.split_first_chunk()?;
    let (source, rest) = rest.split_first_chunk()?;
    let version = match rest {
        [] => 1,
        [version] => *version,
        _ => return None,
    };
    Some(Fields {
        first: *first,
        source: *source,
        version,
    })
}
