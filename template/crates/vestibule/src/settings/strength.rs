//! How hard a secret is to guess. Its length alone says little: `0123456789` four
//! times over is long.

/// The least that a secret has to hold, in bits, by this rough measure. Random ones
/// of the shortest length that is accepted have more, even if they are digits only.
const ENOUGH: f64 = 48.0;

/// Keys beside each other, for people who let their hand slide.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Whether nobody can guess a secret.
pub(super) fn is_strong(secret: &str) -> bool {
    let characters: Vec<char> = secret.chars().collect();
    let surprises = (0..characters.len())
        .filter(|&place| !is_predictable(&characters, place))
        .count();
    surprises as f64 * bits_per_character(&characters) >= ENOUGH
}

/// Whether a character follows from those before it: it repeats the last one, goes on
/// with a sequence such as `abc` or `321`, with a row of keys, or with what stood
/// after the same two characters earlier.
fn is_predictable(characters: &[char], place: usize) -> bool {
    let step = |place: usize| {
        let (this, last) = (
            *characters.get(place)?,
            *characters.get(place.checked_sub(1)?)?,
        );
        Some(i64::from(u32::from(this)) - i64::from(u32::from(last)))
    };
    let Some(this_step) = step(place) else {
        return false;
    };
    let is_repeated = this_step == 0;
    let is_in_sequence = this_step.abs() == 1 && step(place - 1) == Some(this_step);
    let pair: String = characters[place - 1..=place].iter().collect();
    let pair = pair.to_ascii_lowercase();
    let is_in_row = ROWS.iter().any(|row| row.contains(&pair));
    let is_known = place >= 2 && {
        let known = &characters[place - 2..=place];
        characters[..place]
            .windows(3)
            .any(|earlier| earlier == known)
    };
    is_repeated || is_in_sequence || is_in_row || is_known
}

/// Shannon's entropy of the characters' frequencies.
fn bits_per_character(characters: &[char]) -> f64 {
    let total = characters.len() as f64;
    let mut sorted = characters.to_vec();
    sorted.sort_unstable();
    let shares = sorted
        .chunk_by(|one, next| one == next)
        .map(|same| same.len() as f64 / total);
    shares.map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::is_strong;
    use crate::seal;

    #[test]
    fn o2_long_secrets_that_are_easy_to_guess_are_weak() {
        for weak in [
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "0123456789012345678901234567890123456789",
            "0123456789abcdef0123456789abcdef0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210",
            "qwertyuiopasdfghjklzxcvbnmqwertyuiop",
            "passwordpasswordpasswordpassword",
            "correct-horse-correct-horse-correct-horse",
            "a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4",
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!Secret1",
        ] {
            assert!(!is_strong(weak), "{weak}");
        }
    }

    #[test]
    fn o2_random_secrets_of_any_alphabet_are_strong() {
        let alphabets = [
            "0123456789",
            "0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz",
        ];
        for _ in 0..2_000 {
            let bytes: [u8; 32] = seal::random_bytes().unwrap_or_default();
            assert!(is_strong(&seal::encode(&bytes)[..32]));
            for alphabet in alphabets {
                let letters: Vec<char> = alphabet.chars().collect();
                let of = |byte: &u8| letters[usize::from(*byte) % letters.len()];
                let secret: String = bytes.iter().map(of).collect();
                assert!(is_strong(&secret), "{secret}");
            }
        }
        assert!(is_strong("correct-horse-battery-staple-xylophone"));
    }
}
