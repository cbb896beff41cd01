//! What a reader can do beyond exchanging commands (PC/SC part 10 §2.2).

/// Control code of a function of a reader, as the operating system writes it.
pub const fn control_code(function: u32) -> u32 {
    if cfg!(windows) {
        // FILE_DEVICE_SMARTCARD, with the function in bits 2 to 13.
        0x0031_0000 | function << 2
    } else {
        0x4200_0000 + function
    }
}

/// CM_IOCTL_GET_FEATURE_REQUEST: asks for the features.
pub const GET_FEATURE_REQUEST: u32 = control_code(3400);
/// FEATURE_VERIFY_PIN_DIRECT: asks for a PIN and sends it in a command.
pub const VERIFY_PIN_DIRECT: u8 = 0x06;
/// FEATURE_MODIFY_PIN_DIRECT: asks for an old and a new PIN and sends both in a command.
pub const MODIFY_PIN_DIRECT: u8 = 0x07;

/// Features of a reader with their control codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features(Vec<(u8, u32)>);

impl Features {
    /// Reads the answer to [`GET_FEATURE_REQUEST`]: entries of tag, length 04 and control code, most significant byte first.
    /// Entries with another length are passed over; what is cut off at the end is left out.
    pub fn parse(mut bytes: &[u8]) -> Self {
        let mut features = Vec::new();
        while let [tag, length, rest @ ..] = bytes {
            let Some((value, behind)) = rest.split_at_checked(usize::from(*length)) else {
                break;
            };
            if let Ok(code) = value.try_into() {
                features.push((*tag, u32::from_be_bytes(code)));
            }
            bytes = behind;
        }
        Self(features)
    }

    /// The features as a reader answers them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let entry = |(tag, code): &(u8, u32)| [&[*tag, 4][..], &code.to_be_bytes()].concat();
        self.0.iter().flat_map(entry).collect()
    }

    /// The same features and one more.
    #[must_use]
    pub fn with(mut self, tag: u8, code: u32) -> Self {
        self.0.push((tag, code));
        self
    }

    /// Control code of a feature.
    pub fn code(&self, tag: u8) -> Option<u32> {
        self.0.iter().find(|(one, _)| *one == tag).map(|(_, code)| *code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the CCID driver of Linux answers for a reader with keypad: verify, modify, IFD properties, TLV properties.
    #[test]
    fn the_answer_of_a_driver() {
        let bytes = hex::decode("060442330006070442330007").expect("hex");
        let more = [
            &bytes[..],
            &[0x0A, 4, 0x42, 0x33, 0, 0x0A, 0x12, 4, 0x42, 0x33, 0, 0x12],
        ]
        .concat();
        let features = Features::parse(&more);
        assert_eq!(features.code(VERIFY_PIN_DIRECT), Some(0x4233_0006));
        assert_eq!(features.code(MODIFY_PIN_DIRECT), Some(0x4233_0007));
        assert_eq!(features.code(0x13), None);
        assert_eq!(features.to_bytes(), more);
        assert_eq!(Features::parse(&[]), Features::default());
        // Another length is passed over, a cut end is left out.
        let odd = Features::parse(&[6, 2, 1, 2, 7, 4, 0, 0, 0, 9, 6, 4, 1]);
        assert_eq!((odd.code(6), odd.code(7)), (None, Some(9)));
    }

    #[cfg(not(windows))]
    #[test]
    fn control_codes_of_pcsc_lite() {
        assert_eq!(GET_FEATURE_REQUEST, 0x4200_0D48);
    }

    proptest! {
        #[test]
        fn any_answer_is_read(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let features = Features::parse(&bytes);
            prop_assert_eq!(Features::parse(&features.to_bytes()), features);
        }
    }
}
