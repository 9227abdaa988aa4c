//! The commands and their flags.

use std::ffi::OsString;

use bp_plugin::{Mode, Registry};
use clap::{
    Arg, ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
    ValueHint,
};

use crate::value_completers::{complete_explained, complete_wirings};

/// Compiles a workflow and a wiring into a running system.
#[derive(Debug, Parser)]
#[command(
    name = "bp",
    version,
    about,
    max_term_width = 80,
    after_help = "Examples:\n  bp new demo && cd demo && bp run --smoke   start a new application and call it\n  bp check                                   diagnostics of wiring/local.toml\n  bp run monolith                            the same services in one process\n  bp explain local 'frontend->cart'          an edge's values and their lines\n  bp explain BP2071                          what a code means\n\nExit codes: 0 done, 1 diagnostics, 2 wrong usage, 101 an internal error of bp."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command line, with a flag of `bp run` for each mode that a plugin adds to the program.
pub(crate) fn command(registry: &Registry) -> clap::Command {
    Cli::command().mut_subcommand("run", |run| {
        registry.modes().fold(run, |run, (_, mode)| {
            let flag = Arg::new(mode.name).long(mode.name).help(mode.help);
            let others: Vec<&str> =
                registry.modes().map(|(_, m)| m.name).filter(|name| *name != mode.name).collect();
            run.arg(
                flag.action(ArgAction::SetTrue)
                    .display_order(0)
                    .conflicts_with("watch")
                    .conflicts_with_all(others),
            )
        })
    })
}

impl Cli {
    /// Reads the arguments, the program's name first.
    ///
    /// # Errors
    /// They are wrong, or ask for help.
    pub(crate) fn read(
        registry: &Registry,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, clap::Error> {
        let matches = command(registry).try_get_matches_from(arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if let (Command::Run(run), Some(flags)) =
            (&mut cli.command, matches.subcommand_matches("run"))
        {
            run.mode =
                registry.modes().map(|(_, mode)| mode).find(|mode| flags.get_flag(mode.name));
        }
        Ok(cli)
    }
}

/// The heading of flags that every command takes.
const GLOBAL: &str = "Options of every command";

/// Flags of every command.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Global {
    /// How diagnostics are printed
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, default_value_t = MessageFormat::Human, value_name = "FORMAT")]
    pub(crate) message_format: MessageFormat,
    /// Whether to use colours; `auto` does on a terminal unless NO_COLOR is set
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// Print only errors and results
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print every file that is written
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) verbose: bool,
    /// Fail where wire.lock or Cargo.lock would change
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) locked: bool,
    /// Verify the graph after every pass
    #[arg(long, global = true, hide = true)]
    pub(crate) verify: bool,
}

/// Forms of diagnostics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Drawn, with the source
    Human,
    /// One line for each diagnostic
    Short,
    /// One JSON object on each line, on standard output; on standard error if the command prints something else
    Json,
    /// One SARIF 2.1.0 document at the end, where JSON would go
    Sarif,
}

/// Forms of `--timings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimingsForm {
    /// One line for each stage, on standard error
    Text,
    /// One JSON object, on standard output
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create an application that runs: a workflow, a wiring and a test
    #[command(
        after_help = "Examples:\n  bp new demo && cd demo && bp run --smoke\n  bp new board --example leaf  the tutorial application, to look around in\n  bp new --plugin pause        a plugin, and a bp of its own, bp-pause\n  bp new --runtime vendor/bp   this bp's runtime in place of an older one"
    )]
    New(New),
    /// Report what is wrong; with --fix, fix what is safe to fix
    #[command(
        after_help = "Examples:\n  bp check\n  bp check --fix                          mistyped names, missing quotes, units\n  bp check monolith --message-format sarif > bp.sarif"
    )]
    Check(Check),
    /// Write the deployment of a wiring into build/WIRING
    #[command(
        after_help = "Examples:\n  bp build local\n  bp build local --check   fail if build/local is not up to date, for CI\n  bp build local --out /tmp/x --timings"
    )]
    Build(Build),
    /// Build, start and supervise the processes on this machine
    #[command(
        after_help = "Examples:\n  bp run                   wiring/local.toml, until Ctrl-C\n  bp run monolith --smoke  send the wiring's smoke calls and stop\n  bp run --watch           on every save, build and restart what changed\n  BP_SET='edge.\"*\".timeout = \"200ms\"' bp run   another value, no rebuild"
    )]
    Run(Run),
    /// Restart a process of a running `bp run`, one copy after the other
    #[command(
        after_help = "Examples:\n  bp restart cart\n  bp restart cart micro\n\nA new copy is ready before the old one leaves. A process whose port clients\nknow, or that holds a backend's content, stops first and starts again in its\nplace: its other copies answer meanwhile."
    )]
    Restart(Restart),
    /// Run the application's tests against the running system
    #[command(after_help = "Examples:\n  bp test\n  bp test monolith -- reads_back")]
    Test(Test),
    /// Pin the images that a wiring's deployment is made from
    #[command(
        subcommand,
        after_help = "Examples:\n  bp image pin compose            add what images.lock lacks\n  bp image pin compose --update   look up every digest again"
    )]
    Image(Image),
    /// Print the graph after a pass, or the plan
    #[command(
        after_help = "Examples:\n  bp ir local --after wrap\n  bp ir local --plan --format json"
    )]
    Ir(IrDump),
    /// Draw the system
    #[command(
        after_help = "Examples:\n  bp graph local | dot -Tsvg > local.svg\n  bp graph local --format mermaid\n  bp graph local --format html > local.html   one page, nothing else needed"
    )]
    Graph(Graph),
    /// Print the JSON Schema of wirings, for editors
    #[command(
        after_help = "Editors with a TOML server (Taplo, Tombi) read it where a wiring's first line\nsays so:\n  #:schema ./bp.schema.json\n\nExamples:\n  bp schema > wiring/bp.schema.json   after bp or its plugins changed"
    )]
    Schema,
    /// Print a script that completes commands, flags and wirings in a shell
    #[command(
        after_help = "Examples:\n  bp completions bash > ~/.local/share/bash-completion/completions/bp\n  bp completions zsh > ~/.zfunc/_bp     with fpath+=~/.zfunc before compinit\n  bp completions fish > ~/.config/fish/completions/bp.fish"
    )]
    Completions(Completions),
    /// Explain a code, or every resolved value of a name and the line that set it
    #[command(
        after_help = "Examples:\n  bp explain BP2071\n  bp explain codes\n  bp explain retry                  what a plugin does, and its settings\n  bp explain plugins                all of them, by what you want\n  bp explain local                  the names that a wiring has\n  bp explain local cart\n  bp explain local 'frontend->cart'"
    )]
    Explain(Explain),
    /// Show what two wirings, or two revisions of one, change
    #[command(
        after_help = "A side is a wiring's name or file, or REV:WIRING, the wiring as the git revision REV has it.

Compared are nodes, edges, wrappers with every value and the line that set it, placement, and the files that a build writes; then lines are counted. An effective line holds something other than a comment. A wiring's lines are those of its whole `extends` chain: a file of both chains is compared with itself, the two files named with each other unless one extends the other, and any other file counts whole; a changed line is one added and one removed. Workflow lines are those of the Rust sources that were read.

Exit code 0 whether or not they differ; with --exit-code, 1 when the systems differ. A difference in lines alone does not count.

Examples:
  bp diff local monolith             what a rewiring changes, and its cost in lines
  bp diff HEAD~1:local local         what the last commit changed
  bp diff --rev main local           local in main, and local here
  bp diff --exit-code a b --format json"
    )]
    Diff(Diff),
}

/// `bp diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The first side: WIRING or REV:WIRING
    #[arg(value_name = "A", add = complete_wirings())]
    pub(crate) old: String,
    /// The second side; the same wiring as the first with --rev
    #[arg(value_name = "B", required_unless_present = "rev", add = complete_wirings())]
    pub(crate) new: Option<String>,
    /// Read the first side from this git revision
    #[arg(long, value_name = "REV")]
    pub(crate) rev: Option<String>,
    /// The form
    #[arg(long, value_enum, default_value_t = DumpFormat::Text)]
    pub(crate) format: DumpFormat,
    /// Exit with 1 when the systems differ
    #[arg(long)]
    pub(crate) exit_code: bool,
}

/// `bp new`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The application's name and folder
    #[arg(required_unless_present_any = ["runtime", "plugin"])]
    pub(crate) name: Option<String>,
    /// Start from an example that comes with bp
    #[arg(long, value_parser = ["leaf"])]
    pub(crate) example: Option<String>,
    /// Create a plugin instead: a wrapper, an interface, a store of it, and a `bp` that knows them
    #[arg(long, value_name = "NAME", conflicts_with_all = ["name", "runtime", "example"])]
    pub(crate) plugin: Option<String>,
    /// Only write this bp's runtime into a folder, replacing the one there; packages of the plugins' interfaces are written beside it, as DIR/../PACKAGE
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    pub(crate) runtime: Option<String>,
    /// Replace files of those packages that were edited or that bp did not write
    #[arg(long, requires = "runtime")]
    pub(crate) force: bool,
}

/// `bp check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A wiring's name or file
    #[arg(add = complete_wirings())]
    pub(crate) wiring: Option<String>,
    /// Print how long each stage took, in wall time and CPU time
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub(crate) timings: Option<TimingsForm>,
    /// Make the fixes that are certain, then report what is left
    #[arg(long)]
    pub(crate) fix: bool,
}

/// `bp build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// A wiring's name or file
    #[arg(add = complete_wirings())]
    pub(crate) wiring: Option<String>,
    /// Write here instead of build/WIRING
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<String>,
    /// Emit only this target; may be repeated
    #[arg(long = "target", value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Write nothing; exit with 1 and list what differs
    #[arg(long, conflicts_with = "force")]
    pub(crate) check: bool,
    /// Replace files that were edited or that bp did not write
    #[arg(long)]
    pub(crate) force: bool,
    /// Print how long each stage took, in wall time and CPU time
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub(crate) timings: Option<TimingsForm>,
}

/// `bp run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A wiring's name or file
    #[arg(add = complete_wirings())]
    pub(crate) wiring: Option<String>,
    /// The mode of the program to run over fresh data, instead of serving until a signal; its flag comes from the registry
    #[arg(skip)]
    pub(crate) mode: Option<Mode>,
    /// Start with fresh data
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Build again on every save, and restart the processes that it changed
    #[arg(long)]
    pub(crate) watch: bool,
    /// Build with optimisation
    #[arg(long)]
    pub(crate) release: bool,
}

/// `bp restart`.
#[derive(Debug, Args)]
pub(crate) struct Restart {
    /// The process
    pub(crate) process: String,
    /// The name or file of the wiring that is running
    #[arg(add = complete_wirings())]
    pub(crate) wiring: Option<String>,
}

/// `bp test`.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// A wiring's name or file
    #[arg(add = complete_wirings())]
    pub(crate) wiring: Option<String>,
    /// Build with optimisation
    #[arg(long)]
    pub(crate) release: bool,
    /// Passed to the test binaries, such as a name to filter by
    #[arg(last = true)]
    pub(crate) arguments: Vec<String>,
}

/// `bp image`.
#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Ask the Docker engine for the digests that images.lock lacks, and write them
    #[command(
        after_help = "Examples:\n  bp image pin compose\n  bp image pin compose --update   look up every digest again"
    )]
    Pin(Pin),
}

/// `bp image pin`.
#[derive(Debug, Args)]
pub(crate) struct Pin {
    /// A wiring's name or file
    #[arg(add = complete_wirings())]
    pub(crate) wiring: Option<String>,
    /// Look up every digest again
    #[arg(long)]
    pub(crate) update: bool,
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DumpFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `bp ir`.
#[derive(Debug, Args)]
pub(crate) struct IrDump {
    /// A wiring's name or file
    #[arg(add = complete_wirings())]
    pub(crate) wiring: Option<String>,
    /// The graph after this pass
    #[arg(long, value_name = "PASS", required_unless_present = "plan", conflicts_with = "plan")]
    pub(crate) after: Option<String>,
    /// The plan
    #[arg(long)]
    pub(crate) plan: bool,
    /// The form
    #[arg(long, value_enum, default_value_t = DumpFormat::Text)]
    pub(crate) format: DumpFormat,
}

/// Forms of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphForm {
    /// For Graphviz
    Dot,
    /// For Markdown pages
    Mermaid,
    /// For programs
    Json,
    /// One page for a browser: pan, zoom, search, fold, follow calls
    Html,
}

/// `bp graph`.
#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// A wiring's name or file
    #[arg(add = complete_wirings())]
    pub(crate) wiring: Option<String>,
    /// The form
    #[arg(long, value_enum, default_value_t = GraphForm::Dot)]
    pub(crate) format: GraphForm,
}

/// `bp explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A code such as BP2071, `codes` for all of them, a plugin such as `retry`, `plugins` for all of them, or a wiring's name or file
    #[arg(add = complete_explained())]
    pub(crate) what: String,
    /// The instance, edge, listener, process, init, target or entry of a table (`smoke:add`) of that wiring
    pub(crate) name: Option<String>,
}

/// `bp completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use bp_build::builtin;
    use bp_plugin::TAKEN_MODES;

    use super::*;

    #[test]
    fn modes_are_flags_of_run_and_cannot_be_other_flags() {
        let registry = builtin();
        command(&registry).debug_assert();
        let read = |words: &[&str]| {
            let words = ["bp", "run"].iter().chain(words).map(OsString::from);
            Cli::read(&registry, words).map(|cli| match cli.command {
                Command::Run(run) => run.mode.map(|mode| mode.name),
                _ => None,
            })
        };
        let (_, mode) = registry.modes().next().expect("a mode");
        let flag = format!("--{}", mode.name);
        assert_eq!(read(&[&flag]).expect("a flag"), Some(mode.name));
        assert_eq!(read(&[]).expect("no flag"), None);
        assert!(read(&[&flag, "--watch"]).is_err(), "it ends, so there is nothing to watch");
        let mut cli = Cli::command();
        cli.build();
        let run = cli.find_subcommand("run").expect("the command");
        for argument in run.get_arguments() {
            let id = argument.get_id().as_str();
            for word in argument.get_long().into_iter().chain((!id.contains('_')).then_some(id)) {
                assert!(TAKEN_MODES.contains(&word), "{word}");
            }
        }
    }
}
