//! iReadCard and iWriteCard on files of every kind.

use crate::bench::PIN;
use crate::support::*;
use card_model::card::Interface;
use reader::driver::Prompt;

/// Files that both versions have, with the values that are written: linear with a repeated tag, linear, cyclic, transparent.
const FILES: [(&str, &str); 5] = [
    ("DF01EF07|29|$", "DF01EF07|1|$"),
    ("DF01EF0A|37|$", "DF01EF0A|CHN|$"),
    ("SSSEEF05|06|$", "SSSEEF05|20370401|$"),
    ("DF04EF05|8F|$", "DF04EF05|2|$"),
    ("DF04EF15$", "DF04EF15|0007^3^|$"),
];

#[test]
fn written_values_come_back() {
    for (name, interface) in kinds().into_iter().filter(|(name, _)| *name != "1.0") {
        let world = World::new(name, interface, With::Psam);
        for (address, data) in FILES {
            let written = world.driver.write_card(world.i_type, &world.info, address, data);
            assert_eq!(written.expect(address), "", "{name}");
            world.assert_closed();
            let read = world
                .driver
                .read_card(world.i_type, 2, &world.info, address)
                .expect(address);
            assert_eq!(read, data, "{name} {interface:?} by the key");
            if !address.starts_with("SSSE") {
                world.keypad.typing([PIN]);
                let read = world
                    .driver
                    .read_card(world.i_type, 1, &world.info, address)
                    .expect(address);
                assert_eq!(
                    (read.as_str(), world.keypad.asked()),
                    (data, vec![Prompt::Enter]),
                    "{name} by the PIN"
                );
            }
        }
    }
}

#[test]
fn several_files_and_repeated_tags() {
    for name in ["3.0", "2.0"] {
        let world = World::new(name, Interface::Contact, With::Psam);
        let address = "DF01EF0A|37|$DF01EF15|2A|40:2|40|$SSSEEF06|08|09|$";
        let nested = |length: usize| {
            let profile = crate::bench::profile(name);
            let located = profile.locate("DF01/EF15/40").unwrap();
            let element = located.element.unwrap();
            let empty = reader::decode::encode(element, "").unwrap();
            assert_eq!(empty.len(), length);
            hex::encode_upper(empty)
        };
        let length = usize::from(
            crate::bench::profile(name)
                .locate("DF01/EF15/40")
                .unwrap()
                .element
                .unwrap()
                .length,
        );
        let degree = nested(length);
        let data = format!("DF01EF0A|CHN|$DF01EF15|20|{degree}|{degree}|$SSSEEF06|111111198101011110|李四|$");
        world
            .driver
            .write_card(1, &world.info, address, &data)
            .expect("written");
        let read = world.driver.read_card(1, 2, &world.info, address).expect("read");
        let files: Vec<&str> = read.split_terminator('$').collect();
        assert_eq!(files.len(), 3, "{read}");
        assert_eq!(files[0], "DF01EF0A|CHN|");
        assert!(
            files[1].starts_with("DF01EF15|20|") && items(files[1]).len() == 4,
            "{read}"
        );
        assert_eq!(files[2], "SSSEEF06|111111198101011110|李四|");
        // Spellings of callers; the answer has the caller's own.
        let read = world.driver.read_card(1, 2, &world.info, "3F00EF06|09").expect("read");
        assert_eq!(read, "3F00EF06|李四|$");
    }
}

#[test]
fn cyclic_files() {
    for name in ["3.0", "2.0"] {
        let world = World::new(name, Interface::Contact, With::Psam);
        for n in 1..=3 {
            let data = format!("DF04EF15|{n:04X}^{n}^|$");
            world
                .driver
                .write_card(1, &world.info, "DF04EF15|$", &data)
                .expect("a new record");
        }
        let read = |address| world.driver.read_card(1, 2, &world.info, address).expect(address);
        assert_eq!(read("DF04EF15$"), "DF04EF15|0003^3^|0002^2^|0001^1^|$", "newest first");
        assert_eq!(read("DF04EF15|2|$"), "DF04EF15|0002^2^|$");
        assert_eq!(read("DF04EF15|99:03|$"), "DF04EF15|0001^1^|$");
        let missing = world.driver.read_card(1, 2, &world.info, "DF04EF15|4|$");
        assert_eq!(world.code(missing), -27267);
    }
}

#[test]
fn transparent_files() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    let size = world
        .driver
        .read_card(1, 2, &world.info, "SSSEEF08|01|$")
        .expect("read")
        .len()
        - "SSSEEF08||$".len();
    let contents = "A5".repeat(size / 2);
    world
        .driver
        .write_card(1, &world.info, "SSSEEF08|$", &format!("SSSEEF08|{contents}|$"))
        .expect("written");
    let read = world.driver.read_card(1, 2, &world.info, "SSSEEF08$").expect("read");
    assert_eq!(read, format!("SSSEEF08|{contents}|$"));
}

/// The order of key and PIN where a file wants both: key first with a PSAM, PIN first with an HSM.
#[test]
fn key_and_pin() {
    for name in ["3.0", "2.0"] {
        let world = World::new(name, Interface::Contact, With::Psam);
        let (address, data) = ("DF04EF06|90|92|93|$", "DF04EF06|1|00012345|02|$");
        world.driver.write_card(1, &world.info, address, data).expect("written");
        world.keypad.typing([PIN]);
        assert_eq!(world.driver.read_card(1, 9, &world.info, address).expect("read"), data);
        assert_eq!(world.keypad.asked(), [Prompt::Enter]);
        // With the HSM the PIN comes in the first step.
        world.keypad.typing(["000000"]);
        assert_eq!(
            world.code(world.driver.read_card_hsm_step1(1, &world.info, address)),
            -51
        );
        world.keypad.typing([PIN]);
        let first = world.driver.read_card_hsm_step1(1, &world.info, address).expect("open");
        world.keypad.asked();
        let algorithm = if name == "3.0" { "03" } else { "01" };
        assert_eq!(items(&first)[..2], [algorithm, "0182"]);
        let request = format!("02|{}|{first}", world.area());
        let answer = world.hsm().answer(&request).expect("a request");
        assert_eq!(answer.len(), 32);
        assert_eq!(world.driver.read_card_hsm_step2(&answer).expect("read"), data);
        world.assert_closed();
    }
}

#[test]
fn reading_and_writing_with_an_hsm() {
    for (name, interface) in kinds().into_iter().filter(|(name, _)| *name != "1.0") {
        let world = World::new(name, interface, With::Hsm);
        for (address, data) in FILES {
            // Only the first file is done.
            let two = format!("{address}SSSEEF05|07|$");
            let step1 = world
                .driver
                .write_card_hsm_step1(world.i_type, &world.info, &two)
                .expect(address);
            world.assert_open();
            let answer = world
                .hsm()
                .answer(&format!("02|{}|{step1}", world.area()))
                .expect("a request");
            world.driver.write_card_hsm_step2(&answer, data).expect(address);
            world.assert_closed();
            if address.starts_with("SSSE") {
                let free = world.driver.read_card_hsm_step1(world.i_type, &world.info, address);
                assert_eq!(world.code(free), -2204, "a file that anybody may read");
                let read = world.driver.read_card(world.i_type, 2, &world.info, address);
                assert_eq!(read.expect("without a PSAM"), data);
            } else {
                let by_key = world.driver.read_card(world.i_type, 2, &world.info, address);
                assert_eq!(world.code(by_key), -2201);
                let read = world.driver.read_card_hsm(world.i_type, 2, &world.info, address);
                assert_eq!(read.expect(address), data, "{name}");
            }
            world
                .driver
                .write_card_hsm(world.i_type, &world.info, address, data)
                .expect("again");
        }
    }
}

#[test]
fn first_generation() {
    let world = World::new("1.0", Interface::Contact, With::Psam);
    let read = world
        .driver
        .read_card(1, 2, &world.info, "SSSEEF05|06|07|$SSSEEF06|08|09|$")
        .expect("free");
    assert_eq!(read, "SSSEEF05|20360401|D2143569X|$SSSEEF06|111111198101011110|张三|$");
    world
        .driver
        .write_card(1, &world.info, "SSSEEF06|09|$", "SSSEEF06|王五|$")
        .expect("written by UKMF");
    assert_eq!(items(&world.driver.read_card_bas(1).expect("read"))[4], "王五");
    let missing = world.driver.read_card(1, 2, &world.info, "SSSEEF06|4E|$");
    assert_eq!(world.code(missing), -27267, "version 1 has no extension of the name");
}

/// The PIN holds until the card is closed: it is asked once for several files.
#[test]
fn the_pin_is_asked_once() {
    let world = World::new("3.0", Interface::Contact, With::Hsm);
    world.keypad.typing([PIN]);
    let address = "DF01EF07|29|$DF04EF05|8F|$DF04EF08$";
    let text = world
        .driver
        .read_card(1, 1, &world.info, address)
        .expect("by the PIN alone");
    assert_eq!(text, "DF01EF07||$DF04EF05||$DF04EF08|$");
    assert_eq!(world.keypad.asked(), [Prompt::Enter]);
}

#[test]
fn what_is_refused() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    let read = |address| world.code(world.driver.read_card(1, 2, &world.info, address));
    assert_eq!(read("DF01EF1C|01|$"), -27266);
    assert_eq!(read("SSSEEF05|99|$"), -27267);
    assert_eq!(read("nonsense"), -23);
    assert_eq!(read(""), -23);
    let choice = world.driver.read_card(1, 3, &world.info, "DF01EF05|20|$");
    assert_eq!(world.code(choice), -14, "PIN or key: iAuthType decides");
    let write = |address, data| world.code(world.driver.write_card(1, &world.info, address, data));
    assert_eq!(
        write("DF04EF08$", "DF04EF08|1^2^3^4^5^6^7^|$"),
        -27010,
        "only the card writes its log"
    );
    assert_eq!(write("SSSEEF06|08|$", "SSSEEF06|1111111981010111101|$"), -42);
    assert_eq!(write("SSSEEF05|06|$", "SSSEEF05|2036x401|$"), -41);
    assert_eq!(write("SSSEEF05|06|$", "SSSEEF06|20360401|$"), -23);
    assert_eq!(write("SSSEEF05|06|07|$", "SSSEEF05|20360401|$"), -23);
    assert_eq!(write("SSSEEF05|06|$", "SSSEEF05|20360401|$SSSEEF05|20360401|$"), -23);
    // A wrong value in the second file leaves the first one as it was.
    assert_eq!(
        write("SSSEEF05|06|$SSSEEF06|08|$", "SSSEEF05|20990101|$SSSEEF06|x\u{1}|$"),
        -41
    );
    let text = world
        .driver
        .read_card(1, 2, &world.info, "SSSEEF05|06|$")
        .expect("free");
    assert_eq!(text, "SSSEEF05|20360401|$");
}

#[test]
fn another_card() {
    let world = World::new("3.0", Interface::Contact, With::Psam);
    let number = world.info.replace("D2143569X", "D2143569Y");
    let id = world.info.replacen("990100", "990101", 1);
    let calls = |info: &str| {
        let driver = &world.driver;
        [
            driver.read_card(1, 2, info, "SSSEEF05|07|$"),
            driver.read_card_hsm_step1(1, info, "DF01EF05|20|$"),
            driver.write_card(1, info, "SSSEEF05|06|$", "SSSEEF05|20360401|$"),
            driver.write_card_hsm_step1(1, info, "SSSEEF05|06|$"),
            driver.reload_pin(1, info),
            driver.reload_pin_hsm_step1(1, info),
            driver.unblock_pin(1, info),
            driver.unblock_pin_hsm_step1(1, info),
            driver.do_debit(1, info, "0.10|0.20|20151118185001|"),
            driver.do_debit_hsm_step1(1, info, "0.10|0.20|20151118185001|"),
        ]
        .map(|outcome| world.code(outcome))
    };
    assert_eq!(calls(&number), [-22; 10]);
    assert_eq!(calls(&id), [-22; 10]);
    assert_eq!(calls("12|D2143569X|"), [-20; 10]);
    assert_eq!(calls(""), [-23; 10]);
}
