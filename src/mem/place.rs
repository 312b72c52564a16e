//! Making a structure where it belongs.

/// Writes each member in place: of a whole structure the compiler makes a copy on the stack first. A member after the
/// semicolon is written by the function that it names.
macro_rules! write_in_place {
    ($place:ident: $whole:ident { $($member:ident: $value:expr,)* $(; $inner:ident: $write:path)? }) => {
        // Never called: the compiler sees that none is missing.
        let _ = |$whole { $($member: _,)* $($inner: _,)? }: $whole| ();
        $((&raw mut (*$place).$member).write($value);)*
        $($write(&raw mut (*$place).$inner);)?
    };
}
pub(crate) use write_in_place;
