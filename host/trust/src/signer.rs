//! Public keys of both formats, and what they say of a plugin.

use std::fmt;
use std::str::FromStr;

use runner_pipeline::error::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

use crate::format::Format;
use crate::id::Id;
use crate::minisign::Verifier;
use crate::{minisign, sshsig, statement};

/// Who signs plugins: a public key. Two are equal if the keys are.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signer {
    /// The key on one line, without a comment.
    line: String,
    /// `None` for a key of OpenSSH.
    minisign: Option<Verifier>,
}

impl FromStr for Signer {
    type Err = Error;

    /// Reads the content of the file of a public key, or the line with the key.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is none, or if there are several.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let wrong = || {
            Error::new(Kind::Usage, "it is not a public key").hint(
                "a public key of minisign or of OpenSSH is needed, such as `runner plugin keygen` and \
                 `ssh-keygen` write into files that end in `.pub`",
            )
        };
        let line = match lines[..] {
            [line] if sshsig::is_public_key(line) => {
                let words: Vec<_> = line.split_ascii_whitespace().take(2).collect();
                return Ok(Self { line: words.join(" "), minisign: None });
            }
            [line] | [_, line] => line.to_owned(),
            _ => return Err(wrong()),
        };
        let key = Verifier::new(&line).map_err(|error| wrong().because(error))?;
        Ok(Self { line, minisign: Some(key) })
    }
}

impl Signer {
    /// The format of the key, and of its signatures.
    #[must_use]
    pub fn format(&self) -> Format {
        if self.minisign.is_some() { Format::Minisign } else { Format::Ssh }
    }

    /// The Ed25519 key; `None` if it is of another kind. Lines of both formats may
    /// hold one key: where several people must agree, this is what must differ.
    #[must_use]
    pub fn ed25519(&self) -> Option<[u8; 32]> {
        match self.format() {
            Format::Minisign => minisign::plain_public(&self.line),
            Format::Ssh => sshsig::plain_public(&self.line),
        }
    }

    /// Checks that this key says: these bytes are this plugin. Returns the text
    /// that was signed.
    ///
    /// # Errors
    /// [`Kind::Refused`] if the signature is not valid, or is for another plugin.
    pub fn verify(&self, id: &Id, plugin: &[u8], signature: &str) -> Result<String> {
        let digest = blake3::hash(plugin);
        let Some(key) = &self.minisign else {
            let said = statement::line(id, &digest);
            sshsig::verify(&self.line, &said, signature)?;
            return Ok(said.trim_end().to_owned());
        };
        let said = key.verify(plugin, signature)?;
        statement::check(&said, id, &digest)?;
        Ok(said)
    }

    /// Checks that this key has signed a text: a list or a statement, which says itself
    /// what it is.
    ///
    /// # Errors
    /// [`Kind::Refused`] if the signature is not valid.
    pub fn verify_text(&self, text: &str, signature: &str) -> Result<()> {
        match &self.minisign {
            Some(key) => key.verify(text.as_bytes(), signature).map(drop),
            None => sshsig::verify(&self.line, text, signature),
        }
    }

    /// Whether a signature names this key, whether or not it is valid.
    #[must_use]
    pub fn is_named_in(&self, signature: &str) -> bool {
        match self.format() {
            Format::Minisign => minisign::names_key(&self.line, signature),
            Format::Ssh => sshsig::named_key(signature).is_some_and(|key| key == self.line),
        }
    }
}

/// Whether a signature, by whichever key, can be for a plugin. One that cannot is of no
/// use beside it.
#[must_use]
pub fn can_be_for(id: &Id, plugin: &[u8], signature: &str) -> bool {
    let digest = blake3::hash(plugin);
    match sshsig::named_key(signature) {
        Some(key) => sshsig::verify(&key, &statement::line(id, &digest), signature).is_ok(),
        None => minisign::comment(signature).is_some_and(|said| statement::check(said, id, &digest).is_ok()),
    }
}

/// The same for a list or a statement. Of a signature that another program has made,
/// only its key tells.
#[must_use]
pub fn can_be_for_text(text: &str, signature: &str) -> bool {
    match sshsig::named_key(signature) {
        Some(key) => sshsig::verify(&key, text, signature).is_ok(),
        None => minisign::comment(signature).is_some_and(|said| !statement::is_for_other_text(said, text)),
    }
}

impl PartialEq for Signer {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line
    }
}

impl Eq for Signer {}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Signer {
    /// The key on one line, from which it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl TryFrom<String> for Signer {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Signer> for String {
    fn from(signer: Signer) -> Self {
        signer.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretKey;

    const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINYPkmZ2VZC7+cTXdJLt15Ft9fk7Z0WwkrICB8xRx1cs test";

    fn id(text: &str) -> Id {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_is_the_same_however_it_is_written() {
        let pair = minisign::generate(None).unwrap();
        let (file, line) = (pair.public.as_str(), pair.public.lines().nth(1).unwrap());
        for (texts, format) in [([file, line], Format::Minisign), ([SSH, &SSH[..SSH.len() - 5]], Format::Ssh)]
        {
            let keys = texts.map(|text| text.parse::<Signer>().unwrap());
            assert_eq!(keys[0], keys[1]);
            assert_eq!(keys[0].format(), format);
            assert_eq!(keys[0].to_string().parse::<Signer>().unwrap(), keys[0]);
        }
        for text in ["", "x", "ssh-ed25519 AAAA", &pair.secret, &format!("{SSH}\n{SSH}")] {
            assert_eq!(text.parse::<Signer>().unwrap_err().kind(), Kind::Usage, "{text}");
        }
    }

    #[test]
    fn a_signature_is_for_one_plugin() {
        let pair = minisign::generate(None).unwrap();
        let (one, other) = (id("acme:redact@1.2.0"), id("acme:redact@1.3.0"));
        let digest = blake3::hash(b"plugin");
        let sign = |comment: &str| minisign::sign(&pair.secret, None, b"plugin", comment).unwrap();
        let key: Signer = pair.public.parse().unwrap();
        let signature = sign(&statement::text(&one, &digest));
        assert_eq!(key.verify(&one, b"plugin", &signature).unwrap(), statement::text(&one, &digest));
        let why = |id: &Id, bytes: &[u8], signature: &str| {
            let error = key.verify(id, bytes, signature).unwrap_err();
            assert_eq!(error.kind(), Kind::Refused);
            error.to_string()
        };
        assert_eq!(why(&other, b"plugin", &signature), "the signature is for another plugin");
        assert_eq!(why(&one, b"Plugin", &signature), "the signature is not valid");
        assert_eq!(why(&one, b"plugin", &sign("timestamp:1")), "the signature is for another plugin");
        assert!(can_be_for(&one, b"plugin", &signature) && !can_be_for(&other, b"plugin", &signature));
        assert!(!can_be_for(&one, b"Plugin", &signature) && !can_be_for(&one, b"plugin", ""));
        assert!(key.is_named_in(&signature) && !key.is_named_in(""));
        let stranger: Signer = minisign::generate(None).unwrap().public.parse().unwrap();
        assert!(!stranger.is_named_in(&signature));
    }

    #[test]
    fn a_signature_of_openssh_names_its_key() {
        let secret = SecretKey::new(crate::sshsig::tests::SECRET.to_owned()).unwrap();
        let (key, one) = (SSH.parse::<Signer>().unwrap(), id("acme:redact@1.2.0"));
        assert_eq!(secret.public(None).unwrap(), key);
        let signature = secret.sign(None, &one, b"plugin").unwrap();
        assert!(key.is_named_in(&signature) && can_be_for(&one, b"plugin", &signature));
        assert!(!can_be_for(&one, b"Plugin", &signature));
        let text = secret.sign_text(None, "a list\n").unwrap();
        key.verify_text("a list\n", &text).unwrap();
        assert!(can_be_for_text("a list\n", &text) && !can_be_for_text("a text\n", &text));
    }
}
