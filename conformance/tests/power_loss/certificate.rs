//! The certificate application under the sweep: key pairs, import, certificates in blocks, PINs, master key.

use crate::life::World;
use card_model::crypto::{Algorithm, encrypt_blocks, encrypt_data, key_loading_mac, master_cryptogram};
use card_model::profile::{KeyPair, PinRole};
use card_model::secret::{Key, Pin};
use card_model::sm2::{PrivateKey, sm3};

/// Every writing command of the certificate application, as real writers send it.
pub fn live(world: &mut World) {
    let profile = world.profile;
    let application = profile.certificate_application().unwrap();
    let index = profile.index_of(&application.id).unwrap();
    let environment = &profile.dedicated_files[profile.environment(index)];
    let user = profile.pin_with_role(index, PinRole::User).unwrap().id;
    let administrator = profile.pin_with_role(index, PinRole::Administrator).unwrap().id;
    let (user_pin, admin_pin) = (
        world.settings.initial_pin.clone(),
        world.settings.administrator_pin.clone(),
    );
    for name in [&environment.name, &application.name] {
        world.ok(&command([0, 0xA4, 4, 0], name));
    }

    verify(world, user, &user_pin);
    let [public, private] = [false, true].map(|private| application.key_file(KeyPair::Signing, private).unwrap().fid);
    let generate = [
        &[0xC0, 2][..],
        &public.to_be_bytes(),
        &[0xC2, 2],
        &private.to_be_bytes(),
    ]
    .concat();
    for _ in 0..2 {
        world.ok(&command([0x80, 0x40, 0, 0], &generate));
    }

    let [public, private] =
        [false, true].map(|private| application.key_file(KeyPair::Encryption, private).unwrap().fid);
    let pair = PrivateKey::generate(&mut world.entropy()).unwrap();
    let import_key = [0x5A; 16];
    let mut value = *pair.expose();
    encrypt_blocks(Algorithm::Sm4, &Key::from(import_key), &mut value);
    world.ok(&command(
        [0x80, 0x4A, 2, 0x10],
        &[&[0xC1, 0x10][..], &import_key].concat(),
    ));
    let point = pair.public_key().to_bytes();
    world.ok(&command(
        [0x80, 0xC2, 0x40, 0],
        &[&[0xC0, 2][..], &public.to_be_bytes(), &[0xCA, 0x40], &point].concat(),
    ));
    world.ok(&command(
        [0x80, 0xC2, 0xC0, 1],
        &[&[0xC2, 2][..], &private.to_be_bytes(), &[0xCB, 0x20], &value].concat(),
    ));

    verify(world, administrator, &admin_pin);
    for (pair, block) in [(KeyPair::Signing, 0x70), (KeyPair::Encryption, 0xFA)] {
        let fid = application.certificate_file(pair).unwrap().fid;
        world.ok(&command([0, 0xA4, 0, 0], &fid.to_be_bytes()));
        for (n, byte) in [0x11, 0x22, 0x33].into_iter().enumerate() {
            let [high, low] = u16::try_from(n * block).unwrap().to_be_bytes();
            world.ok(&command([0, 0xD6, high, low], &vec![byte; block]));
        }
    }

    // A wrong PIN before, so that the counters are not full and what fills them is seen.
    let other = Pin::from_digits("87654321").unwrap();
    guess(world, administrator, &other);
    guess(world, user, &other);
    let change = pin_command(world, [0x84, 0x5E, 1, administrator], &admin_pin, Some(&other));
    world.ok(&change);
    verify(world, administrator, &other);
    for new in [None, Some(&user_pin)] {
        verify(world, administrator, &other);
        guess(world, user, &other);
        let unblock = pin_command(world, [0x84, 0x24, 1, user], &other, new);
        world.ok(&unblock);
    }
    verify(world, user, &user_pin);
}

/// VERIFY with a challenge of 16 bytes.
fn verify(world: &mut World, id: u8, pin: &Pin) {
    let command = verify_command(world, id, pin);
    world.ok(&command);
}

/// VERIFY with a wrong PIN.
fn guess(world: &mut World, id: u8, wrong: &Pin) {
    let command = verify_command(world, id, wrong);
    assert_eq!(world.send(&command)[0], 0x63);
}

fn verify_command(world: &mut World, id: u8, pin: &Pin) -> Vec<u8> {
    let challenge = world.ok(&[0, 0x84, 0, 0, 16]);
    command(
        [0, 0x20, 1, id],
        &master_cryptogram(Algorithm::Sm4, &key_of(pin), &challenge),
    )
}

/// `[cipher] ‖ MAC` under the key of a PIN.
fn pin_command(world: &mut World, header: [u8; 4], under: &Pin, new: Option<&Pin>) -> Vec<u8> {
    let challenge = world.ok(&[0, 0x84, 0, 0, 16]);
    let key = key_of(under);
    let cipher = new.map_or(Vec::new(), |new| encrypt_data(Algorithm::Sm4, &key, new.expose()));
    let head = [&header[..], &[u8::try_from(cipher.len() + 4).unwrap()]].concat();
    let mac = key_loading_mac(Algorithm::Sm4, &key, &challenge, &head, &cipher);
    [&head[..], &cipher, &mac].concat()
}

fn key_of(pin: &Pin) -> Key {
    Key::new(&sm3(pin.expose())[..16]).unwrap()
}

fn command(header: [u8; 4], data: &[u8]) -> Vec<u8> {
    [&header[..], &[u8::try_from(data.len()).unwrap()], data].concat()
}
