//! E-mail addresses, and others of the form `LOCAL@DOMAIN` (SIP, XMPP).
//!
//! The `@` and every character may be written as an escape: `bob%40x.org`,
//! `bob\u0040x.org`, `bob&#64;x.org`, `bob=40x.org`, `bob[at]x.org`. The local
//! part is found backwards ([`local`]), the host forwards ([`domain`]), and
//! names that only look like addresses are left alone ([`lookalike`]).

mod domain;
mod local;
mod lookalike;

use crate::text::{self, escape};
use domain::Host;
use std::ops::Range;

/// The address whose `@`, or the `4` of an escaped `@`, is at `at`.
pub(crate) fn find(text: &[u8], at: usize) -> Option<Range<usize>> {
    let sign = sign(text, at)?;
    let (host, end) = domain::host(text, sign.end)?;
    let start = local::bracketed(text, sign.start, end).or_else(|| local::start(text, sign.start))?;
    let address = Address { text, start, sign, end, host };
    (!lookalike::is_lookalike(&address)).then_some(start..end)
}

/// The parts of what may be an address.
struct Address<'a> {
    text: &'a [u8],
    start: usize,
    sign: Range<usize>,
    end: usize,
    host: Host,
}

impl Address<'_> {
    fn local(&self) -> &[u8] {
        &self.text[self.start..self.sign.start]
    }

    fn domain(&self) -> &[u8] {
        &self.text[self.sign.end..self.end]
    }

    fn before(&self) -> &[u8] {
        &self.text[..self.start]
    }

    fn after(&self) -> &[u8] {
        &self.text[self.end..]
    }
}

/// The bytes that stand for the `@`.
pub(crate) fn sign(text: &[u8], at: usize) -> Option<Range<usize>> {
    match *text.get(at)? {
        b'@' => Some(at..at + 1),
        b'[' | b'(' => {
            let sign = text.get(at..at + 4)?;
            let is_at = matches!(
                sign,
                [b'[', b'a' | b'A', b't' | b'T', b']'] | [b'(', b'a' | b'A', b't' | b'T', b')']
            );
            let spaces = |byte: Option<&u8>| usize::from(byte == Some(&b' '));
            let start = at - spaces(at.checked_sub(1).and_then(|at| text.get(at)));
            is_at.then(|| start..at + 4 + spaces(text.get(at + 4)))
        }
        // The digits of `%40`, `\u0040`, `&#x40;`, and the `#` of `&#64;`.
        b'4' if text[..at].last() == Some(&b'=') => text[at..].starts_with(b"40").then_some(at - 1..at + 2),
        b'4' | b'#' => (at.saturating_sub(40)..at).find_map(|start| {
            let escape = escape::at(text, start).filter(|escape| escape.code == u32::from(b'@'))?;
            let end = start + escape.length;
            (end > at && text::char_before(text, end).is_some_and(|char| char.is_escape))
                .then_some(start..end)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::oracle::found;

    #[test]
    fn addresses_are_found() {
        for (text, values) in [
            ("to=<bob@example.com>, ok", "bob@example.com"),
            ("see Bob.O+news@mail.example.co.uk.", "Bob.O+news@mail.example.co.uk"),
            ("?mail=bob%2Bx%40example.com&a=1", "bob%2Bx%40example.com"),
            ("%3Dbob@example.com", "bob@example.com"),
            (r#"{"a":"\nbob@example.com"}"#, "bob@example.com"),
            (
                r#"{"m":"x \u003cbob@example.com\u003e \fbob@example.com \b"}"#,
                "bob@example.com bob@example.com",
            ),
            (r#"{"u":"CORP\\root@example.com"}"#, "root@example.com"),
            ("user=bob@example.com-old", "bob@example.com"),
            ("bob@example.xn--p1ai bob@ex-ample.museum", "bob@example.xn--p1ai bob@ex-ample.museum"),
            ("x o'brien@example.com a&b@example.com y", "o'brien@example.com a&b@example.com"),
            ("VALUES (1,'bob@example.com',NULL)", "bob@example.com"),
            (
                "x bob/dept@example.com bob!@example.com bob~@example.com",
                "bob/dept@example.com bob!@example.com bob~@example.com",
            ),
            (
                "x SRS0=ab12=XY=example.com=bob@relay.example.org y",
                "SRS0=ab12=XY=example.com=bob@relay.example.org",
            ),
            ("x bounces+bob=example.com@lists.example.org y", "bounces+bob=example.com@lists.example.org"),
            ("x \"bob smith\"@example.com y", "\"bob smith\"@example.com"),
            (
                "x müller@example.com b\u{fc}r@m\u{fc}nchen.de \u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{5e7f}\u{544a} bob@\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
                "müller@example.com b\u{fc}r@m\u{fc}nchen.de \u{7528}\u{6237}@\u{4f8b}\u{5b50}.\u{5e7f}\u{544a} bob@\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
            ),
            ("\u{8054}\u{7cfb}bob@example.com\u{3002}", "bob@example.com"),
            (
                "x bob@[192.0.2.7] root@localhost bob@mailhost y",
                "bob@[192.0.2.7] root@localhost bob@mailhost",
            ),
            ("<sip:100@192.0.2.1:5060>", "100@192.0.2.1"),
            (
                "bob\\u0040example.com bob&#64;example.com bob=40example.com bob%2540example.com bob[at]example.com",
                "bob\\u0040example.com bob&#64;example.com bob=40example.com bob%2540example.com bob[at]example.com",
            ),
            (
                "<who?@example.com> <{tag}@example.com> <a=b@example.com> <a|b@example.com>",
                "who?@example.com {tag}@example.com a=b@example.com a|b@example.com",
            ),
            (r#"{"m":"{\"a\":\"b\\u00fcr@m\\u00fcller.de\"}"}"#, "b\\\\u00fcr@m\\\\u00fcller.de"),
            ("\x1b[36mbob@example.com\x1b[0m #033[1mbob@example.com", "bob@example.com bob@example.com"),
            ("mailto:bob@example.com?subject=x", "bob@example.com"),
            ("bob [at] mail [dot] example [dot] com, x", "bob [at] mail [dot] example [dot] com"),
            ("bob(at)example(dot)org x", "bob(at)example(dot)org"),
            ("(1,'o''brien@example.com','x''y','a@b.com')", "o''brien@example.com a@b.com"),
        ] {
            assert_eq!(found(&[Kind::Email], text), values, "in {text}");
        }
    }

    #[test]
    fn lookalikes_are_left_alone() {
        for text in [
            "logo@2x.png",
            "icon@12X.WEBP.",
            "lodash@4.17.21",
            "@example.com",
            "bob@",
            "bob@.com",
            "bob@-x.com",
            "bob@x.c",
            "bob@x.c0m",
            "a @ b.com",
            "%40example.com",
            "getty@tty1.service, user@1000.service",
            "chacha20-poly1305@openssh.com,curve25519-sha256@libssh.org",
            "git@github.com:o/r.git",
            "Message-ID: <20261126.1234@mx.example.com>",
            "message-id=<a.b@c.example.com>",
            "https://h/o/x.git@a.be",
            "class Foo@Bar.baz()",
            "openvpn@server.conf",
            "printf(\"%s@%s.html\")",
            "npm i x@latest, y@next",
            "com.acme.Foo@1b2c3d",
            "callid 17a483d-eb8cc0@1.x",
            "image@sha256:0123",
            "veth1@if5: <UP>",
            "pip install x@git+https",
            "origin/HEAD@{1}",
            "bob@mailhost:~$ ls",
            "[root@mailhost log]# ls",
        ] {
            assert_eq!(found(&[Kind::Email], text), "", "in {text}");
        }
    }
}
