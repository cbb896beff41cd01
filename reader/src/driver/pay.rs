//! pPayInfo: what is to be settled.

use super::code::ReturnCode;
use super::failure::Failure;
use super::strings::{illegal, items};
use crate::session::Amounts;
use jiff::civil::DateTime;

/// What iDoDebit is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayInfo {
    /// Whole amount of this settlement, fen.
    pub total: u32,
    /// Amount from the personal account and from the pooled fund together, fen.
    pub accounts: u32,
    /// YYYYMMDDhhmmss, packed digits.
    pub time: [u8; 7],
}

impl PayInfo {
    /// Reads `本次消费总金额|个人账户交易金额+统筹基金支付金额|YYYYMMDDHHMMSS|`, amounts in yuan with two decimals below
    /// 42949672.96.
    ///
    /// # Errors
    /// Another number of items (−23), a character that does not belong there or no such time (−41), wrong length (−42).
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match items(text)[..] {
            [total, accounts, time] => Ok(Self {
                total: fen(total)?,
                accounts: fen(accounts)?,
                time: moment(time)?,
            }),
            _ => Err(illegal(
                "pPayInfo应为“总金额|个人账户与统筹金额之和|交易时间|”",
                "pPayInfo has three items: total, account and pooled fund together, time",
            )),
        }
    }

    /// The three amounts that the card gets. The interface has no amount for the personal account alone: it is sent as 0, and
    /// the two amounts of pPayInfo follow (`spec/terminal.md` §1.4.9, `spec/commands.md` §5).
    pub fn amounts(&self) -> Amounts {
        Amounts {
            personal: 0,
            self_paid: self.total,
            pooled: self.accounts,
        }
    }

    /// 交易金额: the last two of the three amounts sent to the card, in hex.
    pub fn amount_text(&self) -> String {
        format!("{:08X}{:08X}", self.total, self.accounts)
    }
}

/// An amount in yuan with two decimals.
fn fen(text: &str) -> Result<u32, Failure> {
    let text = text.trim();
    let character = || {
        Failure::because(
            ReturnCode::ILLEGAL_CHARACTER,
            "金额含非法字符",
            "an amount has digits and one point",
        )
    };
    let length = || {
        Failure::because(
            ReturnCode::DATA_LENGTH,
            "金额应带两位小数，小于42949672.96",
            "an amount has two decimals and is below 42949672.96",
        )
    };
    let (yuan, decimals) = text.split_once('.').ok_or_else(length)?;
    if !yuan.bytes().chain(decimals.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(character());
    }
    if decimals.len() != 2 || !(1..=8).contains(&yuan.len()) {
        return Err(length());
    }
    let number = |digits: &str| digits.parse::<u64>().map_err(|_| length());
    u32::try_from(number(yuan)? * 100 + number(decimals)?).map_err(|_| length())
}

/// A time of 14 digits.
pub(super) fn moment(text: &str) -> Result<[u8; 7], Failure> {
    let text = text.trim();
    if text.len() != 14 {
        return Err(Failure::because(
            ReturnCode::DATA_LENGTH,
            "交易时间应为YYYYMMDDHHMMSS",
            "a time has the form YYYYMMDDhhmmss",
        ));
    }
    let wrong = || Failure::because(ReturnCode::ILLEGAL_CHARACTER, "交易时间不存在", "there is no such time");
    let part = |from: usize, to: usize| -> Result<i8, Failure> {
        text.get(from..to)
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(wrong)
    };
    let mut packed = [0; 7];
    if !text.bytes().all(|b| b.is_ascii_digit()) || hex::decode_to_slice(text, &mut packed).is_err() {
        return Err(wrong());
    }
    let year: i16 = text.get(..4).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    DateTime::new(
        year,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        0,
    )
    .map_err(|_| wrong())?;
    Ok(packed)
}

/// Fen as yuan with two decimals.
pub(super) fn yuan(fen: u32) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> i32 {
        PayInfo::parse(text).expect_err("refused").code.0
    }

    /// The sample of callers, and rows 5.8 of `spec/conformance.md` §4.10.
    #[test]
    fn pay_info() {
        let info = PayInfo::parse("0.10|0.20|20151118185001|").expect("the sample");
        assert_eq!(
            (info.total, info.accounts, hex::encode(info.time).as_str()),
            (10, 20, "20151118185001")
        );
        assert_eq!(info.amount_text(), "0000000A00000014");
        assert_eq!(
            PayInfo::parse("42949672.94|0.00|20240229235959")
                .expect("largest")
                .total,
            4_294_967_294
        );
        assert_eq!(code("42949672.96|0.00|20151118185001|"), -42);
        assert_eq!(code("0.123|0.00|20151118185001|"), -42);
        assert_eq!(code("1|0.00|20151118185001|"), -42);
        assert_eq!(code("-1.00|0.00|20151118185001|"), -41);
        assert_eq!(code("１.00|0.00|20151118185001|"), -41);
        assert_eq!(code("1.00|0.00|20151318185001|"), -41);
        assert_eq!(code("1.00|0.00|20230229185001|"), -41);
        assert_eq!(code("1.00|0.00|2015111818500|"), -42);
        assert_eq!(code("1.00|0.00|"), -23);
        assert_eq!(code(""), -23);
        assert_eq!(yuan(105), "1.05");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,40}") {
            let _ = PayInfo::parse(&text);
        }

        #[test]
        fn amounts_come_back(total: u32, accounts: u32) {
            let text = format!("{}|{}|20260401093000|", yuan(total), yuan(accounts));
            let info = PayInfo::parse(&text).expect("well formed");
            prop_assert_eq!((info.total, info.accounts), (total, accounts));
        }
    }
}
