//! Codes 1xxx: workflow source.

use crate::{Applicability, Diagnostic, Edit, Span};

codes! {
    BP1001 "a file cannot be read";
    BP1002 "a file is not UTF-8";
    BP1003 "a syntax error in Rust";
    BP1004 "nested too deep";
    BP1005 "something opened is not closed";
    BP1006 "a module has no file";
    BP1007 "a Cargo.toml lacks a value or has a wrong one";
    BP1008 "a conditional part of a workflow";
    BP1009 "an included file";
    BP1010 "a service made by a macro";
    BP1011 "a service method of the wrong shape";
    BP1012 "a stream as result";
    BP1013 "an argument without a name";
    BP1014 "a generic service";
    BP1015 "a service with a supertrait";
    BP1016 "an implementation without a constructor";
    BP1017 "a private constructor";
    BP1018 "a constructor of the wrong shape";
    BP1019 "not exactly one infrastructure variant";
    BP1020 "a variant without a status";
    BP1021 "not reachable from outside its crate";
    BP1022 "an unknown name";
    BP1023 "defined twice";
    BP1024 "a knob of the wrong shape";
    BP1025 "a task that the runtime does not know";
    BP1026 "a module that contains itself";
    BP1027 "an alias that refers to itself";
    BP1028 "an implementation of the wrong shape";
    BP1029 "something other than methods in a service";
    BP1030 "a background task of the wrong shape";
    BP1031 "a path dependency that is not there";
    BP1032 "a NUL byte in a file";
    BP1033 "a bracket closes nothing or a bracket of another kind";
    BP1034 "a module has two files";
    BP1035 "a Cargo.toml is not TOML";
    BP1036 "a service error that is not an enum";
    BP1037 "an infrastructure variant of the wrong shape";
    BP1038 "an unknown status";
    BP1039 "a status of the wrong shape";
    BP1040 "a damaged wire.lock";
    BP1041 "an unresolved merge in wire.lock";
    BP1042 "a number given twice in wire.lock";
    BP1043 "a number whose type changed";
    BP1044 "a number that the wire cannot have";
    BP1045 "two errors have one code";
    BP1046 "not a valid collection name";
    BP1050 "too many arguments";
    BP1051 "two crates have one name";
    BP1055 "a condition that builds differ in";
    BP1056 "a package without a library";
    BP1057 "a path dependency for some targets only";
    BP1058 "a module made by a macro";
    BP1059 "a dependency that is replaced";
    BP1060 "a package without a workspace";
    BP1061 "a path dependency whose package has another name";
    BP1062 "a feature that a package does not have";
    BP1063 "a crate that is not linked";
    BP1064 "an interface that is not at its crate's root";
    BP1065 "an interface that extends something else";
    BP1067 "a method of an interface that cannot cross a process";
}

/// Those after which a part of a workflow is unknown.
pub(super) const UNREAD: &[crate::Code] = &[
    BP1001, BP1002, BP1003, BP1004, BP1005, BP1006, BP1032, BP1033, BP1035, BP1055, BP1056, BP1057,
    BP1058, BP1059, BP1060, BP1061, BP1063,
];

/// `path` could not be read; `span` is the line that asked for it, if any.
pub fn file_unreadable(span: Option<Span>, path: &str, reason: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP1001, format!("cannot read `{path}`: {reason}"))
        .help(format!("make `{path}` a file that you may read"));
    match span {
        Some(span) => diagnostic.at(span, "needed here"),
        None => diagnostic,
    }
}

/// A file has bytes that are not UTF-8; `span` is the first of them.
pub fn not_utf8(span: Span, offset: usize) -> Diagnostic {
    Diagnostic::error(BP1002, format!("byte {offset} of the file is not UTF-8"))
        .at(span, "the readable text ends here")
        .help("save the file as UTF-8")
}

/// A file has a NUL byte.
pub fn nul_byte(span: Span) -> Diagnostic {
    Diagnostic::error(BP1032, "the file has a NUL byte")
        .at(span, "this byte")
        .help("remove it; in a Rust string write `\\0`")
}

/// Rust that does not parse.
pub fn rust_syntax(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(BP1003, format!("this is not Rust: {message}"))
        .at(span, "")
        .note("the rest of this item is skipped; other items are still read")
}

/// Brackets, type arguments or operators nested deeper than `limit`.
pub fn nested_too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(BP1004, format!("nested deeper than {limit} levels"))
        .at(span, "the limit is exceeded here")
        .note("the file is not read; the limit protects every tool that parses it")
        .help("name an inner part with a `type`, a `struct` or a `fn` of its own")
}

/// A bracket, string or comment without its end.
pub fn unclosed(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(BP1005, format!("{what} is not closed")).at(span, "opened here")
}

/// A bracket that closes nothing, or another kind than the one opened at `open`.
pub fn mismatched(span: Span, close: char, open: Option<(char, Span)>) -> Diagnostic {
    match open {
        Some((open, at)) => Diagnostic::error(BP1033, format!("`{close}` does not close `{open}`"))
            .at(span, "found here")
            .at(at, "opened here"),
        None => Diagnostic::error(BP1033, format!("`{close}` closes nothing"))
            .at(span, "nothing is open here")
            .help("remove it, or write what it closes further up"),
    }
}

/// `mod name;` without a file; `candidates` are the paths where it may lie.
pub fn module_file_missing(span: Span, name: &str, candidates: &[String]) -> Diagnostic {
    let list = candidates.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(" or ");
    Diagnostic::error(BP1006, format!("module `{name}` has no file"))
        .at(span, "declared here")
        .help(format!("create {list}, or remove this line"))
}

/// `mod name;` with two files.
pub fn module_file_ambiguous(span: Span, name: &str, candidates: &[String]) -> Diagnostic {
    let list = candidates.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(" and ");
    Diagnostic::error(BP1034, format!("module `{name}` has two files"))
        .at(span, "declared here")
        .help(format!("{list} both exist: remove one"))
}

/// A Cargo.toml that does not parse.
pub fn manifest_syntax(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(BP1035, format!("this Cargo.toml is not TOML: {message}")).at(span, "")
}

/// A value in a Cargo.toml that is missing, or is not what cargo takes there.
pub fn manifest_value(span: Span, message: &str, help: &str) -> Diagnostic {
    Diagnostic::error(BP1007, message).at(span, "").help(help)
}

/// `package` has no library; `asked` is the line that depends on it, if any, `span` is where it is named, and `root` the usual root file.
pub fn library_missing(asked: Option<Span>, span: Span, package: &str, root: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP1056, format!("package `{package}` has no library"));
    let diagnostic = match asked {
        Some(asked) => diagnostic.at(asked, "needed here").at(span, "this package is named here"),
        None => diagnostic.at(span, "this package is named here"),
    };
    diagnostic
        .help(format!("create `{root}`, or write `path = \"…\"` below `[lib]` of its Cargo.toml"))
}

/// A path dependency in the table of a target that builds may or may not be for; `target` is the table's key.
pub fn dependency_undecided(target: Span, span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(BP1057, format!("whether `{name}` is a dependency differs between builds"))
        .at(span, "a path dependency, whose types are read")
        .at(target, "some builds are for another target")
        .note("a workflow is read for Linux; the processor, the C library and the profile differ from build to build")
        .help("move it to `[dependencies]`, or write `[target.'cfg(unix)'.dependencies]`")
}

/// An entry of `[patch]` or `[replace]`.
pub fn dependency_replaced(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(BP1059, format!("`{name}` is replaced only where cargo builds this workspace"))
        .at(span, "")
        .note("cargo reads `[patch]` and `[replace]` of the workspace that it builds, and what `bp` generates is a workspace of its own")
        .help(format!("remove this line, and write the source beside the dependency: `{name} = {{ path = \"…\" }}`"))
}

/// A package inherits `what`, and no Cargo.toml is its workspace's root.
pub fn workspace_missing(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(BP1060, format!("there is no workspace to inherit `{what}` from"))
        .at(span, "inherited here")
        .note("cargo takes this Cargo.toml if it has `[workspace]`, else the one that `package.workspace` names, else the nearest above that has `[workspace]` and does not exclude this package")
        .help(format!("write the value of `{what}` here, or add `[workspace]` to a Cargo.toml above"))
}

/// The package in a dependency's folder is called `found`.
pub fn dependency_of_another_name(span: Span, named: Span, key: &str, found: &str) -> Diagnostic {
    Diagnostic::error(BP1061, format!("the package of path dependency `{key}` is called `{found}`"))
        .at(span, "another name is expected here")
        .at(named, "named here")
        .help(format!("add `package = \"{found}\"` to `{key}`, or correct its path"))
}

/// A dependency asks for a feature that its package does not declare.
pub fn feature_unknown(span: Span, package: &str, feature: &str) -> Diagnostic {
    Diagnostic::error(BP1062, format!("package `{package}` has no feature `{feature}`"))
        .at(span, "asked for here")
        .help(format!("add `{feature} = []` to `[features]` of `{package}`, or do not ask for it"))
}

/// Code names a crate that its Cargo.toml mentions and does not link; `why` ends a sentence.
pub fn crate_not_linked(
    span: Span,
    mentioned: Span,
    name: &str,
    why: &str,
    help: &str,
) -> Diagnostic {
    Diagnostic::error(BP1063, format!("crate `{name}` is not linked: {why}"))
        .at(span, "named here")
        .at(mentioned, "declared here")
        .help(help)
}

/// A `cfg` decides what is read, and builds differ in it; `what` is "the file of module `x`".
pub fn undecided(span: Span, condition: Span, what: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(BP1055, format!("{what} depends on a condition that builds differ in"));
    let diagnostic = if span == condition {
        diagnostic.at(span, "this condition")
    } else {
        diagnostic.at(span, "named here").at(condition, "this condition")
    };
    diagnostic
        .note("a workflow is read for Linux, with the features that the workflow turns on; the processor, the C library and the profile differ from build to build")
        .help("remove the condition, or make it one such as `unix`, `target_os = \"…\"` or `feature = \"…\"`")
}

/// `mod name;` inside a macro.
pub fn module_in_macro(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(BP1058, "a module inside a macro is not seen")
        .at(span, "")
        .note("the source is parsed, macros are not expanded")
        .help(format!("write `mod {name};` outside the macro; `#[cfg(unix)]` and `#[cfg(feature = \"…\")]` above it are followed"))
}

/// `cfg` on something that every build must have; `what` is "service `Cart`".
pub fn conditional(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(BP1008, format!("{what} is conditional"))
        .at(span, "")
        .note("what a system consists of is said in the wiring; a `cfg` would give two processes of one system different services or encodings")
        .help("remove the condition; `#[cfg(test)]` is fine, and a knob or another implementation can switch behaviour")
}

/// `include!` in a workflow.
pub fn included(span: Span) -> Diagnostic {
    Diagnostic::error(BP1009, "`include!` in a workflow is not followed")
        .at(span, "")
        .help("make the file a module: `#[path = \"…\"] mod name;`")
}

/// `#[service]` inside a macro.
pub fn service_in_macro(span: Span) -> Diagnostic {
    Diagnostic::error(BP1010, "a service inside a macro is not seen")
        .at(span, "")
        .note("the source is parsed, macros are not expanded")
        .help("write the trait or `impl` out")
}

/// A method that is not `async fn name(&self, …)`; `owner` is "service `Cart`".
pub fn method_shape(
    span: Span,
    owner: &str,
    method: &str,
    problem: &str,
    help: &str,
) -> Diagnostic {
    Diagnostic::error(BP1011, format!("method `{method}` of {owner} {problem}"))
        .at(span, "")
        .help(help)
}

/// A method that returns a stream; `owner` is "service `Cart`".
pub fn stream_result(span: Span, owner: &str, method: &str) -> Diagnostic {
    Diagnostic::error(
        BP1012,
        format!("method `{method}` of {owner} returns a stream, which is not supported yet"),
    )
    .at(span, "")
    .help("return a page with a token: `struct Page { items: Vec<Item>, next: Option<String> }`")
}

/// An argument or parameter that is a pattern; `what` is "an argument of `Cart::add`".
pub fn unnamed_argument(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(BP1013, format!("{what} has no name"))
        .at(span, "a pattern")
        .note("its name is used on the wire and in the wiring")
        .help("give it a plain name, and destructure it inside the body")
}

/// Generics on a service or one of its methods; `what` is "service `Cart`".
pub fn generic_service(span: Span, what: &str, only_lifetimes: bool) -> Diagnostic {
    let help = if only_lifetimes {
        "leave the lifetimes out: what is borrowed for a call, such as `&str`, needs none"
    } else {
        "write the types out; a trait for each if there are several"
    };
    Diagnostic::error(BP1014, format!("{what} is generic"))
        .at(span, "")
        .note("an instance is wired as `Arc<dyn Trait>`, which needs one concrete signature")
        .help(help)
}

/// A method with more arguments than can be encoded; `span` is the first that is too many.
pub fn many_arguments(span: Span, method: &str, count: usize, most: usize) -> Diagnostic {
    Diagnostic::error(
        BP1050,
        format!("`{method}` has {count} arguments; at most {most} are allowed"),
    )
    .at(span, format!("argument {}", most + 1))
    .help("make a struct that derives `Data` of those that belong together, and take that")
}

/// Two crates that Rust or cargo cannot tell apart; `first` is the one that was read before.
pub fn crate_named_twice(span: Span, first: Span, name: &str, packages: [&str; 2]) -> Diagnostic {
    let [package, other] = packages;
    let title = if package == other {
        format!("two crates are called `{name}`")
    } else {
        format!("`{package}` and `{other}` are both called `{name}` in Rust")
    };
    Diagnostic::error(BP1051, title)
        .at(span, "this one")
        .at(first, "and this one")
        .help("give one of them another name")
}

/// A supertrait other than `Send`, `Sync` and `'static`.
pub fn supertrait(span: Span, service: &str, bound: &str) -> Diagnostic {
    Diagnostic::error(BP1015, format!("service `{service}` has the supertrait `{bound}`"))
        .at(span, "")
        .note("a client of the service would have to implement it too, and cannot")
        .help(format!("remove `{bound}`, or make its methods part of `{service}`"))
}

/// An implementation without `new`.
pub fn constructor_missing(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(BP1016, format!("implementation `{name}` has no constructor"))
        .at(span, "")
        .help(format!("add `impl {name} {{ pub async fn new(…) -> Result<Self, InitError> {{ … }} }}` with its dependencies as parameters"))
}

/// `new` is not `pub`; `insert` is the place that `pub ` should take.
pub fn constructor_private(span: Span, insert: Span, name: &str) -> Diagnostic {
    Diagnostic::error(BP1017, format!("the constructor of `{name}` is private"))
        .at(span, "generated code calls it from another crate")
        .help("write `pub` in front of it")
        .fix(Applicability::Sure, vec![Edit { span: insert, text: "pub ".to_owned() }])
}

/// `new` with a receiver, generics, or another result than `Self` or `Result<Self, E>`.
pub fn constructor_shape(
    span: Span,
    name: &str,
    problem: &str,
    unwired: Option<&UnwiredTrait>,
) -> Diagnostic {
    let help = match unwired {
        None => "write `pub async fn new(…) -> Result<Self, InitError>`, or `-> Self`, with or without `async`".to_owned(),
        Some(UnwiredTrait::Own(trait_name)) => {
            format!(
                "mark `{trait_name}` with `#[service]`, or with `#[interface]` if backends offer it"
            )
        }
        Some(UnwiredTrait::OfReadCrate(trait_name)) => format!(
            "mark `{trait_name}` with `#[interface]` if backends offer it, or with `#[service]`"
        ),
        Some(UnwiredTrait::OfUnreadCrate(path)) => {
            format!("build `bp` with the plugin that declares `{path}`: this one does not know it")
        }
        Some(UnwiredTrait::BelowTheRoot(path)) => {
            format!("an interface is named at the root of its crate: `{path}`")
        }
        Some(UnwiredTrait::Other) => "let the constructor make it itself, or take a service".to_owned(),
    };
    Diagnostic::error(BP1018, format!("the constructor of `{name}` {problem}"))
        .at(span, "")
        .help(help)
}

/// A trait that no wiring can provide, because it is neither a service nor an interface that this `bp` knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnwiredTrait {
    /// Declared in the crate that takes it, by its name.
    Own(String),
    /// Declared without a mark in another crate that is read, by its name.
    OfReadCrate(String),
    /// Of a crate that is not read, by its path.
    OfUnreadCrate(String),
    /// Declared in a crate that has a known interface of this name at its root, by the path of that.
    BelowTheRoot(String),
    /// Several traits at once, or one of the standard library.
    Other,
}

/// No `#[infra]` variant, or a second one at `span` after the one at `first`.
pub fn infra_count(span: Span, first: Option<Span>, name: &str) -> Diagnostic {
    match first {
        None => Diagnostic::error(
            BP1019,
            format!("service error `{name}` has no `#[infra]` variant"),
        )
        .at(span, "")
        .help(
            "add the variant `#[infra] Infra(Infra)`: it carries what the infrastructure reports",
        ),
        Some(first) => {
            Diagnostic::error(BP1019, format!("service error `{name}` has two `#[infra]` variants"))
                .at(span, "the second")
                .at(first, "the first")
                .help("keep one")
        }
    }
}

/// An `#[infra]` variant that is not `Infra(Infra)`.
pub fn infra_shape(span: Span, variant: &str) -> Diagnostic {
    Diagnostic::error(BP1037, format!("the `#[infra]` variant `{variant}` must hold one `Infra`"))
        .at(span, "")
        .help(format!("write `#[infra] {variant}(Infra)`"))
}

/// `derive(ServiceError)` on something that is not an enum.
pub fn error_not_enum(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(BP1036, format!("service error `{name}` is not an enum"))
        .at(span, "")
        .help("make it an enum with an `#[infra] Infra(Infra)` variant")
}

/// A variant without `#[status(…)]`.
pub fn status_missing(span: Span, variant: &str) -> Diagnostic {
    Diagnostic::error(BP1020, format!("variant `{variant}` has no status"))
        .at(span, "")
        .help("write `#[status(not_found)]`, or another of the canonical names, above it")
}

/// A status name that does not exist.
pub fn status_unknown(span: Span, typed: &str, nearest: Option<&str>, all: &[&str]) -> Diagnostic {
    Diagnostic::error(BP1038, format!("there is no status `{typed}`"))
        .at(span, "")
        .suggest(nearest)
        .help(format!("the names are {}", all.join(", ")))
}

/// `#[status]` with other contents than a name and a message.
pub fn status_shape(span: Span) -> Diagnostic {
    Diagnostic::error(BP1039, "`#[status]` takes a name and, optionally, a message")
        .at(span, "")
        .help("write `#[status(not_found)]` or `#[status(not_found, \"no item {0}\")]`")
}

/// Generated code cannot name an item; `defined` is its definition.
pub fn unreachable(span: Span, defined: Span, what: &str, path: &str) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error(BP1021, format!("{what} `{path}` cannot be named outside its crate"))
            .at(span, "generated code needs it here");
    if defined != span {
        diagnostic = diagnostic.at(defined, "defined here");
    }
    diagnostic.help(
        "make it `pub`, and its module too, or re-export it with `pub use` from the crate's root",
    )
}

/// A name that nothing declares.
pub fn unknown_name(span: Span, name: &str, nearest: Option<&str>) -> Diagnostic {
    Diagnostic::error(BP1022, format!("cannot find `{name}` in this scope"))
        .at(span, "")
        .suggest(nearest)
        .help("declare it, or bring it in with `use`")
}

/// A second definition; `what` is "trait" or "implementation of `Cart` for".
pub fn defined_twice(span: Span, first: Span, what: &str, name: &str) -> Diagnostic {
    Diagnostic::error(BP1023, format!("{what} `{name}` is defined twice"))
        .at(span, "again here")
        .at(first, "first here")
        .help("rename or remove one")
}

/// A knob that is not `static NAME: Knob = knob!("name");`.
pub fn knob_shape(span: Span, problem: &str) -> Diagnostic {
    Diagnostic::error(BP1024, format!("a knob {problem}"))
        .at(span, "")
        .help("write `static RELATED: Knob = knob!(\"related_posts\");` with a name of lower-case letters, digits and `_`")
}

/// `tokio::spawn` in a workflow.
pub fn bare_spawn(span: Span) -> Diagnostic {
    Diagnostic::warning(BP1025, "`tokio::spawn` starts a task that the runtime does not know")
        .at(span, "")
        .note("the task loses the call's deadline and trace, and a drain does not wait for it")
        .help("use `bp_std::spawn`, which keeps the context and is counted")
}

/// A module file that is reached from within itself.
pub fn module_cycle(span: Span, path: &str) -> Diagnostic {
    Diagnostic::error(BP1026, format!("module file `{path}` contains itself"))
        .at(span, "")
        .help("point `#[path]` at another file")
}

/// `type A = B; type B = A;`
pub fn alias_cycle(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(BP1027, format!("type alias `{name}` refers to itself"))
        .at(span, "")
        .help("make one of them a `struct`")
}

/// `#[service] impl` of or for something that it cannot be.
pub fn implementation_shape(span: Span, problem: &str, help: &str) -> Diagnostic {
    Diagnostic::error(BP1028, problem).at(span, "").help(help)
}

/// An associated type, constant or macro in the trait of a service or interface; `owner` is "service `Cart`".
pub fn service_item(span: Span, kind: TraitKind, name: &str, what: &str) -> Diagnostic {
    let any = match kind {
        TraitKind::Service => "a service",
        TraitKind::Interface => "an interface",
    };
    Diagnostic::error(BP1029, format!("{} `{name}` declares {what}", kind.name()))
        .at(span, "")
        .note(format!("{any} is its methods: nothing else can be called from another process"))
        .help("move it out of the trait")
}

/// What a marked trait is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraitKind {
    /// It is marked `#[service]`.
    Service,
    /// It is marked `#[interface]`.
    Interface,
}

impl TraitKind {
    /// The word for it: `service`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Interface => "interface",
        }
    }
}

/// `run` that is not `async fn run(&self)`.
pub fn run_shape(span: Span, name: &str, problem: &str) -> Diagnostic {
    Diagnostic::error(BP1030, format!("the background task of `{name}` {problem}"))
        .at(span, "")
        .help("write `pub async fn run(&self)` or `pub async fn run(&self) -> Result<(), InitError>`, or give the method another name")
}

/// A path dependency without a Cargo.toml.
pub fn dependency_missing(span: Span, name: &str, path: &str) -> Diagnostic {
    Diagnostic::error(BP1031, format!("path dependency `{name}` is not at `{path}`"))
        .at(span, "")
        .help("correct the path: it is relative to this Cargo.toml")
}

/// A line of wire.lock that cannot be understood.
pub fn lock_syntax(span: Span, problem: &str) -> Diagnostic {
    Diagnostic::error(BP1040, format!("wire.lock is damaged: {problem}"))
        .at(span, "")
        .note("`bp` writes this file; it is not meant to be edited")
        .help("restore it from version control and run `bp build` again; never delete it once something is deployed")
}

/// Conflict markers in wire.lock.
pub fn lock_conflict(span: Span) -> Diagnostic {
    Diagnostic::error(BP1041, "wire.lock has an unresolved merge")
        .at(span, "")
        .help("keep the lines of both sides, remove the marker lines; where both gave one number, keep the line that is deployed, remove the other, and run `bp build` to give it a new number")
}

/// Two lines with one number; `what` is "number 3 of `leaf_workflow::Item`".
pub fn lock_duplicate(span: Span, first: Span, what: &str) -> Diagnostic {
    Diagnostic::error(BP1042, format!("{what} is given twice"))
        .at(span, "again here")
        .at(first, "first here")
        .help("keep the line that is deployed, remove the other, and run `bp build`: what has no line gets a new number")
}

/// A field whose encoding is not the locked one.
///
/// `what` is "field `price`", `owner` the type or method; `defined` is its place in the source and `locked` its line in wire.lock.
pub fn wire_retyped(
    defined: Span,
    locked: Span,
    what: &str,
    owner: &str,
    old: &str,
    new: &str,
) -> Diagnostic {
    Diagnostic::error(BP1043, format!("{what} of `{owner}` was `{old}` on the wire and is now `{new}`"))
        .at(defined, format!("now `{new}`"))
        .at(locked, format!("deployed as `{old}`"))
        .note("a process of the old version would read its bytes as something else")
        .help("to change the type, give it a new name: it gets a new number, and the old one stays reserved")
        .help(format!("to keep the name, keep the type: write it so that it is `{old}` again"))
        .help("if no version with the old type was ever deployed, remove its line from wire.lock and run `bp build`")
}

/// A number that cannot be on the wire.
pub fn lock_number(span: Span, number: &str) -> Diagnostic {
    Diagnostic::error(BP1044, format!("{number} cannot be a number on the wire"))
        .at(span, "")
        .note("numbers go from 1 to 536870911, without 19000 to 19999, which protobuf reserves")
        .help("restore the line from version control")
}

/// Two variants of a service error, each with its place, are one code to clients.
pub fn error_code_taken(code: &str, first: (&str, Span), second: (&str, Span)) -> Diagnostic {
    let message = format!("errors `{}` and `{}` have one code, `{code}`", first.0, second.0);
    Diagnostic::error(BP1045, message)
        .at(second.1, format!("the code `{code}` too"))
        .at(first.1, format!("the code `{code}`"))
        .note("an error's code is its variant's name in lower case with `_` between the words; clients tell errors apart by it")
        .help(format!("give `{}` another name", second.0))
}

/// A literal that no store accepts as the name of a collection; `proper` is one that every store accepts.
pub fn collection_name(span: Span, name: &str, proper: &str) -> Diagnostic {
    Diagnostic::error(BP1046, format!("`{}` cannot name a collection", name.escape_debug()))
        .at(span, "every store refuses it")
        .note("a collection's name has ASCII letters, digits, `_` and `-`, begins with a letter, and has at most 48 bytes")
        .help(format!("write `\"{proper}\"`"))
}

/// A trait marked `#[interface]` that its crate does not publish at its root under its own name.
pub fn interface_not_at_root(span: Span, name: &str, path: &str, krate: &str) -> Diagnostic {
    Diagnostic::error(BP1064, format!("interface `{name}` is not at the root of its crate"))
        .at(span, format!("`{path}`"))
        .note(format!("an interface is known as its crate and its name: `{krate}::{name}`"))
        .help(format!("re-export it in the crate's root file: `pub use {path};`"))
}

/// A method of an interface whose types no call can carry, for a reason in words.
pub fn interface_method_stays(
    span: Span,
    interface: &str,
    method: &str,
    reason: &str,
) -> Diagnostic {
    let message = format!(
        "method `{method}` of interface `{interface}` cannot be called from another process"
    );
    Diagnostic::error(BP1067, message)
        .at(span, reason)
        .note("`#[interface]` writes a client for every method, so each must be able to cross")
        .help("take and return owned types that derive `Data`, in a `Result` whose error derives `ServiceError`; or move the method out of the trait")
}

/// A supertrait of an interface that is not an interface itself; `of_rust` says that the standard library declares it.
pub fn interface_extends(span: Span, interface: &str, bound: &str, of_rust: bool) -> Diagnostic {
    let help = if of_rust {
        format!("remove `{bound}`: an interface extends interfaces, `Send` and `Sync` alone")
    } else {
        format!("mark `{bound}` with `#[interface]`, or make its methods part of `{interface}`")
    };
    Diagnostic::error(
        BP1065,
        format!("interface `{interface}` extends `{bound}`, which is not an interface"),
    )
    .at(span, "")
    .note("a client of the interface is made from the methods of all that it extends")
    .help(help)
}
