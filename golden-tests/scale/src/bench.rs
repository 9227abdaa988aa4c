//! The table of `cargo xtask bench-scale`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bp_scale::application::{Shape, write_files};
use bp_scale::measure::{Run, run};
use bp_scale::topology::Topology;

/// What is measured, and its budget in seconds for 3,000 services on two idle cores.
const ACTIONS: [(&str, Option<f64>); 6] = [
    ("cold", Some(2.0)),
    ("unchanged", Some(0.1)),
    ("one wiring line", Some(0.2)),
    ("one workflow file", None),
    ("bp check", None),
    ("bp graph", None),
];

/// The peak of memory for 3,000 services, in MiB.
const MEMORY: f64 = 1024.0;
/// The largest exponent with which time may grow with size.
const EXPONENT: f64 = 1.2;

/// Writes an application into an empty folder, with the repository as its runtime.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn place(topology: &Topology, shape: &Shape, folder: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(folder);
    for (path, text) in write_files(topology, shape) {
        let at = folder.join(path);
        fs::create_dir_all(at.parent().context("a file lies in a folder")?)?;
        fs::write(at, text)?;
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    fs::create_dir_all(folder.join("vendor"))?;
    std::os::unix::fs::symlink(repository, folder.join("vendor/bp"))?;
    Ok(())
}

/// Measures every action at every size, on each kind of disk, and prints a table.
///
/// # Errors
/// When a folder cannot be written, or `bp` fails.
pub(crate) fn run_all(bp: &Path, rounds: usize, sizes: &[usize], targets: &[String]) -> Result<()> {
    println!("the least of {rounds} rounds each; load {}", read_load());
    let mut disks =
        vec![("disk", Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/scale"))];
    if Path::new("/dev/shm").is_dir() {
        disks.insert(
            0,
            ("tmpfs", PathBuf::from(format!("/dev/shm/bp-scale-{}", std::process::id()))),
        );
    }
    let mut cold: BTreeMap<(&str, &str), Vec<(usize, f64)>> = BTreeMap::new();
    for (disk, folder) in &disks {
        println!(
            "\n| {disk}: services | action | wall s | processor s | peak MiB | files | MiB written | budget |\n|---|---|---|---|---|---|---|---|"
        );
        for size in sizes {
            let at = folder.join(size.to_string());
            let shape = Shape { targets: targets.to_vec(), ..Shape::default() };
            place(&Topology::of_size(*size)?, &shape, &at)?;
            // The numbers on the wire are written once in an application's life.
            run(bp, &["build", "local", "-q"], &at)?;
            let (count, bytes) = weigh(&at.join("build"))?;
            for (action, budget) in ACTIONS {
                let best = find_least(bp, action, rounds, &at)?;
                cold.entry((disk, action)).or_default().push((*size, best.wall));
                let verdict = match budget.filter(|_| *size == 3000) {
                    Some(budget) if best.wall <= budget => format!("{budget} s: kept"),
                    Some(budget) => format!("{budget} s: MISSED"),
                    None => String::new(),
                };
                let memory = if *size == 3000 && best.memory > MEMORY { " MISSED" } else { "" };
                println!(
                    "| {size} | {action} | {:.3} | {:.3} | {:.0}{memory} | {count} | {:.1} | {verdict} |",
                    best.wall,
                    best.processor,
                    best.memory,
                    bytes as f64 / 1_048_576.0
                );
                if action == "cold" || action == "one wiring line" {
                    let stages = best.stages.iter().map(|(stage, wall, processor)| {
                        format!("{stage} {wall:.0}/{processor:.0}")
                    });
                    println!(
                        "|  | stages, ms wall/processor | {} |||||| ",
                        stages.collect::<Vec<_>>().join(", ")
                    );
                }
            }
            fs::remove_dir_all(&at)?;
        }
        let _ = fs::remove_dir_all(folder);
    }
    println!(
        "\n| exponent of wall time | {} |\n|---|---|",
        sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" → ")
    );
    for ((disk, action), points) in &cold {
        if let (Some((n, first)), Some((m, last))) = (points.first(), points.last())
            && n != m
        {
            let exponent = (last / first).ln() / (*m as f64 / *n as f64).ln();
            let verdict = if exponent <= EXPONENT { "kept" } else { "MISSED" };
            println!("| {disk}: {action} | {exponent:.2} ({EXPONENT}: {verdict}) |");
        }
    }
    println!("\nload at the end {}", read_load());
    Ok(())
}

fn find_least(bp: &Path, action: &str, rounds: usize, at: &Path) -> Result<Run> {
    let mut best: Option<Run> = None;
    for round in 0..rounds {
        let now = run_once(bp, action, round, at)?;
        if best.as_ref().is_none_or(|b| now.wall < b.wall) {
            best = Some(now);
        }
    }
    best.context("at least one round")
}

fn run_once(bp: &Path, action: &str, round: usize, at: &Path) -> Result<Run> {
    // `-q` would silence the timings too.
    let build = ["build", "local", "--timings"];
    match action {
        "cold" => {
            let _ = fs::remove_dir_all(at.join("build"));
            let _ = fs::remove_dir_all(at.join(".bp"));
            run(bp, &build, at)
        }
        "one wiring line" => {
            let wiring = at.join("wiring/local.toml");
            let text = fs::read_to_string(&wiring)?;
            let line = text.lines().find(|l| l.starts_with("timeout = ")).context("a line")?;
            let next = format!("timeout = \"{}ms\"", 2001 + round);
            fs::write(&wiring, text.replacen(line, &next, 1))?;
            run(bp, &build, at)
        }
        "one workflow file" => {
            let file = at.join("workflow/src/svc7.rs");
            let text = fs::read_to_string(&file)?;
            let next = format!("/// Counts the services that it reaches, {round}.");
            let line =
                text.lines().map(str::trim).find(|l| l.starts_with("/// Counts the services"));
            fs::write(&file, text.replacen(line.context("a line")?, &next, 1))?;
            run(bp, &build, at)
        }
        "bp check" => run(bp, &["check", "local"], at),
        "bp graph" => run(bp, &["graph", "local", "--format", "json"], at),
        _ => run(bp, &build, at),
    }
}

/// How many files a folder holds, and their bytes.
fn weigh(folder: &Path) -> Result<(usize, u64)> {
    let (mut count, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            let (inner, more) = weigh(&entry.path())?;
            count += inner;
            bytes += more;
        } else {
            count += 1;
            bytes += metadata.len();
        }
    }
    Ok((count, bytes))
}

/// The machine's load, without which times cannot be compared.
fn read_load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
