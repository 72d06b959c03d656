//! Reads the output of `runner apply --profile --json`.

/// Milliseconds of the stage `write`, found in a line such as
/// `{"event":"profile","stages":[{"ms":1.2,"stage":"write"}]}`.
pub(crate) fn write_ms(output: &str) -> Option<f64> {
    let line = output.lines().find(|line| line.contains(r#""event":"profile""#))?;
    // Stages are flat objects, whose fields can have any order.
    let stage = line.split(['{', '}']).find(|object| object.contains(r#""stage":"write""#))?;
    let (_, value) = stage.split_once(r#""ms":"#)?;
    value.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::write_ms;

    #[test]
    fn the_stage_is_found_in_any_order() {
        let scan = r#"{"stage":"scan","ms":9.0}"#;
        for write in [r#"{"stage":"write","ms":1.25}"#, r#"{"ms":1.25,"stage":"write"}"#] {
            let line = format!("{{\"event\":\"profile\",\"stages\":[{scan},{write}]}}");
            assert_eq!(write_ms(&format!("{{\"event\":\"applied\"}}\n{line}\n")), Some(1.25));
        }
        assert_eq!(write_ms(&format!("{{\"event\":\"profile\",\"stages\":[{scan}]}}")), None);
        assert_eq!(write_ms(""), None);
    }
}
