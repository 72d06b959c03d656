//! Labelled lines: what is found of each kind, and what is found falsely.
//!
//! The table of the README is made by
//! `cargo test -p runner-redact --test labelled -- --nocapture`.

use runner_plugin::testing::edit;
use runner_redact::Redact;
use std::collections::BTreeMap;

/// A line, and where its values are.
#[derive(serde::Deserialize)]
struct Line {
    group: String,
    text: String,
    spans: Vec<(String, usize, usize)>,
}

/// Values of a group that are found whole, in part, and not at all.
#[derive(Default, Clone, Copy)]
struct Count {
    whole: u32,
    part: u32,
    missed: u32,
}

/// Values that the plugin does not look for.
const EXCLUDED: [&str; 6] = ["name", "dob", "geo", "host", "wallet", "uuid"];

fn lines() -> Vec<Line> {
    let lines = include_str!("labelled.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a labelled line")).collect()
}

fn masked(text: &str) -> Vec<u8> {
    let output = edit::<Redact>(&[], text.as_bytes()).expect("no error");
    assert_eq!(output.len(), text.len());
    output
}

/// Whether the byte at `at` is hidden: changed, or a nine that replaced a nine
/// in a number without quotes.
fn is_hidden(text: &[u8], output: &[u8], at: usize, span: (usize, usize)) -> bool {
    let is_nines = output[span.0..span.1].iter().all(|&byte| byte == b'9');
    text[at] != output[at] || is_nines && text[span.0..span.1] != output[span.0..span.1]
}

#[test]
fn labelled_values_are_found() {
    let mut groups: BTreeMap<String, Count> = BTreeMap::new();
    let (mut decoys, mut false_hits): (BTreeMap<String, (u32, u32)>, Vec<String>) = Default::default();
    for line in lines() {
        let output = masked(&line.text);
        if line.spans.is_empty() {
            let count = decoys.entry(line.group.clone()).or_default();
            count.0 += 1;
            if output != line.text.as_bytes() {
                count.1 += 1;
                false_hits.push(format!(
                    "{}: {} -> {}",
                    line.group,
                    line.text,
                    String::from_utf8_lossy(&output)
                ));
            }
        }
        for (kind, start, end) in line.spans {
            let text = line.text.as_bytes();
            let places: Vec<usize> =
                (start..end).filter(|&at| text[at].is_ascii_alphanumeric() || text[at] >= 0x80).collect();
            let hidden = places.iter().filter(|&&at| is_hidden(text, &output, at, (start, end))).count();
            let is_excluded = EXCLUDED.contains(&kind.as_str());
            let group = if is_excluded {
                format!("excluded: {kind}")
            } else {
                line.group.split(" (").next().unwrap_or("").to_owned()
            };
            let count = groups.entry(group).or_default();
            match hidden {
                _ if hidden == places.len() => count.whole += 1,
                0 => count.missed += 1,
                _ => count.part += 1,
            }
            if hidden < places.len() && !is_excluded {
                println!("  not whole: {} -> {}", line.text, String::from_utf8_lossy(&output));
            }
        }
    }
    println!("| values | whole | in part | missed |\n|---|---|---|---|");
    for (group, count) in &groups {
        println!("| {group} | {} | {} | {} |", count.whole, count.part, count.missed);
    }
    println!("\n| lookalikes | lines | found falsely |\n|---|---|---|");
    for (group, (lines, hits)) in &decoys {
        println!("| {} | {lines} | {hits} |", group.trim_start_matches("decoy: "));
    }
    false_hits.iter().for_each(|hit| println!("  false hit: {hit}"));
    let sought = groups.iter().filter(|(group, _)| !group.starts_with("excluded"));
    let (whole, all) = sought.fold((0, 0), |(whole, all), (_, count)| {
        (whole + count.whole, all + count.whole + count.part + count.missed)
    });
    println!("\n{whole} of {all} values are found");
    assert!(whole * 100 >= all * 95, "{whole} of {all} values are found whole");
    // Keys are found by rules, all others by code.
    let is_key = |group: &str| group.starts_with("key") || group == "pem";
    let others = groups.iter().filter(|(group, _)| !is_key(group) && !group.starts_with("excluded"));
    let missed: u32 = others.map(|(_, count)| count.part + count.missed).sum();
    assert!(missed <= 1, "{missed} values other than keys are not found whole");
    assert!(false_hits.is_empty(), "{false_hits:#?}");
}
