//! Shannon's entropy of a value, in bits per character.

/// The entropy of `value` as gitleaks computes it: over its characters, where
/// an invalid byte is one character, with their share in the number of bytes.
/// For ASCII this is Shannon's entropy.
pub(crate) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 128];
    let mut others: Vec<(char, u32)> = Vec::new();
    for chunk in value.utf8_chunks() {
        for character in chunk.valid().chars() {
            count(character, &mut counts, &mut others);
        }
        for _ in chunk.invalid() {
            count(char::REPLACEMENT_CHARACTER, &mut counts, &mut others);
        }
    }
    let bytes = value.len() as f64;
    let counts = counts.into_iter().chain(others.into_iter().map(|(_, count)| count));
    counts.filter(|&count| count > 0).fold(0.0, |bits, count| {
        let share = f64::from(count) / bytes;
        bits - share * share.log2()
    })
}

fn count(character: char, ascii: &mut [u32; 128], others: &mut Vec<(char, u32)>) {
    if let Some(count) = ascii.get_mut(character as usize) {
        *count += 1;
        return;
    }
    match others.iter_mut().find(|(other, _)| *other == character) {
        Some((_, count)) => *count += 1,
        None => others.push((character, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::entropy;

    #[test]
    fn equal_characters_have_none_and_different_ones_the_most() {
        assert_eq!(entropy(b"aaaa"), 0.0);
        assert_eq!(entropy(b"abab"), 1.0);
        assert_eq!(entropy(b"abcdefgh"), 3.0);
        assert_eq!(entropy(b""), 0.0);
    }
}
