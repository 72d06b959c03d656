//! Pseudonyms under a secret key, in a form that fits the kind of value.

use crate::key::Key;
use crate::kind::Kind;
use crate::{email, fit, ip, moment, text};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Number of hexadecimal digits of a token: 64 bits. Among a million different
/// values, two share a token with a chance of 1 in 37 million.
const DIGITS: usize = 16;

/// The end of the pseudonym of an e-mail address. RFC 2606 reserves `invalid`:
/// no mail is ever delivered there.
const EMAIL_DOMAIN: &[u8] = b"@redacted.invalid";

/// The form of the pseudonyms of IP addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Addresses {
    /// An address in a reserved range: 240.0.0.0 to 254.255.255.255 (RFC 1112,
    /// nearly 28 bits) and `100::/64` (RFC 6666, 64 bits). Two of 1,000 IPv4
    /// addresses share a pseudonym with a chance of 0.2 %, two of 10,000
    /// with a chance of 18 %.
    #[default]
    Fit,
    /// A token such as `ipv4_3f9a1c0d2b4e5f60` with 64 bits.
    Token,
    /// An address that shares as many first bits with other pseudonyms as the
    /// original addresses share, as in Crypto-PAn. No two addresses share a
    /// pseudonym, networks stay recognisable as such, and a second run changes
    /// the address again.
    Prefix,
}

/// Writes pseudonyms: the same value has the same pseudonym under the same key,
/// in every plugin.
#[derive(Debug, Clone)]
pub struct Pseudonyms {
    key: Key,
    addresses: Addresses,
}

impl Pseudonyms {
    /// Pseudonyms under a key, with IP addresses as [`Addresses::Fit`].
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self { key, addresses: Addresses::Fit }
    }

    /// Chooses the form for IP addresses.
    #[must_use]
    pub fn with_addresses(self, addresses: Addresses) -> Self {
        Self { addresses, ..self }
    }

    /// Appends the pseudonym of a value. A value that does not have the form of
    /// its kind has a token such as `card_3f9a1c0d2b4e5f60`, or a pseudonym in
    /// the usual form where the kind has a single one. An empty value stays
    /// empty.
    pub fn write(&self, kind: Kind, value: &[u8], out: &mut Vec<u8>) {
        if value.is_empty() {
            return;
        }
        let written = match kind {
            Kind::Email => self.email(value, out),
            Kind::Ipv4 | Kind::Ipv6 => self.address(kind, value, out),
            Kind::Card => fit::card(&self.key, value, out),
            Kind::Phone => fit::phone(&self.key, value, out),
            Kind::Ssn => fit::ssn(&self.key, value, out),
            Kind::Iban => fit::iban(&self.key, value, out),
            Kind::Mac => fit::mac(&self.key, value, out),
            Kind::Uuid => fit::uuid(&self.key, value, out),
            Kind::Number => fit::number(&self.key, value, out),
            Kind::Date => moment::pseudonym(&self.key, value, out),
            _ => None,
        };
        if written.is_none() {
            self.write_token(token_name(kind), &normalize(kind, value), out);
        }
    }

    /// Appends a token of any name, such as `vault_3f9a1c0d2b4e5f60`. The name
    /// separates uses: a value has unrelated digits under each name.
    pub fn write_token(&self, name: &str, value: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(name.as_bytes());
        out.push(b'_');
        self.write_hex(name, value, out);
    }

    /// Appends the hexadecimal digits of a text's token alone. They cannot be
    /// recognised as a pseudonym.
    pub fn write_bare(&self, value: &[u8], out: &mut Vec<u8>) {
        self.write_hex(token_name(Kind::Text), value, out);
    }

    fn write_hex(&self, name: &str, value: &[u8], out: &mut Vec<u8>) {
        let hash: [u8; DIGITS / 2] = self.key.stream(name, value).bytes();
        for byte in hash {
            push_hex(byte, out);
        }
    }

    /// Whether a value is a pseudonym as these are written, which must not be
    /// changed again: [`is_pseudonym`], but an address is none with
    /// [`Addresses::Prefix`].
    #[must_use]
    pub fn recognises(&self, kind: Kind, value: &[u8]) -> bool {
        let is_kept = self.addresses == Addresses::Prefix && matches!(kind, Kind::Ipv4 | Kind::Ipv6);
        if is_kept { is_token(kind.name(), ip::split_zone(value).0) } else { is_pseudonym(kind, value) }
    }

    /// Whether every pseudonym of this kind is recognised.
    pub(crate) fn recognise_all(&self, kind: Kind) -> bool {
        let is_address = matches!(kind, Kind::Ipv4 | Kind::Ipv6);
        match kind {
            Kind::Number | Kind::Date | Kind::Phone => false,
            _ => !is_address || self.addresses != Addresses::Prefix,
        }
    }

    fn email(&self, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
        self.write_token("email", &email::normalize(value), out);
        out.extend_from_slice(EMAIL_DOMAIN);
        Some(())
    }

    /// Appends the pseudonym of an address. The zone of an IPv6 address stays.
    fn address(&self, kind: Kind, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match kind {
            Kind::Ipv4 => {
                let text = self.ipv4(value, ip::parse_ipv4(value))?;
                out.extend_from_slice(text.as_bytes());
            }
            _ => {
                let (address, zone) = ip::split_zone(value);
                let parsed = ip::parse_ipv6(address);
                // Text that is no address has no zone: all of it is hidden.
                let (address, zone) = if parsed.is_some() { (address, zone) } else { (value, &[][..]) };
                match self.ipv6(address, parsed) {
                    Some(text) => out.extend_from_slice(text.as_bytes()),
                    None => self.write_token(kind.name(), &normalize(kind, address), out),
                }
                out.extend_from_slice(zone);
            }
        }
        Some(())
    }

    fn ipv4(&self, value: &[u8], parsed: Option<Ipv4Addr>) -> Option<String> {
        match self.addresses {
            Addresses::Token => None,
            Addresses::Prefix => {
                let octets = ip::keep_prefix(&self.key, "ipv4 prefix", parsed?.octets());
                Some(Ipv4Addr::from(octets).to_string())
            }
            Addresses::Fit => {
                let mut stream = self.key.stream("ipv4", &normalize(Kind::Ipv4, value));
                let [second, third, fourth] = stream.bytes();
                Some(format!("{}.{second}.{third}.{fourth}", 240 + stream.below(15)))
            }
        }
    }

    fn ipv6(&self, value: &[u8], parsed: Option<Ipv6Addr>) -> Option<String> {
        match self.addresses {
            Addresses::Token => None,
            Addresses::Prefix => {
                let octets = ip::keep_prefix(&self.key, "ipv6 prefix", parsed?.octets());
                Some(Ipv6Addr::from(octets).to_string())
            }
            Addresses::Fit => {
                let host: [u8; 8] = self.key.stream("ipv6", &normalize(Kind::Ipv6, value)).bytes();
                let address = 0x0100_u128 << 112 | u128::from(u64::from_be_bytes(host));
                Some(Ipv6Addr::from(address).to_string())
            }
        }
    }
}

pub(crate) fn push_hex(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

/// The word before the `_` of a token. That of a text is short, so that the
/// whole token has 20 bytes.
fn token_name(kind: Kind) -> &'static str {
    if kind == Kind::Text { "txt" } else { kind.name() }
}

/// Whether a value is a token of this name: the name, `_`, and 16 hexadecimal
/// digits in lower case.
#[must_use]
pub fn is_token(name: &str, value: &[u8]) -> bool {
    value.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"_")).is_some_and(|hex| {
        hex.len() == DIGITS && hex.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// The kind that a token names.
pub(crate) fn token_kind(value: &[u8]) -> Option<Kind> {
    let (value, zone) = ip::split_zone(value);
    // Most values are not even near.
    let sign = value.len().checked_sub(DIGITS + 1)?;
    if value[sign] != b'_' {
        return None;
    }
    if !zone.is_empty() {
        return is_token(Kind::Ipv6.name(), value).then_some(Kind::Ipv6);
    }
    Kind::ALL.into_iter().find(|&kind| is_token(token_name(kind), value))
}

/// Whether a value has the form of a pseudonym of its kind, whatever the key.
/// Real values do not have these forms; where a pseudonym cannot be told from
/// a real value (numbers, dates, telephone numbers without `+`), this is
/// `false`.
#[must_use]
pub fn is_pseudonym(kind: Kind, value: &[u8]) -> bool {
    // A zone stays after the pseudonym.
    let value = if kind == Kind::Ipv6 { ip::split_zone(value).0 } else { value };
    is_token(token_name(kind), value)
        || match kind {
            Kind::Email => value.strip_suffix(EMAIL_DOMAIN).is_some_and(|local| is_token("email", local)),
            Kind::Ipv4 => ip::parse_ipv4(value).is_some_and(|ip| (240..=254).contains(&ip.octets()[0])),
            Kind::Ipv6 => ip::parse_ipv6(value).is_some_and(|ip| ip.segments()[..4] == [0x100, 0, 0, 0]),
            Kind::Card => fit::is_card(value),
            Kind::Phone => text::is_phone(value) && value.starts_with(b"+89"),
            Kind::Ssn => fit::is_ssn(value),
            Kind::Iban => fit::is_iban(value),
            Kind::Mac => fit::is_mac(value),
            Kind::Uuid => fit::is_uuid(value),
            _ => false,
        }
}

/// Converts the different forms of a value to one form, so that they have the
/// same pseudonym: e-mail addresses in lower case and without percent escapes,
/// IP addresses as in RFC 5952 (IPv4 without leading zeros), digits and letters
/// without gaps. Texts and credentials stay as they are.
#[must_use]
pub fn normalize(kind: Kind, value: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Email => email::normalize(value),
        Kind::Ipv4 => ip::parse_ipv4(value).map_or_else(|| value.to_vec(), |ip| ip.to_string().into_bytes()),
        Kind::Ipv6 => ip::parse_ipv6(value).map_or_else(|| value.to_vec(), |ip| ip.to_string().into_bytes()),
        Kind::Card | Kind::Phone | Kind::Ssn => fit::compact(value, u8::is_ascii_digit),
        Kind::Iban | Kind::Mac | Kind::Uuid => {
            fit::compact(value, u8::is_ascii_alphanumeric).to_ascii_lowercase()
        }
        _ => value.to_vec(),
    }
}
