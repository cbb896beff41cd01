//! The conditions and effects that rules may name.

use super::Object;
use crate::words::message;
use card_model::words::Lang;
use serde::Deserialize;

/// Gives each condition or effect its name in the rules.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $type:ident, $area:literal: $($(#[$each:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
        pub enum $type {
            $($(#[$each])* #[serde(rename = $name)] $variant),+
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Name in the rules.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }

            /// In words.
            pub fn words(self, lang: Lang) -> String {
                message(lang, &format!("ledger.{}.{}", $area, self.name()), &[])
            }
        }
    };
}

vocabulary! {
    /// What must hold before something is done.
    Condition, "condition":
    /// The person is not known to be dead.
    Alive = "alive",
    /// A minor is represented by a guardian or an organization; an agent is named with a document.
    Represented = "represented",
    /// The person has no open application.
    NoOpenApplication = "no_open_application",
    /// The person has neither a valid nor a sealed card, or agreed to merge the one elsewhere.
    NoCard = "no_card",
    /// The person has a valid card.
    CardHeld = "card_held",
    /// The person has no sealed card.
    NoSealedCard = "no_sealed_card",
    /// The old card is reported lost, or locked, or was handed in.
    OldCardGivenUp = "old_card_given_up",
    /// The old card is in its normal state.
    OldCardNormal = "old_card_normal",
    /// The old card expires within the months of the rules, or has expired.
    NearExpiry = "near_expiry",
    /// The bank differs from that of the old card.
    OtherBank = "other_bank",
    /// The fee is paid.
    Paid = "paid",
    /// There is a fee that is not paid.
    NotPaid = "not_paid",
    /// A reason is given.
    ReasonGiven = "reason_given",
    /// It is done at the outlet where the card was applied for.
    AtItsOutlet = "at_its_outlet",
    /// Who receives the card is named: the holder, an agent, for a minor the guardian.
    Received = "received",
    /// The card was handed over to its holder.
    HandedOver = "handed_over",
    /// The chip is neither blocked nor to be blocked.
    ChipSound = "chip_sound",
    /// The holder chose a PIN in place of the initial one.
    PinChosen = "pin_chosen",
    /// The financial account of the card is not open.
    AccountNotOpen = "account_not_open",
    /// The card has a financial account that is not settled.
    AccountThere = "account_there",
    /// The card has no financial account, or it is settled.
    AccountSettled = "account_settled",
    /// The medical account is open.
    MedicalOpen = "medical_open",
    /// The medical account is settled, or was never open.
    MedicalSettled = "medical_settled",
    /// The card is in the clerk's hand.
    InHand = "in_hand",
    /// No card is on its way that takes the place of this one.
    NoReplacement = "no_replacement",
    /// The chip is to be blocked.
    BlockDue = "block_due",
    /// A mobile number is given.
    MobileGiven = "mobile_given",
    /// A guardian acts for a minor, and nobody for anybody else but a guardian.
    Guarded = "guarded",
    /// The physical card is in a state in which its electronic card is usable.
    CardUsable = "card_usable",
    /// The physical card has not expired.
    CardInDate = "card_in_date",
    /// A channel of electronic cards is named.
    ChannelKnown = "channel_known",
    /// Who works for a channel acts in it alone.
    OwnChannel = "own_channel",
    /// The electronic card is bound to the channel.
    ChannelBound = "channel_bound",
    /// The electronic card is not bound to the channel.
    ChannelNotBound = "channel_not_bound",
    /// It was made sure that the person is who they say.
    RealName = "real_name",
    /// The same, by another method than the password.
    RealNameWithoutPassword = "real_name_without_password",
    /// The electronic card has no password.
    NoPassword = "no_password",
    /// The electronic card has a password.
    PasswordSet = "password_set",
    /// The password is right; wrong ones are counted.
    PasswordRight = "password_right",
    /// The new password is one that may be chosen.
    PasswordFit = "password_fit",
    /// The financial account of the physical card is open.
    AccountOpen = "account_open",
    /// The person has a reserved mobile number; where one is given, it is that one.
    MobileReserved = "mobile_reserved",
    /// Payment by the electronic card is open.
    PaymentOpen = "payment_open",
    /// Payment by the electronic card is not open.
    PaymentClosed = "payment_closed",
    /// A payment code is given.
    CodeNamed = "code_named",
    /// The payment code has moved no money.
    CodeUnspent = "code_unspent",
}

vocabulary! {
    /// What is done when a state changes.
    Effect, "effect":
    /// The application is entered, with fee and promise.
    Apply = "apply",
    /// The card elsewhere ends, as its holder agreed; its financial account lives on.
    Merge = "merge",
    /// What was paid is written down.
    Pay = "pay",
    /// What was paid is to be given back.
    Refund = "refund",
    /// A card number is reserved.
    ReserveNumber = "reserve_number",
    /// The failure is written down.
    NoteFailure = "note_failure",
    /// The sealed card is entered.
    CreateCard = "create_card",
    /// The sealed card is cancelled.
    DestroyCard = "destroy_card",
    /// Who took the card is written down.
    HandOver = "hand_over",
    /// The card that this one takes the place of ends.
    EndOldCard = "end_old_card",
    /// The medical account opens.
    OpenMedical = "open_medical",
    /// The medical account is settled.
    SettleMedical = "settle_medical",
    /// The financial account opens.
    OpenAccount = "open_account",
    /// The financial account is suspended.
    SuspendAccount = "suspend_account",
    /// The financial account is in use again.
    ResumeAccount = "resume_account",
    /// The financial account is settled.
    SettleAccount = "settle_account",
    /// The PIN is one of the holder's choice.
    ChoosePin = "choose_pin",
    /// The PIN is the initial one again.
    ResetPin = "reset_pin",
    /// The card ends.
    EndCard = "end_card",
    /// The chip is to be blocked.
    BlockChip = "block_chip",
    /// The chip is blocked.
    ChipBlocked = "chip_blocked",
    /// The death is written down.
    NoteDeath = "note_death",
    /// The mobile number is written down.
    ReserveMobile = "reserve_mobile",
    /// The electronic card is entered.
    OpenElectronic = "open_electronic",
    /// The channel is bound.
    BindChannel = "bind_channel",
    /// The channel is not bound any more.
    UnbindChannel = "unbind_channel",
    /// No channel is bound any more.
    UnbindAll = "unbind_all",
    /// The password is the new one, with all its tries.
    SetPassword = "set_password",
    /// Payment codes are taken.
    OpenPayment = "open_payment",
    /// Payment codes are not taken any more.
    ClosePayment = "close_payment",
    /// The code has moved money.
    SpendCode = "spend_code",
    /// The electronic card ends.
    EndElectronic = "end_electronic",
}

/// What an effect touches, for the columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    /// The application or the person's record.
    Papers,
    /// The chip.
    Chip,
    /// Medical and financial account.
    Accounts,
}

impl Effect {
    /// What it touches.
    pub(super) const fn area(self) -> Area {
        match self {
            Self::BlockChip | Self::ChipBlocked | Self::ChoosePin | Self::ResetPin | Self::CreateCard => Area::Chip,
            Self::OpenMedical
            | Self::SettleMedical
            | Self::OpenAccount
            | Self::SuspendAccount
            | Self::ResumeAccount
            | Self::SettleAccount
            | Self::Pay
            | Self::Refund
            | Self::OpenPayment
            | Self::ClosePayment
            | Self::SpendCode => Area::Accounts,
            Self::Apply
            | Self::Merge
            | Self::ReserveNumber
            | Self::NoteFailure
            | Self::DestroyCard
            | Self::HandOver
            | Self::EndOldCard
            | Self::EndCard
            | Self::NoteDeath
            | Self::ReserveMobile
            | Self::OpenElectronic
            | Self::BindChannel
            | Self::UnbindChannel
            | Self::UnbindAll
            | Self::SetPassword
            | Self::EndElectronic => Area::Papers,
        }
    }

    /// Kinds of things it may be done on.
    pub(super) const fn objects(self) -> &'static [Object] {
        match self {
            Self::Apply
            | Self::Merge
            | Self::Pay
            | Self::Refund
            | Self::ReserveNumber
            | Self::NoteFailure
            | Self::CreateCard
            | Self::DestroyCard
            | Self::HandOver => &[Object::Application],
            Self::NoteDeath | Self::EndElectronic => &[Object::Application, Object::Card],
            Self::OpenElectronic
            | Self::BindChannel
            | Self::UnbindChannel
            | Self::UnbindAll
            | Self::SetPassword
            | Self::OpenPayment
            | Self::ClosePayment
            | Self::SpendCode => &[Object::Ecard],
            Self::EndOldCard
            | Self::OpenMedical
            | Self::SettleMedical
            | Self::OpenAccount
            | Self::SuspendAccount
            | Self::ResumeAccount
            | Self::SettleAccount
            | Self::ChoosePin
            | Self::ResetPin
            | Self::EndCard
            | Self::BlockChip
            | Self::ChipBlocked
            | Self::ReserveMobile => &[Object::Card],
        }
    }
}
