//! The envelope of a statement: DSSE
//! (<https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>), with plain
//! Ed25519 signatures.

use ct_codecs::{Base64, Base64UrlSafe, Decoder as _, Encoder as _};
use runner_pipeline::error::Result;
use serde_json::{Value, json};

use super::json::{read, wrong};
use crate::ed25519::{OpenKey, SIGNATURE_BYTES, is_signed};

/// What is in the envelope: a statement of in-toto, as JSON.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Maximum number of signatures of one envelope.
const MAX_SIGNATURES: usize = 8;
/// Maximum number of characters of the name of a key.
const MAX_KEY_CHARS: usize = 1024;

/// A payload with its signatures, none of which was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) payload: Vec<u8>,
    /// Names of keys, which anybody can write there, and signatures.
    pub(crate) signatures: Vec<(String, [u8; SIGNATURE_BYTES])>,
}

impl Envelope {
    /// Signs a payload.
    pub(crate) fn sign(payload: Vec<u8>, key: &OpenKey) -> Self {
        let signature = key.sign(&signed_bytes(&payload));
        Self { payload, signatures: vec![(key.line.clone(), signature)] }
    }

    /// Whether this key has signed the payload.
    pub(crate) fn is_signed_by(&self, key: &[u8; 32]) -> bool {
        let message = signed_bytes(&self.payload);
        self.signatures.iter().any(|(_, signature)| is_signed(key, &message, signature))
    }

    /// Whether it says the same, with the same signatures. Whatever keys are named to have
    /// made them.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let signatures =
            |envelope: &Self| envelope.signatures.iter().map(|(_, signature)| *signature).collect::<Vec<_>>();
        self.payload == other.payload && signatures(self) == signatures(other)
    }

    /// Reads one object.
    ///
    /// # Errors
    /// [`Kind::Refused`](runner_pipeline::error::Kind::Refused) if it is not such an
    /// envelope, or has too many signatures.
    pub(crate) fn parse(line: &[u8]) -> Result<Self> {
        let value = read(line)?;
        if value["payloadType"] != PAYLOAD_TYPE {
            return Err(wrong(&format!("its `payloadType` is not {PAYLOAD_TYPE}")));
        }
        let payload = bytes(&value["payload"]).ok_or_else(|| wrong("its `payload` is not in base64"))?;
        let listed = value["signatures"].as_array().ok_or_else(|| wrong("it has no list `signatures`"))?;
        if listed.is_empty() || listed.len() > MAX_SIGNATURES {
            return Err(wrong(&format!(
                "it has {} signatures, and may have 1 to {MAX_SIGNATURES}",
                listed.len()
            )));
        }
        let signature = |one: &Value| {
            let key = one["keyid"].as_str().unwrap_or_default();
            let bytes: [u8; SIGNATURE_BYTES] = bytes(&one["sig"])?.try_into().ok()?;
            (key.len() <= MAX_KEY_CHARS).then(|| (key.to_owned(), bytes))
        };
        let signatures: Option<Vec<_>> = listed.iter().map(signature).collect();
        let signatures = signatures.ok_or_else(|| wrong("a signature is none of Ed25519 in base64"))?;
        Ok(Self { payload, signatures })
    }

    /// The object, on one line.
    pub(crate) fn to_line(&self) -> String {
        let text =
            |bytes: &[u8]| Base64::encode_to_string(bytes).expect("the length of a payload is limited");
        let signatures: Vec<_> =
            self.signatures.iter().map(|(key, sig)| json!({ "keyid": key, "sig": text(sig) })).collect();
        json!({ "payloadType": PAYLOAD_TYPE, "payload": text(&self.payload), "signatures": signatures })
            .to_string()
    }
}

/// What is signed: type and payload with their lengths
/// (<https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>). So no
/// signature for something else counts here.
fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Bytes in base64, of which the specification allows both alphabets.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?;
    let standard = Base64::decode_to_vec(text, None);
    standard.or_else(|_| Base64UrlSafe::decode_to_vec(text, None)).ok()
}

#[cfg(test)]
mod tests {
    use runner_pipeline::error::Kind;

    use super::*;

    fn key(number: u8) -> OpenKey {
        OpenKey::new(&[number; 32], format!("key {number}"))
    }

    #[test]
    fn what_is_written_is_read_and_only_its_key_fits() {
        let sealed = Envelope::sign(vec![0xfb, 0xff, 1], &key(1));
        let line = sealed.to_line();
        assert!(!line.contains('\n'));
        let found = Envelope::parse(line.as_bytes()).unwrap();
        assert_eq!(found, sealed);
        assert!(found.is_signed_by(&key(1).public()) && !found.is_signed_by(&key(2).public()));
        let other = Envelope { payload: vec![0xfb, 0xff, 2], ..sealed.clone() };
        assert!(!other.is_signed_by(&key(1).public()));
        // In the other alphabet of base64, it is the same.
        let same = line.replace("+/8B", "-_8B");
        assert_ne!(same, line);
        assert_eq!(Envelope::parse(same.as_bytes()).unwrap(), sealed);
        // A key of small order fits anything in lax checks.
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut nothing = [0; SIGNATURE_BYTES];
        nothing[0] = 1;
        let lax = Envelope { signatures: vec![(String::new(), nothing)], ..sealed };
        assert!(!lax.is_signed_by(&identity));
    }

    #[test]
    fn the_signed_bytes_are_those_of_the_protocol() {
        let expected = b"DSSEv1 28 application/vnd.in-toto+json 5 he lo";
        assert_eq!(signed_bytes(b"he lo"), expected);
    }

    #[test]
    fn other_envelopes_are_refused() {
        let line = Envelope::sign(b"{}".to_vec(), &key(1)).to_line();
        let value: Value = serde_json::from_str(&line).unwrap();
        let one = value["signatures"][0].to_string();
        let many = vec![one.clone(); MAX_SIGNATURES + 1].join(",");
        let signature = value["signatures"][0]["sig"].as_str().unwrap();
        for (from, to, why) in [
            ("vnd.in-toto+json", "json", "payloadType"),
            ("\"payload\"", "\"other\"", "payload"),
            ("\"e30=\"", "\"e30\"", "payload"),
            ("\"e30=\"", "7", "payload"),
            (&one, "", "0 signatures"),
            (&one, &many, "9 signatures"),
            (&one, "7", "a signature is none"),
            (signature, "e30=", "a signature is none"),
            ("key 1", &"k".repeat(MAX_KEY_CHARS + 1), "a signature is none"),
            ("signatures", "signature", "no list"),
            ("\"payload\"", "\"payload\":\"e30=\",\"payload\"", "twice"),
        ] {
            let changed = line.replacen(from, to, 1);
            assert_ne!(changed, line, "{from}");
            let error = Envelope::parse(changed.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), Kind::Refused, "{from}");
            assert!(error.causes().any(|cause| cause.to_string().contains(why)), "{from}: {error:?}");
        }
    }
}
