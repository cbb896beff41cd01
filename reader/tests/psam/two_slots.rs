//! Card and PSAM in two readers of a real pcscd.

use crate::bench::{issued, keys};
use crate::common::{connect, daemon, insert, privately};
use crate::sessions::{read_all, read_channel};
use crate::support::Recipe;
use reader::channel::{OpenOptions, open};
use reader::security::{PsamModule, SecurityModule};

#[test]
fn card_and_psam_through_pcscd() {
    privately("two_slots::card_and_psam_through_pcscd", || {
        let mut keys = keys();
        let mut card = issued("3.0", &mut keys);
        let expected = read_all(&mut card, &mut keys);
        let (psam, _) = Recipe::default().issue(&keys);
        let daemon = daemon();
        let _card = insert(&daemon, 0, card);
        let _psam = insert(&daemon, 1, psam);
        let slot = open(Some(&daemon.reader(1)), OpenOptions::default()).expect("the PSAM's reader");
        let mut module = PsamModule::open(slot).expect("a PSAM");
        assert!(module.describe().contains(&daemon.reader(1)));
        assert_eq!(module.terminal().map(hex::encode).as_deref(), Some("000000123456"));
        let values = read_channel(Box::new(connect(&daemon, 0)), &mut module);
        assert_eq!(values, expected);
    });
}
