//! Keys and signatures in the format of minisign (<https://jedisct1.github.io/minisign/>):
//! Ed25519 over the BLAKE2b hash of the content, and over a comment that is trusted.
//!
//! Signatures of minisign's first format, which are not over a hash, are refused.

use std::fmt;

use ct_codecs::{Base64, Decoder as _, Encoder as _};
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};
use runner_pipeline::error::{Error, Kind, Result};

use crate::ed25519::OpenKey;

/// The name of the file with a signature ends so.
pub const SUFFIX: &str = ".minisig";
/// The second line of an unencrypted key has these bytes where others name how the
/// password is stretched.
const NO_PASSWORD: [u8; 2] = [0, 0];
/// Where a decoded secret key says so, and where its checksum stands.
const KDF: std::ops::Range<usize> = 2..4;
const CHECKSUM: std::ops::Range<usize> = 126..158;
/// Where the number of the key, the secret and the public half of Ed25519 stand.
const NUMBER: std::ops::Range<usize> = 54..62;
const SEED: std::ops::Range<usize> = 62..94;
const PUBLIC: std::ops::Range<usize> = 94..126;
/// What a decoded public key begins with; the number and the key follow.
const ALGORITHM: [u8; 2] = *b"Ed";
/// What an unencrypted key without a password says on its first line.
const COMMENT: &str = "minisign secret key of a plugin's author";

/// A new pair of keys, as the contents of two files.
pub struct Pair {
    /// The secret key; encrypted, if there was a password.
    pub secret: String,
    /// The public key.
    pub public: String,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Makes a pair of keys. With a password, the secret key is encrypted with it. That
/// takes 32 MiB of memory here and each time the key is used. Keys that the program
/// minisign has encrypted take 1 GiB.
///
/// # Errors
/// [`Kind::Internal`] if there is no randomness or not enough memory.
pub fn generate(password: Option<&str>) -> Result<Pair> {
    let made = match password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.to_owned())),
        None => KeyPair::generate_unencrypted_keypair(),
    };
    let boxed = made.and_then(|pair| {
        let public = pair.pk.to_box()?.into_string();
        Ok(Pair { secret: pair.sk.to_box(Some(COMMENT))?.into_string(), public })
    });
    boxed.map_err(|error| Error::new(Kind::Internal, "cannot make keys").because(error.to_string()))
}

/// Whether the content of a file with a secret key is encrypted.
///
/// # Errors
/// [`Kind::Usage`] if it is no secret key of minisign.
pub fn is_encrypted(secret: &str) -> Result<bool> {
    Ok(decoded(secret)?[KDF] != NO_PASSWORD)
}

/// Signs `content`, with `comment` as the trusted comment. Returns the content of
/// the file with the signature.
///
/// # Errors
/// [`Kind::Usage`] if the key is none, or the password is wrong.
pub fn sign(secret: &str, password: Option<&str>, content: &[u8], comment: &str) -> Result<String> {
    let key = secret_key(secret, password)?;
    let made = minisign::sign(None, &key, content, Some(comment), Some("signature of a plugin for runner"));
    let signature =
        made.map_err(|error| Error::new(Kind::Internal, "cannot sign").because(error.to_string()))?;
    Ok(signature.into_string())
}

/// The public key that belongs to a secret one, as the content of a file.
///
/// # Errors
/// As for [`sign`].
pub fn public_key(secret: &str, password: Option<&str>) -> Result<String> {
    let key = secret_key(secret, password)?;
    let public = PublicKey::from_secret_key(&key).and_then(|key| key.to_box());
    let public = public.map_err(|error| wrong_key("a secret key").because(error.to_string()))?;
    Ok(public.into_string())
}

/// Opens a secret key for plain Ed25519.
///
/// # Errors
/// As for [`sign`].
pub(crate) fn open(secret: &str, password: Option<&str>) -> Result<OpenKey> {
    let bytes = secret_key(secret, password)?.to_bytes();
    let seed = bytes.get(SEED).and_then(|seed| seed.try_into().ok());
    let seed: &[u8; 32] = seed.ok_or_else(|| wrong_key("a secret key"))?;
    let public = [&ALGORITHM, &bytes[NUMBER], &bytes[PUBLIC]].concat();
    let line = Base64::encode_to_string(&public);
    let line = line.map_err(|error| wrong_key("a secret key").because(error.to_string()))?;
    Ok(OpenKey::new(seed, line))
}

/// The comment of a signature, of which anybody may say anything until it is verified.
pub(crate) fn comment(signature: &str) -> Option<&str> {
    signature.lines().nth(2)?.strip_prefix("trusted comment: ")
}

/// Whether a signature names this public key, by its number. It may be of another key
/// all the same.
pub(crate) fn names_key(line: &str, signature: &str) -> bool {
    let number = |line: &str| {
        let bytes = Base64::decode_to_vec(line.trim(), None).ok()?;
        bytes.get(ALGORITHM.len()..ALGORITHM.len() + NUMBER.len()).map(<[u8]>::to_vec)
    };
    let own = number(line);
    own.is_some() && own == signature.lines().nth(1).and_then(number)
}

/// The Ed25519 key in a line with a public key.
pub(crate) fn plain_public(line: &str) -> Option<[u8; 32]> {
    let bytes = Base64::decode_to_vec(line, None).ok()?;
    let (algorithm, rest) = bytes.split_at_checked(ALGORITHM.len())?;
    let (_, key) = rest.split_at_checked(NUMBER.len())?;
    if algorithm == ALGORITHM { key.try_into().ok() } else { None }
}

fn secret_key(secret: &str, password: Option<&str>) -> Result<SecretKey> {
    let bytes = decoded(secret)?;
    let wrong = |error: minisign::PError| wrong_key("a secret key").because(error.to_string());
    if bytes[KDF] == NO_PASSWORD {
        // `minisign -G -W` leaves the checksum out, and this crate wants one. It
        // guards against a wrong password, of which there is none.
        if bytes[CHECKSUM].iter().all(|byte| *byte == 0) {
            return SecretKey::from_bytes(&bytes).map_err(wrong);
        }
        let boxed = SecretKeyBox::from_string(secret).map_err(wrong)?;
        return boxed.into_unencrypted_secret_key().map_err(wrong);
    }
    let Some(password) = password else {
        return Err(Error::new(Kind::Usage, "the secret key is encrypted, and there is no password"));
    };
    let boxed = SecretKeyBox::from_string(secret).map_err(wrong)?;
    boxed.into_secret_key(Some(password.to_owned())).map_err(|error| {
        Error::new(Kind::Usage, "cannot decrypt the secret key: is the password right?")
            .because(error.to_string())
    })
}

/// The bytes of a secret key.
fn decoded(secret: &str) -> Result<Vec<u8>> {
    let line = secret.lines().nth(1).unwrap_or_default();
    match Base64::decode_to_vec(line.trim(), None) {
        Ok(bytes) if bytes.len() == CHECKSUM.end && bytes.starts_with(b"Ed") => Ok(bytes),
        _ => Err(wrong_key("a secret key")),
    }
}

fn wrong_key(what: &str) -> Error {
    Error::new(Kind::Usage, format!("the key is not {what} of minisign"))
        .hint("it has two lines: a comment, and the key in base64")
}

/// A public key.
#[derive(Clone)]
pub struct Verifier {
    key: minisign_verify::PublicKey,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

impl Verifier {
    /// Reads a public key: the content of its file, or its second line.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is none.
    pub fn new(public: &str) -> Result<Self> {
        let line = public.trim();
        let key = match line.contains('\n') {
            true => minisign_verify::PublicKey::decode(line),
            false => minisign_verify::PublicKey::from_base64(line),
        };
        let key = key.map_err(|error| wrong_key("a public key").because(error.to_string()))?;
        Ok(Self { key })
    }

    /// Checks a signature, and returns its trusted comment.
    ///
    /// # Errors
    /// [`Kind::Refused`] if it is not one of this key over this content.
    pub fn verify(&self, content: &[u8], signature: &str) -> Result<String> {
        let refused = |error: minisign_verify::Error| {
            Error::new(Kind::Refused, "the signature is not valid").because(error.to_string())
        };
        let signature = minisign_verify::Signature::decode(signature).map_err(refused)?;
        self.key.verify(content, &signature, false).map_err(refused)?;
        Ok(signature.trusted_comment().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        for password in [None] {
            let pair = generate(password).unwrap();
            assert_eq!(is_encrypted(&pair.secret).unwrap(), password.is_some());
            assert_eq!(
                public_key(&pair.secret, password).unwrap().lines().nth(1),
                pair.public.lines().nth(1)
            );
            let signature = sign(&pair.secret, password, b"content", "a comment").unwrap();
            let key = Verifier::new(&pair.public).unwrap();
            assert_eq!(key.verify(b"content", &signature).unwrap(), "a comment");
            assert_eq!(
                Verifier::new(pair.public.lines().nth(1).unwrap())
                    .unwrap()
                    .verify(b"content", &signature)
                    .unwrap(),
                "a comment"
            );
            for (content, signature) in [
                (&b"other"[..], signature.clone()),
                (b"content", signature.replace("a comment", "b comment")),
                (b"content", String::new()),
                (b"content", signature.lines().take(2).collect::<Vec<_>>().join("\n")),
            ] {
                assert_eq!(key.verify(content, &signature).unwrap_err().kind(), Kind::Refused);
            }
            let other = Verifier::new(&generate(None).unwrap().public).unwrap();
            assert_eq!(other.verify(b"content", &signature).unwrap_err().kind(), Kind::Refused);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "x", "a\nb", "untrusted comment: x\nRWQ=", &"A".repeat(10_000)] {
            assert_eq!(Verifier::new(text).unwrap_err().kind(), Kind::Usage, "{text}");
            assert_eq!(sign(text, None, b"", "").unwrap_err().kind(), Kind::Usage, "{text}");
            assert_eq!(is_encrypted(text).unwrap_err().kind(), Kind::Usage, "{text}");
        }
    }
}
