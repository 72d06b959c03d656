//! The networks that issue payment card numbers, by first digits and length.

/// How sure first digits make it that digits are a card number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    /// A network with few first digits: one random number in a hundred passes
    /// with the check digit.
    Known,
    /// First digits of many issuers, or a rare length: a word such as `pan`
    /// must stand near the number.
    Wide,
}

/// The network of a number. The ranges are those published by the networks (as
/// collected in Wikipedia, "Payment card number", and for Brazil in the list of
/// Elo's and Hipercard's ranges that payment services publish).
pub(super) fn of(digits: &[u8]) -> Option<Network> {
    let first_six = digits.iter().take(6).fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let length = digits.len();
    if let (15 | 16, true) = (length, is_known(first_six, length)) {
        return Some(Network::Known);
    }
    let is_diners = length == 14
        && matches!(first_six, 300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999);
    if is_diners {
        return Some(Network::Known);
    }
    is_wide(first_six, length).then_some(Network::Wide)
}

fn is_known(first_six: u32, length: usize) -> bool {
    match length {
        // American Express.
        15 => matches!(first_six, 340_000..=349_999 | 370_000..=379_999),
        16 => matches!(
            first_six,
            // Visa, and Elo within it.
            400_000..=499_999
            // Mastercard.
            | 510_000..=559_999 | 222_100..=272_099
            // Discover; RuPay shares 60, 65 and 508 with it, Elo and Troy 65.
            | 601_100..=601_199 | 644_000..=659_999
            // RuPay; Hipercard has 606282.
            | 508_000..=508_999 | 600_000..=609_999 | 817_000..=829_999
            // Elo, Verve.
            | 504_175 | 506_099..=506_198 | 506_699..=506_778 | 509_000..=509_999 | 627_780 | 636_297 | 636_368
            // JCB.
            | 352_800..=358_999
            // UnionPay.
            | 620_000..=629_999 | 810_000..=816_999
            // Dankort, Mir, Troy, Hipercard.
            | 501_900..=501_999 | 220_000..=220_499 | 979_200..=979_299 | 637_095 | 637_568 | 637_599 | 637_609 | 637_612
            // Maestro.
            | 501_800..=501_899 | 502_000..=502_099 | 503_800..=503_899 | 589_300..=589_399 | 630_400..=630_499
            | 675_900..=675_999 | 676_100..=676_399
        ),
        _ => false,
    }
}

fn is_wide(first_six: u32, length: usize) -> bool {
    match first_six {
        // Visa.
        400_000..=499_999 => matches!(length, 13 | 16 | 19),
        // Discover, RuPay, JCB, UnionPay, Mir, Diners Club with other lengths.
        601_100..=601_199 | 644_000..=659_999 | 352_800..=358_999 | 620_000..=629_999 | 810_000..=829_999 => {
            (16..=19).contains(&length)
        }
        220_000..=220_499 => (16..=19).contains(&length),
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => {
            (14..=19).contains(&length)
        }
        // Maestro, and the domestic cards of Brazil, Nigeria and others.
        500_000..=509_999 | 560_000..=589_999 | 600_000..=609_999 | 630_000..=639_999 | 660_000..=699_999 => {
            (12..=19).contains(&length)
        }
        // Troy, Humo, UzCard.
        979_200..=979_299 | 986_000..=986_099 | 860_000..=860_099 => length == 16,
        // UATP.
        100_000..=199_999 => length == 15,
        _ => false,
    }
}
