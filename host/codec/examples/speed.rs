//! Measures conversions: `cargo run --release -p runner-codec --example speed [FILE]`.
//!
//! Each line is the best of five passes over the same memory, in bytes of the
//! decoded text (or of the content) per second of processor time (Linux).

use std::io::{self, Read, Write};

use runner_codec::compression::Settings;
use runner_codec::text::OffsetMap;
use runner_codec::{Decoder, Encoder, Encoding, Format, TextDecoder, TextEncoder};

/// Seconds for which this thread has run.
fn processor_seconds() -> io::Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse::<u64>().ok());
    nanoseconds.map(|count| count as f64 / 1e9).ok_or_else(|| io::Error::other("schedstat has no number"))
}

fn best(name: &str, bytes: usize, mut pass: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let mut seconds = f64::MAX;
    for _ in 0..5 {
        let started = processor_seconds()?;
        pass()?;
        seconds = seconds.min(processor_seconds()? - started);
    }
    println!("{name:40} {:8.3} GB/s", bytes as f64 / seconds / 1e9);
    Ok(())
}

/// Reads everything, in pieces of the size of a window.
fn drain(mut from: impl Read) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    while from.read(&mut buffer)? > 0 {}
    Ok(())
}

fn text(name: &str, content: &str, encoding: Encoding) -> io::Result<()> {
    let mut encoder = TextEncoder::new(Vec::new(), encoding);
    encoder.write_all(content.as_bytes())?;
    let raw = encoder.finish()?;
    let name = |what: &str| format!("{encoding} {name}: {what}");
    best(&name("decode"), content.len(), || drain(TextDecoder::new(&raw[..], encoding)))?;
    best(&name("encode"), content.len(), || {
        let mut encoder = TextEncoder::new(io::sink(), encoding);
        encoder.write_all(content.as_bytes())?;
        encoder.finish().map(drop)
    })?;
    best(&name("follow offsets"), content.len(), || {
        let mut map = OffsetMap::new(encoding);
        content.as_bytes().chunks(256 << 10).for_each(|text| map.advance(text));
        std::hint::black_box(map.raw());
        Ok(())
    })
}

fn main() -> io::Result<()> {
    let ascii = match std::env::args().nth(1) {
        Some(path) => std::fs::read(path)?,
        None => b"2024-05-01T12:00:00Z host app[123]: user bob logged in from 10.0.0.1\n".repeat(1 << 19),
    };
    if let Ok(ascii) = std::str::from_utf8(&ascii) {
        let german = ascii.replace("er", "ür");
        let russian = "Съешь же ещё этих мягких французских булок, да выпей чаю.\n".repeat(300_000);
        let named =
            |name: &str| Encoding::all().find(|encoding| encoding.name() == name).unwrap_or(Encoding::UTF_8);
        for (name, content, encoding) in [
            ("ASCII", ascii, named("windows-1252")),
            ("some umlauts", &*german, named("windows-1252")),
            ("Russian", &*russian, named("windows-1251")),
            ("ASCII", ascii, Encoding::UTF_16LE),
            ("some umlauts", &*german, Encoding::UTF_16LE),
            ("Russian", &*russian, Encoding::UTF_16BE),
        ] {
            text(name, content, encoding)?;
        }
    }
    for format in Format::ALL {
        let settings = Settings::of(format);
        let mut packed = Vec::new();
        // Compressing is slow enough to be measured once.
        let content = &ascii[..ascii.len().min(32 << 20)];
        let started = processor_seconds()?;
        let mut encoder = Encoder::new(&mut packed, &settings)?;
        encoder.write_all(content)?;
        encoder.finish()?;
        let rate = content.len() as f64 / (processor_seconds()? - started) / 1e9;
        println!("{:40} {rate:8.3} GB/s", format!("{} compress", format.name()));
        let name = format!("{} decompress", format.name());
        best(&name, content.len(), || drain(Decoder::new(&packed[..], format)))?;
    }
    Ok(())
}
