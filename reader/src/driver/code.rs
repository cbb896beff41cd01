//! Return codes of the standard reader interface (IF38 annex A, `spec/terminal.md` §1.6): one table.

use card_model::status::StatusWord;
use card_model::words::Lang;

/// What a function of the interface returns: 0, a code of the driver, or a status word of the card as negative number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReturnCode(pub i32);

/// A row of the table.
struct Row {
    code: i32,
    zh: &'static str,
    en: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $zh:literal, $en:literal;)*) => {
        impl ReturnCode {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The codes of the driver with their names, in the order of the table; status words are not among them.
            pub const NAMED: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name)),*];
        }

        static ROWS: &[Row] = &[$(Row { code: $value, zh: $zh, en: $en }),*];
    };
}

codes! {
    /// Success.
    SUCCESS = 0, "成功", "success";
    /// The card is no social security card.
    WRONG_CARD = -1, "卡片类型不对", "wrong card type";
    /// No card in the reader.
    NO_CARD = -2, "无卡", "no card";
    /// The card lost its power or was reset by another program.
    NOT_POWERED = -3, "卡片未上电", "card not powered";
    /// The card does not answer.
    NO_ANSWER = -4, "卡片无应答", "the card does not answer";
    /// A library that is needed is missing: here, PC/SC is not built in.
    NO_LIBRARY = -5, "加载动态库错", "a dynamic library cannot be loaded";
    /// The reader cannot be reached.
    READER = -11, "读写器连接错", "reader connection error";
    /// No connection: a second or third step without the step before.
    NOT_CONNECTED = -12, "未建立连接", "connection not established";
    /// The card or this driver cannot do that.
    NOT_SUPPORTED = -13, "（动态库）不支持该命令", "command not supported";
    /// A parameter is missing or out of range.
    PARAMETER = -14, "（发给动态库的）命令参数错", "wrong parameter";
    /// What came over the line was damaged.
    CHECKSUM = -15, "信息校验和出错", "checksum error";
    /// The card identification code is none.
    CARD_ID = -20, "卡识别码格式错", "card identification code has a wrong form";
    /// The card is not genuine.
    INTERNAL_AUTHENTICATION = -21, "内部认证失败（用户卡不合法）", "internal authentication failed: the card is not genuine";
    /// Another card than pCardInfo says.
    OTHER_CARD = -22, "传入数据与卡内不符", "the data given differ from the card";
    /// A string does not have the form of the interface.
    ILLEGAL_INPUT = -23, "传入数据不合法", "illegal input";
    /// The PSAM holds its keys below the level that the card needs.
    PSAM_LEVEL = -24, "PSAM卡密钥级别不够", "the level of the PSAM's key is too low";
    /// The person cancelled.
    PIN_CANCELLED = -31, "用户取消密码输入", "PIN entry cancelled";
    /// The person did not type in time.
    PIN_TIMEOUT = -32, "密码输入操作超时", "PIN entry timed out";
    /// Fewer than 4 or more than 16 digits.
    PIN_LENGTH = -33, "输入密码长度错", "wrong PIN length";
    /// The two entries of the new PIN differ.
    PIN_DIFFERS = -34, "两次输入密码不一致", "the two new PINs differ";
    /// Reserved by the standard: the initial PIN may not pay.
    INITIAL_PIN_TRANSACTION = -35, "初始密码不能交易", "the initial PIN may not be used for transactions";
    /// Reserved by the standard: no change to the initial PIN.
    INITIAL_PIN_CHANGE = -36, "不能改为初始密码", "the PIN may not be changed to the initial PIN";
    /// A character that the element or parameter cannot have.
    ILLEGAL_CHARACTER = -41, "输入数据含非法字符", "illegal character in the data";
    /// A length that the element or parameter cannot have.
    DATA_LENGTH = -42, "输入数据长度错", "wrong data length";
    /// Wrong PIN; the text tells the tries left.
    PIN_WRONG = -51, "PIN校验失败", "PIN check failed";
    /// PIN blocked.
    PIN_BLOCKED = -52, "PIN锁定", "PIN blocked";
    /// No PSAM.
    NO_PSAM = -2201, "无PSAM卡", "no PSAM";
    /// The PSAM does not know the card's cipher.
    PSAM_ALGORITHM = -2202, "PSAM卡无SSF33/SM4算法", "the PSAM lacks SSF33 or SM4";
    /// The PSAM does not hold the key that opens personal data of 3.0 cards.
    PSAM_RKSSSE = -2203, "PSAM卡内无RKSSSE密钥", "the PSAM lacks RKSSSE";
    /// The HSM step was called for something that needs no HSM.
    HSM_NOT_NEEDED = -2204, "无需进行加密机认证", "authentication by the HSM is not needed";
}

/// Status words that the annex lists with words of its own; all others have those of the card.
static STATUS: &[Row] = &[
    Row {
        code: -0x6700,
        zh: "Lc/Le不正确",
        en: "wrong Lc or Le",
    },
    Row {
        code: -0x6901,
        zh: "命令不接受（无效状态）",
        en: "command not accepted (invalid state)",
    },
    Row {
        code: -0x6981,
        zh: "命令与文件结构不相容",
        en: "command incompatible with the file structure",
    },
    Row {
        code: -0x6982,
        zh: "不满足安全状态",
        en: "security condition not met",
    },
    Row {
        code: -0x6983,
        zh: "密钥锁定（算法锁定）",
        en: "key locked",
    },
    Row {
        code: -0x6984,
        zh: "引用数据无效（随机数无效）",
        en: "reference data or random number invalid",
    },
    Row {
        code: -0x6985,
        zh: "使用条件不满足",
        en: "conditions of use not met",
    },
    Row {
        code: -0x6988,
        zh: "安全报文数据项（MAC）不正确",
        en: "secure message or MAC wrong",
    },
    Row {
        code: -0x6A80,
        zh: "数据域参数错误",
        en: "wrong data field",
    },
    Row {
        code: -0x6A81,
        zh: "功能不支持、无MF、卡片锁定或应用锁定",
        en: "function not supported, no MF, card or application locked",
    },
    Row {
        code: -0x6A82,
        zh: "文件未找到",
        en: "file not found",
    },
    Row {
        code: -0x6A83,
        zh: "记录未找到",
        en: "record not found",
    },
    Row {
        code: -0x6A88,
        zh: "引用数据或密钥未找到",
        en: "reference data or key not found",
    },
    Row {
        code: -0x9302,
        zh: "MAC无效",
        en: "MAC invalid",
    },
    Row {
        code: -0x9303,
        zh: "应用永久锁定或卡片锁定",
        en: "application locked for good, or card locked",
    },
    Row {
        code: -0x9403,
        zh: "PSAM卡不支持消费交易",
        en: "the PSAM does not support debit",
    },
    Row {
        code: -0x9406,
        zh: "所需MAC/TAC不可用",
        en: "the MAC or TAC asked for is not available",
    },
];

impl ReturnCode {
    /// The PSAM or the card does not have the key (6A88).
    pub const KEY_NOT_FOUND: Self = Self(-0x6A88);
    /// The file may not be read or written (6982).
    pub const NOT_ALLOWED: Self = Self(-0x6982);
    /// There is no such file (6A82).
    pub const FILE_NOT_FOUND: Self = Self(-0x6A82);
    /// There is no such record (6A83).
    pub const RECORD_NOT_FOUND: Self = Self(-0x6A83);
    /// MAC2 of the card is false (9302).
    pub const MAC_INVALID: Self = Self(-0x9302);
    /// The PSAM cannot settle (9403).
    pub const DEBIT_NOT_SUPPORTED: Self = Self(-0x9403);

    /// The five codes that mean "take the HSM function of the same name" (IF38 §10.5).
    pub const USE_HSM: [Self; 5] = [
        Self::NO_PSAM,
        Self::PSAM_ALGORITHM,
        Self::PSAM_RKSSSE,
        Self::KEY_NOT_FOUND,
        Self::PSAM_LEVEL,
    ];

    /// All codes of the annex: those of the driver, those of external authentication (63C2, 63C1, 63C0), and the status words
    /// that it lists.
    pub fn annex() -> impl Iterator<Item = Self> {
        let tries = [2, 1, 0].map(|left| Self::status(StatusWord::wrong_tries_left(left)));
        let row = |row: &Row| Self(row.code);
        ROWS.iter().map(row).chain(tries).chain(STATUS.iter().map(row))
    }

    /// A status word of card or PSAM. What is left of a failed authentication stands in its last digit: −25536 (63C0) means
    /// no try left.
    pub const fn status(sw: StatusWord) -> Self {
        Self(-(sw.0 as i32))
    }

    /// The status word in the code, if it is one.
    pub fn status_word(self) -> Option<StatusWord> {
        let word = u16::try_from(self.0.checked_neg()?).ok()?;
        (word >= 0x6100).then_some(StatusWord(word))
    }

    /// Whether the function succeeded.
    pub const fn is_success(self) -> bool {
        self.0 == 0
    }

    /// Whether the caller goes on with the HSM function of the same name.
    pub fn use_hsm(self) -> bool {
        Self::USE_HSM.contains(&self)
    }

    /// The code in words, without its number.
    pub fn text(self, lang: Lang) -> String {
        if let Some(row) = ROWS.iter().chain(STATUS).find(|row| row.code == self.0) {
            return lang.pick(row.zh, row.en).to_owned();
        }
        match self.status_word() {
            Some(sw) => match sw.tries_left() {
                Some(tries) => match lang {
                    Lang::Zh => format!("外部认证失败，剩余{tries}次"),
                    Lang::En => format!("external authentication failed, {tries} tries left"),
                },
                None => sw.meaning(lang),
            },
            None => lang.pick("未知错误", "unknown error").to_owned(),
        }
    }
}

impl core::fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code of annex A has words in both languages, and the numbers are those of the annex.
    #[test]
    fn the_whole_annex() {
        let annex = [
            0, -1, -2, -3, -4, -5, -11, -12, -13, -14, -15, -20, -21, -22, -23, -24, -31, -32, -33, -34, -35, -36, -41,
            -42, -51, -52, -2201, -2202, -2203, -2204,
        ];
        let named: Vec<i32> = ReturnCode::NAMED.iter().map(|(_, code)| code.0).collect();
        assert_eq!(named, annex);
        let words = [
            -25536, -25537, -25538, -26368, -26881, -27009, -27010, -27011, -27012, -27013, -27016, -27264, -27265,
            -27266, -27267, -27272, -37634, -37635, -37891, -37894,
        ];
        for code in annex.into_iter().chain(words) {
            for lang in [Lang::Zh, Lang::En] {
                let text = ReturnCode(code).text(lang);
                assert!(
                    !text.is_empty() && !text.contains("unknown") && !text.contains("未知"),
                    "{code}: {text}"
                );
            }
        }
        assert_eq!(ReturnCode(-7).text(Lang::En), "unknown error");
    }

    /// The text of the annex lists the words for 63C0, 63C1, 63C2 in the wrong order.
    #[test]
    fn tries_left_are_the_last_digit() {
        let code = ReturnCode::status(StatusWord::wrong_tries_left(0));
        assert_eq!(code.0, -25536);
        assert_eq!(code.text(Lang::En), "external authentication failed, 0 tries left");
        assert_eq!(ReturnCode(-25538).text(Lang::Zh), "外部认证失败，剩余2次");
    }

    #[test]
    fn five_codes_send_to_the_hsm() {
        let all = (-40_000..=0).filter(|code| ReturnCode(*code).use_hsm());
        assert_eq!(all.collect::<Vec<_>>(), [-27272, -2203, -2202, -2201, -24]);
        assert_eq!(ReturnCode::NO_PSAM.status_word(), None);
        assert_eq!(
            ReturnCode::KEY_NOT_FOUND.status_word(),
            Some(StatusWord::REFERENCE_NOT_FOUND)
        );
        assert_eq!(ReturnCode(i32::MIN).status_word(), None);
    }
}
