//! Where in a module a byte is, for messages.

use runner_pipeline::escape::shown;
use wasmparser::{Parser, Payload};

/// Maximum number of characters of a name shown.
const NAME_CHARS: usize = 80;
/// The sections of a module by their numbers (core specification, 5.5.2).
const NAMES: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];

/// The section at the top level in which the byte at an offset is, for people.
#[must_use]
pub fn section_at(bytes: &[u8], offset: usize) -> String {
    let is_module = Parser::is_core_wasm(bytes);
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(payload) = payload else { break };
        if depth == 0
            && let Some((number, range)) = payload.as_section()
            && offset < range.end
        {
            return match (&payload, NAMES.get(usize::from(number)).filter(|_| is_module)) {
                (Payload::CustomSection(custom), _) => {
                    format!("the custom section `{}`", shown(custom.name()).cut(NAME_CHARS))
                }
                (_, Some(name)) => format!("the section `{name}`"),
                _ => format!("the section of number {number}"),
            };
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    "no section".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_in_a_section() {
        let module = wat::parse_str(
            "(module (memory 1) (func (export \"f\") (nop)) (data (i32.const 0) \"abc\") (@custom \"x\" \"yz\"))",
        )
        .unwrap();
        let at = |text: &[u8]| {
            let offset = module.windows(text.len()).position(|part| part == text).unwrap();
            section_at(&module, offset)
        };
        assert_eq!(at(b"abc"), "the section `data`");
        assert_eq!(at(&[0x01, 0x0b]), "the section `code`");
        assert_eq!(at(b"yz"), "the custom section `x`");
        assert_eq!(section_at(&module, 0), "the section `type`");
        assert_eq!(section_at(&module, module.len()), "no section");
        assert_eq!(section_at(b"nothing", 0), "no section");
    }
}
