//! The kinds of values that can be redacted, and sets of them.

/// A kind of value. If several values have exactly the same range, the first
/// kind in this order gives the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An e-mail address.
    Email,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A hardware address.
    Mac,
    /// A payment card number.
    Card,
    /// An international bank account number.
    Iban,
    /// A telephone number.
    Phone,
    /// A social security number of the United States.
    Ssn,
    /// A number that another state gives to a person.
    Id,
    /// A UUID.
    Uuid,
    /// A date, which is not redacted but shifted.
    Date,
    /// An API key or token of a known format.
    Key,
    /// A line of a private key in PEM form, between the first and the last.
    Pem,
    /// A token after `Bearer`.
    Bearer,
    /// The credentials after `Basic`.
    Basic,
    /// A password, or a PIN.
    Password,
    /// A token or another secret that its key or header names.
    Token,
    /// The value of a cookie.
    Cookie,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Kind; 18] = [
        Kind::Email,
        Kind::Ipv4,
        Kind::Ipv6,
        Kind::Mac,
        Kind::Card,
        Kind::Iban,
        Kind::Phone,
        Kind::Ssn,
        Kind::Id,
        Kind::Uuid,
        Kind::Date,
        Kind::Key,
        Kind::Pem,
        Kind::Bearer,
        Kind::Basic,
        Kind::Password,
        Kind::Token,
        Kind::Cookie,
    ];

    /// The name in parameters, counts and pseudonyms.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Ipv4 => "ipv4",
            Kind::Ipv6 => "ipv6",
            Kind::Mac => "mac",
            Kind::Card => "card",
            Kind::Iban => "iban",
            Kind::Phone => "phone",
            Kind::Ssn => "ssn",
            Kind::Id => "id",
            Kind::Uuid => "uuid",
            Kind::Date => "date",
            Kind::Key => "key",
            Kind::Pem => "pem",
            Kind::Bearer => "bearer",
            Kind::Basic => "basic",
            Kind::Password => "password",
            Kind::Token => "token",
            Kind::Cookie => "cookie",
        }
    }

    /// Whether values of this kind are credentials, rather than data about
    /// a person or a machine.
    pub(crate) fn is_secret(self) -> bool {
        self >= Kind::Key
    }

    /// The form of the kind's masks and pseudonyms.
    pub(crate) fn form(self) -> runner_values::Kind {
        runner_values::Kind::named(self.name()).unwrap_or(runner_values::Kind::Secret)
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u32);

impl Kinds {
    /// The set of these kinds.
    pub(crate) fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |set, &kind| set | 1 << kind as u16))
    }

    /// The kinds for which a condition holds.
    fn with(is: impl Fn(Kind) -> bool) -> Self {
        Self::of(&Kind::ALL.into_iter().filter(|&kind| is(kind)).collect::<Vec<_>>())
    }

    /// The set with this name: a kind, or a group of kinds.
    fn named(name: &str) -> Option<Self> {
        match name {
            // Dates have a parameter of their own.
            "all" => Some(Self::with(|kind| kind != Kind::Date)),
            // UUIDs name records and requests far more often than people.
            "default" => Some(Self::with(|kind| kind != Kind::Uuid && kind != Kind::Date)),
            "personal" => {
                Some(Self::with(|kind| !kind.is_secret() && kind != Kind::Uuid && kind != Kind::Date))
            }
            "secrets" => Some(Self::with(Kind::is_secret)),
            "date" => None,
            _ => Kind::ALL.into_iter().find(|kind| kind.name() == name).map(|kind| Self::of(&[kind])),
        }
    }

    /// Parses a list such as `email, ipv4` or `all,-ipv4`: words add kinds, and
    /// words after a hyphen take them away, from left to right. A list that
    /// begins with a hyphen takes from the default.
    ///
    /// # Errors
    /// If a word is not a kind. The message names it and lists the kinds. An
    /// empty list is also an error, because it would silently redact nothing.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let mut set = 0;
        let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
        for (place, word) in words.enumerate() {
            let (is_removed, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name.trim()));
            let Some(kinds) = Self::named(name) else {
                return Err(format!("there is no kind `{name}`; the kinds are {}", names()));
            };
            if is_removed && place == 0 {
                set = Self::named("default").map_or(0, |kinds| kinds.0);
            }
            set = if is_removed { set & !kinds.0 } else { set | kinds.0 };
        }
        if set == 0 {
            return Err(format!("`kinds` is empty; the kinds are {}", names()));
        }
        Ok(Self(set))
    }

    /// The set with one more kind.
    pub(crate) fn with_kind(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// Whether the set contains `kind`.
    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u16 != 0
    }

    /// Whether the set is one kind.
    pub(crate) fn is_single(self) -> bool {
        self.0.is_power_of_two()
    }
}

fn names() -> String {
    let names: Vec<_> = Kind::ALL.into_iter().filter(|&kind| kind != Kind::Date).map(Kind::name).collect();
    format!("{}, and the groups all, default, personal, secrets", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sets() {
        assert_eq!(Kinds::parse("ipv4, email,"), Ok(Kinds::of(&[Kind::Email, Kind::Ipv4])));
        assert_eq!(Kinds::parse("all").map(|all| all.with_kind(Kind::Date)), Ok(Kinds::of(&Kind::ALL)));
        assert!(Kinds::parse("date").is_err());
        assert_eq!(Kinds::parse("email,ipv4,-ipv4"), Ok(Kinds::of(&[Kind::Email])));
        assert_eq!(Kinds::parse("-secrets"), Kinds::parse("personal"));
        assert_eq!(Kinds::parse("default,uuid"), Kinds::parse("all"));
    }

    #[test]
    fn an_unknown_kind_is_named() {
        let error = Kinds::parse("email,fax").expect_err("`fax` is not a kind");
        assert!(error.starts_with("there is no kind `fax`; the kinds are email, ipv4, "), "{error}");
    }

    #[test]
    fn an_empty_list_is_refused() {
        assert!(Kinds::parse(" , ").is_err());
        assert!(Kinds::parse("email,-email").is_err());
    }
}
