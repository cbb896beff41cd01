//! Delta debugging: what is left of a sequence that shows something.

use super::step::Step;

/// Leaves out steps, in pieces that get smaller, and simplifies those that stay, as long as `shows` says that what is left still
/// shows the same. `shows` is asked at most `attempts` times. The result is the shortest sequence of which it said so, or the
/// whole one.
pub fn minimize(steps: Vec<Step>, attempts: usize, mut shows: impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut left = attempts;
    let mut ask = |steps: &[Step]| {
        left > 0 && {
            left -= 1;
            shows(steps)
        }
    };
    let mut steps = leave_out(steps, &mut ask);
    for place in 0..steps.len() {
        while let Some(simpler) = simplify(&steps, place, &mut ask) {
            steps = simpler;
        }
    }
    steps
}

fn leave_out(mut steps: Vec<Step>, shows: &mut impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut piece = steps.len().div_ceil(2);
    while piece > 0 {
        let (mut from, before) = (0, steps.len());
        while from < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(from..steps.len().min(from + piece));
            match shows(&fewer) {
                true => steps = fewer,
                false => from += piece,
            }
        }
        // A step may be needed only by one that has just gone.
        piece = if piece == 1 && steps.len() < before {
            1
        } else {
            piece / 2
        };
    }
    steps
}

fn simplify(steps: &[Step], place: usize, shows: &mut impl FnMut(&[Step]) -> bool) -> Option<Vec<Step>> {
    steps[place].simpler().into_iter().find_map(|step| {
        let mut simpler = steps.to_vec();
        simpler[place] = step;
        shows(&simpler).then_some(simpler)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn command(number: u8) -> Step {
        Step::Command(vec![0x00, 0xA4, number, 0x00])
    }

    proptest! {
        /// Whatever must be there stays, in its order, and nothing else.
        #[test]
        fn what_is_needed_stays(
            needed in prop::collection::btree_set(0u8..40, 0..6), length in 0u8..40,
        ) {
            let steps: Vec<Step> = (0..length).map(|number| Step::Enter(usize::from(number))).collect();
            let needed: Vec<Step> =
                needed.into_iter().filter(|number| *number < length).map(|number| Step::Enter(usize::from(number))).collect();
            let shows = |steps: &[Step]| needed.iter().all(|one| steps.contains(one));
            prop_assert_eq!(minimize(steps, usize::MAX, shows), needed.clone());
        }

        /// The result is always one of which `shows` said yes, however few attempts there are.
        #[test]
        fn what_is_left_still_shows(seed: u64, attempts in 0usize..60, length in 1usize..30) {
            let steps: Vec<Step> = (0..length as u8).map(command).collect();
            let mut said_yes = vec![steps.clone()];
            let result = minimize(steps, attempts, |steps| {
                let mut hash = seed;
                steps.iter().for_each(|step| {
                    let Step::Command(bytes) = step else { return };
                    hash = hash.wrapping_mul(0x100_0000_01B3) ^ u64::from(bytes[2]);
                });
                let yes = hash % 3 == 0;
                if yes {
                    said_yes.push(steps.to_vec());
                }
                yes
            });
            prop_assert_eq!(said_yes.last(), Some(&result));
        }
    }

    #[test]
    fn steps_become_simpler() {
        let steps = vec![
            command(1),
            Step::Command(vec![0x00, 0xB2, 0x05, 0x04, 0x12]),
            command(2),
        ];
        let shows = |steps: &[Step]| {
            steps
                .iter()
                .any(|step| matches!(step, Step::Command(bytes) if bytes.starts_with(&[0x00, 0xB2])))
        };
        assert_eq!(
            minimize(steps, 1000, shows),
            [Step::Command(vec![0x00, 0xB2, 0x00, 0x00])]
        );
    }
}
