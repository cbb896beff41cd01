//! Which command it is, by its header (`spec/commands.md` §1).

use card_model::words::Lang;
use rust_i18n::t;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $clause:literal;)*) => {
        /// A command that the card, its certificate application, a PSAM or a bank application knows.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Name in JSON and in the table of words.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// Where the command is described; empty where no public source does.
            pub const fn clause(self) -> &'static str {
                match self { $(Self::$kind => $clause,)* }
            }
        }
    };
}

kinds! {
    /// SELECT.
    Select = "select", "STD-P5 6.11";
    /// READ RECORD.
    ReadRecord = "read_record", "STD-P5 6.10";
    /// UPDATE RECORD.
    UpdateRecord = "update_record", "STD-P5 6.13";
    /// READ BINARY.
    ReadBinary = "read_binary", "STD-P5 6.9";
    /// UPDATE BINARY.
    UpdateBinary = "update_binary", "STD-P5 6.12";
    /// GET CHALLENGE.
    GetChallenge = "get_challenge", "STD-P5 6.5";
    /// EXTERNAL AUTHENTICATION.
    ExternalAuthentication = "external_authentication", "STD-P5 6.4";
    /// INTERNAL AUTHENTICATION.
    InternalAuthentication = "internal_authentication", "STD-P5 6.7";
    /// VERIFY of the holder's PIN.
    Verify = "verify", "STD-P5 6.14";
    /// VERIFY without data: asks for the tries left.
    VerifyStatus = "verify_status", "STD-P5 6.14";
    /// CHANGE PIN.
    ChangePin = "change_pin", "STD-P5 6.3";
    /// PIN CHANGE/UNBLOCK that resets the counter.
    PinUnblock = "pin_unblock", "STD-P5 6.8";
    /// PIN CHANGE/UNBLOCK that sets a new PIN.
    PinReload = "pin_reload", "STD-P5 6.8";
    /// APPLICATION BLOCK.
    ApplicationBlock = "application_block", "STD-P5 6.1";
    /// CARD BLOCK.
    CardBlock = "card_block", "STD-P5 6.2";
    /// GET RESPONSE.
    GetResponse = "get_response", "STD-P5 6.6";
    /// GET BALANCE.
    GetBalance = "get_balance", "STD-P5 7.3";
    /// INITIALIZE FOR LOAD.
    InitializeForLoad = "initialize_for_load", "STD-P5 7.5";
    /// CREDIT FOR LOAD.
    CreditForLoad = "credit_for_load", "STD-P5 7.1";
    /// INITIALIZE FOR PURCHASE.
    InitializeForPurchase = "initialize_for_purchase", "STD-P5 7.6";
    /// DEBIT FOR PURCHASE.
    DebitForPurchase = "debit_for_purchase", "STD-P5 7.2";
    /// GET TRANSACTION PROOF.
    GetTransactionProof = "get_transaction_proof", "STD-P5 7.4";
    /// UPDATE STARTING DAY.
    UpdateStartingDay = "update_starting_day", "STD-P5 7.7";
    /// GET STARTING DAY.
    GetStartingDay = "get_starting_day", "STD-P5 7.8";
    /// VERIFY of a PIN of the certificate application.
    VerifyCertificatePin = "verify_certificate_pin", "SRC-Z390, SRC-T10";
    /// SM3 in the card.
    Hash = "hash", "SRC-Z390";
    /// An SM2 key pair is made in the card.
    GenerateKeyPair = "generate_key_pair", "SRC-Z390, SRC-T10";
    /// The public key of a pair.
    ExportPublicKey = "export_public_key", "SRC-Z390, SRC-T10";
    /// DECRYPT: an SM2 envelope is opened.
    Decrypt = "decrypt", "SRC-Z390, SRC-T10";
    /// An SM4 key is loaded for the next import.
    LoadSessionKey = "load_session_key", "SRC-Z390, SRC-T10";
    /// Key pair of the encryption certificate.
    ImportKey = "import_key", "SRC-Z390, SRC-T10";
    /// SIGN of the model's certificate application.
    Sign = "sign", "COS.md";
    /// VERIFY SIGNATURE of the model's certificate application.
    VerifySignature = "verify_signature", "COS.md";
    /// ENCRYPT of the model's certificate application.
    Encrypt = "encrypt", "COS.md";
    /// Authentication with a master key.
    MasterAuthentication = "master_authentication", "SRC-T10, SRC-Z390";
    /// A key is loaded or replaced.
    LoadKey = "load_key", "SRC-T10, SRC-Z390";
    /// The administrator's PIN is replaced.
    ReplaceAdministratorPin = "replace_administrator_pin", "SRC-T10, SRC-Z390";
    /// GET CARD DATA of the model's COS.
    GetCardData = "get_card_data", "COS.md";
    /// CREATE FILE of the model's COS.
    CreateFile = "create_file", "COS.md";
    /// ACTIVATE of the model's COS.
    Activate = "activate", "COS.md";
    /// ERASE STRUCTURE of the model's COS.
    EraseStructure = "erase_structure", "COS.md";
    /// INITIALIZE ENVIRONMENT of a PSAM.
    PsamEnvironment = "psam_environment", "STD-P9";
    /// DELIVERY SESSION KEY of a PSAM.
    PsamDelivery = "psam_delivery", "STD-P9";
    /// CIPHER DATA of a PSAM.
    PsamCipher = "psam_cipher", "STD-P9";
    /// INIT SAM FOR PURCHASE.
    PsamPurchase = "psam_purchase", "STD-P9";
    /// CREDIT SAM FOR PURCHASE.
    PsamCredit = "psam_credit", "STD-P9";
    /// GET PROCESSING OPTIONS of the bank application.
    GetProcessingOptions = "get_processing_options", "JR/T 0025";
    /// GET DATA of a contactless reader.
    ReaderData = "reader_data", "PC/SC part 3";
}

impl Kind {
    /// The kind of a command; `None` for one that nobody described.
    pub fn of(command: &[u8]) -> Option<Self> {
        let &[cla, ins, p1, p2, ref body @ ..] = command else {
            return None;
        };
        Some(match (cla, ins) {
            (0x00, 0xA4) => Self::Select,
            (0x00, 0xB2) => Self::ReadRecord,
            (0x00 | 0x04, 0xDC) => Self::UpdateRecord,
            (0x00, 0xB0) => Self::ReadBinary,
            (0x00 | 0x04, 0xD6) => Self::UpdateBinary,
            (0x00, 0x84) => Self::GetChallenge,
            (0x00, 0x82) if p1 == 0 && p2 == 0 => Self::MasterAuthentication,
            (0x00, 0x82) => Self::ExternalAuthentication,
            (0x00, 0x88) => Self::InternalAuthentication,
            (0x00, 0x20) if p1 == 1 => Self::VerifyCertificatePin,
            (0x00, 0x20) if matches!(body, [] | [0]) => Self::VerifyStatus,
            (0x00, 0x20) => Self::Verify,
            (0x80, 0x5E) => Self::ChangePin,
            (0x84, 0x5E) => Self::ReplaceAdministratorPin,
            (0x84, 0x24) if p2 == 0 => Self::PinUnblock,
            (0x84, 0x24) => Self::PinReload,
            (0x84, 0x1E) => Self::ApplicationBlock,
            (0x84, 0x16) => Self::CardBlock,
            (0x00, 0xC0) => Self::GetResponse,
            (0xB0, 0x26) => Self::GetBalance,
            (0xB0, 0x28) if p1 == 0 => Self::InitializeForLoad,
            (0xB0, 0x28) => Self::InitializeForPurchase,
            (0xB0, 0x2A) => Self::CreditForLoad,
            (0xB0, 0x2C) => Self::DebitForPurchase,
            (0xB0, 0x2E) => Self::GetTransactionProof,
            (0xB0, 0x56) if p1 == 0 => Self::UpdateStartingDay,
            (0xB0, 0x56) => Self::GetStartingDay,
            (0x80, 0xC4) => Self::Hash,
            (0x80, 0x40) => Self::GenerateKeyPair,
            (0x80, 0xC9) => Self::ExportPublicKey,
            (0x80, 0x4E) => Self::Decrypt,
            (0x80, 0x4A) => Self::LoadSessionKey,
            (0x80, 0xC2) => Self::ImportKey,
            (0x80, 0x48) => Self::Sign,
            (0x80, 0x4C) => Self::VerifySignature,
            (0x80, 0x50) => Self::Encrypt,
            (0x84, 0xD4) => Self::LoadKey,
            (0x80, 0xCA) => Self::GetCardData,
            (0x80, 0xE0) => Self::CreateFile,
            (0x80, 0x44) => Self::Activate,
            (0x80, 0xE4) => Self::EraseStructure,
            (0xBF, 0xEC) => Self::PsamEnvironment,
            (0xBF, 0xDE) => Self::PsamDelivery,
            (0x80, 0xFA) => Self::PsamCipher,
            (0x80, 0x70) => Self::PsamPurchase,
            (0x80, 0x72) => Self::PsamCredit,
            (0x80, 0xA8) => Self::GetProcessingOptions,
            (0xFF, 0xCA) => Self::ReaderData,
            _ => return None,
        })
    }

    /// Name for people.
    pub fn text(self, lang: Lang) -> String {
        let key = format!("explain.command.{}", self.name());
        t!(&key, locale = lang.locale()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_words() {
        for kind in Kind::ALL {
            for lang in [Lang::En, Lang::Zh] {
                assert!(!kind.text(lang).contains("explain."), "{}", kind.name());
            }
        }
    }

    #[test]
    fn by_header() {
        assert_eq!(Kind::of(&[0, 0x20, 0, 0, 0]), Some(Kind::VerifyStatus));
        assert_eq!(Kind::of(&[0, 0x20, 0, 0, 3, 1, 2, 3]), Some(Kind::Verify));
        assert_eq!(Kind::of(&[0, 0x20, 1, 0x81, 0x10]), Some(Kind::VerifyCertificatePin));
        assert_eq!(Kind::of(&[0x84, 0x24, 0, 1, 0x14]), Some(Kind::PinReload));
        assert_eq!(Kind::of(&[0xB0, 0x28, 1, 1, 0x13]), Some(Kind::InitializeForPurchase));
        assert_eq!(Kind::of(&[0x77, 0, 0, 0]), None);
        assert_eq!(Kind::of(&[0, 0xA4]), None);
    }
}
