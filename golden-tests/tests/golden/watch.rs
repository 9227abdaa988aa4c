//! `bp run --watch`: a save restarts what it changed, and a mistake does not stop the system.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::bp;
use crate::running::{eventually, one_at_a_time, trial};

/// Long enough for two loaded cores to compile the application.
const LIMIT: Duration = Duration::from_mins(10);
const WATCHING: &str = "watching wiring and workflow";

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("watch::restarts_what_changed", restarts_what_changed)]
}

/// `bp run --watch`, and what it has said.
struct WatchedRun {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    /// Lines that were looked at.
    seen: usize,
    folder: PathBuf,
}

impl WatchedRun {
    fn start(folder: &Path) -> Result<Self> {
        let mut child =
            bp::command(folder)?.args(["run", "--watch"]).stderr(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stderr.take().context("stderr is piped")?).lines();
        let said = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                to.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Ok(Self { child, said, seen: 0, folder: folder.to_owned() })
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a line that was not looked at yet has this text; hands back the lines up to it.
    fn says(&mut self, text: &str) -> Result<Vec<String>> {
        let mut found = None;
        let waited = eventually(LIMIT, &format!("`{text}`"), || {
            let at = self.said().iter().skip(self.seen).position(|l| l.contains(text));
            found = at.map(|at| self.seen + at + 1);
            ensure!(found.is_some() || self.child.try_wait()?.is_none(), "it ended");
            Ok(found.is_some())
        });
        waited.with_context(|| format!("it said:\n{}", self.said().join("\n")))?;
        let (from, to) = (self.seen, found.context("a line")?);
        self.seen = to;
        Ok(self.said().get(from..to).unwrap_or_default().to_vec())
    }

    fn edit(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let path = self.folder.join(file);
        let text = std::fs::read_to_string(&path)?;
        ensure!(text.contains(from), "{file} does not contain `{from}`");
        Ok(std::fs::write(path, text.replacen(from, to, 1))?)
    }

    /// The id of each process of the system.
    fn processes(&self) -> Result<BTreeMap<String, i32>> {
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir("/proc")? {
            let path = entry?.path();
            let (Ok(stat), Ok(environment)) = (
                std::fs::read_to_string(path.join("stat")),
                std::fs::read_to_string(path.join("environ")),
            ) else {
                continue;
            };
            // The parent is the second field after the name in parentheses.
            let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace());
            let parent = fields.and_then(|mut fields| fields.nth(1)?.parse::<u32>().ok());
            let name = environment.split('\0').find_map(|v| v.strip_prefix("BP_PROCESS="));
            let id = path.file_name().and_then(|n| n.to_str()?.parse().ok());
            if let (true, Some(name), Some(id)) = (parent == Some(self.child.id()), name, id) {
                found.insert(name.to_owned(), id);
            }
        }
        Ok(found)
    }

    /// Calls `board.publish`, and hands back the status and the answer.
    fn publish(&self, author: &str, tags: usize) -> Result<(u16, Value)> {
        let said = self.said();
        let entry = said.iter().rev().find(|l| l.contains("<- for clients"));
        let words: Vec<&str> = entry.context("an entry")?.split_whitespace().collect();
        let at = words.get(2).context("an address")?;
        let tags: Vec<String> = (0..tags).map(|n| format!("tag{n}")).collect();
        let mut answer = ureq::post(format!("http://{at}/board/publish"))
            .config()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .send_json(json!({ "author": author, "body": { "Text": "hello" }, "tags": tags }))?;
        Ok((answer.status().as_u16(), answer.body_mut().read_json()?))
    }

    fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::INT)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "it ended with {status}:\n{}", self.said().join("\n"));
        Ok(())
    }
}

impl Drop for WatchedRun {
    fn drop(&mut self) {
        // Its processes end with it, since they notice that their standard input does.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn restarts_what_changed() -> Result<()> {
    let _one = one_at_a_time();
    let elsewhere = tempfile::tempdir()?;
    bp::run(elsewhere.path(), &["new", "board", "--example", "leaf"])?;
    let mut run = WatchedRun::start(&elsewhere.path().join("board"))?;
    run.says(WATCHING)?;
    let first = run.processes()?;
    ensure!(first.keys().eq(["authors", "board", "notes"]), "{first:?}");
    ensure!(run.publish("ada", 5)?.0 == 200, "five tags are allowed");

    // A value of one process: only that process is restarted, with the new value.
    run.edit("wiring/local.toml", "max_tags = 5", "max_tags = 4")?;
    let said = run.says("`board` was restarted")?;
    ensure!(said.iter().any(|l| l == "changed: board"), "{said:#?}");
    eventually(LIMIT, "the new value", || {
        let (status, answer) = run.publish("ada", 5)?;
        Ok(status == 400 && answer.to_string().contains("at most 4 tags"))
    })?;
    let second = run.processes()?;
    ensure!(second["board"] != first["board"], "{first:?} {second:?}");
    for name in ["authors", "notes"] {
        ensure!(second[name] == first[name], "{name} was restarted: {first:?} {second:?}");
    }

    // A comment does not change the program.
    run.edit("wiring/local.toml", "[backend]", "# Where things are kept.\n[backend]")?;
    run.says("nothing that is running has changed")?;

    // A wiring that cannot be read, and a workflow that does not compile: both are reported, and the system runs on.
    run.edit("wiring/local.toml", "[backend]", "[backend")?;
    let said = run.says("the system keeps running as it was")?;
    let error = said.iter().any(|l| l.starts_with("error[BP2"));
    ensure!(error && said.iter().any(|l| l.contains("wiring/local.toml:")), "{said:#?}");
    run.edit("wiring/local.toml", "[backend", "[backend]")?;
    run.says("nothing that is running has changed")?;
    let message = "\"a note needs an author\".to_owned()";
    run.edit("workflow/src/board.rs", message, "1")?;
    let said = run.says("the system keeps running as it was")?;
    ensure!(said.iter().any(|l| l.contains("error[BP6013]")), "{said:#?}");
    ensure!(run.processes()? == second && run.publish("ada", 4)?.0 == 200, "nothing has changed");

    // Fixed, and with another text: the program has changed, so every process restarts.
    run.edit("workflow/src/board.rs", "reason: 1 }", "reason: \"who is it?\".to_owned() }")?;
    run.says("restarting the system")?;
    run.says(WATCHING)?;
    let (status, answer) = run.publish("", 1)?;
    ensure!(status == 400 && answer.to_string().contains("who is it?"), "{status} {answer}");
    let third = run.processes()?;
    ensure!(third.keys().eq(second.keys()), "{third:?}");
    ensure!(third.iter().all(|(name, id)| second[name] != *id), "{second:?} {third:?}");
    run.stop()
}
