//! Applications of many services, built by the program itself: the same bytes everywhere and every time, no unchanged file touched, nothing wrong taken from memory.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bp_build::runtime::VERSION;
use bp_scale::application::{Shape, permute_tables, place};
use bp_scale::topology::Topology;
use libtest_mimic::Trial;

use crate::{bp, trial};

type Test = fn() -> Result<()>;

/// What is remembered of a wiring, below `.bp/memo`.
const MEMORIES: [&str; 4] = ["local.memo", "local.stamps", "local.workflow", "local.outlines"];

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 10] = [
        ("same_bytes", same_bytes),
        ("touches_only_what_changed", touches_only_what_changed),
        ("says_it_again", says_it_again),
        ("edited_output_is_seen", edited_output_is_seen),
        ("damaged_memory_is_none", damaged_memory_is_none),
        ("another_program_s_memory_is_none", another_program_s_memory_is_none),
        ("large_cycle", large_cycle),
        ("ten_megabytes", ten_megabytes),
        ("more_listeners_than_ports", more_listeners_than_ports),
        ("instructions", instructions),
    ];
    tests.into_iter().map(|(name, test)| trial(format!("scale::{name}"), test)).collect()
}

/// An application in a folder that goes when this is dropped.
struct App {
    _above: tempfile::TempDir,
    root: PathBuf,
}

impl App {
    fn new(topology: &Topology) -> Result<Self> {
        let above = tempfile::tempdir()?;
        let root = above.path().join("app");
        place(topology, &Shape::default(), &root, VERSION)?;
        Ok(Self { _above: above, root })
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn build(&self) -> Result<()> {
        bp::run(&self.root, &["build", "local"]).map(|_| ())
    }

    /// The output's bytes by path.
    fn output(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let out = self.path("build/local");
        let mut all = BTreeMap::new();
        for path in list_below(&out)? {
            all.insert(path.strip_prefix(&out)?.to_owned(), fs::read(&path)?);
        }
        Ok(all)
    }

    /// Modification time and inode of each file of the output, which show whether it was written again.
    fn times(&self) -> Result<BTreeMap<PathBuf, (i64, i64, u64)>> {
        let out = self.path("build/local");
        let mut all = BTreeMap::new();
        for path in list_below(&out)? {
            let now = fs::metadata(&path)?;
            let state = (now.mtime(), now.mtime_nsec(), now.ino());
            all.insert(path.strip_prefix(&out)?.to_owned(), state);
        }
        Ok(all)
    }

    fn edit(&self, path: &str, edit: impl FnOnce(String) -> String) -> Result<()> {
        let path = self.path(path);
        let text = fs::read_to_string(&path)?;
        let next = edit(text.clone());
        ensure!(next != text, "{} stays unchanged", path.display());
        Ok(fs::write(path, next)?)
    }

    /// The output of a build without memory.
    fn cold(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let above = tempfile::tempdir()?;
        let root = above.path().join("app");
        for part in ["workflow", "wiring", "vendor"] {
            for path in list_below(&self.path(part))? {
                let to = root.join(path.strip_prefix(&self.root)?);
                fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
                fs::copy(&path, to)?;
            }
        }
        let other = Self { _above: above, root };
        other.build()?;
        other.output()
    }
}

/// The files below a folder.
fn list_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut open, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

fn small() -> Topology {
    let calls = vec![(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5), (5, 4)];
    Topology { services: 6, calls }
}

fn find_differing<T: PartialEq>(a: &BTreeMap<PathBuf, T>, b: &BTreeMap<PathBuf, T>) -> Vec<String> {
    let mut paths: Vec<String> = a
        .keys()
        .chain(b.keys())
        .filter(|path| a.get(*path) != b.get(*path))
        .map(|path| path.display().to_string())
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// One thread or eight, another folder, user, home and locale, tables in another order, twice: always the same bytes.
fn same_bytes() -> Result<()> {
    let topology = Topology::of_size(60)?.cyclic(20, 1);
    let first = App::new(&topology)?;
    bp::run(&first.root, &["build", "local"])?;
    let wanted = first.output()?;
    ensure!(wanted.len() > 400, "only {} files", wanted.len());
    first.build()?;
    ensure!(find_differing(&wanted, &first.output()?).is_empty(), "twice in a row");
    for threads in ["1", "8"] {
        let app = App::new(&topology)?;
        let mut command = bp::command(&app.root)?;
        let status = command
            .args(["build", "local", "-q"])
            .env("RAYON_NUM_THREADS", threads)
            .env("LC_ALL", "tr_TR.UTF-8")
            .env("TZ", "Pacific/Kiritimati")
            .stderr(Stdio::null())
            .status()?;
        ensure!(status.success(), "on {threads} threads");
        let different = find_differing(&wanted, &app.output()?);
        ensure!(different.is_empty(), "on {threads} threads: {different:?}");
    }
    let app = App::new(&topology)?;
    app.edit("wiring/local.toml", |text| permute_tables(&text))?;
    app.build()?;
    let different = find_differing(&wanted, &app.output()?);
    ensure!(different.is_empty(), "permuted: {different:?}");
    other_user(&topology, &wanted)
}

/// Builds as another user, who owns nothing else; prints a note where this machine does not allow that.
fn other_user(topology: &Topology, wanted: &BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let become_nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        command
    };
    if !become_nobody().arg("true").output().is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: this machine lets this user become no other");
        return Ok(());
    }
    let app = App::new(topology)?;
    let above = app.root.parent().context("a folder above")?;
    // The program's own folder may be closed to others.
    let program = above.join("bp");
    fs::copy(bp::binary()?, &program)?;
    fs::set_permissions(above, fs::Permissions::from_mode(0o755))?;
    let own = |path: &Path| std::os::unix::fs::chown(path, Some(65534), Some(65534));
    own(&app.root)?;
    for path in list_below(&app.root)? {
        own(&path)?;
        own(path.parent().context("a file lies in a folder")?)?;
    }
    let output = become_nobody()
        .arg(&program)
        .args(["build", "local", "-q"])
        .current_dir(&app.root)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LANG", "C")
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let different = find_differing(wanted, &app.output()?);
    ensure!(different.is_empty(), "as another user: {different:?}");
    Ok(())
}

/// A file keeps its time and its place on the disk unless its bytes change, and a wrapper's setting on one edge changes few.
fn touches_only_what_changed() -> Result<()> {
    let app = App::new(&small())?;
    app.build()?;
    let (bytes, times) = (app.output()?, app.times()?);
    app.build()?;
    ensure!(find_differing(&times, &app.times()?).is_empty(), "an unchanged build writes");
    let comment = |text: String| format!("# Nothing else.\n{text}");
    app.edit("wiring/local.toml", comment)?;
    app.build()?;
    ensure!(find_differing(&times, &app.times()?).is_empty(), "a comment makes it write");
    app.edit("wiring/local.toml", |text| {
        format!("{text}\n[edge.\"svc0 -> svc1\"]\ntimeout = \"1700ms\"\n")
    })?;
    app.build()?;
    let written = find_differing(&times, &app.times()?);
    ensure!(
        written == find_differing(&bytes, &app.output()?),
        "what has the same bytes was written"
    );
    let fitting = |path: &String| {
        path == ".bp-manifest.json" || path == "rust/app/plan.json" || path.contains("svc0")
    };
    ensure!(
        written.contains(&"rust/app/plan.json".to_owned()) && written.iter().all(fitting),
        "{written:?}"
    );
    ensure!(app.output()? == app.cold()?, "it is not what a cold build gives");
    Ok(())
}

/// Warnings are repeated from memory, in every form.
fn says_it_again() -> Result<()> {
    let calls = (0..7).map(|n| (n, n + 1)).collect();
    let app = App::new(&Topology { services: 8, calls })?;
    for form in ["human", "short", "json", "sarif"] {
        let said = || -> Result<(String, String)> {
            let output = bp::run(&app.root, &["build", "local", "--message-format", form])?;
            let error = String::from_utf8(output.stderr)?;
            // The number of new files may differ.
            let lines = error.lines().filter(|line| !line.starts_with("build/local: "));
            let lines = lines.filter(|line| !line.contains("numbers added"));
            let error: Vec<&str> = lines.collect();
            Ok((String::from_utf8(output.stdout)?, error.join("\n")))
        };
        let (first, second) = (said()?, said()?);
        ensure!(first == second, "{form}: {first:?} and then {second:?}");
        ensure!(format!("{first:?}").contains("BP8101"), "{form}: no warning in {first:?}");
        let check = bp::run(&app.root, &["build", "local", "--check", "--message-format", form])?;
        ensure!(String::from_utf8(check.stdout)? == first.0, "{form}: --check says other things");
    }
    let timings =
        bp::run(&app.root, &["build", "local", "--timings", "--message-format", "sarif"])?;
    let text = String::from_utf8(timings.stderr)?;
    ensure!(text.contains("compare") && !text.contains("workflow"), "it was built again: {text}");
    Ok(())
}

/// An edit of a generated file is reported, even with the old length and the old time.
fn edited_output_is_seen() -> Result<()> {
    let app = App::new(&small())?;
    app.build()?;
    app.build()?;
    for name in ["rust/app/src/interfaces/svc3.rs", "rust/app/plan.json", "process/run.json"] {
        let path = app.path("build/local").join(name);
        let (bytes, time) = (fs::read(&path)?, fs::metadata(&path)?.modified()?);
        let mut edited = bytes.clone();
        *edited.last_mut().context("a byte")? = b' ';
        fs::write(&path, &edited)?;
        fs::File::options().write(true).open(&path)?.set_modified(time)?;
        let output = bp::command(&app.root)?.args(["build", "local"]).output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && text.contains("BP6003"), "{name}: {text}");
        let output = bp::command(&app.root)?.args(["build", "local", "--check"]).output()?;
        ensure!(!output.status.success(), "{name}: --check is content");
        fs::remove_file(&path)?;
        app.build()?;
        ensure!(fs::read(&path)? == bytes, "{name} is not made again");
    }
    Ok(())
}

/// A memory that is damaged anywhere changes no build.
fn damaged_memory_is_none() -> Result<()> {
    let app = App::new(&small())?;
    app.build()?;
    let mut round = 0;
    for name in MEMORIES {
        let path = app.path(".bp/memo").join(name);
        for part in 0..8 {
            // Another value each time: if a damaged memory were used, it would give the previous output.
            round += 1;
            app.build()?;
            app.edit("wiring/local.toml", |text| {
                let old = text.lines().find(|l| l.starts_with("timeout")).unwrap_or_default();
                text.replace(old, &format!("timeout = \"{}ms\"", 2000 + round))
            })?;
            if name == "local.outlines" {
                // They are read when a file of the workflow has changed.
                app.edit("workflow/src/svc1.rs", |text| format!("// Round {round}.\n{text}"))?;
            }
            let mut bytes = fs::read(&path)?;
            let at = (bytes.len() - 1) * part / 7;
            match part {
                3 => bytes.truncate(at),
                _ => *bytes.get_mut(at).context("a byte")? ^= 1 << (part % 8),
            }
            fs::write(&path, bytes)?;
            app.build().with_context(|| format!("{name}, byte {at}"))?;
            let plan = fs::read_to_string(app.path("build/local/rust/app/plan.json"))?;
            ensure!(plan.contains(&format!("{}", 2000 + round)), "{name}, byte {at}: an old plan");
        }
        ensure!(app.output()? == app.cold()?, "{name}: it is not what a cold build gives");
    }
    Ok(())
}

/// The memory of another program is not used: neither with another layout nor from another file.
fn another_program_s_memory_is_none() -> Result<()> {
    let app = App::new(&small())?;
    app.build()?;
    let wanted = app.output()?;
    let copy = app.path("other-bp");
    fs::copy(bp::binary()?, &copy)?;
    let output = Command::new(&copy)
        .args(["build", "local", "--timings"])
        .current_dir(&app.root)
        .env("NO_COLOR", "1")
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && text.contains("workflow"), "it was not built: {text}");
    for name in MEMORIES {
        let path = app.path(".bp/memo").join(name);
        let bytes = fs::read(&path)?;
        let newline = bytes.iter().position(|b| *b == b'\n').context("a head")?;
        let mut other = bytes.clone();
        // The next version's head.
        *other.get_mut(newline - 1).context("a version")? += 1;
        fs::write(&path, other)?;
        if name == "local.outlines" {
            app.edit("workflow/src/svc1.rs", |text| format!("{text}\n// The end.\n"))?;
        }
        app.build()?;
        ensure!(app.output()? == wanted, "{name}");
    }
    Ok(())
}

/// A strongly connected component of several hundred services compiles, with the graph verified after every pass.
fn large_cycle() -> Result<()> {
    let topology = Topology::of_size(1000)?.cyclic(356, 1);
    ensure!(topology.largest_component() >= 356);
    let app = App::new(&topology)?;
    bp::run(&app.root, &["check", "local", "-q"])?;
    app.build()?;
    ensure!(app.output()?.len() > 1000);
    Ok(())
}

/// A wiring and a workflow of 10 MB each, and thousands of wrong lines in them, take proportional memory and time.
fn ten_megabytes() -> Result<()> {
    const SIZE: usize = 10_000_000;
    const WRONG: usize = 5000;
    let services = 1000;
    let app = App::new(&Topology { services, calls: Vec::new() })?;
    // Bodies of functions, which are read only to find their ends.
    let body = "        let mut words: Vec<String> = vec![\"{ } \\\" ( )\".to_owned()]; words.push(format!(\"{:?}\", words));\n";
    app.edit("workflow/src/svc0.rs", |text| {
        text.replacen(
            "        let mut visited = 1;\n",
            &format!("        let mut visited = 1;\n{}", body.repeat(SIZE / body.len())),
            1,
        )
    })?;
    app.edit("wiring/local.toml", |text| {
        let line = format!("# {}\n", "A comment. ".repeat(8));
        format!("{}{text}", line.repeat(SIZE / line.len()))
    })?;
    let (good, said, peak) = watched(&app, &["check", "local", "--message-format", "short"])?;
    ensure!(good, "{said}");
    println!("10 MB: {peak} MiB");
    ensure!(peak < 1024, "{peak} MiB");
    // Many implementations whose names are nearly one of a thousand.
    app.edit("wiring/local.toml", |text| {
        let wrong =
            (0..WRONG).map(|n| format!("wrong{n} = {{ impl = \"Svcc{}Impl\" }}\n", n % services));
        text.replacen("[service]\n", &format!("[service]\n{}", wrong.collect::<String>()), 1)
    })?;
    let (good, said, peak) = watched(&app, &["check", "local", "--message-format", "short"])?;
    ensure!(!good && said.contains("BP3001"), "{}", said.lines().take(5).collect::<String>());
    ensure!(peak < 1024, "{peak} MiB");
    Ok(())
}

/// A system that needs more ports than a machine has is refused quickly.
fn more_listeners_than_ports() -> Result<()> {
    let app = App::new(&Topology { services: 1, calls: Vec::new() })?;
    app.edit("wiring/local.toml", |text| {
        let more = (0..65_000).map(|n| format!("more{n} = {{ impl = \"Svc0Impl\" }}\n"));
        text.replacen("[service]\n", &format!("[service]\n{}", more.collect::<String>()), 1)
    })?;
    let (good, said, peak) = watched(&app, &["check", "local", "--message-format", "short"])?;
    let wanted = "error[BP3030]: no port is left for";
    ensure!(!good && said.contains(wanted), "{}", said.lines().take(5).collect::<String>());
    ensure!(peak < 2048, "{peak} MiB");
    Ok(())
}

/// Runs the program to its end: whether it succeeds, what it says, and its peak of memory in MiB.
fn watched(app: &App, arguments: &[&str]) -> Result<(bool, String, u64)> {
    let log = app.path("log");
    let mut command = bp::command(&app.root)?;
    let mut child = command.args(arguments).stderr(fs::File::create(&log)?).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let end = Instant::now() + Duration::from_mins(5);
    let mut peak = 0;
    let good = loop {
        // The kernel keeps the peak, so what is seen last is nearly all.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib =
            line.and_then(|l| l.trim().strip_suffix(" kB")).and_then(|l| l.parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0) / 1024);
        if let Some(status) = child.try_wait()? {
            break status.success();
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            bail!("{arguments:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ok((good, fs::read_to_string(&log)?, peak))
}

/// Instructions, which are the same on a busy machine: nothing is quadratic, and an unchanged build costs a fraction.
fn instructions() -> Result<()> {
    let version = Command::new("valgrind").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no valgrind");
        return Ok(());
    }
    let mut cold = Vec::new();
    for services in SIZES {
        let app = App::new(&Topology::of_size(usize::try_from(services)?)?)?;
        cold.push(count(&app)?);
        if services == SIZES[1] {
            let unchanged = count(&app)?;
            let share = unchanged / cold[1];
            println!("unchanged: {unchanged:.0} instructions, {share:.3} of a cold build's");
            ensure!(share < UNCHANGED, "an unchanged build takes {share:.3} of a cold one");
        }
    }
    let grown = (cold[1] / cold[0]).ln() / (f64::from(SIZES[1]) / f64::from(SIZES[0])).ln();
    println!("cold: {:.0} and {:.0} instructions, exponent {grown:.2}", cold[0], cold[1]);
    ensure!(grown < EXPONENT, "instructions grow with the exponent {grown:.2}");
    let each = (cold[1] - cold[0]) / f64::from(SIZES[1] - SIZES[0]);
    ensure!(each < BUDGET, "{each:.0} instructions a service");
    Ok(())
}

/// Numbers of services.
const SIZES: [u32; 2] = [20, 80];
/// How instructions may grow with the number of services.
const EXPONENT: f64 = 1.25;
/// The share of a cold build's instructions that an unchanged build may take.
const UNCHANGED: f64 = 0.15;
/// Instructions that a further service may take, in a build without optimization.
const BUDGET: f64 = 60e6;

fn count(app: &App) -> Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(bp::binary()?)
        .args(["build", "local", "-q"])
        .current_dir(&app.root)
        .env("RAYON_NUM_THREADS", "1")
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text}");
    let (_, rest) = text.split_once("Collected : ").with_context(|| text.to_string())?;
    Ok(rest.lines().next().unwrap_or_default().trim().parse()?)
}
