//! The order in which rustfmt keeps `mod` items.

use std::cmp::Ordering;

/// Version sorting of the 2024 style: `_` goes before digits, digits before letters, and runs of
/// digits count as numbers.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (number_left, number_right) = (digits(left), digits(right));
        if !number_left.is_empty() && !number_right.is_empty() {
            let (short_left, short_right) = (
                number_left.trim_start_matches('0'),
                number_right.trim_start_matches('0'),
            );
            let order = (short_left.len(), short_left).cmp(&(short_right.len(), short_right));
            if order.is_ne() {
                return order;
            }
            left = left.get(number_left.len()..).unwrap_or_default();
            right = right.get(number_right.len()..).unwrap_or_default();
            continue;
        }
        let (mut letters_left, mut letters_right) = (left.chars(), right.chars());
        match (letters_left.next(), letters_right.next()) {
            (Some(one), Some(other)) if one == other => {}
            // Also when both end here: then they are equal.
            (one, other) => return one.map(rank).cmp(&other.map(rank)),
        }
        (left, right) = (letters_left.as_str(), letters_right.as_str());
    }
}

fn digits(text: &str) -> &str {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn rank(letter: char) -> (u8, char) {
    (u8::from(letter != '_'), letter)
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn names_are_in_the_order_of_rustfmt() {
        let sorted = ["a", "a_b", "a2", "a10", "ab", "admin", "api", "b"];
        assert!(sorted.is_sorted_by(|one, next| compare(one, next).is_lt()));
    }
}
