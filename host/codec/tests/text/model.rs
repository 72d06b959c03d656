//! Python's codecs as a model. Left out where Python is not installed.

use std::io::Write;
use std::process::{Command, Stdio};

use runner_codec::Encoding;

use crate::encoding::decode;

fn python(program: &str, input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{program}");
    Some(output.stdout)
}

/// Random units, many of them surrogates.
#[test]
fn utf_16_is_decoded_as_python_does() {
    let mut state = 3_u64;
    let mut step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u16
    };
    let units: Vec<u16> = (0..200_000)
        .map(|_| match step() % 4 {
            0 => 0xd800 | step() & 0x7ff,
            1 => step() & 0x7f,
            _ => step(),
        })
        .collect();
    let program = "import sys; t = sys.stdin.buffer.read().decode('utf-16-ORDER', 'surrogatepass'); \
                   sys.stdout.buffer.write(t.encode('utf-8', 'surrogatepass'))";
    for (encoding, order, to_bytes) in [
        (Encoding::UTF_16LE, "le", u16::to_le_bytes as fn(u16) -> [u8; 2]),
        (Encoding::UTF_16BE, "be", u16::to_be_bytes),
    ] {
        let raw: Vec<u8> = units.iter().copied().flat_map(to_bytes).collect();
        let Some(expected) = python(&program.replace("ORDER", order), &raw) else { return };
        assert!(decode(encoding, &raw) == expected, "{encoding}");
    }
}

/// Where the Encoding Standard and Python differ: encoding, byte, Python's code
/// point.
const DIFFERENCES: &[(&str, u8, u32)] = &[
    // The letters of Belarusian that KOI8-RU has in the place of two lines.
    ("KOI8-U", 0xae, 0x255d),
    ("KOI8-U", 0xbe, 0x256c),
    // A point that the table of Windows does not list.
    ("windows-1255", 0xca, 0),
];

/// Each byte that Python knows is the same character here. What it does not
/// know is a control code or no character.
#[test]
fn bytes_are_what_python_says() {
    let program = "
import sys
for name in sys.stdin.read().split():
    alias = {'ISO-8859-8-I': 'iso-8859-8', 'macintosh': 'mac-roman', 'x-mac-cyrillic': 'mac-cyrillic',
             'windows-874': 'cp874', 'IBM866': 'cp866', 'x-user-defined': None}.get(name, name)
    if alias:
        for byte in range(256):
            try: print(name, byte, ord(bytes([byte]).decode(alias)))
            except UnicodeDecodeError: print(name, byte, -1)
";
    let names: Vec<_> =
        Encoding::all().filter(|encoding| encoding.has_ascii() && *encoding != Encoding::UTF_8).collect();
    let list = names.iter().map(|encoding| encoding.name()).collect::<Vec<_>>().join(" ");
    let Some(output) = python(program, list.as_bytes()) else { return };
    let (mut compared, mut differences) = (0, Vec::new());
    for line in String::from_utf8(output).unwrap().lines() {
        let fields: Vec<_> = line.split(' ').collect();
        let encoding = names.iter().find(|encoding| encoding.name() == fields[0]).unwrap();
        let byte: u8 = fields[1].parse().unwrap();
        let ours = decode(*encoding, &[byte]);
        let ours = std::str::from_utf8(&ours).ok().and_then(|text| text.chars().next()).map(u32::from);
        compared += 1;
        match fields[2].parse::<u32>() {
            Ok(theirs) if ours == Some(theirs) => {}
            Err(_) if ours.is_none() || ours == Some(byte.into()) => {}
            theirs => differences.push((encoding.name(), byte, theirs.unwrap_or(0), ours)),
        }
    }
    assert_eq!(compared, 32 * 256);
    let unexpected: Vec<_> = differences
        .iter()
        .filter(|(name, byte, theirs, _)| !DIFFERENCES.contains(&(*name, *byte, *theirs)))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:x?}");
}
