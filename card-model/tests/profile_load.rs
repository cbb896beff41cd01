//! The built-in profiles load.

use card_model::profile::Profile;

#[test]
fn every_generation_loads() {
    for name in Profile::BUILTIN {
        let profile = Profile::builtin(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(profile.name, name);
        assert!(
            profile.memory_needed() < profile.os.memory,
            "{} bytes",
            profile.memory_needed()
        );
    }
}
