//! The emitted Dockerfile, read again as an engine reads it.

use std::collections::BTreeMap;

use bp_plugin::deploy::{ImageLock, OutputLocation};
use bp_plugin::diag::{Diagnostics, SourceMap};
use bp_plugin::emit::Artifacts;
use bp_plugin::plan::{CratePlan, CrateSource, ImagePlan, InterfaceCratePlan, RuntimeSource};
use bp_plugin::{ArtifactContext, EntrySpans, FillContext, Plan, Settings, Value};

/// Lets the target fill in the plan, in which it has these settings.
fn fill(plan: &mut Plan, values: &[(&str, Value)]) -> Diagnostics {
    let values: BTreeMap<String, Value> =
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let own = Settings { values: values.into(), ..Settings::default() };
    plan.targets.insert("docker".to_owned(), own);
    let mut diagnostics = Diagnostics::new();
    let (plugin, spans) = (&crate::docker::PLUGIN, EntrySpans::default());
    let cx = FillContext { plugin, plan, spans: &spans, diagnostics: &mut diagnostics };
    plugin.hooks.run_fill(cx);
    diagnostics
}

/// What is written with these settings of the target, and what is said.
fn emitted(values: &[(&str, Value)], change: impl FnOnce(&mut Plan)) -> (Artifacts, Diagnostics) {
    let mut plan = crate::fixture::plan();
    change(&mut plan);
    let mut diagnostics = fill(&mut plan, values);
    let mut artifacts = Artifacts::new();
    let place = OutputLocation {
        to_root: "../..".to_owned(),
        from_root: Some("build/local".to_owned()),
        above: vec!["leaf".to_owned()],
    };
    crate::docker::write(&mut ArtifactContext {
        plugin: &crate::docker::PLUGIN,
        plan: &plan,
        run_plan: "",
        sources: &SourceMap::new(),
        output: &place,
        images: &ImageLock::default(),
        artifacts: &mut artifacts,
        diagnostics: &mut diagnostics,
    });
    (artifacts, diagnostics)
}

fn image(name: &str) -> Value {
    Value::Text(name.to_owned())
}

/// Instructions and what follows each; lines that end in `\` go on, and comments are none.
fn instructions(text: &str) -> Vec<(String, String)> {
    let whole = text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let lines = whole.replace("\\\n", " ");
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (instruction, rest) = line.split_once(' ').unwrap_or((line, ""));
            (instruction.to_owned(), rest.to_owned())
        })
        .collect()
}

#[test]
fn the_plan_says_which_images_containers_run() {
    let images = |values: &[(&str, Value)]| {
        let mut plan = crate::fixture::plan();
        let said = fill(&mut plan, values);
        assert!(said.is_empty(), "{said:?}");
        plan.images.unwrap()
    };
    let builder = ("builder", image("rust:1"));
    let runtime = ("runtime", image("cc:1"));
    let usual = ImagePlan {
        builder: "rust:1".to_owned(),
        runtime: "cc:1".to_owned(),
        registry: None,
        application: "leaf:local".to_owned(),
        dockerfile: "docker/Dockerfile".to_owned(),
        include: Vec::new(),
    };
    let pinned = ("pinned", Value::Bool(false));
    let required = [builder, runtime, pinned];
    assert_eq!(images(&required), usual);
    let chosen = [
        ("registry", image("r.example")),
        ("image", image("r.example/shop")),
        ("tag", image("1.2")),
        ("include", Value::List(vec![image("Cargo.toml")])),
    ];
    let all: Vec<(&str, Value)> = required.into_iter().chain(chosen).collect();
    let other = ImagePlan {
        registry: Some("r.example".to_owned()),
        application: "r.example/shop:1.2".to_owned(),
        include: vec!["Cargo.toml".to_owned()],
        ..usual
    };
    assert_eq!(images(&all), other);
    // Settings that cannot be read are reported, and no image is made up.
    let mut plan = crate::fixture::plan();
    assert!(fill(&mut plan, &[("builder", Value::Bool(true))]).has_errors());
    assert_eq!(plan.images, None);
}

#[test]
fn every_instruction_is_one_that_is_meant() {
    let (artifacts, _) =
        emitted(&[("builder", image("rust:1")), ("runtime", image("cc:1"))], |_| {});
    let text =
        String::from_utf8(artifacts.get("docker/Dockerfile").unwrap().bytes.clone()).unwrap();
    let found = instructions(&text);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let known = [
        "FROM",
        "WORKDIR",
        "COPY",
        "ENV",
        "RUN",
        "USER",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
    ];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    assert_eq!(names.iter().filter(|name| **name == "RUN").count(), 2);
    let of = |wanted: &str| -> Vec<&str> {
        found.iter().filter(|(name, _)| name == wanted).map(|(_, rest)| rest.as_str()).collect()
    };
    assert_eq!(
        of("FROM"),
        [
            "docker.io/library/rust:1 AS dependencies",
            "dependencies AS build",
            "docker.io/library/cc:1"
        ]
    );
    assert_eq!(of("USER"), ["10001:10001"]);
    assert_eq!(of("ENTRYPOINT"), ["[\"/app/bp-app\"]"]);
    for copied in of("COPY") {
        let list = copied.split_once('[').map(|(_, list)| format!("[{list}")).unwrap();
        let paths: Vec<String> = serde_json::from_str(&list).unwrap();
        assert!(paths.len() >= 2 && paths.iter().all(|path| !path.contains("..")), "{copied}");
    }
}

/// The sources of the `COPY`s of the first stage up to the workflow's manifest, the build's folder, and the paths that the ignore file lets in.
fn copied(include: &[&str], change: impl FnOnce(&mut Plan)) -> (Vec<String>, String, Vec<String>) {
    let include = Value::List(include.iter().map(|path| image(path)).collect());
    let (artifacts, said) = emitted(&[("builder", image("rust:1")), ("include", include)], change);
    assert!(!said.has_errors(), "{said:?}");
    let read = |path| String::from_utf8(artifacts.get(path).unwrap().bytes.clone()).unwrap();
    let text = read("docker/Dockerfile");
    let first = text.lines().find_map(|line| line.strip_prefix("# docker build ")).unwrap();
    let context = first.rsplit(' ').next().unwrap().to_owned();
    let mut copies = Vec::new();
    for (_, rest) in instructions(&text).iter().filter(|(name, _)| name == "COPY") {
        let paths: Vec<String> = serde_json::from_str(rest).unwrap();
        if paths[0].ends_with("workflow/Cargo.toml") {
            break;
        }
        assert_eq!(paths[0], paths[1]);
        copies.push(paths[0].clone());
    }
    let ignore = read("docker/Dockerfile.dockerignore");
    let allowed = ignore.lines().filter_map(|line| Some(line.strip_prefix('!')?.to_owned()));
    (copies, context, allowed.collect())
}

fn add_crates(plan: &mut Plan, paths: &[&str]) {
    for path in paths {
        let name = path.replace(['/', '.', '-'], "_");
        let krate = CratePlan { package: name.clone(), path: (*path).to_owned() };
        plan.app.crates.insert(name, krate);
    }
}

const RUNTIME: [&str; 3] = ["vendor/bp/Cargo.toml", "vendor/bp/stdlib", "vendor/bp/plugins"];

#[test]
fn the_crates_of_the_workflow_and_of_plugins_are_in_the_image() {
    let (copies, context, allowed) = copied(&["Cargo.toml", "words"], |plan| {
        let crates = [
            "vendor/acme-queue",
            "shared",
            "shared/inner",
            "shared-too",
            "workflow/types",
            "words/a",
        ];
        add_crates(plan, &crates);
        let queue = InterfaceCratePlan {
            package: "acme-queue".to_owned(),
            source: CrateSource::Path("vendor/acme-queue".to_owned()),
        };
        let log = InterfaceCratePlan {
            package: "acme-log".to_owned(),
            source: CrateSource::Requirement("\"1\"".to_owned()),
        };
        plan.app
            .interface_crates
            .extend([("acme_queue".to_owned(), queue), ("acme_log".to_owned(), log)]);
        plan.app.carried.insert("bp-rt-pause".to_owned());
    });
    let crates = ["shared", "shared-too", "vendor/acme-queue", "workflow/types"];
    let include = ["Cargo.toml", "words"];
    let carried = ["build/local/rust/bp-rt-pause"];
    let expected: Vec<&str> =
        RUNTIME.iter().chain(&include).chain(&crates).chain(&carried).copied().collect();
    assert_eq!(
        (copies, context),
        (expected.iter().map(|path| (*path).to_owned()).collect(), ".".to_owned())
    );
    let rest = ["workflow", "build/local/rust"];
    let expected: Vec<&str> =
        RUNTIME.iter().chain(&include).chain(&crates).chain(&rest).copied().collect();
    assert_eq!(allowed, expected);
}

#[test]
fn a_crate_beside_the_application_widens_the_build() {
    let (copies, context, allowed) = copied(&[], |plan| {
        plan.app.runtime = RuntimeSource::Version("0.1.0".to_owned());
        add_crates(plan, &["../shared", "types"]);
    });
    assert_eq!(copies, ["leaf/types", "shared"]);
    assert_eq!(context, "..");
    assert_eq!(allowed, ["leaf/types", "shared", "leaf/workflow", "leaf/build/local/rust"]);
}

#[test]
fn a_crate_of_the_runtimes_folder_is_copied_once() {
    let (copies, ..) = copied(&[], |plan| add_crates(plan, &["vendor/bp/stdlib/words"]));
    assert_eq!(copies, RUNTIME);
}

#[test]
fn many_crates_are_few_layers() {
    let (copies, _, allowed) = copied(&[], |plan| {
        let paths: Vec<String> = (0..300).map(|i| format!("libs/group{}/c{i}", i % 3)).collect();
        add_crates(plan, &paths.iter().map(String::as_str).chain(["alone"]).collect::<Vec<_>>());
    });
    assert_eq!(copies[3..], ["alone", "libs/group0", "libs/group1", "libs/group2"]);
    assert_eq!(allowed.iter().filter(|path| path.starts_with("libs/group1/c")).count(), 100);
    // Each in a folder of its own, which is around nothing else.
    let (copies, ..) = copied(&[], |plan| {
        let paths: Vec<String> = (0..300).map(|i| format!("libs/l{i}/rust")).collect();
        add_crates(plan, &paths.iter().map(String::as_str).collect::<Vec<_>>());
    });
    assert!(copies.len() <= 35, "{copies:?}");
    // No folder around the output is copied, and none around everything.
    let (copies, ..) = copied(&[], |plan| {
        let paths: Vec<String> = (0..40).map(|i| format!("build/c{i}")).collect();
        add_crates(plan, &paths.iter().map(String::as_str).collect::<Vec<_>>());
    });
    assert_eq!(copies.len(), 43);
}

#[test]
fn a_crate_around_the_output_is_refused() {
    for path in ["..", ".", "build"] {
        let (artifacts, said) =
            emitted(&[("builder", image("rust:1"))], |plan| add_crates(plan, &[path]));
        assert!(artifacts.get("docker/Dockerfile").is_none(), "{path}");
        assert!(said.iter().any(|d| d.code.id == "BP6045"), "{path}: {said:?}");
    }
}

#[test]
fn no_path_becomes_syntax() {
    for hostile in [
        "a b",
        "a\nRUN evil",
        "a\"]",
        "$(id)",
        "${HOME}",
        "#",
        "a;b",
        "a\\",
        "-x",
        "*",
        "a&&b",
        "é",
    ] {
        let include = Value::List(vec![image(hostile)]);
        let (artifacts, diagnostics) = emitted(
            &[("builder", image("rust:1")), ("runtime", image("scratch")), ("include", include)],
            |_| {},
        );
        assert!(artifacts.get("docker/Dockerfile").is_none(), "{hostile:?}");
        assert!(diagnostics.iter().any(|d| d.code.id == "BP6045"), "{hostile:?}");
    }
    let (artifacts, _) = emitted(&[("builder", image("rust:1"))], |plan| {
        "work flow\nRUN evil".clone_into(&mut plan.app.workflow_path);
    });
    assert!(artifacts.get("docker/Dockerfile").is_none());
}
