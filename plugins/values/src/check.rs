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
