//! Several wirings of one application in turn: the program that answers is always the one of the chosen wiring.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use libtest_mimic::Trial;

use crate::bp;
use crate::running::{one_at_a_time, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("switching::the_program_asked_for_answers", the_program_asked_for_answers)]
}

fn folder() -> PathBuf {
    bp::root().join("golden-tests/apps/switch")
}

/// Runs a wiring, whose smoke call wants its own answer; whether anything was compiled.
fn answers(wiring: &str) -> Result<bool> {
    let arguments = ["run", &format!("wiring/{wiring}.toml"), "--smoke", "--verbose"];
    let output = bp::run(&folder(), &arguments)?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(said.contains("Compiling"))
}

/// A wiring that is edited; git ignores it.
fn edit(implementation: &str, answer: &str) -> Result<()> {
    let text = format!(
        "#:schema ../../../../docs/bp.schema.json\nextends = \"local.toml\"\nservice.front.impl = \"{implementation}\"\nsmoke.who.expect = \"{answer}\"\n"
    );
    Ok(std::fs::write(folder().join("wiring/edited.toml"), text)?)
}

fn the_program_asked_for_answers() -> Result<()> {
    let _alone = one_at_a_time();
    // `local` and `other` have the same generated text except for the workflow's folder; both workflows have the same package name.
    let wirings = ["local", "two", "three", "other"];
    for wiring in wirings {
        answers(wiring)?;
    }
    for wiring in ["local", "other", "two", "local", "three"] {
        ensure!(!answers(wiring)?, "{wiring} was compiled again");
    }
    // Two edits within one tick of the clock: what they build was built before.
    for (implementation, answer) in [("Two", "two"), ("One", "one"), ("Two", "two")] {
        edit(implementation, answer)?;
        ensure!(!answers("edited")?, "{implementation} was compiled again");
    }
    Ok(())
}
