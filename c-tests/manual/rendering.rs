//! Both formatters take the pages without a complaint, and what they make of them fits and holds together.

use crate::common::tool;
use crate::page::{self, Page};
use crate::{none, trial};
use libtest_mimic::Trial;
use std::collections::BTreeSet;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("rendering::mandoc_finds_nothing", || each(mandoc_finds_nothing)),
        trial("rendering::groff_finds_nothing", || each(groff_finds_nothing)),
        trial("rendering::fits_80_columns", || each(fits_80_columns)),
        trial("rendering::links_of_the_html_lead_somewhere", || each(links_lead_somewhere)),
        trial("rendering::sections_that_are_referred_to_exist", || each(sections_exist)),
    ]
}

fn each(test: fn(&Page) -> Result<(), String>) -> Result<(), String> {
    for page in page::all()? {
        test(&page).map_err(|error| format!("{}: {error}", page.name))?;
    }
    Ok(())
}

/// Output of a formatter, both channels.
fn said(program: &str, arguments: &[&str], page: &Page) -> Result<(String, String), String> {
    let mut command = tool::command(program);
    command.args(arguments).arg(&page.path);
    let output = command
        .output()
        .map_err(|error| format!("{program} can't be run: {error} (scripts/install-deps installs it)"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((text(&output.stdout), text(&output.stderr)))
}

fn mandoc_finds_nothing(page: &Page) -> Result<(), String> {
    let (found, errors) = said("mandoc", &["-T", "lint", "-W", "style"], page)?;
    // Which other manuals a machine has does not matter here.
    let machine = ["referenced manual not found", "outdated mandoc.db"];
    let lines = found.lines().chain(errors.lines()).filter(|line| !machine.iter().any(|words| line.contains(words)));
    none("mandoc", &lines.map(str::to_owned).collect::<Vec<_>>())
}

fn groff_finds_nothing(page: &Page) -> Result<(), String> {
    let (text, errors) = said("groff", &["-mdoc", "-T", "utf8", "-ww"], page)?;
    if text.len() < page.text.len() / 2 {
        return Err("groff printed next to nothing".to_owned());
    }
    none("groff", &errors.lines().map(str::to_owned).collect::<Vec<_>>())
}

fn fits_80_columns(page: &Page) -> Result<(), String> {
    let (text, _) = said("mandoc", &["-T", "utf8", "-O", "width=79"], page)?;
    let shown = |line: &str| {
        // A character that is struck over: bold or underlined.
        let struck = line.chars().filter(|&char| char == '\u{8}').count();
        line.chars().count() - 2 * struck
    };
    let long = text.lines().filter(|line| shown(line) > 80);
    none("too long", &long.map(|line| line.replace('\u{8}', "")).collect::<Vec<_>>())
}

fn html(page: &Page) -> Result<String, String> {
    Ok(said("mandoc", &["-T", "html", "-O", "toc"], page)?.0)
}

fn values<'a>(html: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    html.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

fn links_lead_somewhere(page: &Page) -> Result<(), String> {
    let html = html(page)?;
    let places: BTreeSet<&str> = values(&html, "id=\"").collect();
    let dead = values(&html, "href=\"#").filter(|link| !places.contains(link));
    none("links that lead nowhere", &dead.map(str::to_owned).collect::<Vec<_>>())
}

fn sections_exist(page: &Page) -> Result<(), String> {
    let titles: BTreeSet<String> = page.entries().into_iter().map(|entry| entry.section).collect();
    let references = page.text.lines().filter_map(|line| line.split_once("Sx ")).map(|(_, title)| title);
    let trimmed = references.map(|title| title.trim_end_matches([' ', '.', ',', ';', ':', ')']));
    none("no such section", &trimmed.filter(|&title| !titles.contains(title)).map(str::to_owned).collect::<Vec<_>>())
}
