//! What a member of the staff shows a service: a token, or the certificate of a machine. The ledger keeps digests only.

use super::entities::Staff;
use super::error::LedgerError;
use super::record::{flag, table};
use super::rules::Rules;
use super::staff::may_not_enter;
use super::store::Ledger;
use super::transaction::{Actor, Entry, Transaction};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sm3::{Digest, Sm3};

/// A token or certificate by which a service knows somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// SM3 of the token's text or of the certificate's DER, in hex.
    pub id: String,
    /// Whose.
    pub staff: String,
    /// `token` or `certificate`.
    pub kind: String,
    /// From then on it is void.
    pub expires: Timestamp,
    /// Whether it was not taken back.
    #[serde(with = "flag")]
    pub active: bool,
    /// How often the row was changed.
    pub revision: i64,
}
table!("credential", Credential: id, staff, kind, expires, active, revision);

impl Credential {
    /// The digest by which the ledger knows a token or a certificate.
    pub fn digest(shown: &[u8]) -> String {
        hex::encode(Sm3::digest(shown))
    }
}

impl Ledger {
    /// Gives a member of the staff a token or certificate. Who may enter staff may do so.
    ///
    /// # Errors
    /// The rules do not allow it, there is no such member of the staff, or the credential is somebody else's.
    pub fn admit(
        &mut self,
        rules: &Rules,
        who: &str,
        at: Timestamp,
        credential: &Credential,
        request: &str,
    ) -> Result<(), LedgerError> {
        self.write(request, |transaction| {
            if transaction.done(request)?.is_some() {
                return Ok(());
            }
            let actor = allowed(transaction, rules, who, at)?;
            if transaction.get::<Staff>(&credential.staff)?.is_none() {
                return Err(LedgerError::unknown("staff", &credential.staff));
            }
            let known = transaction.get::<Credential>(&credential.id)?;
            if known.as_ref().is_some_and(|known| known.staff != credential.staff) {
                return Err(LedgerError::input("credential", &credential.id));
            }
            let mut row = credential.clone();
            row.revision = known.map_or(0, |known| known.revision);
            transaction.save(&mut row)?;
            note(transaction, &actor, "admit", &row.staff, request, &row.kind)
        })
    }

    /// Takes back all tokens and certificates of a member of the staff; how many there were.
    ///
    /// # Errors
    /// The rules do not allow it, or there is no such member of the staff.
    pub fn expel(
        &mut self,
        rules: &Rules,
        who: &str,
        at: Timestamp,
        staff: &str,
        request: &str,
    ) -> Result<usize, LedgerError> {
        self.write(request, |transaction| {
            if transaction.done(request)?.is_some() {
                return Ok(0);
            }
            let actor = allowed(transaction, rules, who, at)?;
            if transaction.get::<Staff>(staff)?.is_none() {
                return Err(LedgerError::unknown("staff", staff));
            }
            let mut all = transaction.find::<Credential>("staff = $1 AND active = 1 ORDER BY id", &[staff.into()])?;
            for credential in &mut all {
                credential.active = false;
                transaction.save(credential)?;
            }
            note(transaction, &actor, "expel", staff, request, &all.len().to_string())?;
            Ok(all.len())
        })
    }

    /// Who shows this token or certificate: their name, if it is valid and they still work here.
    ///
    /// # Errors
    /// The database does not work.
    pub fn known_by(&mut self, shown: &[u8], at: Timestamp) -> Result<Option<Staff>, LedgerError> {
        let digest = Credential::digest(shown);
        self.read(|transaction| {
            let found = transaction.get::<Credential>(&digest)?;
            let valid = found.filter(|it| it.active && at < it.expires);
            let staff = match valid {
                Some(it) => transaction.get::<Staff>(&it.staff)?,
                None => None,
            };
            Ok(staff.filter(|staff| staff.active))
        })
    }
}

fn allowed(transaction: &mut Transaction<'_>, rules: &Rules, who: &str, at: Timestamp) -> Result<Actor, LedgerError> {
    let actor = transaction.actor(who, at)?;
    match rules.may_enter(&actor.role) {
        true => Ok(actor),
        false => Err(may_not_enter(rules, &actor.role)),
    }
}

fn note(
    transaction: &mut Transaction<'_>,
    actor: &Actor,
    act: &str,
    staff: &str,
    request: &str,
    outcome: &str,
) -> Result<(), LedgerError> {
    let entry = Entry {
        act,
        reason: "",
        subject: staff,
        request,
        outcome,
    };
    transaction.note(actor, &entry)
}
