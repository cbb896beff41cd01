//! What a simulated card and a simulated PSAM have in common, for whoever holds one: power, commands, image.

use crate::card::{Card, ImageError, Interface, Refusal, Response};
use crate::psam::Psam;
use rand_core::Rng;

/// A simulated chip: [`Card`] or [`Psam`]. The methods are those of the same name there.
pub trait Chip: Sized {
    /// Reads the chip from the bytes of [`Chip::image`].
    ///
    /// # Errors
    /// The bytes are no image of this kind of chip.
    fn from_image(image: &[u8]) -> Result<Self, ImageError>;

    /// The whole non-volatile memory.
    fn image(&self) -> &[u8];

    /// Starts to keep writes for [`Chip::take_writes`].
    fn record_writes(&mut self);

    /// Parts of the image written since the last call, in order.
    fn take_writes(&mut self) -> Vec<(usize, Vec<u8>)>;

    /// Powers the chip and gives its answer to reset; nothing where the interface is missing.
    fn power_on(&mut self, interface: Interface) -> Vec<u8>;

    /// Takes the power away.
    fn power_off(&mut self);

    /// Lets the power go after `words` more words written to memory; `None`: not any more.
    fn lose_power_after(&mut self, words: Option<u64>);

    /// Executes one command APDU; `None` without power.
    fn transmit(&mut self, command: &[u8], entropy: &mut dyn Rng) -> Option<Response>;

    /// Why the last command was refused, where a rule refused it.
    fn refusal(&self) -> Option<&Refusal>;
}

macro_rules! chip {
    ($($type:ty),+) => {
        $(impl Chip for $type {
            fn from_image(image: &[u8]) -> Result<Self, ImageError> {
                <$type>::from_image(image)
            }
            fn image(&self) -> &[u8] {
                <$type>::image(self)
            }
            fn record_writes(&mut self) {
                <$type>::record_writes(self);
            }
            fn take_writes(&mut self) -> Vec<(usize, Vec<u8>)> {
                <$type>::take_writes(self)
            }
            fn power_on(&mut self, interface: Interface) -> Vec<u8> {
                <$type>::power_on(self, interface)
            }
            fn power_off(&mut self) {
                <$type>::power_off(self);
            }
            fn lose_power_after(&mut self, words: Option<u64>) {
                <$type>::lose_power_after(self, words);
            }
            fn transmit(&mut self, command: &[u8], entropy: &mut dyn Rng) -> Option<Response> {
                <$type>::transmit(self, command, entropy)
            }
            fn refusal(&self) -> Option<&Refusal> {
                <$type>::refusal(self)
            }
        })+
    };
}

chip!(Card, Psam);
