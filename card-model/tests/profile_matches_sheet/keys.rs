//! §6.1 of files.md and §1.7 of terminal.md: every key with its identifier, PSAM coordinates, address, level, versions.

use crate::sheet::{hex, rows, section, sheet, without_brackets};
use card_model::profile::{KeyDefinition, KeyLevel, Profile};
use std::collections::BTreeMap;

/// A key as the sheet has it.
#[derive(Debug)]
struct Stated {
    df: String,
    name: String,
    id: u32,
    psam: Option<(u32, u32)>,
    hsm: Option<u32>,
    level: String,
}

/// The items of a cell: separated by commas or slashes, or first and last around `…`.
fn items(cell: &str, count: usize) -> Vec<String> {
    let cell = without_brackets(cell).replace("indexes", "").replace("index", "");
    if let Some((first, last)) = cell.split_once('…') {
        let (first, last) = (first.trim(), last.trim());
        // `UK4 … UK8`, `89 … 8D`: the digits that differ count up.
        let common = first.len() - 1;
        let start = first.rsplit(|c: char| !c.is_ascii_hexdigit()).next().expect("digits");
        let from = hex(&start[start.len().saturating_sub(if first.starts_with("UK") { 1 } else { 2 })..]);
        let items: Vec<String> = (0..u32::try_from(count).expect("small"))
            .map(|i| match first.strip_prefix("UK") {
                Some(_) => format!("{}{:X}", &first[..common], from + i),
                None => format!("{:02X}", from + i),
            })
            .collect();
        assert_eq!(items.last().map(String::as_str), Some(last), "{cell}");
        return items;
    }
    cell.split([',', '/'])
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// PSAM usages and identifiers: `47/37 … 3B`, `67/3D, 3F, B1`, `28/B3, 27/B4`, `47 or 67/0A`.
fn psam(cell: &str, count: usize) -> Vec<Option<(u32, u32)>> {
    let cell = without_brackets(cell);
    let cell = cell.rsplit(" or ").next().expect("a cell");
    if let Some((usage, ids)) = cell.split_once('/')
        && ids.contains('…')
    {
        return items(ids, count).iter().map(|id| Some((hex(usage), hex(id)))).collect();
    }
    let mut usage = None;
    let pairs = cell.split(',').map(|item| {
        let id = match item.split_once('/') {
            Some((found, id)) => {
                usage = Some(hex(found));
                id
            }
            None => item,
        };
        Some((usage.expect("a usage byte before the first identifier"), hex(id)))
    });
    pairs.collect()
}

fn stated(text: &str) -> Vec<Stated> {
    let mut keys = Vec::new();
    for row in rows(section(text, "### 6.1 ", "### 6.2 ")) {
        let [df, names, ids, coordinates, addresses, level, ..] = &row[..] else {
            panic!("row {row:?}")
        };
        if names.starts_with("local") || names.starts_with("MK") {
            continue;
        }
        let plain = without_brackets(names);
        let count = if plain.contains('…') {
            addresses.split(',').count()
        } else {
            plain.split([',', '/']).count()
        };
        let mut names: Vec<String> = items(names, count);
        if df == "DF06" {
            dedicated_file_06(&mut keys, df, ids, coordinates, level);
            continue;
        }
        let ids = items(ids, count);
        if names == ["DPK"] {
            names = vec!["DPK".to_owned(); ids.len()];
        }
        let coordinates = psam(coordinates, names.len());
        let addresses: Vec<u32> = items(addresses, names.len())
            .iter()
            .map(|address| hex(address))
            .collect();
        assert!(
            names.len() == ids.len() && ids.len() == coordinates.len() && ids.len() == addresses.len(),
            "{row:?}"
        );
        for (i, name) in names.iter().enumerate() {
            let whole = ["DF", "SSSE"].iter().any(|part| name.contains(part));
            let shared = ["IRK", "BK", "PUK", "DSK", "DPK", "DLK", "DTK"].contains(&name.as_str());
            keys.push(Stated {
                df: df.clone(),
                name: if whole || shared {
                    name.clone()
                } else {
                    format!("{name}{df}")
                },
                id: hex(&ids[i]),
                psam: coordinates[i],
                hsm: Some(addresses[i]),
                level: level.clone(),
            });
        }
    }
    keys
}

/// DF06: the sheet gives two sets of identifiers; the profile takes that of SRC-MH and SRC-DC.
fn dedicated_file_06(keys: &mut Vec<Stated>, df: &str, ids: &str, coordinates: &str, level: &str) {
    let set = ids.split(" (SRC-MH").next().expect("a set");
    let psams = coordinates
        .split("SRC-DC 48/")
        .nth(1)
        .expect("set of SRC-DC")
        .split(';')
        .next()
        .expect("a set");
    for (item, psam) in set.split(", ").zip(psams.split(", ")) {
        let (name, id) = item.split_once(' ').expect("name id");
        keys.push(Stated {
            df: df.to_owned(),
            name: format!("{name}{df}"),
            id: hex(id),
            psam: Some((0x48, hex(psam))),
            hsm: None,
            level: level.to_owned(),
        });
    }
}

fn find<'a>(profile: &'a Profile, stated: &Stated) -> &'a KeyDefinition {
    let df = profile
        .dedicated_file(&stated.df)
        .unwrap_or_else(|| panic!("no {}", stated.df));
    let same =
        |key: &&KeyDefinition| key.name == stated.name && (key.index.is_none() || u32::from(key.id) == stated.id);
    df.keys
        .iter()
        .find(same)
        .unwrap_or_else(|| panic!("the profile lacks {stated:?}"))
}

#[test]
fn every_key_of_3_0() {
    let profile = Profile::builtin("3.0").unwrap_or_else(|error| panic!("{error}"));
    let stated = stated(&sheet("files.md"));
    for key in &stated {
        let found = find(profile, key);
        assert_eq!(u32::from(found.id), key.id, "{key:?}: identifier");
        if let Some(index) = found.index {
            assert_eq!(u32::from(index), key.id, "{key:?}: index");
        }
        assert_eq!(
            found.psam.map(|(usage, id)| (usage.into(), id.into())),
            key.psam,
            "{key:?}: PSAM"
        );
        assert_eq!(found.hsm.map(u32::from), key.hsm, "{key:?}: HSM address");
        let level = match found.level {
            KeyLevel::Ministry => "国",
            KeyLevel::Province => "省",
            KeyLevel::Issuer => "issuer",
        };
        assert_eq!(level, key.level, "{key:?}: level");
    }
    // LKDF06 is named by the sheet without an identifier.
    assert_eq!(profile.keys().count(), stated.len() + 1, "number of keys");
    println!("3.0: {} keys", stated.len() + 1);
    assert!(stated.len() >= 60, "{} keys: the sheet was read wrongly", stated.len());
}

/// First address → number of versions and whether the key has 8 bytes, from the tables of addresses.
fn address_table(text: &str) -> BTreeMap<u32, (u32, bool)> {
    let mut table = BTreeMap::new();
    for row in rows(section(text, "### 1.7 ", "Confirmed in the wild")) {
        let short = row[1].contains("len 8");
        for part in row[0].split('/') {
            let ranges: Vec<(u32, u32)> = part
                .split('…')
                .map(|range| match range.split_once('–') {
                    Some((first, last)) => (hex(first), hex(last)),
                    None => (hex(range), hex(range)),
                })
                .collect();
            let [first, .., last] = [ranges[0], ranges[ranges.len() - 1]];
            let count = first.1 - first.0 + 1;
            let mut address = first.0;
            while address <= last.0 {
                // The four STK of DF01–DF04 stand in one row, of which the sheet marks the class of STKSSSE only.
                let stk = row[2].starts_with("STK");
                table.insert(address, (count, short || stk));
                address += count;
            }
        }
    }
    table
}

#[test]
fn every_address_and_number_of_versions() {
    let table = address_table(&sheet("terminal.md"));
    for name in ["3.0", "2.0"] {
        let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        let mut addresses = 0;
        for (df, key) in profile.keys() {
            let Some(address) = key.hsm else {
                assert_eq!(
                    (df.id.as_str(), key.versions),
                    ("DF06", 1),
                    "{}: only DF06 has keys without address",
                    key.name
                );
                continue;
            };
            let (versions, short) = table
                .get(&address.into())
                .unwrap_or_else(|| panic!("{}: {address:04X}", key.name));
            assert_eq!(u32::from(key.versions), *versions, "{name} {}: versions", key.name);
            let length = if *short && name == "2.0" { 8 } else { 16 };
            assert_eq!(key.length, length, "{name} {}: length", key.name);
            assert_eq!(
                key.hsm_address(key.versions).map(u32::from),
                Some(u32::from(address) + versions - 1)
            );
            assert_eq!(key.hsm_address(key.versions + 1), None);
            addresses += versions;
        }
        let stated: u32 = table.values().map(|(versions, _)| versions).sum();
        assert_eq!(addresses, stated, "{name}: addresses of the sheet that no key uses");
        println!("{name}: {addresses} addresses");
    }
}

#[test]
fn block_keys_never_lock() {
    for name in Profile::BUILTIN {
        let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        for (_, key) in profile.keys() {
            let unlimited = key.name == "BK" || key.name.starts_with("LK");
            assert_eq!(key.tries.is_none(), unlimited, "{name} {}", key.name);
        }
    }
}
