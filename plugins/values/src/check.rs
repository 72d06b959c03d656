//! Check digits, networks of cards, and lengths in characters.

/// The check of ISO/IEC 7812-1 annex B (Luhn) over the ASCII digits of a value;
/// other bytes are skipped. A value without digits does not pass.
#[must_use]
pub fn luhn(value: &[u8]) -> bool {
    let digits = value.iter().rev().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let mut count = 0_usize;
    let sum: u32 = digits
        .map(|digit| {
            count += 1;
            match (count % 2, digit) {
                (1, _) => digit,
                (_, 0..=4) => 2 * digit,
                _ => 2 * digit - 9,
            }
        })
        // Only the sum modulo ten counts, and a value may be long.
        .fold(0, |sum, digit| (sum + digit) % 10);
    count > 0 && sum == 0
}

/// The check of ISO 13616 over an IBAN without gaps: with the first four
/// characters moved to the end and letters as numbers from 10 to 35, it is 1
/// modulo 97.
#[must_use]
pub fn iban(value: &[u8]) -> bool {
    let Some((head, tail)) = value.split_at_checked(4) else { return false };
    let mut rest = 0_u32;
    for &byte in tail.iter().chain(head) {
        let Some(digit) = char::from(byte).to_digit(36) else { return false };
        rest = (rest * if digit < 10 { 10 } else { 100 } + digit) % 97;
    }
    rest == 1
}

/// Whether a network issues card numbers with these first digits and this
/// count of digits. `digits` are ASCII digits. The ranges are those that the
/// networks publish (as collected in Wikipedia, "Payment card number").
#[must_use]
pub fn card_network(digits: &[u8]) -> bool {
    let first_six =
        digits.iter().take(6).fold(0_u32, |number, digit| number * 10 + u32::from(digit.wrapping_sub(b'0')));
    match (first_six, digits.len()) {
        // Visa.
        (400_000..=499_999, 13 | 16 | 19) => true,
        // Mastercard.
        (510_000..=559_999 | 222_100..=272_099, 16) => true,
        // American Express.
        (340_000..=349_999 | 370_000..=379_999, 15) => true,
        // Diners Club.
        (300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999, 14..=19) => true,
        // Discover; RuPay shares 60, 65 and 508 with it.
        (601_100..=601_199 | 644_000..=659_999, 16..=19) => true,
        // RuPay.
        (508_000..=508_999 | 600_000..=609_999 | 817_000..=829_999, 16) => true,
        // JCB.
        (352_800..=358_999, 16..=19) => true,
        // UnionPay.
        (620_000..=629_999 | 810_000..=816_999, 16..=19) => true,
        // Maestro.
        (501_800..=501_899 | 502_000..=502_099 | 503_800..=503_899 | 589_300..=589_399, 13..=19) => true,
        (560_000..=589_999 | 630_000..=639_999 | 670_000..=679_999, 13..=19) => true,
        // Mir, Troy, Dankort.
        (220_000..=220_499, 16..=19) => true,
        (979_200..=979_289 | 501_900..=501_999, 16) => true,
        // UATP.
        (100_000..=199_999, 15) => true,
        _ => false,
    }
}

/// The characters of a text. Each byte that is not part of valid UTF-8 is a
/// character of its own, so the parts always join to the whole.
pub fn characters(value: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    let mut parts = Vec::new();
    for chunk in value.utf8_chunks() {
        let valid = chunk.valid();
        parts.extend(valid.char_indices().map(|(at, char)| &valid.as_bytes()[at..at + char.len_utf8()]));
        parts.extend(chunk.invalid().chunks(1));
    }
    parts.into_iter()
}

/// The bytes of the first `count` characters of a text.
#[must_use]
pub fn first_characters(value: &[u8], count: usize) -> &[u8] {
    // A character has at most four bytes: the rest is not looked at.
    let near = &value[..value.len().min(count.saturating_mul(4).saturating_add(4))];
    let bytes = characters(near).take(count).map(<[u8]>::len).sum();
    &value[..bytes]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_numbers_pass() {
        for card in ["4111111111111111", "378282246310005", "6205500000000000004", "3056 9309-0259 04"] {
            assert!(luhn(card.as_bytes()), "{card}");
        }
        // Examples of the registry of ISO 13616.
        for number in [
            "NL91ABNA0417164300",
            "GB29NWBK60161331926819",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            assert!(iban(number.as_bytes()), "{number}");
        }
        assert!(!luhn(b"") && !luhn(b"x") && !iban(b"") && !iban(b"NL9") && !iban(b"NL91 ABNA"));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_found(number in "[0-9]{2,30}", place in any::<usize>(), add in 1..10_u8) {
            let mut digits = number.into_bytes();
            let last = digits.len() - 1;
            // Exactly one last digit passes.
            let passing: Vec<u8> = (b'0'..=b'9').filter(|&digit| { digits[last] = digit; luhn(&digits) }).collect();
            prop_assert_eq!(passing.len(), 1);
            digits[last] = passing[0];
            let place = place % digits.len();
            digits[place] = (digits[place] - b'0' + add) % 10 + b'0';
            prop_assert!(!luhn(&digits));
        }

        #[test]
        fn characters_join_to_the_whole(value in prop::collection::vec(prop_oneof![any::<u8>(), 0xc0..=0xf4_u8, 0x80..=0xbf_u8], 0..30)) {
            let parts: Vec<&[u8]> = characters(&value).collect();
            prop_assert_eq!(parts.concat(), &value[..]);
            prop_assert!(parts.iter().all(|part| part.len() == 1 || str::from_utf8(part).is_ok_and(|part| part.chars().count() == 1)));
        }

        #[test]
        fn the_first_characters_are_a_prefix_of_that_many(value in ".{0,20}", bytes in prop::collection::vec(any::<u8>(), 0..4), count in 0..25_usize) {
            let expected: String = value.chars().take(count).collect();
            prop_assert_eq!(first_characters(value.as_bytes(), count), expected.as_bytes());
            let value = [bytes.as_slice(), value.as_bytes()].concat();
            let first = first_characters(&value, count);
            prop_assert_eq!(first.len(), characters(&value).take(count).map(<[u8]>::len).sum::<usize>());
            prop_assert_eq!(first_characters(first, count), first);
        }
    }
}
