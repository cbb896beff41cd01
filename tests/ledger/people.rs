//! People who are nobody.

use jiff::ToSpan;
use jiff::civil::date;

/// The number of the n-th fictitious citizen of the region 990000, which does not exist; 999 are born on each day from 1970 on.
pub fn citizen(index: usize) -> String {
    let days = i64::try_from(index / 999).expect("not so many");
    let birth = date(1970, 1, 1).checked_add(days.days()).expect("a day");
    let body = format!("990000{}{:03}", birth.strftime("%Y%m%d"), index % 999 + 1);
    let check = reader::check_digits::citizen_check(&body).expect("17 digits");
    format!("{body}{check}")
}
