//! The bystander at one command and its answer: judges the answer and learns from it.

use crate::actions::NAMES;
use crate::oracle::{Contents, DFS, Df, ENVIRONMENT, Oracle};
use crate::support::upper;
use card_model::crypto::SessionKey;
use card_model::secret::Key;

/// Judges the answer of the card and keeps the bystander's knowledge up to date.
pub fn observe(oracle: &mut Oracle, command: &[u8], data: &[u8], sw: u16) {
    let told = || format!("{} → {} {sw:04X}", upper(command), upper(data));
    if command.len() < 4 {
        assert_eq!(sw, 0x6700, "{}", told());
        return;
    }
    if oracle.card_blocked {
        assert!(matches!(sw, 0x6A81 | 0x6700), "a blocked card: {}", told());
        return;
    }
    let (ins, p1, p2) = (command[1], command[2], command[3]);
    let body = command.get(5..).unwrap_or_default();
    let lc = usize::from(command.get(4).copied().unwrap_or(0)).min(body.len());
    let body = if command.len() > 5 { &body[..lc] } else { &[] };
    if oracle.blocked_applications.contains(&oracle.df) && ins != 0xA4 && sw == 0x9000 {
        assert_eq!(command[..2], [0x84, 0x1E], "a blocked application: {}", told());
        return;
    }
    match (command[0], ins) {
        (0x00, 0xA4) => select(oracle, p1, body, data, sw),
        (0x00, 0x84) if sw == 0x9000 => oracle.challenge = Some(data.to_vec()),
        (0x00, 0x82) if p2 == 0 && matches!(sw, 0x9000 | 0x63C0..=0x63CF) => oracle.challenge = None,
        (0x00, 0x82) if p2 == 0 => {}
        (0x00, 0x82) if matches!(sw, 0x9000 | 0x63C0..=0x63CF) => {
            let right = oracle.proves(p2, body);
            assert_eq!(right, sw == 0x9000, "a right key or a used challenge: {}", told());
            oracle.authenticated(p2, right);
        }
        (0x00, 0x20) if !body.is_empty() && matches!(sw, 0x9000 | 0x63C0..=0x63CF | 0x6983) => {
            if sw == 0x9000 {
                assert_eq!(body, oracle.pin, "a wrong PIN verified: {}", told());
            }
            oracle.verified(sw == 0x9000);
        }
        (0x80, 0x5E) if matches!(sw, 0x9000 | 0x63C0..=0x63CF) => {
            let separator = body.iter().position(|b| *b == 0xFF).unwrap();
            oracle.verified(false);
            if sw == 0x9000 {
                assert_eq!(
                    body[..separator],
                    oracle.pin,
                    "PIN changed with a wrong one: {}",
                    told()
                );
                oracle.pin = body[separator + 1..].to_vec();
            }
        }
        (0x84, 0x24) => reset_pin(oracle, command, body, sw),
        (0x00, 0xB2) => read_record(oracle, p1, p2, data, sw, &told),
        (0x00 | 0x04, 0xDC) => update(oracle, command, p2 >> 3, body, sw),
        (0x00, 0xB0) => read_binary(oracle, p1, p2, data, sw, &told),
        (0x00 | 0x04, 0xD6) => {
            let sfi = if p1 & 0x80 == 0 { 0 } else { p1 & 0x1F };
            update(oracle, command, sfi, body, sw);
        }
        (0x84, 0x1E) if matches!(sw, 0x9000 | 0x6988) => {
            let df = oracle.df;
            assert!(
                oracle.has_authenticated(0x83),
                "application blocked without LK: {}",
                told()
            );
            let right = mac_is_right(oracle, oracle.df, command, body);
            assert_eq!(right, sw == 0x9000, "{}", told());
            if right {
                oracle.blocked_applications.insert(df);
            }
        }
        (0x84, 0x16) if matches!(sw, 0x9000 | 0x6988) => {
            assert!(oracle.has_authenticated(5), "card blocked without BK: {}", told());
            let right = mac_is_right(oracle, oracle.environment(), command, body);
            assert_eq!(right, sw == 0x9000, "{}", told());
            oracle.card_blocked |= right;
        }
        (0x84, 0xD4) => {
            if matches!(sw, 0x9000 | 0x6988 | 0x6A80 | 0x6A84 | 0x6A88 | 0x6A89 | 0x6982) {
                // Whether the challenge is used up before or after these refusals does not matter to a bystander: he
                // draws a new one for every command.
                oracle.challenge = None;
            }
            if sw == 0x9000 {
                oracle.replaced(command);
            }
        }
        (0x80, 0xE0) if sw == 0x9000 => oracle.created(body),
        (0x80, 0xE4) => assert_ne!(sw, 0x9000, "an operational card was erased"),
        _ => {}
    }
}

fn select(oracle: &mut Oracle, p1: u8, body: &[u8], data: &[u8], sw: u16) {
    let df_named = || {
        DFS.into_iter()
            .zip([b"".as_slice(), NAMES[0], NAMES[1], NAMES[2], NAMES[3]])
    };
    let by_name = |name: &[u8]| {
        df_named()
            .find(|(_, n)| !n.is_empty() && n.starts_with(name))
            .map(|(df, _)| df)
    };
    let by_fid = || {
        body.try_into()
            .map(u16::from_be_bytes)
            .ok()
            .filter(|fid| DFS.contains(fid))
    };
    let target: Option<Df> = match p1 {
        0 if body.is_empty() => Some(DFS[0]),
        0 => by_fid(),
        4 => by_name(body),
        _ => None,
    };
    match (sw, target) {
        (0x9000, Some(df)) => {
            let name = data.get(4..).unwrap_or_default();
            assert_eq!(data[0], 0x6F);
            assert!(name.is_empty() == (df == DFS[0]) && (name.is_empty() || by_name(&name[..5]) == Some(df)));
            oracle.enter(df);
            assert!(
                !oracle.blocked_applications.contains(&df),
                "a blocked application was selected"
            );
        }
        (0x9000, None) => {
            assert!(data.is_empty() && body[0] == 0xEF, "{} was selected", upper(body));
            oracle.open(body[1]);
        }
        // The application stays blocked for every later command (STD-P5 §6.1), so it counts as selected.
        (0x9303, Some(df)) => {
            assert!(oracle.blocked_applications.contains(&df));
            oracle.enter(df);
        }
        (0x9303, None) => assert!(oracle.blocked_applications.contains(&oracle.df)),
        _ => {}
    }
}

/// Whether the MAC at the end of a command is that under the STK and the challenge in force, which is then used up.
fn mac_is_right(oracle: &mut Oracle, df: Df, command: &[u8], body: &[u8]) -> bool {
    let (Some(key), Some(challenge)) = (oracle.stk(df), oracle.challenge.take()) else {
        return false;
    };
    let session = SessionKey::derive(oracle.algorithm, &Key::from(key), &challenge);
    let (data, mac) = body.split_at(body.len() - 4);
    session.mac(&command[..5], data) == mac
}

fn reset_pin(oracle: &mut Oracle, command: &[u8], body: &[u8], sw: u16) {
    match sw {
        0x9000 | 0x6A80 => {
            assert!(oracle.has_authenticated(6), "PIN reset without PUK");
            let challenge = oracle.challenge.clone();
            assert!(
                mac_is_right(oracle, oracle.environment(), command, body),
                "PIN reset with a wrong MAC"
            );
            oracle.verified(false);
            if sw == 0x9000 && command[3] == 1 {
                let key = Key::from(oracle.stk(ENVIRONMENT).unwrap());
                let session = SessionKey::derive(oracle.algorithm, &key, &challenge.unwrap());
                oracle.pin = session.decrypt(&body[..body.len() - 4]).unwrap();
            }
        }
        0x6988 => {
            assert!(!mac_is_right(oracle, oracle.environment(), command, body));
            // The card may lock the PUK here and take its state back; the bystander learns it from 6982.
        }
        0x6982 => oracle.authenticated(6, false),
        _ => {}
    }
}

fn read_record(oracle: &mut Oracle, p1: u8, p2: u8, data: &[u8], sw: u16, told: &dyn Fn() -> String) {
    if p1 == 0xFF || p2 & 7 == 7 || p2 >> 3 == 31 || matches!(sw, 0x6700 | 0x9303) {
        return;
    }
    let Some(file) = oracle.file(p2 >> 3) else {
        assert!(matches!(sw, 0x6A82 | 0x6986), "{}", told());
        return;
    };
    let rule = file.read;
    if !matches!(file.contents, Contents::Linear { .. } | Contents::Cyclic { .. }) {
        return assert_eq!(sw, 0x6981, "{}", told());
    }
    if !oracle.holds(rule) {
        return assert_eq!(sw, 0x6982, "read against the rule {rule:?}: {}", told());
    }
    let known = oracle.clone();
    let expected = oracle.read_record(p1, p2 & 7);
    match expected {
        None => assert_eq!(sw, 0x6A83, "{}", told()),
        Some(records) if sw == 0x9000 => assert_eq!(data, records, "{}", told()),
        Some(records) => {
            assert_eq!(sw, 0x6C00 | (records.len().min(256) % 256) as u16, "{}", told());
            // Nothing was read, so the record pointer stays.
            *oracle = known;
        }
    }
}

fn read_binary(oracle: &mut Oracle, p1: u8, p2: u8, data: &[u8], sw: u16, told: &dyn Fn() -> String) {
    let (sfi, offset) = if p1 & 0x80 == 0 {
        (0, usize::from(p1) << 8 | usize::from(p2))
    } else {
        (p1 & 0x1F, usize::from(p2))
    };
    if matches!(sw, 0x6700 | 0x9303 | 0x6A86) {
        return;
    }
    let Some(file) = oracle.file(sfi) else {
        return assert!(matches!(sw, 0x6A82 | 0x6986), "{}", told());
    };
    let (rule, contents) = (file.read, file.contents.clone());
    match (contents, sw) {
        (Contents::Transparent(bytes), 0x9000) => {
            assert!(oracle.holds(rule), "read against the rule {rule:?}: {}", told());
            assert_eq!(data, &bytes[offset..offset + data.len()], "{}", told());
            assert!(!data.is_empty());
        }
        (Contents::Transparent(bytes), 0x6B00) => assert!(offset >= bytes.len(), "{}", told()),
        (Contents::Transparent(bytes), _) => assert_eq!(sw, 0x6C00 | (bytes.len() - offset) as u16, "{}", told()),
        _ => assert_eq!(sw, 0x6981, "{}", told()),
    }
}

fn update(oracle: &mut Oracle, command: &[u8], sfi: u8, body: &[u8], sw: u16) {
    let told = || format!("{} → {sw:04X}", upper(command));
    let secured = command[0] == 4;
    // Judged before the file is looked at: the current file does not change.
    let well_formed = command.len() > 5 && command.len() == 5 + usize::from(command[4]) && (!secured || body.len() > 4);
    if matches!(sw, 0x9303 | 0x6A86) || sw == 0x6700 && !well_formed {
        return;
    }
    let Some(file) = oracle.file(sfi) else {
        return assert!(matches!(sw, 0x6A82 | 0x6986), "{}", told());
    };
    let (rule, protection) = (file.update, file.protection);
    if sw == 0x6982 {
        return assert!(!oracle.holds(rule), "refused where {rule:?} holds: {}", told());
    }
    let challenge = oracle.challenge.clone();
    if secured && !matches!(sw, 0x6981 | 0x6984 | 0x6A88) {
        let right = mac_is_right(oracle, oracle.df, command, body);
        assert!(right || sw == 0x6988, "a wrong MAC was taken: {}", told());
    }
    if sw != 0x9000 {
        return;
    }
    assert!(oracle.holds(rule), "updated against the rule {rule:?}: {}", told());
    assert!(secured || protection == 0, "updated without MAC: {}", told());
    let mut data = body.to_vec();
    if secured {
        data.truncate(body.len() - 4);
        if protection == 2 {
            let key = Key::from(oracle.stk(oracle.df).unwrap());
            data = SessionKey::derive(oracle.algorithm, &key, &challenge.unwrap())
                .decrypt(&data)
                .unwrap();
        }
    }
    if command[1] == 0xDC {
        oracle.update_record(command[2], command[3] & 7, &data);
    } else {
        let offset = if command[2] & 0x80 == 0 {
            usize::from(command[2]) << 8
        } else {
            0
        } | usize::from(command[3]);
        oracle.update_binary(offset, &data);
    }
}
