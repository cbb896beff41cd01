//! What a terminal may do: mostly sensible commands with now and then a wrong key, a bit changed, a byte missing, or noise.

use crate::oracle::{DFS, Df, Oracle};
use crate::support::{BK, PUK, RK, STK, Terminal, UK, command, create};
use card_model::crypto::SessionKey;
use card_model::secret::Key;
use proptest::prelude::*;
use proptest::sample::select;

/// One step of a terminal.
#[derive(Debug, Clone)]
pub enum Action {
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// Power off and on, by contacts or without.
    Reset(bool),
    SelectDf(Df),
    SelectName(&'static [u8], bool),
    SelectEf(Choice),
    Challenge(u8),
    /// Key identifier, version byte, and whether the terminal has the right key.
    External(Choice, Option<u8>, bool),
    /// The last EXTERNAL AUTHENTICATION again.
    Replay,
    Internal(Option<u8>),
    Verify(Vec<u8>),
    Query,
    ChangePin(Vec<u8>, Vec<u8>),
    /// New PIN or reset of the counter, right MAC.
    ResetPin(Option<Vec<u8>>, bool),
    /// SFI, P1, mode, Le.
    ReadRecord(Choice, Choice, u8, Le),
    /// SFI, P1, mode, data, secure messaging, right MAC.
    UpdateRecord(Choice, Choice, u8, Data, u8, bool),
    ReadBinary(Choice, u16, u8),
    UpdateBinary(Choice, u16, Vec<u8>),
    GetResponse(u8),
    CardData,
    Master(bool),
    /// P1, type, id, version, tries.
    LoadKey(u8, u8, Choice, u8, u8, bool),
    CreateFile(u8),
    Activate,
    Erase,
    BlockApplication(bool),
    BlockCard(bool),
    /// The next action loses power after so many words.
    PowerCut(u64),
    /// An action with one byte changed or the end cut off.
    Spoilt(Box<Action>, usize, u8, bool),
}

/// Data of UPDATE RECORD.
#[derive(Debug, Clone)]
pub enum Data {
    /// As it is.
    Any(Vec<u8>),
    /// As long as the record that it meets, or as records of the file are, with its tag: only the value is this byte.
    Fitting(u8),
}

/// Length a reader asks for.
#[derive(Debug, Clone, Copy)]
pub enum Le {
    /// 00, which the card answers with the right one.
    Zero,
    /// The right one.
    Right,
    /// Some number.
    Some(u8),
}

pub const NAMES: [&[u8]; 5] = [crate::support::NAME, b"D2.NEIGHBOUR", b"ADF.1", b"ADF.2", b"NOBODY"];

/// A byte that is meant for the place where the terminal is, or that it takes from anywhere.
#[derive(Debug, Clone, Copy)]
pub enum Choice {
    /// One of those that are there.
    There(usize),
    /// This one.
    This(u8),
}

impl Choice {
    fn among(self, there: &[u8]) -> u8 {
        match self {
            Self::There(n) if !there.is_empty() => there[n % there.len()],
            Self::There(n) => n as u8,
            Self::This(byte) => byte,
        }
    }
}

fn choice(others: Vec<u8>) -> impl Strategy<Value = Choice> {
    prop_oneof![8 => any::<usize>().prop_map(Choice::There), 1 => select(others).prop_map(Choice::This)]
}

fn key_id() -> impl Strategy<Value = Choice> {
    choice(vec![STK, UK, BK, PUK, RK, 0x0B, 0x82, 0x83, 0x84])
}

fn pin() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => Just(vec![0x12, 0x34, 0x56]),
        2 => Just(vec![0x65, 0x43, 0x21, 0x0F]),
        1 => Just(vec![]),
        1 => prop::collection::vec(any::<u8>(), 2..9),
    ]
}

fn sfi() -> impl Strategy<Value = Choice> {
    prop_oneof![4 => Just(Choice::This(0)), 8 => choice((0..=31).collect())]
}

/// Number or identifier of a record.
fn p1() -> impl Strategy<Value = Choice> {
    prop_oneof![9 => choice(vec![0, 1, 2, 3, 8, 9]), 2 => Just(Choice::This(0)), 1 => any::<u8>().prop_map(Choice::This)]
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![3 => any::<u8>().prop_map(Data::Fitting), 2 => record().prop_map(Data::Any)]
}

fn record() -> impl Strategy<Value = Vec<u8>> {
    let tlv = |length: core::ops::Range<usize>| {
        (
            select(vec![1u8, 2, 3, 8, 9]),
            prop::collection::vec(any::<u8>(), length),
        )
            .prop_map(|(tag, value)| {
                let mut record = vec![tag, value.len() as u8];
                record.extend(value);
                record
            })
    };
    prop_oneof![4 => tlv(0..6), 3 => tlv(2..3), 2 => prop::collection::vec(any::<u8>(), 3..4), 1 => tlv(30..60)]
}

fn le() -> impl Strategy<Value = Le> {
    prop_oneof![2 => Just(Le::Zero), 6 => Just(Le::Right), 1 => any::<u8>().prop_map(Le::Some)]
}

fn version() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![4 => Just(None), 2 => Just(Some(1)), 2 => Just(Some(2)), 1 => any::<u8>().prop_map(Some)]
}

fn right() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.85)
}

fn plain_action() -> BoxedStrategy<Action> {
    let moving = prop_oneof![
        6 => prop_oneof![1 => select(DFS.to_vec()), 3 => select(DFS[1..].to_vec()), 3 => Just(DFS[1]), 3 => select(DFS[3..].to_vec())].prop_map(Action::SelectDf),
        2 => (select(NAMES.to_vec()), any::<bool>()).prop_map(|(name, next)| Action::SelectName(name, next)),
        4 => choice(vec![5, 6, 7, 8, 9, 0x0A, 0x0C, 0x0D, 0x1F]).prop_map(Action::SelectEf),
        1 => any::<bool>().prop_map(Action::Reset),
    ];
    let proving = prop_oneof![
        3 => select(vec![4u8, 8, 16, 7]).prop_map(Action::Challenge),
        12 => (key_id(), version(), right()).prop_map(|(id, version, right)| Action::External(id, version, right)),
        1 => Just(Action::Replay),
        2 => version().prop_map(Action::Internal),
        6 => pin().prop_map(Action::Verify),
        1 => Just(Action::Query),
        1 => (pin(), pin()).prop_map(|(old, new)| Action::ChangePin(old, new)),
        2 => (prop::option::of(pin()), right()).prop_map(|(new, right)| Action::ResetPin(new, right)),
        2 => right().prop_map(Action::Master),
    ];
    let files = prop_oneof![
        10 => (sfi(), p1(), 0..8u8, le()).prop_map(|(sfi, p1, mode, le)| Action::ReadRecord(sfi, p1, mode, le)),
        10 => (sfi(), p1(), 0..5u8, data(), 0..3u8, right())
            .prop_map(|(sfi, p1, mode, data, sm, right)| Action::UpdateRecord(sfi, p1, mode, data, sm, right)),
        2 => (sfi(), 0..310u16, any::<u8>()).prop_map(|(sfi, offset, le)| Action::ReadBinary(sfi, offset, le)),
        2 => (sfi(), 0..310u16, prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(sfi, offset, data)| Action::UpdateBinary(sfi, offset, data)),
    ];
    let rare = prop_oneof![
        4 => any::<u8>().prop_map(Action::GetResponse),
        4 => Just(Action::CardData),
        6 => (0..2u8, select(vec![0u8, 1, 7, 0x0D, 0x0D, 0x0E, 0x10, 0x55]), key_id(), 0..4u8, 0..17u8, right())
            .prop_map(|(p1, kind, id, version, tries, right)| Action::LoadKey(p1, kind, id, version, tries, right)),
        4 => (0x10..0x1Eu8).prop_map(Action::CreateFile),
        2 => Just(Action::Activate),
        2 => Just(Action::Erase),
        3 => right().prop_map(Action::BlockApplication),
        1 => right().prop_map(Action::BlockCard),
        8 => prop::collection::vec(any::<u8>(), 4..270).prop_map(Action::Raw),
        8 => (prop::collection::vec(any::<u8>(), 0..12)).prop_map(Action::Raw),
    ];
    prop_oneof![6 => moving, 10 => proving, 12 => files, 2 => rare].boxed()
}

/// What a terminal does before it uses a right, and then the use of it.
fn purposeful() -> impl Strategy<Value = Vec<Action>> {
    let right_pin = || Action::Verify(vec![0x12, 0x34, 0x56]);
    let external = |id| Action::External(Choice::This(id), None, true);
    let application = || select(DFS[3..].to_vec());
    let read = || (sfi(), p1(), 0..8u8, le()).prop_map(|(sfi, p1, mode, le)| Action::ReadRecord(sfi, p1, mode, le));
    let update = || {
        (sfi(), p1(), 0..5u8, data(), 0..3u8, right())
            .prop_map(|(sfi, p1, mode, data, sm, right)| Action::UpdateRecord(sfi, p1, mode, data, sm, right))
    };
    let many = |one: BoxedStrategy<Action>| prop::collection::vec(one, 1..8);
    let rights = move |df: Df, keys: Vec<u8>, pin: bool| {
        let mut actions = vec![Action::SelectDf(DFS[1]), Action::SelectDf(df)];
        actions.extend(keys.into_iter().map(external));
        actions.extend(pin.then(right_pin));
        actions
    };
    let files = move |start: Vec<Action>| {
        many(prop_oneof![2 => read(), 1 => update()].boxed()).prop_map(move |more| [start.clone(), more].concat())
    };
    let load = (
        0..2u8,
        select(vec![0u8, 1, 7, 0x0D, 0x0D, 0x0E]),
        key_id(),
        0..4u8,
        select(vec![0u8, 3, 3, 9]),
        right(),
    )
        .prop_map(|(p1, kind, id, version, tries, right)| Action::LoadKey(p1, kind, id, version, tries, right));
    let cos = prop_oneof![4 => load, 2 => (0x10..0x1Eu8).prop_map(Action::CreateFile), 1 => Just(Action::Activate)];
    prop_oneof![
        4 => (application(), any::<bool>(), any::<bool>())
            .prop_map(move |(df, key, pin)| rights(df, if key { vec![0x84] } else { vec![] }, pin)).prop_flat_map(files),
        4 => prop::sample::subsequence(vec![UK, RK], 0..3).prop_map(move |keys| rights(DFS[1], keys, false)).prop_flat_map(files),
        3 => (select(DFS.to_vec()), many(cos.boxed())).prop_map(|(df, more)| {
            let mut actions = vec![Action::SelectDf(DFS[1]), Action::SelectDf(df)];
            // A key is loaded with a fresh authentication each time: a wrong one in between takes it away.
            actions.extend(more.into_iter().flat_map(|action| [Action::Master(true), action]));
            actions
        }),
        1 => (prop::option::of(pin()), right()).prop_map(move |(new, right)| {
            [rights(DFS[1], vec![PUK], false), vec![Action::ResetPin(new, right), right_pin()]].concat()
        }),
        1 => (application(), right()).prop_map(move |(df, right)| {
            [rights(df, vec![0x83], true), vec![Action::BlockApplication(right), Action::SelectDf(df)]].concat()
        }),
        1 => prop::bool::weighted(0.2).prop_map(move |right| [rights(DFS[1], vec![BK], false), vec![Action::BlockCard(right)]].concat()),
    ]
}

/// Sequences of actions.
pub fn actions(length: core::ops::Range<usize>) -> impl Strategy<Value = Vec<Action>> {
    let spoilt = (plain_action(), any::<usize>(), 1..=255u8, any::<bool>())
        .prop_map(|(action, place, change, cut)| Action::Spoilt(Box::new(action), place, change, cut));
    let action = prop_oneof![20 => plain_action(), 2 => spoilt, 2 => (0..60u64).prop_map(Action::PowerCut)];
    let part = prop_oneof![6 => action.prop_map(|action| vec![action]), 1 => purposeful()];
    prop::collection::vec(part, length).prop_map(|parts| parts.concat())
}

/// The command bytes of an action; challenges it needs are drawn through `send`.
pub fn bytes(
    action: &Action,
    t: &Terminal,
    oracle: &Oracle,
    last_external: &[u8],
    send: &mut dyn FnMut(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let session = |id: u8, version: u8, challenge: &[u8], right: bool| {
        let mut key = oracle.key(id, version).unwrap_or([0x77; 16]);
        key[15] ^= if right { 0 } else { 0x10 };
        SessionKey::derive(t.algorithm, &Key::from(key), challenge)
    };
    let stk = |df: Df, challenge: &[u8], right: bool| {
        let mut key = oracle.stk(df).unwrap_or([0x77; 16]);
        key[0] ^= u8::from(!right) << 4;
        SessionKey::derive(t.algorithm, &Key::from(key), challenge)
    };
    let (here, environment) = (oracle.df, oracle.environment());
    let with_le = |mut bytes: Vec<u8>, le: u8| {
        bytes.push(le);
        bytes
    };
    match action {
        Action::Raw(bytes) => bytes.clone(),
        Action::SelectDf(df) => command([0, 0xA4, 0, 0], &df.to_be_bytes()),
        Action::SelectName(name, next) => command([0, 0xA4, 4, if *next { 2 } else { 0 }], name),
        Action::SelectEf(low) => command([0, 0xA4, 2, 0], &[0xEF, low.among(&oracle.file_numbers())]),
        Action::Challenge(length) => vec![0, 0x84, 0, 0, *length],
        Action::External(id, version, right) => {
            let challenge = draw(send);
            let source = [0x35; 8];
            let id = id.among(&oracle.key_ids());
            let proof = session(id, version.unwrap_or(1), &challenge, *right).authenticate(&source);
            command([0, 0x82, 0, id], &[&proof[..], &source, version.as_slice()].concat())
        }
        Action::Replay => last_external.to_vec(),
        Action::Internal(version) => command([0, 0x88, 0, 0], &[&[0x11; 16][..], version.as_slice()].concat()),
        Action::Verify(pin) => command([0, 0x20, 0, 0], pin),
        Action::Query => vec![0, 0x20, 0, 0, 0],
        Action::ChangePin(old, new) => command([0x80, 0x5E, 1, 0], &[&old[..], &[0xFF], new].concat()),
        Action::ResetPin(new, right) => {
            let header = [0x84, 0x24, 0, u8::from(new.is_some())];
            secured(header, &stk(environment, &draw(send), *right), new.as_deref(), &[])
        }
        Action::ReadRecord(sfi, p1, mode, le) => {
            let mut known = oracle.clone();
            let sfi = sfi.among(&oracle.file_numbers());
            known.file(sfi);
            let p1 = p1.among(&known.record_names(*mode));
            let right = known.read_record(p1, *mode).map_or(0, |record| record.len() as u8);
            with_le(
                vec![0, 0xB2, p1, sfi << 3 | mode],
                match le {
                    Le::Zero => 0,
                    Le::Right => right,
                    Le::Some(le) => *le,
                },
            )
        }
        Action::UpdateRecord(sfi, p1, mode, data, sm, right) => {
            let mut known = oracle.clone();
            let sfi = sfi.among(&oracle.file_numbers());
            known.file(sfi);
            let p1 = p1.among(&known.record_names(*mode));
            let data = match data {
                Data::Any(data) => data.clone(),
                Data::Fitting(value) => known.fitting_record(p1, *mode, *value),
            };
            let p2 = sfi << 3 | mode;
            match sm {
                0 => command([0, 0xDC, p1, p2], &data),
                1 => secured([4, 0xDC, p1, p2], &stk(here, &draw(send), *right), None, &data),
                _ => secured([4, 0xDC, p1, p2], &stk(here, &draw(send), *right), Some(&data), &[]),
            }
        }
        Action::ReadBinary(sfi, offset, le) => with_le(
            binary(0xB0, sfi.among(&oracle.transparent_numbers()), *offset).to_vec(),
            *le,
        ),
        Action::UpdateBinary(sfi, offset, data) => {
            command(binary(0xD6, sfi.among(&oracle.transparent_numbers()), *offset), data)
        }
        Action::GetResponse(le) => vec![0, 0xC0, 0, 0, *le],
        Action::CardData => vec![0x80, 0xCA, 0, 0, 0],
        Action::Master(right) => {
            let mut key = oracle.master(oracle.df);
            key[0] ^= u8::from(!right);
            let cryptogram = card_model::crypto::master_cryptogram(t.algorithm, &Key::from(key), &draw(send));
            command([0, 0x82, 0, 0], &cryptogram)
        }
        Action::LoadKey(p1, kind, id, version, tries, right) => {
            let mut under = oracle.master(oracle.df);
            under[0] ^= u8::from(!right);
            let value = if *kind == 1 {
                vec![0x12, 0x34, 0x56]
            } else {
                vec![0x99; 16]
            };
            key_command(
                t,
                &draw(send),
                *p1,
                &under,
                [*kind, id.among(&oracle.key_ids()), *version, 0, *tries],
                &value,
            )
        }
        Action::CreateFile(low) => create(&[
            (0x82, &[4]),
            (0x83, &[0xEF, *low]),
            (0x88, &[*low]),
            (0x80, &[0, 30]),
            (0xC1, &[0]),
            (0xC2, &[0]),
        ]),
        Action::Activate => vec![0x80, 0x44, 0, 0],
        Action::Erase => vec![0x80, 0xE4, 0, 0],
        Action::BlockApplication(right) => secured([0x84, 0x1E, 0, 1], &stk(here, &draw(send), *right), None, &[]),
        Action::BlockCard(right) => secured([0x84, 0x16, 0, 0], &stk(environment, &draw(send), *right), None, &[]),
        Action::Spoilt(action, place, change, cut) => {
            let mut spoilt = bytes(action, t, oracle, last_external, send);
            if !spoilt.is_empty() {
                let place = place % spoilt.len();
                if *cut {
                    spoilt.truncate(place);
                } else {
                    spoilt[place] ^= change;
                }
            }
            spoilt
        }
        Action::Reset(_) | Action::PowerCut(_) => Vec::new(),
    }
}

/// A challenge of eight bytes, or zeros if the card gives none.
fn draw(send: &mut dyn FnMut(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let answer = send(&[0, 0x84, 0, 0, 8]);
    if answer.len() == 10 {
        answer[..8].to_vec()
    } else {
        vec![0; 8]
    }
}

fn secured(header: [u8; 4], session: &SessionKey, encrypt: Option<&[u8]>, plain: &[u8]) -> Vec<u8> {
    let data = encrypt.map_or_else(|| plain.to_vec(), |plain| session.encrypt(plain));
    let head = [&header[..], &[(data.len() + 4) as u8]].concat();
    let mac = session.mac(&head, &data);
    [&head[..], &data, &mac].concat()
}

fn key_command(t: &Terminal, challenge: &[u8], p1: u8, under: &[u8; 16], what: [u8; 5], value: &[u8]) -> Vec<u8> {
    use card_model::crypto::{encrypt_data, key_loading_mac};
    let mut plain = what.to_vec();
    plain.extend([t.algorithm.identifier(), 0, value.len() as u8]);
    plain.extend(value);
    if what[0] == 1 {
        plain.resize(16, 0xFF);
    }
    let under = Key::from(*under);
    let cipher = encrypt_data(t.algorithm, &under, &plain);
    let head = [0x84, 0xD4, p1, 0, (cipher.len() + 4) as u8];
    let mac = key_loading_mac(t.algorithm, &under, challenge, &head, &cipher);
    [&head[..], &cipher, &mac].concat()
}

fn binary(ins: u8, sfi: u8, offset: u16) -> [u8; 4] {
    let [high, low] = offset.to_be_bytes();
    match sfi {
        0 => [0, ins, high, low],
        sfi => [0, ins, 0x80 | sfi, low],
    }
}
