//! Working days.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Which days people work.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    years: BTreeSet<i16>,
    free: BTreeSet<Date>,
    working: BTreeSet<Date>,
}

impl Calendar {
    /// Whether people work on a day.
    pub fn is_working(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.working.contains(&day) || !(weekend || self.free.contains(&day))
    }

    /// Years of a span whose holidays are not known: of these, [`Calendar::after`] counts the weekends only.
    pub fn unknown(&self, from: Date, to: Date) -> Vec<i16> {
        let years = from.year()..=to.year();
        years.filter(|year| !self.years.contains(year)).collect()
    }

    /// The `days`-th working day after a day; the day itself does not count. `None` beyond the calendar of this world.
    pub fn after(&self, day: Date, days: u16) -> Option<Date> {
        let (mut day, mut left) = (day, days);
        while left > 0 {
            day = day.checked_add(1.day()).ok()?;
            left -= u16::from(self.is_working(day));
        }
        Some(day)
    }

    /// Days that are both free and worked on, or of a year that is not listed.
    pub(super) fn contradictions(&self) -> Vec<Date> {
        let strange = |day: &&Date| {
            !self.years.contains(&day.year()) || (self.free.contains(*day) && self.working.contains(*day))
        };
        self.free.iter().chain(&self.working).filter(strange).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use jiff::civil::date;

    #[test]
    fn working_days_are_counted_around_weekends_and_holidays() {
        let rules = Rules::builtin().unwrap();
        let calendar = rules.calendar();
        // Friday to Monday.
        assert_eq!(calendar.after(date(2026, 6, 5), 1), Some(date(2026, 6, 8)));
        // Over the National Day: 30 September (Wednesday) to 8 October; the Saturday after it is worked on.
        assert_eq!(calendar.after(date(2026, 9, 30), 1), Some(date(2026, 10, 8)));
        assert_eq!(calendar.after(date(2026, 9, 30), 3), Some(date(2026, 10, 10)));
        assert_eq!(calendar.after(date(2026, 6, 5), 0), Some(date(2026, 6, 5)));
        assert_eq!(calendar.after(date(9999, 12, 30), 25), None);
        let unknown = |from, to| calendar.unknown(from, to);
        assert_eq!(unknown(date(2026, 1, 1), date(2026, 12, 31)), Vec::<i16>::new());
        assert_eq!(unknown(date(2025, 12, 31), date(2027, 1, 1)), [2025, 2027]);
        assert_eq!(unknown(date(2027, 2, 1), date(2027, 2, 1)), [2027]);
        let mut naive = date(2026, 1, 28);
        for _ in 0..25 {
            naive = naive.tomorrow().unwrap();
            while !calendar.is_working(naive) {
                naive = naive.tomorrow().unwrap();
            }
        }
        assert_eq!(calendar.after(date(2026, 1, 28), 25), Some(naive));
    }
}
