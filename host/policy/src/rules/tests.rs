use super::*;

pub(crate) fn read(text: &str) -> Result<Policy> {
    Policy::parse(text.as_bytes(), Path::new("policy.toml"), Level::User)
}

#[test]
fn all_that_can_be_said_is_read() {
    let policy = read(
        "signed-by = 'acme'
        no-downgrade = true
        [[rule]]
        for-files = ['/srv/pii/**', '/home/*/x']
        for-plugins = 'acme:*'
        pinned = true
        vetted = { by = ['vetters'], min = 2, criteria = ['safe'], runner = '>=0.1.0', max-age = '365d' }
        lists = ['security']
        stale-lists = 'refuse'
        capabilities = ['table']
        max-memory = '64M'
        max-timeout = 2.5
        refuse-bundled = true
        refuse-files = true",
    )
    .unwrap();
    assert_eq!(policy.rules[0].demands.signed_by, Some(vec!["acme".to_owned()]));
    let demands = &policy.rules[1].demands;
    assert_eq!((policy.rules[1].line, demands.for_files.len(), demands.max_memory), (3, 2, Some(64 << 20)));
    assert_eq!(demands.capabilities, Some(vec![Capability::Table]));
    assert_eq!(demands.max_timeout, Some(Duration::from_millis(2500)));
    assert!(policy.has_paths() && !read("pinned = true").unwrap().has_paths());
    assert_eq!(read("").unwrap().rules.len(), 1);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, line) in [
        ("singed-by = 'acme'", 1),
        ("\nsigned-by = []", 2),
        ("\nsigned-by = 1", 2),
        ("\n\npinned = 'yes'", 3),
        ("pinned = true\npinned = true", 2),
        ("[[rule]]\nfor-files = 'srv/**'", 2),
        ("[[rule]]\nfor-plugins = 'acme'", 2),
        ("[[rule]]\nfor-files = []", 2),
        ("\nmax-memory = 5", 2),
        ("\nmax-memory = '5X'", 2),
        ("\nmax-memory = '0'", 2),
        ("\nmax-memory = '99999999999G'", 2),
        ("\nmax-timeout = -1.0", 2),
        ("\nmax-timeout = nan", 2),
        ("\ncapabilities = ['network']", 2),
        ("\nvetted = { by = [] }", 1),
        ("\nvetted = { by = ['a'], min = 0 }", 1),
        ("\nvetted = { by = ['a'], max-age = '1y' }", 2),
        ("\nvetted = { by = ['a'], runner = 'new' }", 2),
        ("\nvetted = { min = 1 }", 2),
        ("\nstale-lists = 'ignore'", 2),
        ("[[rule]]\n[[rule.rule]]\npinned = true", 1),
        ("[[rule]]\n[rules]", 2),
        ("pinned = true\n[[rule", 2),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot use policy.toml, line {line}"), "{text}\n{error:?}");
    }
}
