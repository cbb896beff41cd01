//! Names of what a profile consists of and of the rules it must keep; the words for them are in `locales/profile.yml`.

use crate::words::Lang;
use rust_i18n::t;

macro_rules! named {
    ($(#[$doc:meta])* $type:ident in $table:literal { $($(#[$item:meta])* $name:ident = $key:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$item])* $name,)+
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            fn key(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($table, ".", $key),)+
                }
            }
        }
    };
}

named! {
    /// Something in a profile that has a name or a number.
    Thing in "profile.thing" {
        /// Identity of a dedicated file in the profile.
        Id = "id",
        /// DF name.
        Name = "name",
        /// File identifier.
        Fid = "fid",
        /// Short file identifier.
        Sfi = "sfi",
        /// Key.
        Key = "key",
        /// PIN of a certificate application.
        Pin = "pin",
        /// File of a key pair or certificate.
        KeyFile = "key_file",
        /// Tag of a record.
        Tag = "tag",
        /// Record of version 1 that carries the mark of a version 2 value.
        ReusedRecord = "reused_record",
        /// Tag inside a B-TLV.
        InnerTag = "inner_tag",
        /// Dedicated file.
        DedicatedFile = "dedicated_file",
        /// Dedicated file that must stand before its children.
        Parent = "parent",
        /// Elementary file.
        File = "file",
        /// Directory file with the announced SFI.
        DirectoryFile = "directory_file",
        /// Data element.
        Element = "element",
        /// Elements of a file.
        Elements = "elements",
        /// Inner elements of a B-TLV.
        InnerElements = "inner_elements",
        /// Parts of a composite element.
        Parts = "parts",
        /// Code table.
        CodeTable = "code_table",
    }
}

named! {
    /// A rule of the tree, of keys, files or elements.
    Rule in "profile.rule" {
        /// The name fits the card maker's label.
        ProfileName = "profile_name",
        /// Extra applications begin at DF0A.
        ExtraApplication = "extra_application",
        /// Extra files begin at EF0C.
        ExtraFile = "extra_file",
        /// The standard's files of SSSE get no new items.
        EnvironmentItems = "environment_items",
        /// Cyclic files get no new items.
        CyclicItems = "cyclic_items",
        /// Tags of the standard are not used for something else.
        StandardTag = "standard_tag",
        /// There is one MF.
        OneMf = "one_mf",
        /// The MF is 3F00.
        MfIdentifier = "mf_identifier",
        /// MF without parent, DDF under the MF, ADF under a DDF.
        Parent = "parent",
        /// The FID of an ADF is its id.
        AdfIdentifier = "adf_identifier",
        /// PIN, algorithm and directory belong to a DDF.
        EnvironmentOnly = "environment_only",
        /// Key names are capital letters and digits, and not PIN.
        KeyName = "key_name",
        /// Transaction keys have an index, others none.
        KeyIndex = "key_index",
        /// Key identifiers of MF and DDF are below 80.
        GlobalKey = "global_key",
        /// Key identifiers of an ADF are 80 and above.
        LocalKey = "local_key",
        /// Identifiers of PINs are 00–1F in a DDF and 80–9F in an ADF.
        PinIdentifier = "pin_identifier",
        /// PINs of a certificate application are proved under SM4.
        PinAlgorithm = "pin_algorithm",
        /// Key files have the size of their key, certificate files are transparent.
        KeyFile = "key_file",
        /// Master keys belong to the card operating system.
        NoMasterKey = "no_master_key",
        /// A transparent file has one element.
        OneElement = "one_element",
        /// Internal files are never read or written from outside.
        InternalFile = "internal_file",
        /// The directory is a linear variable file with a record for each application.
        DirectoryRecords = "directory_records",
        /// The longest directory entry fits.
        DirectoryLength = "directory_length",
        /// Dates, times and regions are cn, amounts cn or b.
        MeaningFormat = "meaning_format",
        /// Codes are an or cn.
        CodeFormat = "code_format",
        /// Only B-TLV elements have inner elements.
        InnerNeedsTlv = "inner_needs_tlv",
        /// A B-TLV has no B-TLV inside.
        OneLevel = "one_level",
        /// Every code of the table fits the length of the element.
        CodeLength = "code_length",
        /// One of an, cn, b, tlv.
        OneFormat = "one_format",
        /// Fields of cyclic, transparent and internal files have no tag.
        NoTag = "no_tag",
    }
}

named! {
    /// What should stand behind a field.
    Wanted in "profile.wanted" {
        /// A text in quotation marks.
        Text = "text",
        /// A number, such as 0x0C.
        Number = "number",
        /// `true` or `false`.
        Switch = "switch",
        /// A list of numbers.
        Numbers = "numbers",
        /// PSAM usage and identifier.
        TwoNumbers = "two_numbers",
        /// A table.
        Table = "table",
        /// A list of tables.
        Tables = "tables",
    }
}

impl Wanted {
    /// What it is called.
    pub fn words(self, lang: Lang) -> String {
        t!(self.key(), locale = lang.locale()).into_owned()
    }
}

impl Thing {
    /// What it is called.
    pub fn words(self, lang: Lang) -> String {
        t!(self.key(), locale = lang.locale()).into_owned()
    }
}

impl Rule {
    /// The rule in words.
    pub fn words(self, lang: Lang) -> String {
        t!(self.key(), locale = lang.locale()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_words_in_both_languages() {
        for lang in [Lang::En, Lang::Zh] {
            let things = Thing::ALL.iter().map(|thing| (thing.key(), thing.words(lang)));
            let wanted = Wanted::ALL.iter().map(|wanted| (wanted.key(), wanted.words(lang)));
            let rules = Rule::ALL.iter().map(|rule| (rule.key(), rule.words(lang)));
            for (key, words) in things.chain(rules).chain(wanted) {
                assert!(
                    !words.is_empty() && !words.contains("profile."),
                    "{key} has no words in {lang:?}"
                );
                assert_eq!(
                    lang == Lang::En,
                    words.is_ascii(),
                    "{key}: {words} is in the wrong language"
                );
            }
        }
    }
}
