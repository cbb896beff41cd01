//! Writes down, between the commands, what a security module computes and from what.

use card_model::profile::KeyRole;
use reader::security::{
    CardIdentity, KeyLoader, KeyReference, KeyToLoad, MasterKey, SecurityModule, SecurityModuleError,
};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// The transcript as it grows; all handles write to one.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Rc<RefCell<String>>);

impl Lines {
    fn note(&self, text: &str) {
        let mut lines = self.0.borrow_mut();
        lines.push_str("# ");
        lines.push_str(text);
        lines.push('\n');
    }

    /// The text without the times of this very run, the number of commands, and of computed ones.
    pub fn finish(&self) -> (String, usize, usize) {
        let all = self.0.borrow();
        let mut text = String::with_capacity(all.len());
        let (mut commands, mut computed) = (0, 0);
        for line in all.lines() {
            let line = match line.strip_prefix('<') {
                Some(_) => line.split(" # ").next().unwrap_or(line),
                None => line,
            };
            commands += usize::from(line.starts_with('>'));
            computed += usize::from(line.starts_with("# computed"));
            text.push_str(line);
            text.push('\n');
        }
        (text, commands, computed)
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A security module whose every answer is noted.
pub(super) struct Noting<'l> {
    loader: &'l mut dyn KeyLoader,
    lines: Lines,
}

impl<'l> Noting<'l> {
    pub fn new(loader: &'l mut dyn KeyLoader, lines: Lines) -> Self {
        Self { loader, lines }
    }
}

fn key_name(key: KeyReference<'_>) -> String {
    let index = key
        .definition
        .index
        .map(|index| format!("#{index}"))
        .unwrap_or_default();
    format!("{}{index} version {}", key.definition.name, key.version)
}

fn master_name(master: MasterKey<'_>) -> String {
    match master {
        MasterKey::Transport => "the transport key".to_owned(),
        MasterKey::Temporary => "the temporary master key".to_owned(),
        MasterKey::Final(id) => format!("the master key of {id}"),
    }
}

fn load_name(load: KeyToLoad<'_>) -> String {
    match load {
        KeyToLoad::Card(key) => key_name(key),
        KeyToLoad::Master { key, .. } => master_name(key),
        KeyToLoad::Pin { .. } => "the initial PIN".to_owned(),
        KeyToLoad::CertificatePin { definition, .. } => definition.name.clone(),
    }
}

impl SecurityModule for Noting<'_> {
    fn describe(&self) -> String {
        self.loader.describe()
    }

    fn is_test(&self) -> bool {
        self.loader.is_test()
    }

    fn check_key(&mut self, key: KeyReference<'_>, card: &CardIdentity) -> Result<(), SecurityModuleError> {
        self.loader.check_key(key, card)
    }

    fn authentication_data(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        factor: &[u8],
        source: &[u8; 8],
    ) -> Result<[u8; 8], SecurityModuleError> {
        let data = self.loader.authentication_data(key, card, factor, source)?;
        let (name, factor, source) = (key_name(key), hex::encode_upper(factor), hex::encode_upper(source));
        self.lines.note(&match key.definition.role {
            KeyRole::InternalAuthentication => {
                format!(
                    "expected of the card: authentication data with {name}, factor {factor}, original data {source}"
                )
            }
            _ => format!("computed: EXTERNAL AUTHENTICATION with {name}, factor {factor}, original data {source}"),
        });
        Ok(data)
    }

    fn secure_message(
        &mut self,
        key: KeyReference<'_>,
        card: &CardIdentity,
        challenge: &[u8],
        header: [u8; 4],
        plain: Option<&[u8]>,
    ) -> Result<Vec<u8>, SecurityModuleError> {
        let message = self.loader.secure_message(key, card, challenge, header, plain)?;
        let (name, challenge) = (key_name(key), hex::encode_upper(challenge));
        self.lines
            .note(&format!("computed: secured command with {name}, challenge {challenge}"));
        Ok(message)
    }

    fn identification_code_mac(
        &mut self,
        irk: KeyReference<'_>,
        card: &CardIdentity,
        first: &[u8; 12],
    ) -> Result<[u8; 4], SecurityModuleError> {
        let code = self.loader.identification_code_mac(irk, card, first)?;
        let (name, first) = (key_name(irk), hex::encode_upper(first));
        self.lines.note(&format!(
            "computed: authentication code of the card identification code {first}, with {name}; it stands in the issuer data below"
        ));
        Ok(code)
    }
}

impl KeyLoader for Noting<'_> {
    fn master_cryptogram(
        &mut self,
        master: MasterKey<'_>,
        card: &CardIdentity,
        challenge: &[u8],
    ) -> Result<Vec<u8>, SecurityModuleError> {
        let cryptogram = self.loader.master_cryptogram(master, card, challenge)?;
        self.lines.note(&format!(
            "computed: EXTERNAL AUTHENTICATION with {}, challenge {}",
            master_name(master),
            hex::encode_upper(challenge)
        ));
        Ok(cryptogram)
    }

    fn load_key_command(
        &mut self,
        header: [u8; 4],
        load: KeyToLoad<'_>,
        under: MasterKey<'_>,
        card: &CardIdentity,
        challenge: &[u8],
    ) -> Result<Vec<u8>, SecurityModuleError> {
        let command = self.loader.load_key_command(header, load, under, card, challenge)?;
        let verb = if header[2] == 0 { "LOAD KEY" } else { "REPLACE KEY" };
        self.lines.note(&format!(
            "computed: {verb} {}, encrypted and with MAC under {}, challenge {}",
            load_name(load),
            master_name(under),
            hex::encode_upper(challenge)
        ));
        Ok(command)
    }
}
