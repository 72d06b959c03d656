use super::sections::{INSTANCE_BYTES, VALUE_BYTES, WRAPPING_BYTES};
use super::*;

fn cost(text: &str) -> Cost {
    measure(&wat::parse_str(text).unwrap()).unwrap()
}

const MODULE: &str = "(core module $m
    (global i32 (i32.const 0)) (table 9 funcref) (memory 1)
    (func $f) (elem (i32.const 0) $f $f $f) (data (i32.const 0) \"0123456789\"))";

fn once() -> Cost {
    cost(&format!("(component {MODULE} (core instance (instantiate $m)))"))
}

#[test]
fn what_is_instantiated_counts_each_time() {
    let once = once();
    assert_eq!(once.context_bytes, VALUE_BYTES + 3 * ITEM_BYTES + INSTANCE_BYTES);
    assert_eq!(once.elements, 3);
    assert!((10..30).contains(&once.data_bytes), "{once:?}");
    assert_eq!(cost(&format!("(component {MODULE})")), Cost::default(), "nothing is instantiated");
    let instance = "(core instance (instantiate $m))";
    let twice = cost(&format!("(component {MODULE} {instance} {instance})"));
    assert_eq!((twice.context_bytes, twice.elements), (2 * once.context_bytes, 6));
    assert_eq!((once.memories, twice.memories), (1, 2));
    // Components in components, named in every possible way.
    let inner = format!("(component $c {MODULE} {instance})");
    let all = cost(&format!(
        "(component {inner} (instance (instantiate $c)) (instance (instantiate $c))
           (component $d (alias outer 1 $c (component $e)) (instance (instantiate $e)))
           (export $x \"x\" (component $d))
           (instance (instantiate $x)))"
    ));
    assert_eq!((all.elements, all.memories), (9, 3));
    let module = cost(&format!(
        "(component {MODULE} (component $d (alias outer 1 $m (core module $n))
           (core instance (instantiate $n))) (instance (instantiate $d)))"
    ));
    assert_eq!(module, once);
}

#[test]
fn the_cost_of_what_is_passed_to_it_is_unknown() {
    let given = cost(
        "(component (component $c (import \"m\" (core module $m)) (core instance (instantiate $m)))
           (core module $n) (instance (instantiate $c (with \"m\" (core module $n)))))",
    );
    assert!(given.check().unwrap_err().contains("passed to it"));
}

#[test]
fn kept_elements_and_a_module_alone_count_too() {
    let kept = cost("(module (func $f) (elem func $f $f))");
    let own = ITEM_BYTES + 2 * VALUE_BYTES + INSTANCE_BYTES;
    assert_eq!((kept.elements, kept.context_bytes), (2, 2 * own + WRAPPING_BYTES));
    assert!(measure(b"\0asm\x01\0\0\0\x06").is_err());
}

#[test]
fn every_limit_is_named() {
    let fits = Cost {
        context_bytes: CONTEXT_BYTES,
        elements: ELEMENTS,
        data_bytes: DATA_BYTES,
        memories: u64::MAX,
        unknown: false,
    };
    assert_eq!(fits.check(), Ok(()));
    for (more, what) in [
        (Cost { context_bytes: CONTEXT_BYTES + 1, ..fits }, "globals and functions"),
        (Cost { elements: ELEMENTS + 1, ..fits }, "into its tables"),
        (Cost { data_bytes: DATA_BYTES + 1, ..fits }, "into its memories"),
    ] {
        assert!(more.check().unwrap_err().contains(what));
    }
}
