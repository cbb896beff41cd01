//! Cards in PC/SC readers: pcscd on Linux, the smart card services of Windows and macOS.
//!
//! * No transaction is ever held: each command stands alone, so a person may take all the time for a PIN. Who must be
//!   alone with the card (issuing, writing) connects with [`super::OpenOptions::exclusive`].
//! * Connecting leaves the card as it is. Dropping a [`PcscChannel`] **resets** the card, so that a PIN or an
//!   authentication given here does not outlive the program and serve another one.
//! * Every failure has its own [`TransportError`]; a service that was restarted, a card that was put back and a reset by
//!   another program are mended by [`super::Channel::reset`].

mod card;
mod readers;

pub use card::PcscChannel;
pub use readers::{ReaderInfo, Slot, choose, list, wait_for_card, wait_for_removal};

use super::TransportError;
use ::pcsc::Error;

/// The transport error of an error of the PC/SC service; `reader` may be empty where none is concerned.
fn failure(error: Error, reader: &str) -> TransportError {
    let reader = reader.to_owned();
    match error {
        // A handle that the service does not know was given by a service before it.
        Error::NoService | Error::ServiceStopped | Error::Shutdown | Error::InvalidHandle => {
            TransportError::ServiceDown
        }
        Error::NoReadersAvailable => TransportError::NoReader,
        Error::UnknownReader | Error::ReaderUnavailable => TransportError::ReaderRemoved { reader },
        Error::NoSmartcard => TransportError::NoCard { reader },
        Error::SharingViolation => TransportError::HeldByOther { reader },
        Error::RemovedCard => TransportError::CardRemoved { reader },
        Error::ResetCard => TransportError::ResetByOther { reader },
        Error::UnresponsiveCard | Error::UnpoweredCard | Error::UnsupportedCard | Error::ProtoMismatch => {
            TransportError::Mute { reader }
        }
        Error::Timeout | Error::WaitedTooLong => TransportError::Timeout { reader },
        Error::Cancelled | Error::SystemCancelled | Error::CancelledByUser => TransportError::Cancelled,
        other => TransportError::Service {
            reader,
            message: format!("{other} (0x{:08X})", other as u32),
        },
    }
}
