//! Makes a program that shows something as small as it can be and still show it.

/// Which of `all` numbers have to stay for `shows` to hold of them; it holds of all. Parts are left out, halves at first,
/// then smaller ones, until no single one can go.
pub fn least(all: usize, shows: impl Fn(&[usize]) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..all).collect();
    let mut parts = 2;
    while !kept.is_empty() {
        let size = kept.len().div_ceil(parts);
        let smaller = (0..kept.len()).step_by(size).find_map(|start| {
            let mut rest = kept.clone();
            rest.drain(start..(start + size).min(kept.len()));
            shows(&rest).then_some(rest)
        });
        match smaller {
            Some(rest) => {
                kept = rest;
                parts = (parts - 1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(kept.len()),
        }
    }
    kept
}

#[test]
fn what_is_needed_stays() {
    assert_eq!(least(100, |kept| kept.contains(&17) && kept.contains(&64)), [17, 64]);
}
