//! Tests of random numbers after GB/T 32915 (GM/T 0005), for a sample of one card: monobit, poker with m = 4 and m = 8,
//! number of runs, distribution of runs, binary derivative, autocorrelation.
//!
//! Each test has the significance level 0.00001: of a hundred thousand samples of a perfect source one fails it. All of
//! them together refuse a perfect source once in ten thousand samples. That a sample passes does not show that a source is
//! random; that it fails shows that it is not.

/// Two-sided limit of a normal deviate at the level 0.00001.
const NORMAL: f64 = 4.417;
/// One-sided limit at the same level, for sums of squares.
const NORMAL_ONE_SIDED: f64 = 4.265;
/// Fewest bytes that the tests say anything about.
const FEWEST: usize = 128;
/// Expected number of runs of a length from which on the length counts (GB/T 32915 A.6).
const EXPECTED_RUNS: f64 = 5.0;
/// Distances of the autocorrelation: neighbours, nibbles, bytes, challenges of eight bytes.
const DISTANCES: [usize; 6] = [1, 2, 4, 8, 16, 64];

/// What is wrong with a sample; `None`: it passes all tests.
pub(super) fn fault(bytes: &[u8]) -> Option<String> {
    if bytes.len() < FEWEST {
        return Some(format!("{} bytes are too few, the tests need {FEWEST}", bytes.len()));
    }
    let bits: Vec<bool> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1 == 1))
        .collect();
    monobit("monobit", &bits)
        .or_else(|| poker(4, &bits))
        .or_else(|| poker(8, &bits))
        .or_else(|| runs(&bits))
        .or_else(|| run_lengths(&bits))
        .or_else(|| monobit("binary derivative", &derivative(&bits, 3)))
        .or_else(|| DISTANCES.iter().find_map(|distance| autocorrelation(*distance, &bits)))
}

/// As many ones as zeros.
fn monobit(name: &str, bits: &[bool]) -> Option<String> {
    let ones = ones(bits);
    let deviation = (2.0 * ones - length(bits)).abs() / length(bits).sqrt();
    beyond(
        name,
        deviation,
        NORMAL,
        &format!("{ones} of {} bits are ones", bits.len()),
    )
}

/// All blocks of `size` bits equally often.
fn poker(size: usize, bits: &[bool]) -> Option<String> {
    let mut counts = vec![0.0f64; 1 << size];
    let mut blocks = 0.0;
    for block in bits.chunks_exact(size) {
        let value = block.iter().fold(0, |value, bit| value << 1 | usize::from(*bit));
        if let Some(count) = counts.get_mut(value) {
            *count += 1.0;
            blocks += 1.0;
        }
    }
    let kinds = counts.len() as f64;
    // Too few blocks for so many kinds say nothing.
    if blocks < EXPECTED_RUNS * kinds {
        return None;
    }
    let squares: f64 = counts.iter().map(|count| count * count).sum();
    let sum = kinds / blocks * squares - blocks;
    beyond(
        &format!("poker m = {size}"),
        sum,
        square_limit(kinds - 1.0),
        "blocks are not equally frequent",
    )
}

/// As many changes between neighbours as the share of ones lets expect.
fn runs(bits: &[bool]) -> Option<String> {
    let number = 1.0 + bits.windows(2).filter(|pair| pair[0] != pair[1]).count() as f64;
    let share = ones(bits) / length(bits);
    let spread = share * (1.0 - share);
    let deviation = (number - 2.0 * length(bits) * spread).abs() / (2.0 * length(bits).sqrt() * spread);
    beyond("runs", deviation, NORMAL, &format!("{number} runs"))
}

/// Runs of each length as often as expected, of ones and of zeros.
fn run_lengths(bits: &[bool]) -> Option<String> {
    let expected =
        |long: usize| (length(bits) - long as f64 + 3.0) / 2f64.powi(i32::try_from(long).unwrap_or(i32::MAX) + 2);
    let longest = (1..60).take_while(|long| expected(*long) >= EXPECTED_RUNS).count();
    let mut found = vec![[0.0f64; 2]; longest + 1];
    for run in bits.chunk_by(|a, b| a == b) {
        let kind = usize::from(run.first().copied().unwrap_or_default());
        if let Some(count) = found.get_mut(run.len()).and_then(|counts| counts.get_mut(kind)) {
            *count += 1.0;
        }
    }
    let term = |long: usize| -> f64 {
        let expected = expected(long);
        let counts = found.get(long).copied().unwrap_or_default();
        counts.iter().map(|count| (count - expected).powi(2) / expected).sum()
    };
    let sum: f64 = (1..=longest).map(term).sum();
    let freedom = 2.0 * longest as f64 - 2.0;
    beyond(
        "distribution of runs",
        sum,
        square_limit(freedom),
        "lengths of runs are not as expected",
    )
}

/// Differences of neighbours, `times` over.
fn derivative(bits: &[bool], times: usize) -> Vec<bool> {
    let mut bits = bits.to_vec();
    for _ in 0..times {
        bits = bits.windows(2).map(|pair| pair[0] != pair[1]).collect();
    }
    bits
}

/// Bits at a distance are as often equal as different.
fn autocorrelation(distance: usize, bits: &[bool]) -> Option<String> {
    let pairs: Vec<bool> = bits
        .iter()
        .zip(bits.iter().skip(distance))
        .map(|(a, b)| a != b)
        .collect();
    monobit(&format!("autocorrelation d = {distance}"), &pairs)
}

fn ones(bits: &[bool]) -> f64 {
    bits.iter().filter(|bit| **bit).count() as f64
}

fn length(bits: &[bool]) -> f64 {
    bits.len() as f64
}

/// Limit of a sum of squares with so many degrees of freedom (Wilson and Hilferty).
fn square_limit(freedom: f64) -> f64 {
    let part = 2.0 / (9.0 * freedom);
    freedom * (1.0 - part + NORMAL_ONE_SIDED * part.sqrt()).powi(3)
}

fn beyond(name: &str, value: f64, limit: f64, detail: &str) -> Option<String> {
    // Not `value > limit`: what is no number is no good sample either.
    let passes = value <= limit;
    (!passes).then(|| format!("{name}: {value:.2} is beyond {limit:.2} (level 0.00001): {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use card_model::sm2::sm3;

    /// Bytes that nobody tells from random ones.
    fn sample(seed: u32, blocks: u32) -> Vec<u8> {
        (0..blocks)
            .flat_map(|block| sm3(&[seed.to_be_bytes(), block.to_be_bytes()].concat()))
            .collect()
    }

    #[test]
    fn good_sources_pass() {
        for seed in 0..40 {
            assert_eq!(fault(&sample(seed, 500)), None, "seed {seed}");
        }
        assert_eq!(fault(&sample(7, 4)), None);
    }

    #[test]
    fn each_test_finds_its_fault() {
        let good = sample(1, 500);
        let changed = |change: &dyn Fn(usize, u8) -> u8| -> Vec<u8> {
            good.iter().enumerate().map(|(at, byte)| change(at, *byte)).collect()
        };
        let found = |bytes: &[u8], name: &str| {
            let fault = fault(bytes).unwrap_or_default();
            assert!(fault.starts_with(name), "{name}: {fault}");
        };
        found(
            &changed(&|at, byte| if at % 8 == 0 { byte | 0x81 } else { byte }),
            "monobit",
        );
        found(
            &changed(&|at, byte| if at % 8 == 0 { 0x5A } else { byte }),
            "poker m = 4",
        );
        // Halves of a byte that are equal: each half alone is as good as before.
        found(
            &changed(&|at, byte| if at % 8 == 0 { byte & 0xF0 | byte >> 4 } else { byte }),
            "poker m = 8",
        );
        found(&[0x5A; 256], "poker m = 4");
        found(&(0..=255).collect::<Vec<u8>>(), "autocorrelation");
        let bits = |bytes: &[u8]| -> Vec<bool> {
            bytes
                .iter()
                .flat_map(|byte| (0..8).map(move |at| byte >> at & 1 == 1))
                .collect()
        };
        let twice: Vec<u8> = good.chunks(8).flat_map(|block| [block, block].concat()).collect();
        assert!(autocorrelation(64, &bits(&twice)).is_some() && fault(&twice).is_some());
        found(&[0; 256], "monobit");
        found(&[1; 3], "3 bytes");
        let sticky = |bits: &[bool]| runs(bits);
        let long: Vec<bool> = (0..4000).map(|at| at / 40 % 2 == 0).collect();
        assert!(sticky(&long).is_some() && run_lengths(&long).is_some());
        let alternating: Vec<bool> = (0..4000).map(|at| at % 2 == 0).collect();
        assert!(runs(&alternating).is_some() && monobit("binary derivative", &derivative(&alternating, 3)).is_some());
    }

    #[test]
    fn limits_are_those_of_tables() {
        // The chi-square distribution at 0.00001, from the incomplete gamma function; the approximation is a percent above.
        assert!((square_limit(15.0) - 50.493).abs() < 0.6, "{}", square_limit(15.0));
        assert!((square_limit(255.0) - 362.989).abs() < 0.3, "{}", square_limit(255.0));
    }
}
