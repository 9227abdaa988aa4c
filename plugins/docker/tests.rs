//! The emitted Dockerfile, read again as an engine reads it.

use std::collections::BTreeMap;

use bp_plugin::deploy::{ImageLock, OutputLocation};
use bp_plugin::diag::{Diagnostics, SourceMap};
use bp_plugin::emit::Artifacts;
use bp_plugin::plan::ImagePlan;
use bp_plugin::{ArtifactContext, EntrySpans, FillContext, Plan, Settings, Value};

/// Lets the target fill in the plan, in which it has these settings.
fn fill(plan: &mut Plan, values: &[(&str, Value)]) -> Diagnostics {
    let values: BTreeMap<String, Value> =
        values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let own = Settings { values: values.into(), ..Settings::default() };
    plan.targets.insert("docker".to_owned(), own);
    let mut diagnostics = Diagnostics::new();
    let (plugin, spans) = (&crate::docker::PLUGIN, EntrySpans::default());
    FillContext { plugin, plan, spans: &spans, diagnostics: &mut diagnostics }.run();
    diagnostics
}

/// What is written with these settings of the target, and what is said.
fn emitted(values: &[(&str, Value)], change: fn(&mut Plan)) -> (Artifacts, Diagnostics) {
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
