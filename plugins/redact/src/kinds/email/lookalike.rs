//! Names with an `@` that are no addresses of people.

use super::{Address, Host};
use crate::text::words;

/// Whether this is something else than an address.
pub(super) fn is_lookalike(address: &Address<'_>) -> bool {
    if is_image(address) || is_message_id(address) || is_repository(address) || is_algorithm(address) {
        return true;
    }
    match address.host {
        Host::Literal | Host::Domain => false,
        Host::Other => is_unit_or_file(address) || !has_address_context(address),
        Host::Label => !is_label_host(address),
        Host::Ipv4 => !is_at_ipv4(address),
    }
}

/// `logo@2x.png`.
fn is_image(address: &Address<'_>) -> bool {
    let domain = address.domain();
    let digits = domain.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && matches!(domain[digits..], [b'x' | b'X', b'.', ..])
}

/// `Message-ID: <1234@mx.example.com>`: an identifier of a message.
fn is_message_id(address: &Address<'_>) -> bool {
    const HEADERS: [&[u8]; 8] = [
        b"message-id",
        b"messageid",
        b"msgid",
        b"msg-id",
        b"in-reply-to",
        b"references",
        b"content-id",
        b"call-id",
    ];
    let before = address.before();
    let is_mark = |byte: &&u8| matches!(byte, b'<' | b' ' | b'=' | b':' | b'"' | b'\'');
    let marks = before.iter().rev().take(8).take_while(is_mark).count();
    let name = &before[..before.len() - marks];
    let ends_with = |header: &[u8]| {
        name.len().checked_sub(header.len()).is_some_and(|at| name[at..].eq_ignore_ascii_case(header))
    };
    marks > 0 && HEADERS.iter().any(|header| ends_with(header))
}

/// `git@github.com:org/repo`, and a version of a repository: `repo.git@main`.
fn is_repository(address: &Address<'_>) -> bool {
    let is_path = matches!(address.after(), [b':', byte, ..] if !byte.is_ascii_digit() && !byte.is_ascii_whitespace())
        || address.after().starts_with(b"/")
        || address.before().ends_with(b"://");
    let local = address.local();
    local.eq_ignore_ascii_case(b"git") && is_path || local.ends_with(b".git")
}

/// `chacha20-poly1305@openssh.com`: SSH has algorithms and extensions in this
/// form (RFC 4250 section 4.6.1).
fn is_algorithm(address: &Address<'_>) -> bool {
    const OWNERS: [&[u8]; 6] = [
        b"openssh.com",
        b"libssh.org",
        b"ssh.com",
        b"lysator.liu.se",
        b"tartarus.org",
        b"putty.projects.tartarus.org",
    ];
    const NAMES: [&str; 9] =
        ["zlib", "eow", "keepalive", "statvfs", "fstatvfs", "hardlink", "fsync", "lsetstat", "limits"];
    let local = address.local();
    let is_name =
        local.contains(&b'-') || words::is_in(&NAMES, local) || local.iter().any(u8::is_ascii_digit);
    is_name && OWNERS.iter().any(|owner| address.domain().eq_ignore_ascii_case(owner))
}

/// `getty@tty1.service`, `openvpn@server.conf`.
fn is_unit_or_file(address: &Address<'_>) -> bool {
    const ENDINGS: &str = "service socket timer target mount automount slice scope device path swap conf config \
        cfg ini json yaml yml toml xml html htm xhtml css scss less jsx tsx vue php py pyc rb \
        js ts mjs cjs cs java class jar war log txt csv tsv sql db tar tgz gz bz xz png jpg \
        jpeg gif webp svg avif ico pdf lock tmp bak desktop";
    let domain = address.domain();
    let ending = domain.rsplit(|&byte| byte == b'.').next().unwrap_or(domain);
    words::with_lower(ending, &|word: &[u8]| {
        ENDINGS.split(' ').any(|ending| ending.as_bytes() == word).then_some(())
    })
    .is_some()
}

/// Whether the surroundings say that this is an address: brackets, a scheme, a
/// key, or quotes around the whole value.
fn has_address_context(address: &Address<'_>) -> bool {
    let (before, after) = (address.before(), address.after());
    let is_enclosed = match before.last() {
        Some(b'<') => after.starts_with(b">"),
        Some(b'"') => after.starts_with(b"\"") || after.starts_with(b"\\"),
        Some(b'\'') => after.starts_with(b"'"),
        _ => before.ends_with(b"&lt;") || before.ends_with(b"\\u003c"),
    };
    is_enclosed || has_scheme(before) || has_key(address)
}

fn has_scheme(before: &[u8]) -> bool {
    [&b"mailto:"[..], b"sip:", b"sips:", b"xmpp:", b"im:", b"acct:"].iter().any(|scheme| {
        before.len().checked_sub(scheme.len()).is_some_and(|at| before[at..].eq_ignore_ascii_case(scheme))
    })
}

/// `email=`, `from `, `user: `.
fn has_key(address: &Address<'_>) -> bool {
    const KEYS: [&str; 20] = [
        "email",
        "mail",
        "e-mail",
        "from",
        "to",
        "cc",
        "bcc",
        "rcpt",
        "sender",
        "recipient",
        "user",
        "username",
        "login",
        "account",
        "owner",
        "author",
        "principal",
        "contact",
        "reply",
        "upn",
    ];
    words::before(address.text, address.start).take(1).any(|word| {
        // A masked value between them has the key.
        let is_next = !address.text[word.end..address.start].iter().any(|byte| matches!(byte, b'*' | b'@'));
        let is_key = |word: &[u8]| (words::is_in(&KEYS, word) || word.ends_with(b"mail")).then_some(());
        is_next && words::with_lower(&address.text[word], &is_key).is_some()
    })
}

/// A single label is a host if nothing goes on after it, the local part is a
/// name, and neither is a word of package managers, containers or memory dumps.
fn is_label_host(address: &Address<'_>) -> bool {
    const OTHERS: [&str; 27] = [
        "latest",
        "next",
        "master",
        "main",
        "beta",
        "alpha",
        "canary",
        "nightly",
        "stable",
        "release",
        "dev",
        "develop",
        "head",
        "upstream",
        "git",
        "npm",
        "file",
        "link",
        "workspace",
        "sha",
        "sha256",
        "md5",
        "rc",
        "lts",
        "edge",
        "trunk",
        "experimental",
    ];
    if has_scheme(address.before()) {
        return true;
    }
    let (local, label) = (address.local(), address.domain());
    let is_end = match address.after() {
        [] | [b'>' | b',' | b';' | b'"' | b'\'' | b')' | b'|' | b'\\', ..] => true,
        [byte, ..] if byte.is_ascii_whitespace() => true,
        // The end of a sentence. A shell's prompt goes on: `user@host:~$`.
        [b':' | b'.', byte, ..] => byte.is_ascii_whitespace(),
        [b':' | b'.'] => true,
        _ => false,
    };
    let is_start = match address.before().last() {
        None | Some(b'<' | b'"' | b'\'' | b'=' | b'(' | b'[' | b',' | b';' | b':' | b'|') => true,
        Some(byte) => byte.is_ascii_whitespace(),
    };
    let is_hexadecimal = label.iter().all(u8::is_ascii_hexdigit);
    // `[root@mailhost log]# ls`.
    let is_prompt =
        address.before().ends_with(b"[")
            && address.after().iter().take(256).position(|&byte| byte == b']').is_some_and(|end| {
                matches!(address.after().get(end + 1), Some(b'#' | b'$' | b'%')) && end > 0
            });
    let is_word =
        words::with_lower(label, &|word: &[u8]| words::is_in(&OTHERS, word).then_some(())).is_some();
    let is_name = local.first().is_some_and(u8::is_ascii_alphanumeric)
        && local
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'\''));
    let is_class = local.contains(&b'.') && local.iter().any(u8::is_ascii_uppercase);
    is_end
        && is_start
        && label.len() >= 4
        && !is_hexadecimal
        && !is_prompt
        && !is_word
        && is_name
        && !is_class
        && !label.starts_with(b"if")
}

/// `bob@192.0.2.1` is an address of SIP or SSH. `package@1.2.3.4` is a version,
/// and `Call-ID: 17a4@192.0.2.1` is a call.
fn is_at_ipv4(address: &Address<'_>) -> bool {
    if has_scheme(address.before()) {
        return true;
    }
    let is_large = address.domain().split(|&byte| byte == b'.').any(|octet| octet.len() == 3);
    let local = address.local();
    let is_name = local.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && local.iter().filter(|byte| byte.is_ascii_digit()).count() < 4;
    is_name && (is_large || address.domain().starts_with(b"10.")) && !address.before().ends_with(b"/")
}
