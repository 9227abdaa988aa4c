//! Codes 6xxx: targets and output.

use crate::{Diagnostic, Span, nearest};

codes! {
    BP6001 "an artifact's path leaves the output folder";
    BP6002 "two artifacts want one path";
    BP6003 "a generated file was edited";
    BP6004 "the output cannot be written";
    BP6005 "the output is not what the sources produce";
    BP6006 "the output's manifest cannot be read";
    BP6007 "the output is half written";
    BP6008 "the runtime is of another version";
    BP6009 "there is no application here";
    BP6010 "there is no such wiring";
    BP6011 "a lock file would change";
    BP6012 "the runtime is not where the wiring says";
    BP6013 "the generated code does not compile";
    BP6014 "a program cannot be started";
    BP6015 "a process stopped with a failure";
    BP6016 "the target is not enabled";
    BP6017 "the folder exists already";
    BP6018 "there is nothing of that name";
    BP6019 "there is no such code";
    BP6020 "a mode of the program fails";
    BP6021 "the tests fail";
    BP6022 "a name does not fit a new application or plugin";
    BP6023 "a process keeps ending";
    BP6024 "a process does not become ready";
    BP6025 "a process had to be killed";
    BP6026 "there is no such pass";
    BP6027 "a mode of the program has nothing to run";
    BP6028 "there are no tests";
    BP6029 "a patch names no artifact";
    BP6030 "a patch points at nothing";
    BP6031 "a patch edits a file that is not JSON";
    BP6032 "a patch's pointer is malformed";
    BP6033 "a revision cannot be read";
    BP6034 "the system runs already";
    BP6035 "nothing runs here";
    BP6036 "there is no such process";
    BP6037 "a restart was not completed";
    BP6038 "an init fails";
    BP6040 "a target cannot express what the wiring asks for";
    BP6041 "an image is not pinned";
    BP6042 "images.lock cannot be read";
    BP6043 "an image's digest cannot be found";
    BP6044 "a store lacks a setting";
    BP6045 "the output is where no image can be built from";
    BP6046 "two listeners are published at one port";
    BP6047 "the runtime cannot be written there";
}

/// Those of what was typed on the command line.
pub(super) const USAGE: &[crate::Code] =
    &[BP6009, BP6010, BP6016, BP6018, BP6019, BP6022, BP6026, BP6033, BP6036, BP6047];

/// A plugin hands out an artifact whose path is not a plain relative one; `why` continues the sentence.
pub fn bad_artifact_path(plugin: &str, path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(
        BP6001,
        format!("plugin `{plugin}` writes to `{}`, which is not a valid path in the output folder", path.escape_debug()),
    )
    .note(format!("{why}; a path is relative, with `/`, and stays inside the output folder"))
    .help("if the path holds a name from your wiring, choose a plainer name; otherwise report it to the plugin's author")
}

/// Two artifacts have one path and different bytes, or one is a folder where the other is a file.
pub fn artifact_clash(path: &str, other: &str, first: &str, second: &str) -> Diagnostic {
    let what = if path == other {
        format!("plugins `{first}` and `{second}` write different content to `{path}`")
    } else {
        format!(
            "plugin `{second}` writes `{path}`, and plugin `{first}` writes `{other}`, which cannot both be"
        )
    };
    Diagnostic::error(BP6002, what)
        .help("enable one of the two in `[target] enabled = [...]`, or build them into separate folders with `--out`")
}

/// A file that `bp` would write or remove holds something that `bp` did not write.
pub fn edited_output(path: &str, known: bool) -> Diagnostic {
    let (message, note) = if known {
        (
            format!("`{path}` was edited since `bp` wrote it"),
            "generated files are not meant to be edited: the next build would lose the change",
        )
    } else {
        (
            format!("`{path}` is in the way: `bp` did not write it"),
            "`bp` replaces only files that it wrote itself",
        )
    };
    Diagnostic::error(BP6003, message)
        .note(note)
        .help("move the file away to keep it, or run the same command with `--force` to replace it")
}

/// Writing failed; `detail` is the system's message.
pub fn cannot_write(path: &str, detail: &str) -> Diagnostic {
    Diagnostic::error(BP6004, format!("cannot write `{path}`: {detail}"))
        .note("output files are staged first; where staging fails, nothing was changed")
        .help("check free space and the folder's permissions, or choose another folder with `--out DIR`")
}

/// `--check` found a difference; `what` says which: `is missing`, `differs`, `is stale`.
pub fn output_differs(path: &str, what: &str) -> Diagnostic {
    Diagnostic::error(BP6005, format!("`{path}` {what}"))
        .help("run `bp build` with the same wiring and commit what it writes")
}

/// The manifest of an output folder is not one that this `bp` reads.
pub fn bad_manifest(path: &str, detail: &str) -> Diagnostic {
    Diagnostic::error(BP6006, format!("cannot read the manifest `{path}`: {detail}"))
        .note("the manifest lists the files that `bp` wrote, so that no other file is ever replaced or removed")
        .help("delete the output folder and build again, or build with `--force` to take its files over")
}

/// An earlier build was stopped while it wrote.
pub fn half_written(folder: &str) -> Diagnostic {
    Diagnostic::error(BP6007, format!("`{folder}` is half written: an earlier build was stopped"))
        .help("run `bp build` with the same wiring; it repairs the folder")
}

/// The runtime that the application names is of another version than this `bp`.
pub fn runtime_version(found: &str, own: &str, place: &str, span: Option<Span>) -> Diagnostic {
    let message = format!(
        "the runtime in `{place}` is of version {found}, and this `bp` is of version {own}"
    );
    let diagnostic = Diagnostic::error(BP6008, message)
        .note("generated code and the runtime must be of one version")
        .help(format!("run `bp new --runtime {place}` to replace it by the copy in this `bp`, or use `bp` {found}"));
    located(diagnostic, span, "this runtime")
}

/// No folder `wiring/` at or above the working directory.
pub fn no_application(from: &str) -> Diagnostic {
    Diagnostic::error(BP6009, format!("there is no application at `{from}` or above it"))
        .note("an application is a folder that holds a folder `wiring`")
        .help("change into an application, name a wiring file as in `bp build examples/leaf/wiring/local.toml`, or start one with `bp new demo`")
}

/// The wiring named on the command line does not exist.
pub fn no_wiring(named: &str, known: &[String]) -> Diagnostic {
    let list = known.join(", ");
    let diagnostic = Diagnostic::error(BP6010, format!("there is no wiring `{named}`"))
        .suggest(nearest(named, known.iter().map(String::as_str)));
    if known.is_empty() {
        diagnostic.help("write one, such as `wiring/local.toml`")
    } else {
        diagnostic.note(format!("the application's wirings are: {list}"))
    }
}

/// `--locked` forbids what would have to be written; `changes` says what, if known.
pub fn lock_would_change(path: &str, changes: &[String]) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error(BP6011, format!("`{path}` would change, and that is forbidden here"));
    for change in changes.iter().take(10) {
        diagnostic = diagnostic.note(change.clone());
    }
    if changes.len() > 10 {
        diagnostic = diagnostic.note(format!("and {} more", changes.len() - 10));
    }
    diagnostic.help("run `bp build` without `--locked` and `--check`, and commit the file")
}

/// No crate of the runtime where the wiring says.
pub fn no_runtime(place: &str, span: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP6012, format!("there is no runtime in `{place}`"))
        .note("a runtime is a folder that holds `stdlib/` and `plugins/`")
        .help(format!("run `bp new --runtime {place}` to write the copy in this `bp` there, or correct `[app] runtime = {{ path = ... }}`"));
    located(diagnostic, span, "looked for here")
}

/// Cargo failed; its own messages were printed before.
pub fn does_not_compile(folder: &str) -> Diagnostic {
    Diagnostic::error(BP6013, format!("cargo cannot build `{folder}`"))
        .note("cargo's own messages are above; where they point into the workflow, the fault is there")
        .help("try `cargo check` in the workflow's folder; generated code that does not compile although the workflow does is a fault of `bp`: please report it")
}

/// A program cannot be started at all; `detail` says why, and `help` what to do about it.
pub fn cannot_start(what: &str, detail: &str, help: &str) -> Diagnostic {
    Diagnostic::error(BP6014, format!("`{what}` cannot be started: {detail}")).help(help)
}

/// A process ended again and again.
pub fn keeps_ending(label: &str, how: &str) -> Diagnostic {
    Diagnostic::error(BP6023, format!("process `{label}` keeps ending, at last with {how}"))
        .note("it was started several times; its last lines above say why it ended")
        .help("correct what they name, then run the same command again")
}

/// Some processes run but are not ready.
pub fn not_ready(labels: &[&str], seconds: u64) -> Diagnostic {
    let list = labels.iter().map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", ");
    Diagnostic::error(BP6024, format!("not ready after {seconds} s: {list}"))
        .note("a process is ready when its instances are built; a constructor that waits for something keeps it from that")
        .help("look at its lines above; move waiting out of `new` into `run`")
}

/// A process answered SIGTERM with a failure.
pub fn stopped_badly(label: &str, how: &str) -> Diagnostic {
    Diagnostic::error(BP6015, format!("process `{label}` stopped with {how}"))
        .help("its last lines above say why")
}

/// A process had to be killed.
pub fn killed(label: &str) -> Diagnostic {
    Diagnostic::error(BP6025, format!("process `{label}` did not stop in time and was killed"))
        .note("calls that it was working on are lost")
        .help("look for a background task that never ends or a call without a deadline")
}

/// A target that must be enabled is not; `known` are those that there are.
pub fn target_not_enabled(target: &str, enabled: &[String], known: &[&str]) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(BP6016, format!("target `{target}` is not enabled in this wiring"));
    if !known.contains(&target) {
        return diagnostic
            .suggest(nearest(target, known.iter().copied()))
            .note(format!("targets: {}", known.join(", ")));
    }
    let mut all: Vec<String> = enabled.iter().map(|e| format!("\"{e}\"")).collect();
    all.push(format!("\"{target}\""));
    diagnostic.help(format!("write `[target] enabled = [{}]`", all.join(", ")))
}

/// `bp new` would write into a folder that holds something.
pub fn folder_exists(path: &str) -> Diagnostic {
    Diagnostic::error(BP6017, format!("`{path}` exists and is not empty"))
        .help("choose another name, or move the folder away")
}

/// `bp explain WIRING NAME` found nothing.
pub fn nothing_named(name: &str, known: &[String]) -> Diagnostic {
    Diagnostic::error(BP6018, format!("nothing in this wiring is named `{name}`"))
        .suggest(nearest(name, known.iter().map(String::as_str)))
        .note("names are those of instances, edges such as `frontend->cart`, listeners, processes, and entries of tables such as `knob`; `bp graph WIRING` lists them")
}

/// `bp explain CODE` found nothing; `known` are the names of plugins and the codes that they declare.
pub fn no_such_code(what: &str, known: &[String]) -> Diagnostic {
    let near = nearest(&what.to_uppercase(), crate::all_codes().map(|c| c.id.name));
    let lower = what.to_lowercase();
    Diagnostic::error(BP6019, format!("there is no code, plugin or wiring `{what}`"))
        .suggest(near.or_else(|| nearest(&lower, known.iter().map(String::as_str))))
        .help("`bp explain codes` and `bp explain plugins` list what there is")
}

/// `bp ir --after` with a pass that does not exist.
pub fn no_such_pass(pass: &str, known: &[&str], near: Option<&str>) -> Diagnostic {
    Diagnostic::error(BP6026, format!("there is no pass `{pass}`"))
        .suggest(near)
        .note(format!("the passes are, in order: {}", known.join(", ")))
}

/// `bp restart` found no `bp run`.
pub fn not_running(wiring: &str) -> Diagnostic {
    Diagnostic::error(BP6035, format!("wiring `{wiring}` does not run here"))
        .note("`bp restart` speaks to the `bp run` of the same application and wiring")
        .help(format!("start it with `bp run {wiring}`, or name the wiring that runs: `bp restart PROCESS WIRING`"))
}

/// `bp restart` names a process that the running system does not have.
pub fn no_such_process(name: &str, known: &[String]) -> Diagnostic {
    Diagnostic::error(BP6036, format!("the running system has no process `{name}`"))
        .suggest(nearest(name, known.iter().map(String::as_str)))
        .note(format!("its processes are: {}", known.join(", ")))
}

/// A rolling restart ended before its end.
pub fn restart_failed(process: &str, why: &str) -> Diagnostic {
    Diagnostic::error(BP6037, format!("`{process}` is not restarted: {why}"))
        .note("copies before this one are restarted; the others still run as before")
        .help("the process's lines under `bp run` say more; correct what they name and restart it again")
}

/// What a mode of the program runs, such as smoke calls, did not end as the wiring expects.
pub fn mode_failed(what: &str, how: &str) -> Diagnostic {
    Diagnostic::error(BP6020, format!("the {what} failed with {how}"))
        .note("what it did is printed above, with what was expected")
}

/// An init ended with a failure; the system is not what the wiring says it is at the start.
pub fn init_failed(init: &str, how: &str) -> Diagnostic {
    Diagnostic::error(BP6038, format!("init `{init}` failed with {how}"))
        .help("its last lines above say why; an init changes nothing that is done already, so run again when the cause is fixed")
}

/// A mode of the program without anything to run.
pub fn nothing_to_run(wiring: &str, what: &str, example: &str) -> Diagnostic {
    Diagnostic::error(BP6027, format!("wiring `{wiring}` lists no {what}"))
        .help(format!("write one: {example}"))
}

/// A black-box test failed.
pub fn tests_failed(how: &str) -> Diagnostic {
    Diagnostic::error(BP6021, format!("the tests failed with {how}"))
        .note("the failed tests are listed above; the processes' own lines are between them")
}

/// `bp test` without tests.
pub fn no_tests(folder: &str) -> Diagnostic {
    Diagnostic::error(BP6028, format!("there are no tests in `{folder}`"))
        .help("write `tests/NAME.rs` with `#[bp_test] async fn works(frontend: Arc<dyn Frontend>) { ... }`")
}

/// `bp new` with a name that is not a package name or means something else; `what` is `an application` or `a plugin`, and `why` continues the sentence.
pub fn bad_new_name(what: &str, name: &str, why: &str) -> Diagnostic {
    Diagnostic::error(BP6022, format!("`{}` cannot name {what}: {why}", name.escape_debug()))
        .help("use lower-case letters, digits and `-`, starting with a letter, and no word that `bp` has: `bp new web-shop`")
}

/// `bp new --runtime DIR` with a folder beside which packages cannot be written; `why` continues the sentence.
pub fn cannot_vendor(folder: &str, why: &str) -> Diagnostic {
    Diagnostic::error(BP6047, format!("the runtime cannot be written to `{folder}`: {why}"))
        .note("nothing was written")
        .help("choose a folder that holds nothing but the runtime: `bp new --runtime vendor/bp`")
}

/// A command cannot get what it needs of a revision; `detail` is why.
pub fn no_revision(revision: &str, detail: &str) -> Diagnostic {
    Diagnostic::error(
        BP6033,
        format!("cannot read revision `{}`: {detail}", revision.escape_debug()),
    )
    .note("`REV:WIRING` and `--rev REV` take what git takes: a commit, a tag, a branch, `HEAD~1`")
    .help("`git log --oneline` in the application's folder lists commits")
}

fn located(diagnostic: Diagnostic, span: Option<Span>, text: &str) -> Diagnostic {
    match span {
        Some(span) => diagnostic.at(span, text),
        None => diagnostic,
    }
}

/// `[[patch]] file` names no artifact of this build; `known` are those that could be patched.
pub fn patch_without_file(span: Span, file: &str, known: &[&str]) -> Diagnostic {
    let listed: Vec<String> = known.iter().take(10).map(|f| format!("`{f}`")).collect();
    Diagnostic::error(BP6029, format!("no artifact is called `{}`", file.escape_debug()))
        .at(span, "`bp build` writes no such file")
        .suggest(nearest(file, known.iter().copied()))
        .note(format!("artifacts that can be patched: {}", listed.join(", ")))
}

/// A pointer leads to nothing; `reached` is the part of it that exists, and `known` the keys there.
pub fn patch_without_value(
    span: Span,
    file: &str,
    pointer: &str,
    reached: &str,
    known: &[String],
) -> Diagnostic {
    let place =
        if reached.is_empty() { "the whole file".to_owned() } else { format!("`{reached}`") };
    let diagnostic = Diagnostic::error(
        BP6030,
        format!("`{}` points at nothing in `{file}`", pointer.escape_debug()),
    )
    .at(span, format!("{place} has no such entry"))
    .help("a patch changes what is there, so that it cannot go stale unseen; build without it and look at the file");
    if known.is_empty() {
        return diagnostic;
    }
    let listed: Vec<String> = known.iter().take(10).map(|k| format!("`{k}`")).collect();
    diagnostic.note(format!("{place} has {}", listed.join(", ")))
}

/// The artifact is not of a kind that can be patched.
pub fn patch_of_text(span: Span, file: &str) -> Diagnostic {
    Diagnostic::error(BP6031, format!("`{file}` cannot be patched"))
        .at(span, "only artifacts that end in `.json` have pointers")
        .help("change what the file is made from")
}

/// A pointer is malformed.
pub fn bad_pointer(span: Span, pointer: &str, why: &str) -> Diagnostic {
    Diagnostic::error(BP6032, format!("`{}` is not a JSON Pointer", pointer.escape_debug()))
        .at(span, why.to_owned())
        .help("write the keys that lead to the value, each after a `/`: `/processes/front/stop_ms`; `~1` is a `/` inside a key and `~0` a `~`")
}

/// Another `bp` runs the same wiring, over the data in this folder.
pub fn already_runs(data: &str) -> Diagnostic {
    Diagnostic::error(BP6034, format!("this wiring runs already: its data in `{data}` is in use"))
        .note("two systems over one set of data would overwrite each other's")
        .help("stop the other `bp run` or `bp test` of this wiring, or wait until it has stopped")
}

/// A target cannot express something that the wiring asks for; `what` names it, `word` is its name in `lossy`.
pub fn not_expressible(target: &str, what: &str, word: &str, span: Option<Span>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(BP6040, format!("target `{target}` cannot express {what}")).help(format!(
            "deploy with another target, or accept the loss: `lossy = [\"{word}\"]` in `[target.{target}]`"
        ));
    located(diagnostic, span, "asked for here")
}

/// An image is named by its tag alone, and a tag can be moved.
pub fn image_not_pinned(image: &str, required: bool) -> Diagnostic {
    let message = format!("`{image}` is not pinned in `images.lock`");
    let diagnostic = if required {
        Diagnostic::error(BP6041, message)
    } else {
        Diagnostic::warning(BP6041, message)
    };
    diagnostic
        .note("a tag may mean other bytes tomorrow; a digest always means the same bytes")
        .help("run `bp image pin` where a Docker engine and the registry are reached, and commit the file")
}

/// `images.lock` is not as `bp image pin` writes it.
pub fn bad_image_lock(path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(BP6042, format!("cannot read `{path}`: {why}"))
        .help("delete it and run `bp image pin`")
}

/// The Docker engine does not say what an image's digest is; `detail` is its message.
pub fn no_digest(image: &str, detail: &str) -> Diagnostic {
    Diagnostic::error(BP6043, format!("cannot find the digest of `{image}`: {detail}"))
        .note("`bp image pin` pulls each image and asks the Docker engine; it never invents a digest")
        .help("make sure that `docker pull` of this image works here; name a mirror with `registry = \"…\"` in `[target.docker]`")
}

/// A target deploys the server of a backend, and the server does not start without a setting.
pub fn store_lacks(span: Option<Span>, backend: &str, setting: &str) -> Diagnostic {
    let message = format!("the server of `{backend}`, which a target deploys, needs `{setting}`");
    let diagnostic = Diagnostic::error(BP6044, message);
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, format!("has no `{setting}`")),
        None => diagnostic,
    };
    diagnostic.help(format!(
        "write `{setting} = {{ secret = \"{backend}-{setting}\" }}` in `[backend.{backend}]`, or `address = \"…\"` if the server is elsewhere"
    ))
}

/// A Docker build sees the files below one folder, and names them by plain paths; `why` continues the sentence.
pub fn no_build_context(path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(BP6045, format!("no image can be built from `{}`: {why}", path.escape_debug()))
        .note("a Docker build reads files below one folder, the application's, by plain names")
        .help("build into the application's folder, give folders names of letters, digits, `.`, `_` and `-`, and vendor the runtime with `bp new --runtime vendor/bp`")
}

/// Two listeners of the outside world want one port of the machine.
pub fn published_twice(span: Option<Span>, port: u16, first: &str, second: &str) -> Diagnostic {
    let message = format!("`{first}` and `{second}` are both published at port {port}");
    let diagnostic = Diagnostic::error(BP6046, message);
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, "the second one"),
        None => diagnostic,
    };
    diagnostic
        .note("each replica of a process takes a port of its own, from the published one upwards")
        .help(format!(
            "move one of them: `publish = {{ \"{second}\" = 8080 }}` in `[target.compose]`"
        ))
}
