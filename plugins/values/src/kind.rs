//! The kinds of values, and their recognition.

use crate::{date, email, ip, pseudonym, text};

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
        let recognised: [(Self, Recognise); 11] = [
            (Self::Number, is_number_only),
            (Self::Email, email::is_email),
            (Self::Ipv4, ip::is_ipv4),
            (Self::Ipv6, ip::is_ipv6),
            (Self::Uuid, text::is_uuid),
            (Self::Mac, text::is_mac),
            (Self::Date, date::is_iso),
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
