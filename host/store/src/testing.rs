//! What the tests of this crate share.

use runner_trust::package::Wants;
use semver::Version;

use crate::carrier::Carrier;
use crate::digest::Digest;
use crate::index::Installed;

/// An unsigned plugin with this content.
pub(crate) fn plugin(id: &str, content: &[u8]) -> Installed {
    Installed {
        id: id.parse().unwrap(),
        blake3: Digest::of(content),
        bytes: content.len() as u64,
        contract: Version::new(0, 2, 0),
        summary: "Does \"it\"\n".to_owned(),
        signer: None,
        signature: None,
        more_signatures: vec![],
        from: Carrier::File,
        evidence: None,
        wants: Wants::default(),
        granted: Wants::default(),
        vetted_by: vec![],
    }
}
