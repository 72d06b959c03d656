//! `pcap-anonymise` against scapy, an independent Crypto-PAn, and tshark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use runner_tests::authoring::{has_programs, search_path};
use runner_tests::{Ran, Scratch, command, repository, seed};

use crate::all;
use crate::broken::broken_inputs_do_no_harm;

/// How many captures are made.
const CAPTURES: usize = 24;

/// The key of `pcap.py`: the bytes from 7 on.
fn key() -> String {
    let digits: String = (7..39).map(|byte| format!("{byte:02x}")).collect();
    format!("key={digits}")
}

fn anonymise(input: &Path, output: &Path, more: &[&str]) -> Ran {
    let plugin = repository().join("gallery/pcap-anonymise/pcap-anonymise.wasm");
    let mut command = command();
    command.arg("apply").arg(plugin).arg(input).arg("-o").arg(output).args(["--set", &key()]).args(more);
    Ran::of(command.output().unwrap())
}

/// Makes pairs of captures in a folder: `N.input` and `N.expected`.
fn made(scratch: &Scratch, seed: u64, count: usize) -> Option<Vec<PathBuf>> {
    if !has_programs(&["tshark"]) {
        return None;
    }
    let mut python = Command::new(repository().join("target/languages/venv/bin/python"));
    python.arg("-B").arg(repository().join("tests/gallery/pcap.py")).arg(scratch.dir());
    python.args([seed.to_string(), count.to_string()]).env("PATH", search_path());
    let output = python.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some((0..count).map(|number| scratch.path(&format!("{number}.input"))).collect())
}

/// What tshark reads in a capture, but for addresses: a line for each packet.
fn read_by_tshark(capture: &Path) -> Vec<String> {
    let fields = "frame.number frame.len frame.cap_len frame.time_epoch frame.protocols vlan.id \
        tcp.srcport tcp.dstport tcp.seq_raw tcp.len udp.srcport udp.dstport udp.length icmp.type \
        icmpv6.type igmp.type arp.opcode ip.id ip.checksum.status tcp.checksum.status udp.checksum.status \
        icmp.checksum.status icmpv6.checksum.status igmp.checksum.status _ws.malformed";
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-T", "fields", "-r"]).arg(capture);
    for check in ["ip.check_checksum", "tcp.check_checksum", "udp.check_checksum"] {
        tshark.args(["-o", &format!("{check}:TRUE")]);
    }
    for field in fields.split_whitespace() {
        tshark.args(["-e", field]);
    }
    let output = tshark.env("HOME", capture.parent().unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Every byte is what another program makes of the capture, which computes all
/// checksums from nothing; and tshark reads the same packets, with checksums
/// that are as good or as bad. `RUNNER_SEED` chooses other captures.
#[test]
fn captures_are_what_another_program_makes() {
    let scratch = Scratch::in_memory();
    let Some(captures) = made(&scratch, seed(), CAPTURES) else { return };
    for (number, input) in captures.into_iter().enumerate() {
        let output = input.with_extension("output");
        anonymise(&input, &output, &[]).ok();
        let expected = fs::read(input.with_extension("expected")).unwrap();
        assert!(fs::read(&output).unwrap() == expected, "{} differs", output.display());
        // It takes a second to start.
        if number % 4 != 0 {
            continue;
        }
        let (before, after) = (read_by_tshark(&input), read_by_tshark(&output));
        assert!(!before.is_empty());
        assert_eq!(before, after, "{}", input.display());
    }
}

/// The header of a capture, and its records.
fn records(capture: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let (head, mut rest) = capture.split_at(24);
    let mut records = Vec::new();
    while !rest.is_empty() {
        let field: [u8; 4] = rest[8..12].try_into().unwrap();
        let length = if head[0] == 0xa1 { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) };
        let (record, more) = rest.split_at(16 + length as usize);
        records.push(record);
        rest = more;
    }
    (head, records)
}

/// However a packet is cut, what is left of it becomes what is left of the
/// anonymised packet, but for checksums and hardware addresses.
#[test]
fn cut_packets_keep_no_part_of_an_address() {
    let scratch = Scratch::in_memory();
    let Some(captures) = made(&scratch, seed() + 1, 12) else { return };
    let mut tried = 0;
    for input in captures {
        let (before, expected) =
            (fs::read(&input).unwrap(), fs::read(input.with_extension("expected")).unwrap());
        // Raw IP: the addresses of IPv4 stand at 12, those of IPv6 at 8.
        let is_raw = before[20..24].iter().any(|&byte| [101, 228, 229].contains(&byte));
        if before[0] == b'\n' || !is_raw {
            continue;
        }
        let ((head, old), (_, new)) = (records(&before), records(&expected));
        for cut in (0..40).step_by(3) {
            let mut cuts = head.to_vec();
            for record in &old {
                let end = cut.min(record.len() - 16) as u32;
                cuts.extend_from_slice(&record[..8]);
                cuts.extend(if head[0] == 0xa1 { end.to_be_bytes() } else { end.to_le_bytes() });
                cuts.extend_from_slice(&record[12..16 + end as usize]);
            }
            let (file, output) = (scratch.write("cut", &cuts), scratch.path("cut-output"));
            let _ = fs::remove_file(&output);
            anonymise(&file, &output, &[]).ok();
            let found = fs::read(&output).unwrap();
            for (found, expected) in records(&found).1.iter().zip(&new) {
                let (at, length) = if expected[16] >> 4 == 4 { (16 + 12, 8) } else { (16 + 8, 32) };
                let to = found.len().min(at + length);
                if to <= at {
                    continue;
                }
                assert_eq!(found[at..to], expected[at..to], "cut at {cut}");
                tried += 1;
            }
        }
    }
    assert!(tried > 0, "no capture of raw IP was made; choose another seed");
}

/// Also where the plugin does not stop at the first thing that it does not
/// understand.
#[test]
fn broken_captures_do_no_harm() {
    let project = all().into_iter().find(|project| project.name == "pcap-anonymise").unwrap();
    for other in ["other=clear", "other=keep"] {
        broken_inputs_do_no_harm(&project, &[other]);
    }
}
