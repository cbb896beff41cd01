//! One suite, run on SQLite and on a real PostgreSQL.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on fails"
)]

mod access;
#[path = "../common/authority.rs"]
mod authority;
mod crowd;
mod feed;
mod model;
mod random;
mod scene;
mod secure;
mod server;
mod story;
mod tamper;
mod twin;

use scene::{Kind, Scene};

/// Each body once for each kind of database.
macro_rules! suite {
    ($($name:ident: $body:expr;)+) => {
        mod sqlite {
            use super::*;
            $(#[test] fn $name() { $body(&Scene::new(Kind::Sqlite)); })+
        }
        mod postgresql {
            use super::*;
            $(#[test] fn $name() { $body(&Scene::new(Kind::Postgres)); })+
        }
    };
}

suite! {
    the_life_of_a_card: story::life;
    one_person_one_card: story::one_card;
    minors_agents_foreigners_and_the_dead: story::people;
    a_request_is_done_once: story::requests;
    no_other_way: story::no_other_way;
    tampering_is_found: tamper::found;
    a_backup_while_others_work: tamper::backup;
    the_life_of_an_electronic_card: twin::life;
    no_electronic_card_on_the_wrong_physical_one: twin::refusals;
    wrong_passwords_are_counted: access::passwords;
    who_somebody_is: access::real_names;
    one_code_moves_money_once: access::one_code_many_tills;
    a_ledger_of_the_version_before: twin::upgrade;
    batches_in_and_receipts_out: feed::files;
    promises_in_years_without_holidays: story::holidays;
    random_stories: |scene: &Scene| random::stories(scene, if scene.server.is_some() { 15 } else { 40 }, 60);
}

#[test]
fn many_clerks_at_one_file() {
    crowd::same_people(&Scene::new(Kind::Sqlite), 8, 12);
}

#[test]
fn many_clerks_at_one_server() {
    crowd::same_people(&Scene::new(Kind::Postgres), 32, 60);
}

#[test]
fn the_line_to_a_server_is_as_secure_as_its_address_asks() {
    secure::lines();
}
