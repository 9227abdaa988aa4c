//! The scripts of `bp completions`, loaded by the shells that they are for: commands, flags, their values, and the wirings of the folder.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::bp;
use crate::running::trial;

/// What is typed, what must be offered, and what must not.
const CASES: &[(&str, &[&str], &[&str])] = &[
    ("bp bu", &["build"], &["run"]),
    ("bp expl", &["explain"], &["build"]),
    ("bp build --ch", &["--check"], &["--force"]),
    ("bp graph --format m", &["mermaid"], &["json"]),
    ("bp run mo", &["monolith"], &["local"]),
    ("bp diff local tr", &["traced"], &["local"]),
    ("bp explain ", &["local", "monolith", "codes", "plugins"], &["check"]),
    ("bp check wir", &["wiring"], &["local"]),
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("completions::bash", || complete_everywhere("bash", bash)),
        trial("completions::fish", || complete_everywhere("fish", fish)),
        trial("completions::zsh", || complete_everywhere("zsh", zsh)),
    ]
}

/// Completes each case in the folder of `leaf`, and compares the words that are offered.
fn complete_everywhere(shell: &str, complete: fn(&Path, &str) -> Result<String>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let script = bp::run(&bp::root(), &["completions", shell])?.stdout;
    let path = folder.path().join(format!("_bp.{shell}"));
    std::fs::write(&path, script)?;
    for (typed, offered, others) in CASES {
        let said = complete(&path, typed)?;
        // zsh shows folders without their slash.
        let words: Vec<&str> =
            said.split_whitespace().map(|word| word.trim_end_matches('/')).collect();
        for word in *offered {
            ensure!(words.contains(word), "`{typed}` is not completed to `{word}`: {said}");
        }
        for word in *others {
            ensure!(!words.contains(word), "`{typed}` is completed to `{word}`: {said}");
        }
    }
    Ok(())
}

/// Runs a shell where `bp` is on the path, for a minute at most.
fn run(shell: &str, arguments: &[&str]) -> Result<String> {
    let binary = bp::binary()?;
    let tools = binary.parent().context("a folder")?;
    let path = format!("{}:{}", tools.display(), std::env::var("PATH")?);
    let output = Command::new("timeout")
        .args(["60", shell])
        .args(arguments)
        .current_dir(bp::root().join("examples/leaf"))
        .env("PATH", path)
        .env("TERM", "dumb")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{shell}, of the package of that name"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{shell} ended with {}:\n{said}{errors}", output.status);
    Ok(said)
}

/// Calls what `complete -F` registered, as Readline does.
fn bash(script: &Path, typed: &str) -> Result<String> {
    let program = r#"
source "$1"
IFS=' ' read -ra COMP_WORDS <<< "$2"
case "$2" in *' ') COMP_WORDS+=('');; esac
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_TYPE=9 COMP_LINE="$2" COMP_POINT=${#2}
function="$(complete -p bp | sed 's/.*-F \([^ ]*\) .*/\1/')"
"$function" bp "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;
    run("bash", &["--norc", "-c", program, "bash", &script.display().to_string(), typed])
}

fn fish(script: &Path, typed: &str) -> Result<String> {
    let program = "source $argv[1]; complete -C $argv[2] | cut -f 1";
    run("fish", &["--no-config", "-c", program, &script.display().to_string(), typed])
}

/// Lists the matches in an interactive zsh on a pseudo-terminal, as the key for it does.
fn zsh(script: &Path, typed: &str) -> Result<String> {
    let program = r#"
zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z "PS1= PROMPT_SP= LISTMAX=1000; autoload -U compinit; compinit -u -D; source $1"
zpty -w z "zstyle ':completion:*' verbose no; bindkey '^Xl' list-choices; print ready-\$((1 + 1))"
zpty -r -m z out '*ready-2*'
# The list comes first, then the line once more with what is typed after it.
zpty -w -n z "$2"$'\C-Xl\C-Aprint end-$((1 + 1)) # '
zpty -w -n z $'\n'
zpty -r -m z out '*end-2*'
print -r -- "$out"
"#;
    let said = run("zsh", &["-f", "-c", program, "zsh", &script.display().to_string(), typed])?;
    // Without escape sequences that move the cursor.
    let mut plain = String::new();
    let mut escaped = false;
    for c in said.chars() {
        match c {
            '\u{1b}' => escaped = true,
            '[' if escaped => {}
            c if escaped => escaped = !c.is_alphabetic(),
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    // The shell draws the line itself many times.
    Ok(plain.replace(typed.trim_end(), " "))
}
