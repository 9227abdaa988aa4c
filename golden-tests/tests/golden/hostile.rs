//! Workflows with hostile names: what is accepted emits plain Rust, and a workflow with all the names is compiled.

use std::fs;

use anyhow::{Result, anyhow, ensure};
use bp_fuzz::{hostile, names};
use libtest_mimic::Trial;

use crate::examples::code;
use crate::running::one_at_a_time;
use crate::{bp, trial};

/// The seed that chooses the names of the services after those with every word.
const SEED: u64 = 0x0bad_0a3e;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("hostile::emitted", emitted), trial("code::hostile", compiled)]
}

fn bytes(seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..400).map(|_| random.u8(..)).collect()
}

/// Most workflows with such words are accepted, and in none of them is a name ambiguous.
fn emitted() -> Result<()> {
    const WORKFLOWS: u64 = 150;
    let mut accepted = 0;
    let mut refused = std::collections::BTreeMap::<String, u32>::new();
    for seed in 0..WORKFLOWS {
        let files = hostile::build_chosen(&bytes(seed));
        let output = match hostile::compile(&files) {
            Ok(output) => output,
            Err(said) => {
                for code in said.iter().filter_map(|said| said.split(':').next()) {
                    *refused.entry(code.to_owned()).or_default() += 1;
                }
                continue;
            }
        };
        accepted += 1;
        names::check_plain(&files, &output)
            .map_err(|doubt| anyhow!("seed {seed}: {doubt}\n{files:#?}"))?;
    }
    ensure!(accepted > WORKFLOWS / 2, "only {accepted} of {WORKFLOWS} are accepted: {refused:?}");
    Ok(())
}

/// One application with all the words, compiled with warnings denied.
fn compiled() -> Result<()> {
    let files = hostile::build_with_every_word(&bytes(SEED));
    let output = hostile::compile(&files).map_err(|said| anyhow!("refused: {said:#?}"))?;
    names::check_plain(&files, &output).map_err(|doubt| anyhow!(doubt))?;
    let _one = one_at_a_time();
    // Inside the repository, so that it shares the compiled runtime with other tests.
    let folder = bp::root().join("target/hostile");
    let _ = fs::remove_dir_all(&folder);
    for (path, text) in files {
        let text = text.replace("../vendor/bp", "../../..");
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, text)?;
    }
    code(&folder, "local")
}
