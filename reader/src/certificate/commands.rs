//! The commands of the certificate application as a terminal sends them (`spec/commands.md` §1.5, `card-model/COS.md`).

use crate::command::{Command, CommandError};
use card_model::sm2::{PUBLIC_KEY, Signature};

/// One data object: tag, length in one byte or `81 xx`, value.
fn object(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    if value.len() > 0x7F {
        bytes.push(0x81);
    }
    // A longer value does not fit a command and is refused there.
    bytes.push(u8::try_from(value.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(value);
    bytes
}

/// The envelope's length stands in two bytes, as real writers send it: `C1 82 0070`.
fn long_object(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag, 0x82];
    bytes.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    bytes.extend_from_slice(value);
    bytes
}

fn public_file(fid: u16) -> Vec<u8> {
    object(0xC0, &fid.to_be_bytes())
}

fn private_file(fid: u16) -> Vec<u8> {
    object(0xC2, &fid.to_be_bytes())
}

fn command(header: [u8; 4], objects: &[Vec<u8>]) -> Result<Command, CommandError> {
    let [cla, ins, p1, p2] = header;
    let data = zeroize::Zeroizing::new(objects.concat());
    Command::new(cla, ins, p1, p2).with_data(&data)
}

/// HASH: SM3 of up to 252 bytes.
///
/// # Errors
/// More data than one command takes.
pub fn hash(data: &[u8]) -> Result<Command, CommandError> {
    Ok(command([0x80, 0xC4, 0x01, 0x03], &[object(0xC1, data)])?.with_le(0))
}

/// VERIFY by challenge: the cryptogram under the PIN's key.
///
/// # Errors
/// More data than one command takes.
pub fn verify(id: u8, cryptogram: &[u8]) -> Result<Command, CommandError> {
    Command::new(0x00, 0x20, 0x01, id).with_data(cryptogram)
}

/// VERIFY without data: how many tries are left. Ours.
pub const fn query(id: u8) -> Command {
    Command::new(0x00, 0x20, 0x01, id)
}

/// EXTERNAL AUTHENTICATION with the master key of the current file.
///
/// # Errors
/// More data than one command takes.
pub fn authenticate_master(cryptogram: &[u8]) -> Result<Command, CommandError> {
    Command::new(0x00, 0x82, 0x00, 0x00).with_data(cryptogram)
}

/// Header of REPLACE KEY; `cipher ‖ MAC` follows.
pub const REPLACE_KEY: [u8; 4] = [0x84, 0xD4, 0x01, 0x00];

/// Header of CHANGE PIN; `cipher ‖ MAC` follows.
pub const fn change_pin(id: u8) -> [u8; 4] {
    [0x84, 0x5E, 0x01, id]
}

/// Header of PIN CHANGE/UNBLOCK of the user PIN; `[cipher] ‖ MAC` follows. Ours.
pub const fn unblock_pin(id: u8) -> [u8; 4] {
    [0x84, 0x24, 0x01, id]
}

/// GENERATE KEY PAIR.
///
/// # Errors
/// Never in practice.
pub fn generate(public: u16, private: u16) -> Result<Command, CommandError> {
    command([0x80, 0x40, 0x00, 0x00], &[public_file(public), private_file(private)])
}

/// EXPORT PUBLIC KEY, first step.
///
/// # Errors
/// Never in practice.
pub fn export_select(public: u16, private: u16) -> Result<Command, CommandError> {
    command([0x80, 0xC9, 0x82, 0x00], &[public_file(public), private_file(private)])
}

/// EXPORT PUBLIC KEY, second step.
pub fn export() -> Command {
    Command::new(0x80, 0xC9, 0x82, 0x80).with_le(0x42)
}

/// DECRYPT `X ‖ Y ‖ C3 ‖ C2`, at most 151 bytes of plain text.
///
/// # Errors
/// More data than one command takes.
pub fn decrypt(private: u16, cipher: &[u8]) -> Result<Command, CommandError> {
    Ok(command(
        [0x80, 0x4E, 0x00, 0x01],
        &[private_file(private), long_object(0xC1, cipher)],
    )?
    .with_le(0))
}

/// ENCRYPT under a public key. Ours.
///
/// # Errors
/// More data than one command takes.
pub fn encrypt(key: &[u8; PUBLIC_KEY], plain: &[u8]) -> Result<Command, CommandError> {
    Ok(command([0x80, 0x50, 0x00, 0x01], &[object(0xCA, key), object(0xC1, plain)])?.with_le(0))
}

/// SIGN e = SM3(ZA ‖ message). Ours.
///
/// # Errors
/// Never in practice.
pub fn sign(private: u16, digest: &[u8; 32]) -> Result<Command, CommandError> {
    Ok(command([0x80, 0x48, 0x00, 0x01], &[private_file(private), object(0xC1, digest)])?.with_le(0))
}

/// VERIFY SIGNATURE over e = SM3(ZA ‖ message). Ours.
///
/// # Errors
/// Never in practice.
pub fn verify_signature(
    key: &[u8; PUBLIC_KEY],
    digest: &[u8; 32],
    signature: &Signature,
) -> Result<Command, CommandError> {
    let objects = [
        object(0xCA, key),
        object(0xC1, digest),
        object(0xCC, &signature.to_bytes()),
    ];
    command([0x80, 0x4C, 0x00, 0x01], &objects)
}

/// LOAD IMPORT KEY: the SM4 key under which the next private key comes.
///
/// # Errors
/// Never in practice.
pub fn load_import_key(key: &[u8]) -> Result<Command, CommandError> {
    command([0x80, 0x4A, 0x02, 0x10], &[object(0xC1, key)])
}

/// IMPORT PUBLIC KEY.
///
/// # Errors
/// Never in practice.
pub fn import_public(public: u16, key: &[u8; PUBLIC_KEY]) -> Result<Command, CommandError> {
    command([0x80, 0xC2, 0x40, 0x00], &[public_file(public), object(0xCA, key)])
}

/// IMPORT PRIVATE KEY, encrypted under the import key.
///
/// # Errors
/// Never in practice.
pub fn import_private(private: u16, cipher: &[u8; 32]) -> Result<Command, CommandError> {
    command([0x80, 0xC2, 0xC0, 0x01], &[private_file(private), object(0xCB, cipher)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that `spec/commands.md` §1.5 shows.
    #[test]
    fn as_real_writers_send_them() {
        let hex = |command: Command| hex::encode_upper(command.to_bytes());
        assert_eq!(hex(hash(&[0x12, 0x34, 0x56]).expect("fits")), "80C4010305C10312345600");
        assert_eq!(hex(generate(0x12, 0x13).expect("fits")), "8040000008C0020012C2020013");
        assert_eq!(
            hex(export_select(0x12, 0x13).expect("fits")),
            "80C9820008C0020012C2020013"
        );
        assert_eq!(hex(export()), "80C9828042");
        let envelope = hex(decrypt(0x13, &[0; 112]).expect("fits"));
        assert!(envelope.starts_with("804E000178C2020013C1820070"), "{envelope}");
        assert!(hex(load_import_key(&[0; 16]).expect("fits")).starts_with("804A021012C110"));
        assert!(hex(import_public(0x14, &[0; 64]).expect("fits")).starts_with("80C2400046C0020014CA40"));
        assert!(hex(import_private(0x15, &[0; 32]).expect("fits")).starts_with("80C2C00126C2020015CB20"));
        assert!(hex(verify(0x81, &[0; 16]).expect("fits")).starts_with("0020018110"));
        assert!(hex(authenticate_master(&[0; 16]).expect("fits")).starts_with("0082000010"));
        assert_eq!(REPLACE_KEY, [0x84, 0xD4, 0x01, 0x00]);
        assert_eq!(change_pin(0x00), [0x84, 0x5E, 0x01, 0x00]);
    }

    #[test]
    fn too_much_is_refused() {
        assert!(hash(&[0; 253]).is_err());
        assert!(decrypt(0x13, &[0; 248]).is_err());
    }
}
