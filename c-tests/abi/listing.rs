//! The declarations of ev++.h, as clang's tree has them. Bodies are not looked at.

use serde_json::{Deserializer, Value};

use crate::compilers::{self, Compiler, Header};

/// One declaration.
pub struct Declared {
    /// clang's word for it.
    pub kind: String,
    /// The name of the class around it, empty for the namespace.
    pub class: String,
    pub name: String,
    pub is_private: bool,
    /// All that a program can see of it: type, defaults, bases, access.
    pub text: String,
}

/// What is declared in namespace ev.
pub fn declarations(clang: &Compiler, header: Header, switches: &[&str]) -> Result<Vec<Declared>, String> {
    let mut arguments = vec!["-w", "-DEV_USE_STDEXCEPT=0", "-fsyntax-only", "-Xclang", "-ast-dump=json"];
    arguments.extend(["-Xclang", "-ast-dump-filter=ev::"]);
    arguments.extend(switches);
    let output = clang.text(header, &arguments, &format!("#include <{}>\n", header.file()))?;
    compilers::success(&output)?;
    let mut listing = Listing::default();
    for declaration in Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
        let declaration = declaration.map_err(|error| format!("clang's tree: {error}"))?;
        listing.add(&declaration, &Place::default())?;
    }
    Ok(listing.0)
}

/// Where a declaration stands.
#[derive(Clone, Default)]
struct Place {
    /// The names around it, each followed by "::".
    scope: String,
    access: String,
    /// Template parameters: their names are each header's own, so they are numbered.
    parameters: Vec<String>,
    /// As the declaration says it: "template<...> ".
    template: String,
}

#[derive(Default)]
struct Listing(Vec<Declared>);

impl Listing {
    fn add(&mut self, declaration: &Value, place: &Place) -> Result<(), String> {
        if declaration["isImplicit"] == true || declaration["kind"] == "ClassTemplateSpecializationDecl" {
            return Ok(());
        }
        match text(declaration, "kind") {
            "EnumDecl" => self.enumeration(declaration, place),
            "CXXRecordDecl" => self.structure(declaration, place)?,
            "ClassTemplateDecl" | "FunctionTemplateDecl" => self.template(declaration, place)?,
            "CXXMethodDecl" | "CXXConstructorDecl" | "CXXDestructorDecl" | "CXXConversionDecl" | "FunctionDecl" => {
                self.function(declaration, place);
            }
            "FieldDecl" | "TypedefDecl" | "UsingDecl" => self.say(declaration, place, text(declaration, "kind")),
            // These end no list: they belong to what is said already.
            "AccessSpecDecl" | "FullComment" => {}
            kind => return Err(format!("what is a {kind}: {}", text(declaration, "name"))),
        }
        Ok(())
    }

    fn note(&mut self, declaration: &Value, place: &Place, text: String) {
        let scope = place.scope.trim_end_matches("::");
        self.0.push(Declared {
            kind: self::text(declaration, "kind").into(),
            class: scope.rsplit("::").next().unwrap_or_default().into(),
            name: self::text(declaration, "name").into(),
            is_private: place.access == "private",
            text,
        });
    }

    /// Notes a declaration with its type.
    fn say(&mut self, declaration: &Value, place: &Place, more: &str) {
        let name = place.numbered(text(declaration, "name"));
        let kind = place.numbered(declaration["type"]["qualType"].as_str().unwrap_or_default());
        let Place { scope, access, template, .. } = place;
        let end = if kind.is_empty() { "" } else { ";" };
        self.note(declaration, place, format!("{scope}{name} {kind}{end} {template}{access} {more}"));
    }

    fn enumeration(&mut self, declaration: &Value, place: &Place) {
        let name = declaration["name"].as_str().unwrap_or("unnamed");
        if !declaration["name"].is_null() {
            self.note(declaration, place, format!("enum {}{name}", place.scope));
        }
        for enumerator in inner(declaration).filter(|value| value["kind"] == "EnumConstantDecl") {
            let text = format!("enumerator {}{} of {name}", place.scope, text(enumerator, "name"));
            self.note(enumerator, place, text);
        }
    }

    fn structure(&mut self, declaration: &Value, place: &Place) -> Result<(), String> {
        let name = text(declaration, "name");
        let bases = declaration["bases"].as_array().map(Vec::as_slice).unwrap_or_default();
        let bases: Vec<String> = bases
            .iter()
            .map(|base| format!("{} {}", text(base, "access"), text(&base["type"], "qualType")))
            .map(|base| place.numbered(&base))
            .collect();
        let Place { scope, template, access, .. } = place;
        self.note(declaration, place, format!("{template}struct {scope}{name} {access}: {}", bases.join(", ")));
        let mut within = Place {
            scope: format!("{scope}{name}::"),
            access: "public".into(),
            template: String::new(),
            ..place.clone()
        };
        for member in inner(declaration) {
            if member["kind"] == "AccessSpecDecl" {
                within.access = text(member, "access").into();
            }
            self.add(member, &within)?;
        }
        Ok(())
    }

    fn template(&mut self, declaration: &Value, place: &Place) -> Result<(), String> {
        let mut within = place.clone();
        let mut kinds = Vec::new();
        for parameter in inner(declaration) {
            match text(parameter, "kind") {
                "TemplateTypeParmDecl" => kinds.push("class".to_string()),
                "NonTypeTemplateParmDecl" => kinds.push(within.numbered(text(&parameter["type"], "qualType"))),
                // The template itself; what follows are its uses.
                _ => {
                    within.template = format!("template<{}> ", kinds.join(", "));
                    return self.add(parameter, &within);
                }
            }
            within.parameters.push(text(parameter, "name").into());
        }
        Err(format!("nothing in template {}", text(declaration, "name")))
    }

    fn function(&mut self, declaration: &Value, place: &Place) {
        let parameters = inner(declaration).filter(|value| value["kind"] == "ParmVarDecl");
        let defaults: String = parameters.map(|value| if value["init"].is_null() { '-' } else { '=' }).collect();
        let more = format!("{} {defaults}", declaration["storageClass"].as_str().unwrap_or_default());
        self.say(declaration, place, &more);
    }
}

impl Place {
    /// Replaces the names of template parameters by numbers.
    fn numbered(&self, kind: &str) -> String {
        let mut out = String::new();
        for word in kind.split_inclusive(|char: char| !(char.is_alphanumeric() || char == '_')) {
            let end = word.find(|char: char| !(char.is_alphanumeric() || char == '_')).unwrap_or(word.len());
            match self.parameters.iter().position(|name| *name == word[..end] && end > 0) {
                Some(number) => out += &format!("${number}{}", &word[end..]),
                None => out += word,
            }
        }
        out
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn inner(value: &Value) -> impl Iterator<Item = &Value> {
    value["inner"].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}
