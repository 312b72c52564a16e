//! The macros that a header defines, as the preprocessor lists them.

use std::collections::BTreeMap;

use crate::compilers::{self, Compiler, Header, Language};

/// All that are defined after a header is included, with the number of their parameters.
pub fn defined(
    language: Language,
    header: Header,
    switches: &[&str],
) -> Result<BTreeMap<String, Option<usize>>, String> {
    let arguments: Vec<&str> = switches.iter().copied().chain(["-E", "-dM"]).collect();
    let source = format!("#include <{}>\n", header.file());
    let output = Compiler::of_machine(language)?.text(header, &arguments, &source)?;
    compilers::success(&output)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let definitions = text.lines().filter_map(|line| line.strip_prefix("#define "));
    let parsed = definitions.map(|definition| {
        let end = definition.find([' ', '(']).unwrap_or(definition.len());
        let parameters = definition[end..].strip_prefix('(').and_then(|rest| rest.split_once(')'));
        (definition[..end].to_owned(), parameters.map(|(list, _)| list.split(',').count()))
    });
    Ok(parsed.collect())
}
