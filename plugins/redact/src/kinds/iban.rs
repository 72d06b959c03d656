//! International bank account numbers (ISO 13616): a country, two check digits,
//! and the account, in one word or in groups of four. The check must hold and
//! the length be that of the country.

use crate::text::{is_word_end, is_word_start};
use std::ops::Range;

/// The countries and their lengths, from the IBAN registry (SWIFT, release 99).
const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 \
    EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 \
    LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 \
    RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

/// The number of characters of this country's numbers.
fn length(country: &[u8]) -> Option<usize> {
    LENGTHS
        .split(' ')
        .find(|entry| entry.as_bytes().starts_with(country))
        .and_then(|entry| entry[2..].parse().ok())
}

/// The number that begins with the letters at `start`.
pub(crate) fn find(text: &[u8], start: usize) -> Option<Range<usize>> {
    let length = length(text.get(start..start + 2)?)?;
    if !is_word_start(text, start) {
        return None;
    }
    let mut compact = Vec::with_capacity(length);
    let mut gap: Option<Option<&[u8]>> = None;
    let mut at = start;
    while compact.len() < length {
        if !compact.is_empty() && compact.len().is_multiple_of(4) {
            let rest = text.get(at..)?;
            let here =
                [&b" "[..], b"-", b"%20", b"\xc2\xa0", b"+"].into_iter().find(|gap| rest.starts_with(gap));
            if *gap.get_or_insert(here) != here {
                return None;
            }
            at += here.map_or(0, <[u8]>::len);
        }
        compact.push(*text.get(at).filter(|byte| byte.is_ascii_alphanumeric())?);
        at += 1;
    }
    (is_word_end(text, at) && runner_values::check::iban(&compact)).then_some(start..at)
}

#[cfg(test)]
mod tests {
    use super::{LENGTHS, length};
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn numbers_are_found() {
        for (text, value) in [
            ("iban DE89370400440532013000 x", "DE89370400440532013000"),
            ("NL91ABNA0417164300, iban=DE89370400440532013000", "NL91ABNA0417164300 DE89370400440532013000"),
            ("iban DE89 3704 0044 0532 0130 00 x", "DE89 3704 0044 0532 0130 00"),
            ("iban=GB82%20WEST%201234%205698%207654%2032", "GB82%20WEST%201234%205698%207654%2032"),
            ("\\nFR1420041010050500013M02606", "FR1420041010050500013M02606"),
        ] {
            assert_eq!(found(&[Kind::Iban], text), value, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "DE89370400440532013001",
            "DE8937040044053201300",
            "XX89370400440532013000",
            "aDE89370400440532013000",
            "DE89 37040044053201 3000",
        ] {
            assert_eq!(found(&[Kind::Iban], text), "", "in {text}");
        }
    }

    #[test]
    fn every_country_has_a_length() {
        assert!(LENGTHS.split(' ').all(|entry| length(&entry.as_bytes()[..2]).is_some_and(|length| (15..=33).contains(&length))));
    }
}
