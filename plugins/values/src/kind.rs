//! The kinds of values, and their recognition.

use crate::{email, ip, moment, pseudonym, text};

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address, with or without a zone.
    Ipv6,
    /// A payment card number.
    Card,
    /// A telephone number with a `+` or with gaps.
    Phone,
    /// A social security number of the United States, with gaps.
    Ssn,
    /// An international bank account number, ISO 13616.
    Iban,
    /// A hardware address of six octets.
    Mac,
    /// A UUID of RFC 9562 with hyphens.
    Uuid,
    /// Decimal digits with an optional sign and an optional fraction.
    Number,
    /// A date as in ISO 8601 with hyphens, with or without a time of day.
    Date,
    /// An API key or token of a known format.
    Key,
    /// A token after `Bearer`.
    Bearer,
    /// The credentials after `Basic`.
    Basic,
    /// A password.
    Password,
    /// A token, such as the value of `access_token=`.
    Token,
    /// The value of a cookie.
    Cookie,
    /// A private key in PEM.
    Pem,
    /// Any other secret.
    Secret,
    /// Anything else.
    Text,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Email,
        Self::Ipv4,
        Self::Ipv6,
        Self::Card,
        Self::Phone,
        Self::Ssn,
        Self::Iban,
        Self::Mac,
        Self::Uuid,
        Self::Number,
        Self::Date,
        Self::Key,
        Self::Bearer,
        Self::Basic,
        Self::Password,
        Self::Token,
        Self::Cookie,
        Self::Pem,
        Self::Secret,
        Self::Text,
    ];

    /// The name in parameters, counts and pseudonyms.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Card => "card",
            Self::Phone => "phone",
            Self::Ssn => "ssn",
            Self::Iban => "iban",
            Self::Mac => "mac",
            Self::Uuid => "uuid",
            Self::Number => "number",
            Self::Date => "date",
            Self::Key => "key",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Password => "password",
            Self::Token => "token",
            Self::Cookie => "cookie",
            Self::Pem => "pem",
            Self::Secret => "secret",
            Self::Text => "text",
        }
    }

    /// The kind with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether values of this kind are credentials. Nothing of their form is
    /// kept.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(
            self,
            Self::Key
                | Self::Bearer
                | Self::Basic
                | Self::Password
                | Self::Token
                | Self::Cookie
                | Self::Pem
                | Self::Secret
        )
    }

    /// The kind of a whole value. This is not a search: spaces around the value
    /// make it [`Kind::Text`]. Credentials have no form of their own and are
    /// [`Kind::Text`], too. A pseudonym has the kind of the value that it
    /// replaced, except for the pseudonyms of cards, which are numbers.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        if let Some(kind) = pseudonym::token_kind(value) {
            return kind;
        }
        // Most texts have nothing that the other kinds must have.
        let is_sign = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'@' | b'%' | b':' | b'-' | b'.');
        if !value.iter().any(is_sign) {
            return Self::Text;
        }
        let recognised: [(Self, Recognise); 11] = [
            (Self::Number, is_number_only),
            (Self::Email, email::is_email),
            (Self::Ipv4, ip::is_ipv4),
            (Self::Ipv6, ip::is_ipv6),
            (Self::Uuid, text::is_uuid),
            (Self::Mac, text::is_mac),
            (Self::Date, moment::is_iso),
            (Self::Ssn, text::is_ssn),
            (Self::Iban, text::is_iban),
            (Self::Card, text::is_card),
            (Self::Phone, text::is_phone),
        ];
        recognised.into_iter().find(|(_, is)| is(value)).map_or(Self::Text, |(kind, _)| kind)
    }
}

/// Whether a value has a form.
type Recognise = fn(&[u8]) -> bool;

/// Whether a value is a number, and neither a card number without gaps nor
/// a telephone number with a `+`.
fn is_number_only(value: &[u8]) -> bool {
    let is_phone = value.starts_with(b"+") && text::is_phone(value);
    text::is_number(value) && !text::is_card(value) && !is_phone
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whole_values_have_a_kind() {
        for (kind, values) in [
            (
                Kind::Email,
                &["a@b", "o'brien@x.ie", "\"a b\"@x.nl", "bob%40example.com", "jörg@müller.de"][..],
            ),
            (Kind::Ipv4, &["1.2.3.4", "010.0.0.1", "255.255.255.255"]),
            (Kind::Ipv6, &["::", "fe::", "::ffff:10.0.0.1", "2001:DB8::1", "ipv6_3f9a1c0d2b4e5f60%eth0"]),
            (Kind::Phone, &["+31205550100", "+31 (0)20/555-0100", "202.555.0100", "555-0100"]),
            (Kind::Ssn, &["123-45-6789", "123 45 6789", "900-01-0001"]),
            (Kind::Iban, &["NO9386011117947", "NO93 8601 1117 947", "ZZ00123456789012345"]),
            (Kind::Mac, &["aa:bb:cc:dd:ee:ff", "AA-BB-CC-DD-EE-FF", "aabb.ccdd.eeff"]),
            (Kind::Uuid, &["{aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa}"]),
            (Kind::Number, &["0", "-1", "+1", "1.5", "4111111111111112", "20240131", "12025550100"]),
            (
                Kind::Date,
                &["2024-02-29", "2024-02-29 10:00", "2024-02-29T10:00:00.000Z", "2024-02-29T10:00+0100"],
            ),
            (Kind::Password, &["password_3f9a1c0d2b4e5f60"]),
            (Kind::Text, &["", " ", "Bob", "@bob", "a@", "a b@x.nl", "a@b@c", "a@x..nl"]),
            (
                Kind::Text,
                &["1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4:80", "10.0.0.0/8", " 1.2.3.4", "12:30:05"],
            ),
            (Kind::Text, &["666-12-3456", "123-00-4567", "950-50-1234", "123-45 6789", "4111--1111"]),
            (Kind::Text, &["NL92ABNA0417164300", "nl91abna0417164300", "NL91 ABNA0417164300"]),
            (Kind::Text, &["2023-02-29", "31.01.2024", "01/31/2024", "1e5", "1.", ".5", "--1", "1,5"]),
            (
                Kind::Text,
                &["key_3F9A1C0D2B4E5F60", "key_3f9a1c0d2b4e5f6", "x_3f9a1c0d2b4e5f60", "aa:bb-cc:dd-ee:ff"],
            ),
        ] {
            for value in values {
                assert_eq!(Kind::of(value.as_bytes()), kind, "{value}");
            }
        }
    }

    #[test]
    fn names_are_unique() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert_eq!(Kind::named("name"), None);
    }

    proptest! {
        #[test]
        fn the_first_look_misses_nothing(value in "[a-fz0 .:@%+()-]{0,12}") {
            let value = value.as_bytes();
            if email::is_email(value) || ip::is_ipv6(value) || text::is_mac(value) || text::is_number(value) {
                prop_assert_ne!(Kind::of(value), Kind::Text);
            }
        }
    }
}
