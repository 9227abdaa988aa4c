//! Replays the committed inputs of the fuzz targets: inputs that once broke something, and a small corpus with wide coverage.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bp_fuzz::{TARGETS, Target};
use libtest_mimic::Trial;

use crate::{bp, trial};

/// The longest that an input of a few KiB may take, on a machine that is busy with other tests.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn trials() -> Vec<Trial> {
    TARGETS
        .iter()
        .flat_map(|target| {
            let name = format!("fuzz::{}", target.name);
            [
                trial(format!("{name}_mutated"), move || mutated(target)),
                trial(name, move || replay(target)),
            ]
        })
        .collect()
}

/// The kept inputs of a target, by path.
fn read_corpus(target: &Target) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let folder = bp::root().join("golden-tests/fuzz/corpus").join(target.name);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|e| Ok(e?.path())).collect::<Result<_>>()?;
    paths.sort();
    ensure!(!paths.is_empty(), "{} holds nothing", folder.display());
    paths.into_iter().map(|path| Ok((path.clone(), std::fs::read(path)?))).collect()
}

/// How long the kept inputs of one target are mutated; `cargo xtask fuzz` takes the time as an argument.
const SPENT: Duration = Duration::from_secs(6);
/// The largest number of mutations, so that fast and slow machines test nearly the same inputs.
const VARIATIONS: u32 = 20_000;

/// Mutations of the kept inputs, the same in every run until the time is over.
fn mutated(target: &'static Target) -> Result<()> {
    let kept = read_corpus(target)?;
    let words: Vec<&[u8]> = kept
        .iter()
        .flat_map(|(_, bytes)| bytes.split(|b| !b.is_ascii_alphanumeric() && *b != b'_'))
        .filter(|word| word.len() > 1)
        .collect();
    let mut random = fastrand::Rng::with_seed(target.name.bytes().map(u64::from).sum());
    let end = Instant::now() + SPENT;
    for _ in 0..VARIATIONS {
        if Instant::now() >= end {
            break;
        }
        let (_, bytes) = kept.get(random.usize(..kept.len())).context("an input")?;
        let input = mutate(bytes.clone(), &words, &mut random);
        feed(target, input.clone(), LIMIT).map_err(|e| {
            let found = std::env::temp_dir().join(format!("bp-found-{}", target.name));
            let _ = std::fs::write(&found, input);
            e.context(format!("the input is {}; keep it in the corpus", found.display()))
        })?;
    }
    Ok(())
}

fn mutate(mut bytes: Vec<u8>, words: &[&[u8]], random: &mut fastrand::Rng) -> Vec<u8> {
    for _ in 0..random.usize(1..6) {
        let at = random.usize(..=bytes.len());
        let to = at + random.usize(..=(bytes.len() - at).min(24));
        match random.u8(..6) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.u8(..8);
                }
            }
            1 => drop(bytes.drain(at..to)),
            2 => {
                let piece: Vec<u8> = bytes.get(at..to).unwrap_or_default().to_vec();
                let place = random.usize(..=bytes.len());
                bytes.splice(place..place, piece);
            }
            3 => bytes.insert(at, random.u8(..)),
            4 => {
                let punctuation = b"()[]{}<>\"'.,:;=#!&*-\n \\/\0";
                bytes.insert(at, punctuation[random.usize(..punctuation.len())]);
            }
            _ => {
                if let Some(word) = random.choice(words) {
                    bytes.splice(at..to, word.iter().copied());
                }
            }
        }
    }
    bytes
}

fn replay(target: &'static Target) -> Result<()> {
    for (path, bytes) in read_corpus(target)? {
        feed(target, bytes, LIMIT).map_err(|e| e.context(path.display().to_string()))?;
    }
    Ok(())
}

/// Feeds an input; a panic and an overrun are errors.
pub(crate) fn feed(target: &'static Target, bytes: Vec<u8>, limit: Duration) -> Result<()> {
    let (done, wait) = mpsc::channel();
    // As much stack as the main thread of `bp` has.
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(move || {
        (target.run)(&bytes);
        let _ = done.send(());
    })?;
    match wait.recv_timeout(limit) {
        Ok(()) => Ok(()),
        Err(mpsc::RecvTimeoutError::Timeout) => bail!("it takes longer than {limit:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Ok(()) => Ok(()),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                bail!("{}", text.or_else(|| panic.downcast_ref().copied()).unwrap_or("it panicked"))
            }
        },
    }
}
