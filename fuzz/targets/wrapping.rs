//! Any bytes as a plugin: what is no module is refused with an error that
//! blames it and is fit for a terminal; a valid module becomes a valid
//! component; a component passes through.

use runner_pipeline::error::Kind;
use runner_sandbox::as_component;
use wasmparser::{Parser, Validator};

pub fn run(data: &[u8]) {
    match as_component("fuzz", data) {
        Ok(component) => {
            assert!(Parser::is_component(&component), "no component");
            if Parser::is_component(data) {
                assert!(*component == *data, "a component has changed");
            } else if Validator::new().validate_all(data).is_ok() {
                let wrong = Validator::new().validate_all(&component).err();
                assert!(wrong.is_none(), "a valid module became {wrong:?}");
            }
        }
        Err(error) => {
            assert_eq!(error.kind(), Kind::Plugin, "{error:?}");
            let message = format!("{error:?}");
            assert!(!message.chars().any(char::is_control), "{message:?}");
            assert!(message.len() < 10_000, "{} bytes of message", message.len());
        }
    }
}
