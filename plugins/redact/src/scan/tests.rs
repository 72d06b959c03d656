use super::*;
use proptest::prelude::*;

/// Parts of lines, with a value of each kind or what is beside one.
const PARTS: [&str; 44] = [
    "bob@example.com",
    "bob%40example.com",
    "https://bob:hunter2@example.com/",
    "https://4f9cb143bb0df4b6768b8272631baf73@example.com/",
    "10.20.30.40",
    "ip-10-20-30-40",
    "fe80::1ff:fe23:4567:890a",
    "ip6.arpa",
    "00:1b:44:11:3a:b7",
    "00-1b-44-11-3a-b7",
    "001b.4411.3ab7",
    "\"mac\": \"001b44113ab7\"",
    "--mac 001b44113ab7",
    "4111 1111 1111 1111",
    "4111111111111111",
    "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "+49 30 901820",
    "(415) 555-2671",
    "415-555-2671",
    "phone: 4155552671",
    "123-45-6789",
    "ssn 123456789",
    "BSN 111222333",
    "NINO QQ123456C",
    "AB123456C",
    "u/XP5MzIj5r0AXPrNvZADNuxgDtU0a+cpAdOIc1rTleBjgnZK7Z7gioUaxWGarc1",
    "Authorization: Bearer abcdef123456",
    "bearer abcdef123456",
    "Authorization: Basic Ym9iOmh1bnRlcjI=",
    "basic Ym9iOmh1bnRlcjI=",
    "--header=Authorization:Basic Ym9iOmh1bnRlcjI=",
    "password=hunter2",
    "--password hunter2",
    "mysql -u root -phunter2",
    "IDENTIFIED BY 'hunter2'",
    "pin: 1234",
    "X-Api-Key: 4f9cb143bb0df4b6768b8272631baf73",
    "--token 4f9cb143bb0df4b6768b8272631baf73",
    "Cookie: sid=4f9cb143bb0df4b6; x=1",
    "Set-Cookie: sid=4f9cb143bb0df4b6; Path=/",
    "--cookie 'sid=4f9cb143bb0df4b6'",
    "\n",
    "x",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// No kind has values at other places of the sweep than those that it is
    /// looked for at.
    #[test]
    fn each_kind_is_looked_for_where_it_is_found(
        parts in prop::collection::vec((prop::sample::select(PARTS.to_vec()), prop::sample::select(vec![" ", "\n", ": ", "=", ",", "\""])), 1..8),
    ) {
        let text: String = parts.into_iter().flat_map(|(part, gap)| [part, gap]).collect();
        for (kind, places) in PLACES {
            let (mut some, mut all) = (Vec::new(), Vec::new());
            sweep_for(text.as_bytes(), Kinds::of(&[kind]), places, &mut some);
            sweep_for(text.as_bytes(), Kinds::of(&[kind]), u16::MAX, &mut all);
            prop_assert_eq!(some, all, "{:?} in {}", kind, text);
        }
    }
}

/// The parts have values at all the places that the table names.
#[test]
fn each_place_has_values() {
    let mut missing = Vec::new();
    for (kind, places) in PLACES {
        for place in (0..16).map(|bit| 1 << bit).filter(|place| places & place != 0) {
            let is_found = |part: &&str| {
                let mut found = Vec::new();
                sweep_for(part.as_bytes(), Kinds::of(&[kind]), place, &mut found);
                !found.is_empty()
            };
            if !PARTS.iter().any(is_found) {
                missing.push((kind, place));
            }
        }
    }
    assert_eq!(missing, []);
}

/// The mask of an address shows its `@` and its dots, that of a password
/// nothing.
#[test]
fn what_may_be_a_credential_is_one() {
    let keys = Keys::builtin().expect("valid rules");
    for text in ["Pwd=P@ssw0rd;", "password=bob@example.com", "x password=a,bob@example.com"] {
        let found = scan(text.as_bytes(), Kinds::of(&Kind::ALL), &keys).expect("small expressions");
        assert!(found.iter().all(|value| value.kind == Kind::Password), "{text}: {found:?}");
    }
}
