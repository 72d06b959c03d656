//! The names of keys whose values are secret.

/// What the value of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A password: anything may be one.
    Password,
    /// Digits, such as a PIN.
    Digits,
    /// A hardware address without separators.
    Hardware,
    /// A token or another secret: at least a few letters and digits.
    Token,
    /// A name that has other uses as well, such as `key`: the value must look
    /// random.
    Random,
    /// A scheme and credentials, as in the header `Authorization`.
    Authorization,
    /// Pairs of a name and a value, as in the header `Cookie`.
    Cookies,
    /// One pair and attributes, as in the header `Set-Cookie`.
    SetCookie,
}

/// Ends of names, in lower case and without separators.
const ENDS: &[(&str, Class)] = &[
    ("password", Class::Password),
    ("passwd", Class::Password),
    ("passphrase", Class::Password),
    ("passwort", Class::Password),
    ("passcode", Class::Password),
    ("pwd", Class::Password),
    ("contrasena", Class::Password),
    ("motdepasse", Class::Password),
    ("authorization", Class::Authorization),
    ("setcookie", Class::SetCookie),
    ("cookie", Class::Cookies),
    ("token", Class::Token),
    ("secret", Class::Token),
    ("apikey", Class::Token),
    ("accesskey", Class::Token),
    ("accesskeyid", Class::Token),
    ("secretkey", Class::Token),
    ("privatekey", Class::Token),
    ("accountkey", Class::Token),
    ("sharedaccesskey", Class::Token),
    ("authkey", Class::Token),
    ("signingkey", Class::Token),
    ("encryptionkey", Class::Token),
    ("masterkey", Class::Token),
    ("sessionid", Class::Token),
    ("sessid", Class::Token),
    ("sessionkey", Class::Token),
    ("secretkeybase", Class::Token),
    ("macaddress", Class::Hardware),
    ("macaddr", Class::Hardware),
    ("hwaddr", Class::Hardware),
    ("credential", Class::Random),
    ("credentials", Class::Random),
    ("signature", Class::Random),
];

/// Names, or last words of names.
const WORDS: &[(&str, Class)] = &[
    ("pass", Class::Password),
    ("pw", Class::Password),
    ("psw", Class::Password),
    ("psk", Class::Password),
    ("mac", Class::Hardware),
    ("pin", Class::Digits),
    ("cvv", Class::Digits),
    ("cvc", Class::Digits),
    ("otp", Class::Digits),
    ("auth", Class::Authorization),
    ("key", Class::Random),
    ("sig", Class::Random),
    ("sid", Class::Random),
    ("jwt", Class::Random),
];

/// For each last letter but one and each last letter of a name in the lists, a
/// bit for each letter before them.
const ENDINGS: [[u32; 26]; 26] = {
    let mut endings = [[0; 26]; 26];
    let mut index = 0;
    while index < ENDS.len() + WORDS.len() {
        let (name, _) = if index < ENDS.len() { ENDS[index] } else { WORDS[index - ENDS.len()] };
        if let [.., before, second, last] = *name.as_bytes() {
            endings[letter(second)][letter(last)] |= 1 << letter(before);
        }
        index += 1;
    }
    endings
};

/// The only name of two letters.
const SHORT: &[u8; 2] = b"pw";

/// The index of a letter.
const fn letter(byte: u8) -> usize {
    ((byte | 0x20) - b'a') as usize
}

/// Whether a name in the lists may end as this text does.
fn is_ending(text: &[u8]) -> bool {
    let [.., second, last] = *text else { return false };
    if !second.is_ascii_alphabetic() || !last.is_ascii_alphabetic() {
        return false;
    }
    let befores = ENDINGS[letter(second)][letter(last)];
    let is_known = match *text {
        [.., before, _, _] if before.is_ascii_alphabetic() => befores >> letter(before) & 1 == 1,
        // A separator says nothing about the name.
        _ => befores != 0,
    };
    is_known || [second, last].eq_ignore_ascii_case(SHORT)
}

/// The longest name that is looked at, in bytes.
const MAX_BYTES: usize = 40;

/// The class of the name that ends before `end`, and where the name begins.
pub(super) fn ending(text: &[u8], end: usize) -> Option<(Class, usize)> {
    if !is_ending(&text[..end]) {
        return None;
    }
    let from = end.saturating_sub(MAX_BYTES);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = text[from..end].iter().rev().take_while(|byte| is_name(byte)).count();
    let start = end - length;
    let name = &text[start..end];
    class(name).map(|class| (class, start))
}

/// The class of a name.
pub(super) fn class(name: &[u8]) -> Option<Class> {
    if !is_ending(name) {
        return None;
    }
    let mut plain = [0; MAX_BYTES];
    let mut length = 0;
    for &byte in name.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        *plain.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    let plain = &plain[..length];
    let find = |list: &[(&str, Class)], is: &dyn Fn(&str) -> bool| {
        list.iter().find(|(end, _)| is(end)).map(|&(_, class)| class)
    };
    // Few names end alike: the others need no call to compare memory.
    find(ENDS, &|end| plain.last() == end.as_bytes().last() && plain.ends_with(end.as_bytes())).or_else(
        || {
            let word = last_word(name);
            find(WORDS, &|end| word.eq_ignore_ascii_case(end.as_bytes()))
        },
    )
}

/// The last word of a name: after the last separator, or from the last capital
/// after a small letter.
fn last_word(name: &[u8]) -> &[u8] {
    let after = name.iter().rposition(|byte| matches!(byte, b'_' | b'-' | b'.')).map_or(0, |place| place + 1);
    let camel = (after + 1..name.len())
        .rev()
        .find(|&at| name[at].is_ascii_uppercase() && name[at - 1].is_ascii_lowercase());
    &name[camel.unwrap_or(after)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_ending() {
        for (name, expected) in ENDS.iter().chain(WORDS) {
            assert_eq!(class(name.as_bytes()), Some(*expected), "{name}");
        }
    }

    #[test]
    fn names_have_classes() {
        for (name, expected) in [
            ("password", Some(Class::Password)),
            ("DB_PASSWORD", Some(Class::Password)),
            ("userPwd", Some(Class::Password)),
            ("db_pass", Some(Class::Password)),
            ("compass", None),
            ("x-api-key", Some(Class::Token)),
            ("apiKey", Some(Class::Token)),
            ("monkey", None),
            ("key", Some(Class::Random)),
            ("publicKey", Some(Class::Random)),
            ("Set-Cookie", Some(Class::SetCookie)),
            ("connect.sid", Some(Class::Random)),
            ("JSESSIONID", Some(Class::Token)),
            ("max_tokens", None),
            ("userpin", None),
            ("author", None),
            ("Proxy-Authorization", Some(Class::Authorization)),
        ] {
            assert_eq!(class(name.as_bytes()), expected, "{name}");
        }
    }
}
