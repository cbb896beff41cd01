//! The certificate application.

mod card;
mod images;
mod keys;
mod master;
mod pins;
mod power;
mod random;
mod vectors;
mod write;

use super::support::*;
use card::*;
use card_model::card::{Card, Interface, KeyType};
use card_model::crypto::{Algorithm, encrypt_data, key_loading_mac, master_cryptogram};
use card_model::secret::Key;
use card_model::sm2::{PrivateKey, sm3};
