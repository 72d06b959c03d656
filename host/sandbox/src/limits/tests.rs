use super::*;
use runner_pipeline::memory::Plan;

#[test]
fn memories_share_one_cap() {
    let mut limiter = Limiter::new(&Limits { memory_bytes: 100, ..Limits::default() });
    assert!(limiter.memory_growing(0, 60, None).unwrap());
    assert!(!limiter.memory_growing(0, 60, None).unwrap());
    assert!(limiter.memory_denied());
    limiter.start_call();
    assert!(!limiter.memory_denied());
    assert!(limiter.memory_growing(60, 100, None).unwrap());
}

#[test]
fn growth_past_a_modules_own_maximum_is_not_our_denial() {
    let mut limiter = Limiter::new(&Limits { memory_bytes: 100, ..Limits::default() });
    for _ in 0..10 {
        assert!(limiter.memory_growing(0, 60, Some(50)).unwrap());
    }
    assert!(!limiter.memory_denied());
    assert!(limiter.memory_growing(0, 100, None).unwrap());
}

#[test]
fn what_the_budget_denies_ends_the_call() {
    let plan = Plan {
        workers: 2,
        total_bytes: 1000,
        pool_bytes: 100,
        reply_bytes: 0,
        files: 1,
        file_bytes: 8 << 20,
    };
    let budget = Budget::new(&plan);
    let limits = Limits { memory_bytes: 90, budget: budget.clone(), ..Limits::default() };
    let (mut a, mut b) = (Limiter::new(&limits), Limiter::new(&limits));
    assert!(a.memory_growing(0, 60, None).unwrap());
    assert!(!a.memory_growing(60, 91, None).unwrap(), "its own limit comes first");
    assert!(a.budget_denied().is_none());
    assert!(b.memory_growing(0, 41, None).is_err());
    assert!(b.budget_denied().is_some() && !b.memory_denied());
    assert!(b.table_growing(0, 6, None).is_err(), "six elements are 48 bytes");
    assert!(b.table_growing(0, 5, None).unwrap());
    assert_eq!(budget.leased_bytes(), 100);
    drop((a, b));
    assert_eq!(budget.leased_bytes(), 0);
}

#[test]
fn a_failure_that_was_never_asked_about_frees_nothing() {
    let mut limiter = Limiter::new(&Limits { memory_bytes: 100, ..Limits::default() });
    assert!(limiter.memory_growing(0, 80, None).unwrap());
    limiter.memory_grow_failed(wasmtime::Error::msg(BEYOND_OWN_MAXIMUM[0])).unwrap();
    assert!(!limiter.memory_growing(80, 160, None).unwrap());
}

#[test]
fn what_the_machine_denies_ends_the_call() {
    let mut limiter = Limiter::new(&Limits::default());
    assert!(limiter.memory_grow_failed(wasmtime::Error::msg("Cannot allocate memory")).is_err());
}
