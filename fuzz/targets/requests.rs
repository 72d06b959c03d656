//! Whatever a worker is asked: its decoder refuses it, or shows bytes that are
//! there.

use runner_sandbox::testing::{Reply, Request, decode, encode};

use super::input::Input;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let block = input.bytes(40);
    let message = input.rest();
    // The parent decodes such bytes, too.
    let _ = decode::<Reply>(message);
    let Some((request, rest)) = decode::<Request>(message) else { return };
    assert!(rest.len() <= message.len());
    if let Request::Records { view, .. } | Request::Sequential { view, .. } | Request::Settled { view, .. } =
        &request
        && let Some(shown) = view.view(block, rest)
    {
        let from = if view.in_block.is_some() { block } else { rest };
        assert_eq!((shown.base, shown.bytes.len() as u64, shown.end), (view.base, view.bytes, view.end));
        let at = view.in_block.unwrap_or(0) as usize;
        assert_eq!(shown.bytes, &from[at..at + shown.bytes.len()]);
    }
    // What is sent again is read again as it was.
    let mut again = Vec::new();
    encode(&request, &mut again);
    let (same, none) = decode::<Request>(&again).expect("it was just written");
    assert!(none.is_empty());
    assert_eq!(format!("{same:?}"), format!("{request:?}"));
}
