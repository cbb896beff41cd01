//! Masking of what identifies a person: enough stays to recognise a row, not enough to know the person.

/// A name with its first character only: `张三丰` becomes `张**`.
pub fn name(name: &str) -> String {
    let mut characters = name.chars();
    let Some(first) = characters.next() else {
        return String::new();
    };
    let mut masked = String::from(first);
    masked.extend(characters.map(|_| '*'));
    masked
}

/// A number with its first and last two characters; one of up to six characters is hidden whole.
pub fn number(number: &str) -> String {
    let count = number.chars().count();
    let visible = |i: usize| count > 6 && (i < 2 || i + 2 >= count);
    number
        .chars()
        .enumerate()
        .map(|(i, c)| if visible(i) { c } else { '*' })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn masks() {
        assert_eq!(super::name("张三丰"), "张**");
        assert_eq!(super::name(""), "");
        assert_eq!(super::number("990000199001010015"), "99**************15");
        assert_eq!(super::number("1234"), "****");
    }
}
