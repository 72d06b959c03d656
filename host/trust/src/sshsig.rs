//! Signatures in the format of `ssh-keygen -Y` (SSHSIG, `PROTOCOL.sshsig` of
//! OpenSSH), with the keys that people have already.
//!
//! What is signed is a statement of one line ([`statement`](crate::statement)) with
//! the plugin's digest, not the plugin: the format has no trusted comment.

use runner_pipeline::error::{Error, Kind, Result};
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};

use crate::ed25519::OpenKey;

/// The namespace, which keeps signatures for one purpose from being used for
/// another.
pub const NAMESPACE: &str = "runner-plugin";
/// The name of the file with a signature ends so.
pub const SUFFIX: &str = ".sshsig";

/// Whether the content of a file is a secret key of OpenSSH.
#[must_use]
pub fn is_secret_key(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----")
}

/// Whether a secret key of OpenSSH is encrypted.
///
/// # Errors
/// [`Kind::Usage`] if it is none.
pub fn is_encrypted(text: &str) -> Result<bool> {
    let key = PrivateKey::from_openssh(text);
    key.map(|key| key.is_encrypted()).map_err(|error| {
        Error::new(Kind::Usage, "the key is not a secret key of OpenSSH").because(error.to_string())
    })
}

/// Whether a line is a public key of OpenSSH.
#[must_use]
pub fn is_public_key(text: &str) -> bool {
    PublicKey::from_openssh(text.trim()).is_ok()
}

/// Signs a statement with a secret key in OpenSSH's format.
///
/// # Errors
/// [`Kind::Usage`] if the key is none, or the password is missing or wrong, or its
/// kind cannot sign here.
pub fn sign(secret: &str, password: Option<&str>, statement: &str) -> Result<String> {
    let key = decrypted(secret, password)?;
    // This version of the library signs with neither RSA nor keys on tokens.
    let cannot = |error| {
        wrong("a key of this kind cannot sign here", error).hint(
            "let ssh-keygen sign: `runner plugin statement FILE.wasm | ssh-keygen -Y sign -n runner-plugin -f KEY \
             > FILE.wasm.sshsig`",
        )
    };
    let signature = key.sign(NAMESPACE, HashAlg::Sha512, statement.as_bytes()).map_err(cannot)?;
    signature.to_pem(LineEnding::LF).map_err(cannot)
}

/// The public key that belongs to a secret one, which is not encrypted in the file.
///
/// # Errors
/// [`Kind::Usage`] if it is none.
pub fn public_key(secret: &str) -> Result<String> {
    let key = PrivateKey::from_openssh(secret);
    let line = key.and_then(|key| key.public_key().to_openssh());
    line.map_err(|error| wrong("the key is not a secret key of OpenSSH", error))
}

/// Opens a secret key for plain Ed25519.
///
/// # Errors
/// As for [`sign`]; [`Kind::Usage`] if it is a key of another kind.
pub(crate) fn open(secret: &str, password: Option<&str>) -> Result<OpenKey> {
    let key = decrypted(secret, password)?;
    let other = || {
        Error::new(Kind::Usage, "attestations are signed with Ed25519, and the key is of another kind").hint(
            "`runner plugin keygen FILE` makes a key that can sign them, and `ssh-keygen -t ed25519` does",
        )
    };
    let pair = key.key_data().ed25519().ok_or_else(other)?;
    let line = key.public_key().to_openssh().map_err(|error| wrong("cannot use the key", error))?;
    let line: Vec<_> = line.split_ascii_whitespace().take(2).collect();
    Ok(OpenKey::new(&pair.private.to_bytes(), line.join(" ")))
}

/// The Ed25519 key in a line with a public key; `None` if it is of another kind.
pub(crate) fn plain_public(line: &str) -> Option<[u8; 32]> {
    PublicKey::from_openssh(line).ok()?.key_data().ed25519().map(|key| key.0)
}

fn decrypted(secret: &str, password: Option<&str>) -> Result<PrivateKey> {
    let key = PrivateKey::from_openssh(secret)
        .map_err(|error| wrong("the key is not a secret key of OpenSSH", error))?;
    if !key.is_encrypted() {
        return Ok(key);
    }
    let Some(password) = password else {
        return Err(Error::new(Kind::Usage, "the secret key is encrypted, and there is no password"));
    };
    key.decrypt(password)
        .map_err(|error| wrong("cannot decrypt the secret key: is the password right?", error))
}

fn wrong(what: &str, error: ssh_key::Error) -> Error {
    Error::new(Kind::Usage, what).because(error.to_string())
}

/// The public key that a signature names, on one line.
pub(crate) fn named_key(signature: &str) -> Option<String> {
    let signature = SshSig::from_pem(signature.trim()).ok()?;
    PublicKey::new(signature.public_key().clone(), "").to_openssh().ok().map(|line| line.trim().to_owned())
}

/// Checks a signature over a statement.
///
/// # Errors
/// [`Kind::Usage`] if the key is none; [`Kind::Refused`] if the signature is not one
/// of this key over this statement, for plugins.
pub fn verify(public: &str, statement: &str, signature: &str) -> Result<()> {
    let key = PublicKey::from_openssh(public.trim()).map_err(|error| {
        Error::new(Kind::Usage, "the key is not a public key of OpenSSH").because(error.to_string())
    })?;
    let refused = |error: ssh_key::Error| {
        Error::new(Kind::Refused, "the signature is not valid").because(error.to_string())
    };
    let signature = SshSig::from_pem(signature.trim()).map_err(refused)?;
    key.verify(NAMESPACE, statement.as_bytes(), &signature).map_err(refused)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const SECRET: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDWD5JmdlWQu/nE13SS7deRbfX5O2dFsJKyAgfMUcdXLAAAAIi7xDXwu8Q1
8AAAAAtzc2gtZWQyNTUxOQAAACDWD5JmdlWQu/nE13SS7deRbfX5O2dFsJKyAgfMUcdXLA
AAAEAW8UA8dw4/D1DZ1AU9off76rFoOU5bw5UWxUud48MkDdYPkmZ2VZC7+cTXdJLt15Ft
9fk7Z0WwkrICB8xRx1csAAAABHRlc3QB
-----END OPENSSH PRIVATE KEY-----
";
    const PUBLIC: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINYPkmZ2VZC7+cTXdJLt15Ft9fk7Z0WwkrICB8xRx1cs test";

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        assert!(
            is_secret_key(SECRET)
                && is_public_key(PUBLIC)
                && !is_public_key(SECRET)
                && !is_secret_key(PUBLIC)
        );
        let signature = sign(SECRET, None, "a statement").unwrap();
        verify(PUBLIC, "a statement", &signature).unwrap();
        for (statement, signature) in
            [("another", signature.as_str()), ("a statement", ""), ("a statement", &signature[..100])]
        {
            assert_eq!(verify(PUBLIC, statement, signature).unwrap_err().kind(), Kind::Refused);
        }
        let key = PrivateKey::from_openssh(SECRET).unwrap();
        let elsewhere = key.sign("file", HashAlg::Sha512, b"a statement").unwrap();
        let elsewhere = elsewhere.to_pem(LineEnding::LF).unwrap();
        assert_eq!(verify(PUBLIC, "a statement", &elsewhere).unwrap_err().kind(), Kind::Refused);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "ssh-ed25519 AAAA", PUBLIC] {
            assert_eq!(sign(text, None, "").unwrap_err().kind(), Kind::Usage);
        }
        assert_eq!(verify("", "", "").unwrap_err().kind(), Kind::Usage);
    }
}
