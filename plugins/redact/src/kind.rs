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
    /// A payment card number.
    Card,
    /// An API key or token of a known format.
    Key,
    /// A token after `Bearer`.
    Bearer,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Kind; 6] =
        [Kind::Email, Kind::Ipv4, Kind::Ipv6, Kind::Card, Kind::Key, Kind::Bearer];

    /// The name in parameters and pseudonyms.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Ipv4 => "ipv4",
            Kind::Ipv6 => "ipv6",
            Kind::Card => "card",
            Kind::Key => "key",
            Kind::Bearer => "bearer",
        }
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    /// The set of these kinds.
    pub(crate) fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |set, &kind| set | 1 << kind as u8))
    }

    /// Parses a list such as `email, ipv4`; `all` means every kind.
    ///
    /// # Errors
    /// If a word is not a kind. The message names it and lists the kinds. An
    /// empty list is also an error, because it would silently redact nothing.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let mut set = 0;
        for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            if word == "all" {
                set |= Self::of(&Kind::ALL).0;
                continue;
            }
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == word) else {
                return Err(format!("there is no kind `{word}`; the kinds are {}", names()));
            };
            set |= Self::of(&[kind]).0;
        }
        if set == 0 {
            return Err(format!("`kinds` is empty; the kinds are {}", names()));
        }
        Ok(Self(set))
    }

    /// Whether the set contains `kind`.
    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

fn names() -> String {
    Kind::ALL.map(Kind::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sets() {
        assert_eq!(Kinds::parse("ipv4, email,"), Ok(Kinds::of(&[Kind::Email, Kind::Ipv4])));
        assert_eq!(Kinds::parse("all"), Ok(Kinds::of(&Kind::ALL)));
    }

    #[test]
    fn an_unknown_kind_is_named() {
        let error = Kinds::parse("email,phone").expect_err("`phone` is not a kind");
        assert_eq!(error, "there is no kind `phone`; the kinds are email, ipv4, ipv6, card, key, bearer");
    }

    #[test]
    fn an_empty_list_is_refused() {
        assert!(Kinds::parse(" , ").is_err());
    }
}
