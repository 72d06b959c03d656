//! Secret keys of both formats, which sign plugins.

use std::fmt;

use runner_pipeline::error::{Error, Kind, Result};

use crate::ed25519::OpenKey;
use crate::format::Format;
use crate::id::Id;
use crate::signer::Signer;
use crate::{minisign, sshsig, statement};

/// A secret key, which may be encrypted with a password.
pub struct SecretKey {
    /// The content of its file.
    text: String,
    format: Format,
    is_encrypted: bool,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("format", &self.format).finish_non_exhaustive()
    }
}

impl SecretKey {
    /// Takes the content of a key's file.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is no secret key. The error holds nothing of the text.
    pub fn new(text: String) -> Result<Self> {
        let found = match sshsig::is_secret_key(&text) {
            true => sshsig::is_encrypted(&text).map(|is_encrypted| (Format::Ssh, is_encrypted)),
            false => minisign::is_encrypted(&text).map(|is_encrypted| (Format::Minisign, is_encrypted)),
        };
        let (format, is_encrypted) = found.map_err(|error| {
            Error::new(Kind::Usage, "it is not a secret key").because(error).hint(
                "a secret key of minisign or of OpenSSH is needed: `runner plugin keygen FILE` makes one",
            )
        })?;
        Ok(Self { text, format, is_encrypted })
    }

    /// The format of the key, and of its signatures.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether a password is needed.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Opens the key for plain Ed25519.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the password is missing or wrong, or the key is of another
    /// kind.
    pub(crate) fn open(&self, password: Option<&str>) -> Result<OpenKey> {
        match self.format {
            Format::Minisign => minisign::open(&self.text, password),
            Format::Ssh => sshsig::open(&self.text, password),
        }
    }

    /// The public key.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the password is missing or wrong.
    pub fn public(&self, password: Option<&str>) -> Result<Signer> {
        match self.format {
            Format::Minisign => minisign::public_key(&self.text, password)?.parse(),
            Format::Ssh => sshsig::public_key(&self.text)?.parse(),
        }
    }

    /// Signs a text: a list or a statement, which says itself what it is. Returns the
    /// content of the file with the signature.
    ///
    /// # Errors
    /// As for [`SecretKey::sign`].
    pub fn sign_text(&self, password: Option<&str>, text: &str) -> Result<String> {
        match self.format {
            Format::Minisign => {
                minisign::sign(&self.text, password, text.as_bytes(), &statement::of_text(text))
            }
            Format::Ssh => sshsig::sign(&self.text, password, text),
        }
    }

    /// Says of these bytes that they are this plugin. Returns the content of the
    /// file with the signature.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the password is missing or wrong, or a key of this kind
    /// cannot sign here.
    pub fn sign(&self, password: Option<&str>, id: &Id, plugin: &[u8]) -> Result<String> {
        let digest = blake3::hash(plugin);
        match self.format {
            Format::Minisign => minisign::sign(&self.text, password, plugin, &statement::text(id, &digest)),
            Format::Ssh => sshsig::sign(&self.text, password, &statement::line(id, &digest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_says_its_public_key_confirms() {
        let pair = minisign::generate(None).unwrap();
        let key = SecretKey::new(pair.secret.clone()).unwrap();
        assert!(key.format() == Format::Minisign && !key.is_encrypted());
        assert!(!format!("{key:?}").contains(pair.secret.lines().nth(1).unwrap()));
        let id: Id = "acme:redact@1.2.0".parse().unwrap();
        let signature = key.sign(None, &id, b"plugin").unwrap();
        let public: Signer = pair.public.parse().unwrap();
        public.verify(&id, b"plugin", &signature).unwrap();
        assert_eq!(key.public(None).unwrap(), public);
        let text = key.sign_text(None, "a list").unwrap();
        public.verify_text("a list", &text).unwrap();
        assert_eq!(public.verify_text("a text", &text).unwrap_err().kind(), Kind::Refused);
        assert_eq!(public.verify(&id, b"a list", &text).unwrap_err().kind(), Kind::Refused);
        for text in ["", "x", &pair.public] {
            assert_eq!(SecretKey::new(text.to_owned()).unwrap_err().kind(), Kind::Usage);
        }
    }
}
