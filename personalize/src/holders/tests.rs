use super::*;
use card_model::words::Lang;
use proptest::prelude::*;

const HEADER: &str = "social_security_number,name,sex,ethnic_group,place_of_birth,date_of_birth";

fn parse_with(bytes: &[u8], change: impl FnOnce(&mut HolderRules<'_>)) -> Result<HoldersFile, HoldersError> {
    let settings = Settings::test_defaults().unwrap();
    let profile = Profile::builtin("3.0").unwrap();
    let today = Date::constant(2026, 1, 2);
    let mut rules = HolderRules {
        profile,
        settings: &settings,
        today,
        accept_disagreement: false,
    };
    change(&mut rules);
    HoldersFile::parse(bytes, "test.csv", &rules, &|name| match name {
        "photo.jpg" => Ok(vec![0xD8; 100]),
        "large.jpg" => Ok(vec![0xD8; 5000]),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    })
}

fn parse(text: &str) -> HoldersFile {
    parse_with(text.as_bytes(), |_| ()).unwrap()
}

/// Row, column and kind of each problem.
fn told(file: &HoldersFile) -> Vec<(u64, &str, String)> {
    let name = |problem: &Problem| {
        format!("{:?}", problem.fault)
            .split([' ', '(', '{'])
            .next()
            .unwrap_or("")
            .to_owned()
    };
    file.problems
        .iter()
        .map(|p| (p.row, p.column.as_str(), name(p)))
        .collect()
}

fn value(file: &HoldersFile, path: &str) -> Vec<u8> {
    let profile = Profile::builtin("3.0").unwrap();
    let target = Target::find(profile, path).unwrap();
    let found = file.holders[0].values.iter().find(|(t, _)| *t == target);
    match &found.unwrap_or_else(|| panic!("{path} has no value")).1 {
        Value::Bytes(bytes) => bytes.clone(),
        Value::Records(records) => records.concat(),
    }
}

fn hex(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

#[test]
fn codes_and_words_mean_the_same() {
    for row in [
        "1,01,990100,19810101",
        "男,汉,测试市（虚构）,1981-01-01",
        "male,Han,990100,1981/1/1",
        "男,汉族,990100,1981年1月1日",
    ] {
        let file = parse(&format!("{HEADER}\n111111198101011110,张三,{row}\n"));
        assert_eq!(told(&file), [], "{row}");
        assert_eq!(hex(&value(&file, "SSSE/EF06/0A")), "31");
        assert_eq!(hex(&value(&file, "SSSE/EF06/0B")), "01");
        assert_eq!(hex(&value(&file, "SSSE/EF06/0C")), "990100");
        assert_eq!(hex(&value(&file, "SSSE/EF06/0D")), "19810101");
    }
}

#[test]
fn chinese_headings_and_other_separators() {
    let file = parse("社会保障号码;姓名;性别\n111111198101011110;张三;男\n");
    assert_eq!(told(&file), []);
    let file = parse("社会保障号码\t姓名\tDF01/EF05/21\n111111198101011110\t张三\t测试路1号\n");
    assert_eq!(told(&file), []);
    assert_eq!(value(&file, "DF01/EF05/21").len(), 0x50);
}

#[test]
fn birth_and_sex_come_from_the_number_where_the_cell_is_empty() {
    let file = parse("social_security_number,name\n111111198101011110,张三\n");
    assert_eq!(told(&file), []);
    assert_eq!(hex(&value(&file, "SSSE/EF06/0A")), "31");
    assert_eq!(hex(&value(&file, "SSSE/EF06/0D")), "19810101");
}

#[test]
fn rare_characters_and_long_names() {
    let name = |name: &str| parse(&format!("social_security_number,name\n111111198101011110,{name}\n"));
    for rare in ["李䶮", "王㛃", "陈𬱖"] {
        let file = name(rare);
        assert_eq!(told(&file), []);
        let bytes = value(&file, "SSSE/EF06/09");
        assert_eq!(
            reader::decode::decode_text(bytes.split(|b| *b == 0).next().unwrap()).unwrap(),
            rare
        );
    }
    // 28 bytes, then a character of four: the cut is before it.
    let file = name("测试样例一二三四五六七八九十𬱖尾");
    assert_eq!(told(&file), []);
    assert_eq!(value(&file, "SSSE/EF06/09")[28..], [0, 0]);
    assert_eq!(
        value(&file, "SSSE/EF06/4E")[..6],
        *encoding_rs::GB18030.encode("𬱖尾").0
    );
    let file = name("测试用长姓名共五十个字节一二三四五六七八九十甲乙丙");
    assert_eq!(told(&file), []);
    assert!(value(&file, "SSSE/EF06/4E").iter().all(|b| *b != 0));
    let file = name("测试用长姓名共五十个字节一二三四五六七八九十甲乙丙丁");
    assert_eq!(told(&file), [(2, "name", "Value".to_owned())]);
    assert_eq!(told(&name("李\u{E863}")), [(2, "name", "PrivateUse".to_owned())]);
}

#[test]
fn every_problem_of_the_file_is_told() {
    let text = format!(
        "{HEADER},card_number,DF01/EF08/2B\n\
         990000198101010011,张三,1,01,990100,19810101,,\n\
         111111198101011110,张三,2,01,990100,19810102,,\n\
         111111198101011110,,1,77,100100,1981-13-01,T0000001,8\n\
         111111198101011110,张三,1,01,990100,19810101\n\
         111111198101011110,张三,1,01,119900,19810101,T0000001X,1\n\
         111111198101011110,李四,1,01,990100,19810101,T0000001X,未婚\n\
         ,李四,1,01,990100,19810101,,\n"
    );
    let file = parse(&text);
    let expected: &[(u64, &str, &str)] = &[
        (2, "social_security_number", "SocialSecurityNumber"),
        (3, "date_of_birth", "BirthDisagrees"),
        (3, "sex", "SexDisagrees"),
        (4, "name", "Missing"),
        (4, "ethnic_group", "Value"),
        (4, "place_of_birth", "Region"),
        (4, "date_of_birth", "Value"),
        (4, "card_number", "CardNumber"),
        (4, "DF01/EF08/2B", "Value"),
        (5, "", "CellCount"),
        (5, "social_security_number", "SamePerson"),
        (6, "place_of_birth", "Prefecture"),
        (6, "social_security_number", "SamePerson"),
        (7, "social_security_number", "SamePerson"),
        (7, "card_number", "SameCardNumber"),
        (8, "social_security_number", "Missing"),
    ];
    let told = told(&file);
    let told: Vec<_> = told
        .iter()
        .map(|(row, column, fault)| (*row, *column, fault.as_str()))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(file.rows, 7);
    for lang in [Lang::Zh, Lang::En] {
        for problem in &file.problems {
            let line = problem.line(lang, false);
            assert!(
                line.contains(&problem.row.to_string()) && line.contains(&problem.column),
                "{line}"
            );
            assert!(
                !line.contains("111111198101011110") && !line.contains("张三") && !line.contains("%{"),
                "{line}"
            );
        }
    }
    assert!(file.problems[0].line(Lang::En, true).contains("990000198101010011"));
}

#[test]
fn a_person_may_accept_a_disagreement() {
    let text = format!("{HEADER}\n111111198101011110,张三,2,01,990100,19810102\n");
    let file = parse_with(text.as_bytes(), |rules| rules.accept_disagreement = true).unwrap();
    assert_eq!(file.errors().count(), 0);
    assert_eq!((file.problems.len(), file.holders.len()), (2, 1));
    assert_eq!(
        told(&parse(&format!("{HEADER}\n111111198101011110,张三,9,01,990100,\n"))),
        []
    );
}

#[test]
fn headings_are_checked() {
    let file = parse("social_security_number,nmae,SSSE/EF06/08,DF01/EF99/01,SSSE/EF05/01\n");
    let told = told(&file);
    let told: Vec<_> = told
        .iter()
        .map(|(row, column, fault)| (*row, *column, fault.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (1, "nmae", "UnknownColumn"),
            (1, "SSSE/EF06/08", "RepeatedColumn"),
            (1, "DF01/EF99/01", "UnknownColumn"),
            (1, "SSSE/EF05/01", "UnknownColumn"),
            (1, "name", "MissingColumn"),
        ]
    );
}

#[test]
fn encodings() {
    let text = format!("{HEADER}\n111111198101011110,李䶮,男,汉族,990100,1981-01-01\n");
    let gb = encoding_rs::GB18030.encode(&text).0;
    let bom = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    for (bytes, encoding) in [
        (text.as_bytes(), TextEncoding::Utf8),
        (&bom, TextEncoding::Utf8Bom),
        (&gb, TextEncoding::Gb18030),
    ] {
        let file = parse_with(bytes, |_| ()).unwrap();
        assert_eq!((file.encoding, told(&file)), (encoding, vec![]));
        assert_eq!(file.holders[0].name, "李䶮");
    }
    assert!(matches!(
        parse_with(b"\xFF\xFEa\0", |_| ()),
        Err(HoldersError::Encoding { line: None, .. })
    ));
    assert!(matches!(parse_with(b"", |_| ()), Err(HoldersError::Empty { .. })));
}

#[test]
fn pictures_templates_and_cyclic_records() {
    let head = "social_security_number,name,SSSE/EF08,DF01/EF15/40:2/59,DF02/EF07,DF03/EF05/60";
    let cell = "1000000^20200101^20201231^测试单位|2000000^20210101^^样例单位";
    let file = parse(&format!(
        "{head}\n111111198101011110,张三,@photo.jpg,测试大学,{cell},20200101\n"
    ));
    assert_eq!(told(&file), []);
    assert_eq!(value(&file, "SSSE/EF08").len(), 0x1000);
    let records = value(&file, "DF02/EF07");
    assert_eq!(records.len(), 2 * 0x55);
    assert_eq!(records[..7], *b"2000000", "oldest first");
    let file = parse(&format!(
        "{head}\n111111198101011110,张三,@none.jpg,,,\n111111198101011110,张三,@large.jpg,,a|b|c|d|e,\n"
    ));
    let told = told(&file);
    let told: Vec<_> = told
        .iter()
        .map(|(row, column, fault)| (*row, *column, fault.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (2, "SSSE/EF08", "File"),
            (3, "SSSE/EF08", "TooLong"),
            (3, "DF02/EF07", "Records"),
            (3, "social_security_number", "SamePerson"),
        ]
    );
}

#[test]
fn dates_in_the_wrong_order() {
    let head = "social_security_number,name,issue_date,expiry_date";
    let file = parse(&format!("{head}\n111111198101011110,张三,2026-01-02,2026-01-02\n"));
    assert_eq!(told(&file), [(2, "expiry_date", "Order".to_owned())]);
    let file = parse(&format!("{head}\n111111198101011110,张三,19801231,\n"));
    assert_eq!(told(&file), [(2, "issue_date", "Order".to_owned())]);
}

#[test]
fn nothing_personal_in_debug() {
    let file = parse(&format!(
        "{HEADER}\n111111198101011110,张三丰,男,汉族,990100,1981-01-01\n"
    ));
    let text = format!("{file:?}");
    assert!(!text.contains("张三") && !text.contains("111111198101011110"), "{text}");
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_with(&bytes, |_| ());
    }

    #[test]
    fn any_cells(cells in proptest::collection::vec("\\PC{0,20}", 6), quoted in any::<bool>()) {
        let row: Vec<String> = cells.iter().map(|c| if quoted { format!("{c:?}") } else { c.clone() }).collect();
        let _ = parse_with(format!("{HEADER}\n{}\n", row.join(",")).as_bytes(), |_| ());
    }

    #[test]
    fn any_heading(heading in "[A-Z0-9/:]{0,16}") {
        let _ = parse_with(format!("{heading}\nx\n").as_bytes(), |_| ());
    }
}
