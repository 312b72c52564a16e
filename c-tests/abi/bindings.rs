//! What libclang finds in a header, through bindgen: declarations, layouts and constants.
//!
//! bindgen writes Rust; it is read here without white space, so that its style does not matter.

use std::collections::BTreeMap;

use crate::compilers::Header;

/// A header in one configuration.
pub struct Bindings {
    /// Functions, types, structures and constants, each as text.
    pub items: Vec<String>,
    /// Structures and unions.
    pub structures: BTreeMap<String, Structure>,
    /// Constants of enumerations and plain numeric macros.
    pub constants: BTreeMap<String, i64>,
}

/// The layout of one structure or union.
#[derive(Debug, Default, PartialEq)]
pub struct Structure {
    pub size: usize,
    pub alignment: usize,
    /// Offsets by name.
    pub fields: BTreeMap<String, usize>,
}

impl Bindings {
    /// Reads a header; `arguments` are clang's.
    pub fn read(header: Header, arguments: &[&str]) -> Result<Self, String> {
        let path = header.directory().join(header.file());
        let target = bindgen::RustTarget::stable(82, 0).map_err(|error| format!("{error}"))?;
        let bindings = bindgen::Builder::default()
            .header(path.to_str().ok_or("a path that is no text")?)
            .clang_args(arguments)
            .allowlist_item("_?(ev|EV).*")
            .allowlist_recursively(false)
            .layout_tests(true)
            .derive_copy(false)
            .derive_debug(false)
            .disable_untagged_union()
            .rust_target(target)
            .formatter(bindgen::Formatter::None)
            .generate()
            .map_err(|error| error.to_string())?
            .to_string();
        Self::parse(&bindings)
    }

    fn parse(rust: &str) -> Result<Self, String> {
        // Words that follow each other need their space; a mark keeps it.
        let marked = ["const ", "type ", "fn ", "struct ", "union ", "pub ", "mut ", "unsafe ", "static "]
            .iter()
            .fold(rust.replace("/* automatically generated", "//"), |text, word| {
                text.replace(word, &format!("{}\x07", word.trim_end()))
            });
        let squeezed: String = marked
            .lines()
            .filter(|line| !line.starts_with("//"))
            .collect::<String>()
            .chars()
            .filter(|char| !char.is_whitespace())
            .collect::<String>()
            .replace('\x07', " ");

        let mut all = Self { items: Vec::new(), structures: BTreeMap::new(), constants: BTreeMap::new() };
        let mut enumerations = BTreeMap::new();
        for item in split(&squeezed) {
            let item = item.trim();
            // Attributes come before what they belong to.
            let item = item.rfind("]pub ").filter(|_| item.starts_with("#[")).map_or(item, |at| &item[at + 1..]);
            if item.contains("const _:()={") {
                all.layout(item)?;
            } else if let Some(constant) = item.strip_prefix("pub const ") {
                all.constant(constant)?;
                all.items.push(item.to_string());
            } else if let Some((name, integer)) =
                item.strip_prefix("pub type _bindgen_ty_").and_then(|item| item.split_once('='))
            {
                enumerations.insert(format!("_bindgen_ty_{name}"), integer.trim_end_matches(';').to_string());
            } else if let Some(external) = item.strip_prefix("unsafe extern\"C\"{") {
                all.items.push(external.trim_end_matches('}').trim().to_string());
            } else if item.starts_with("pub ") && !item.contains("BindgenUnionField<T>") {
                all.items.push(item.to_string());
            }
        }
        // Unnamed enumerations are numbered; which number is of no interest, the type is.
        for item in &mut all.items {
            if let Some((name, rest)) = item.split_once(":_bindgen_ty_") {
                let (number, value) = rest.split_once('=').ok_or_else(|| format!("what is: {item}"))?;
                let integer = &enumerations[&format!("_bindgen_ty_{number}")];
                *item = format!("{name}:{integer}={value}");
            }
        }
        all.items.sort();
        Ok(all)
    }

    /// Takes the sizes, alignments and offsets that bindgen asserts about one structure.
    fn layout(&mut self, assertions: &str) -> Result<(), String> {
        let mut name = String::new();
        let mut structure = Structure::default();
        for assertion in assertions.split("[\"").skip(1) {
            let what = assertion.split("\"]").next().unwrap_or_default();
            let number: usize = assertion
                .rsplit_once('-')
                .and_then(|(_, rest)| rest.split_once("usize"))
                .and_then(|(number, _)| number.parse().ok())
                .ok_or_else(|| format!("no number in: {assertion}"))?;
            if let Some(of) = what.strip_prefix("Sizeof") {
                name = of.to_string();
                structure.size = number;
            } else if what.starts_with("Alignmentof") {
                structure.alignment = number;
            } else if let Some((_, field)) =
                what.strip_prefix("Offsetoffield:").and_then(|field| field.split_once("::"))
            {
                structure.fields.insert(field.to_string(), number);
            } else {
                return Err(format!("what is: {assertion}"));
            }
        }
        self.structures.insert(name, structure);
        Ok(())
    }

    /// Takes one constant's value, `NAME:TYPE=VALUE;`, if it is a number.
    fn constant(&mut self, constant: &str) -> Result<(), String> {
        let (name, rest) = constant.split_once(':').ok_or_else(|| format!("what is: {constant}"))?;
        let (_, value) = rest.rsplit_once('=').ok_or_else(|| format!("what is: {constant}"))?;
        if let Ok(value) = value.trim_end_matches(';').parse() {
            self.constants.insert(name.to_string(), value);
        }
        Ok(())
    }
}

/// Splits Rust text at the ends of its outermost items.
fn split(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        // A block that ends in "};" belongs to an item that goes on to the semicolon.
        let block = byte == b'}' && text.as_bytes().get(at + 1) != Some(&b';');
        if depth == 0 && (byte == b';' || block) {
            items.push(&text[start..=at]);
            start = at + 1;
        }
    }
    items
}
