//! The manifests of every example that has some: against Kubernetes' own schema, through kustomize, and their NetworkPolicies against the plan.
//!
//! The evaluator reads the policies as a cluster would and knows nothing of how they were made.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::running::file;
use crate::{bp, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for example in bp::examples() {
        let folder = bp::root().join("examples").join(&example);
        for wiring in bp::wirings(&example) {
            let text = std::fs::read_to_string(folder.join(file(&wiring))).unwrap_or_default();
            if !text.contains("kubernetes") {
                continue;
            }
            let mut add = |what: &str, test: fn(&Path, &str) -> Result<()>| {
                let (folder, wiring) = (folder.clone(), wiring.clone());
                let name = format!("kubernetes::{what}::{example}::{wiring}");
                trials.push(trial(name, move || test(&folder, &wiring)));
            };
            add("schema", check_schema);
            add("kustomize", check_kustomize);
            add("names", check_names);
            add("network", check_network);
        }
    }
    trials
}

/// A wiring's manifests, built into a folder of their own.
struct BuiltManifests {
    folder: tempfile::TempDir,
}

impl BuiltManifests {
    fn new(application: &Path, wiring: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let out = folder.path().to_str().context("a path in UTF-8")?;
        bp::run(application, &["build", &file(wiring), "--target", "kubernetes", "--out", out])?;
        Ok(Self { folder })
    }

    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("kubernetes")
    }

    /// Every file below, by path.
    fn files(&self) -> Result<Vec<std::path::PathBuf>> {
        let mut out = Vec::new();
        let mut folders = vec![self.root()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() { folders.push(path) } else { out.push(path) }
            }
        }
        out.sort();
        ensure!(!out.is_empty(), "no manifest was written");
        Ok(out)
    }

    fn objects(&self) -> Result<Vec<Value>> {
        let read = |path: &std::path::PathBuf| {
            let text = std::fs::read_to_string(path)?;
            serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
        };
        self.files()?.iter().map(read).collect()
    }
}

/// Every manifest passes the strict schema of a current Kubernetes.
fn check_schema(application: &Path, wiring: &str) -> Result<()> {
    let built = BuiltManifests::new(application, wiring)?;
    let validate = |paths: &[std::path::PathBuf]| {
        Command::new("python3")
            .args(["-m", "kubernetes_validate", "--strict", "--quiet"])
            .args(paths)
            .output()
            .context("python3 -m kubernetes_validate")
    };
    let manifests: Vec<_> =
        built.files()?.into_iter().filter(|p| !p.ends_with("kustomization.yaml")).collect();
    let output = validate(&manifests)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text}");
    // The validator must also reject a wrong manifest, or its acceptance would prove nothing.
    let path = built.folder.path().join("bad.yaml");
    let first = manifests.first().context("a manifest")?;
    std::fs::write(&path, std::fs::read_to_string(first)? + "\nunheardOf: true\n")?;
    ensure!(!validate(&[path])?.status.success(), "an unknown field was accepted");
    Ok(())
}

/// kustomize makes one document for each object, and puts the image in.
fn check_kustomize(application: &Path, wiring: &str) -> Result<()> {
    let built = BuiltManifests::new(application, wiring)?;
    let output = Command::new("kubectl")
        .arg("kustomize")
        .arg(built.root())
        .output()
        .context("kubectl kustomize")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text)?;
    ensure!(documents.len() + 1 == built.files()?.len(), "{} objects", documents.len());
    Ok(())
}

/// The name of every object is the host of a process, init or store, or one of the few that the compiler checks against those.
///
/// An object with a name of a new form must also be listed in `names::name_objects` of the target, or a user's process may take its name.
fn check_names(application: &Path, wiring: &str) -> Result<()> {
    let objects = BuiltManifests::new(application, wiring)?.objects()?;
    let text = |object: &Value, path: &str| {
        object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let accounts = objects.iter().filter(|object| object["kind"] == "ServiceAccount");
    let hosts: BTreeSet<String> = accounts.map(|object| text(object, "/metadata/name")).collect();
    ensure!(!hosts.is_empty(), "no host");
    for object in objects.iter().filter(|object| object["kind"] != "Kustomization") {
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        let entry = kind == "Service" && hosts.contains(name.trim_end_matches("-entry"));
        let denial = kind == "NetworkPolicy" && name.ends_with("-default-deny");
        ensure!(hosts.contains(&name) || entry || denial, "{kind} `{name}` is not claimed");
    }
    Ok(())
}

/// A pod that the manifests make: its labels, and the ports on which it listens.
struct Pod {
    name: String,
    labels: BTreeMap<String, String>,
    ports: BTreeSet<u64>,
}

fn strings(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

fn list_pods(objects: &[Value]) -> Vec<Pod> {
    objects
        .iter()
        .filter(|o| ["Deployment", "StatefulSet", "Job"].map(Value::from).contains(&o["kind"]))
        .map(|o| {
            let template = &o["spec"]["template"];
            let containers = template["spec"]["containers"].as_array().into_iter().flatten();
            Pod {
                name: o["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
                labels: strings(&template["metadata"]["labels"]),
                ports: containers
                    .flat_map(|c| c["ports"].as_array().into_iter().flatten())
                    .filter_map(|p| p["containerPort"].as_u64())
                    .collect(),
            }
        })
        .collect()
}

/// Whether a label selector takes a pod; an empty one takes all.
fn selects(selector: &Value, labels: &BTreeMap<String, String>) -> bool {
    assert!(selector.get("matchExpressions").is_none(), "not evaluated");
    strings(&selector["matchLabels"]).iter().all(|(k, v)| labels.get(k) == Some(v))
}

/// A pod outside the namespace, by the labels of its namespace and its own.
struct OutsidePod {
    namespace: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

enum Peer<'a> {
    Pod(&'a Pod),
    OutsidePod(&'a OutsidePod),
}

/// Whether rules of one direction allow a peer at a port, as the NetworkPolicy specification defines it.
fn allows(rules: &Value, side: &str, peer: &Peer<'_>, port: u64) -> bool {
    rules.as_array().into_iter().flatten().any(|rule| {
        let port_fits = rule["ports"].as_array().is_none_or(|ports| {
            ports.iter().any(|p| {
                p["protocol"].as_str().unwrap_or("TCP") == "TCP"
                    && (p["port"].is_null() || p["port"].as_u64() == Some(port))
            })
        });
        let peer_fits = rule[side].as_array().is_none_or(|peers| {
            peers.iter().any(|p| match peer {
                Peer::Pod(pod) => {
                    p["namespaceSelector"].is_null()
                        && p["ipBlock"].is_null()
                        && selects(&p["podSelector"], &pod.labels)
                }
                Peer::OutsidePod(outside) => {
                    !p["namespaceSelector"].is_null()
                        && selects(&p["namespaceSelector"], &outside.namespace)
                        && (p["podSelector"].is_null()
                            || selects(&p["podSelector"], &outside.labels))
                }
            })
        });
        port_fits && peer_fits
    })
}

/// Whether policies allow a connection in one direction: when no policy of that direction selects the pod, everything is allowed.
fn allowed(policies: &[&Value], pod: &Pod, direction: &str, peer: &Peer<'_>, port: u64) -> bool {
    let side = if direction == "Ingress" { "from" } else { "to" };
    let key = if direction == "Ingress" { "ingress" } else { "egress" };
    let selecting: Vec<&&Value> = policies
        .iter()
        .filter(|p| {
            let types = p["spec"]["policyTypes"].as_array();
            types.is_some_and(|t| t.contains(&Value::from(direction)))
                && selects(&p["spec"]["podSelector"], &pod.labels)
        })
        .collect();
    selecting.is_empty() || selecting.iter().any(|p| allows(&p["spec"][key], side, peer, port))
}

/// Who may connect to whom: `caller -> callee:port`, with `*` for callers outside.
fn list_pairs(policies: &[&Value], pods: &[Pod]) -> BTreeSet<String> {
    let outside_pod = OutsidePod {
        namespace: BTreeMap::from([("kubernetes.io/metadata.name".to_owned(), "x".to_owned())]),
        labels: BTreeMap::new(),
    };
    let mut out = BTreeSet::new();
    for callee in pods {
        for port in &callee.ports {
            let outside = Peer::OutsidePod(&outside_pod);
            if allowed(policies, callee, "Ingress", &outside, *port) {
                out.insert(format!("* -> {}:{port}", callee.name));
            }
            for caller in pods.iter().filter(|caller| caller.name != callee.name) {
                let both = allowed(policies, caller, "Egress", &Peer::Pod(callee), *port)
                    && allowed(policies, callee, "Ingress", &Peer::Pod(caller), *port);
                if both {
                    out.insert(format!("{} -> {}:{port}", caller.name, callee.name));
                }
            }
        }
    }
    out
}

/// The same pairs from the plan.
fn plan_pairs(plan: &Value) -> BTreeSet<String> {
    let host = |name: &str| name.replace('_', "-");
    let empty = serde_json::Map::new();
    let instances = plan["instances"].as_object().unwrap_or(&empty);
    let processes = |instance: &str| -> Vec<String> {
        let held = instances.get(instance).and_then(|i| i["processes"].as_array());
        held.into_iter().flatten().filter_map(|p| p.as_str().map(host)).collect()
    };
    let mut out = BTreeSet::new();
    for edge in plan["edges"].as_object().unwrap_or(&empty).values() {
        let Some(listener) = edge["listener"].as_str() else { continue };
        let listener = &plan["listeners"][listener];
        let at = format!(
            "{}:{}",
            host(listener["process"].as_str().unwrap_or_default()),
            listener["address"]["port"]
        );
        if edge["caller"] == "client" {
            out.insert(format!("* -> {at}"));
            // A port that is open to all is open to pods inside too, if their own policy allows it.
        }
        for process in processes(edge["caller"].as_str().unwrap_or_default()) {
            out.insert(format!("{process} -> {at}"));
        }
    }
    for (name, instance) in instances {
        let server = &instance["kind"]["backend"]["server"];
        if server.is_object() && server["external"] == false {
            for process in processes(name) {
                out.insert(format!("{process} -> {}:{}", host(name), server["address"]["port"]));
            }
        }
    }
    out
}

/// The allowed pairs are those of the plan, and they differ when a policy is missing.
fn check_network(application: &Path, wiring: &str) -> Result<()> {
    let built = BuiltManifests::new(application, wiring)?;
    let objects = built.objects()?;
    let pods = list_pods(&objects);
    let policies: Vec<&Value> = objects.iter().filter(|o| o["kind"] == "NetworkPolicy").collect();
    let output = bp::run(application, &["ir", &file(wiring), "--plan", "--format", "json"])?;
    let plan: Value = serde_json::from_slice(&output.stdout)?;
    let wanted = plan_pairs(&plan);
    ensure!(wanted.len() > 1, "there is nothing to compare");
    let found = list_pairs(&policies, &pods);
    ensure!(
        found == wanted,
        "allowed beyond the plan: {:?}\nin the plan and not allowed: {:?}",
        found.difference(&wanted).collect::<Vec<_>>(),
        wanted.difference(&found).collect::<Vec<_>>()
    );
    for missing in 0..policies.len() {
        let mut rest = policies.clone();
        let gone = rest.remove(missing);
        // Every pod has a policy of its own, so the policy that denies all matters only for pods without one.
        if gone["metadata"]["name"].as_str().is_some_and(|n| n.ends_with("-default-deny")) {
            let own: Vec<Pod> = vec![Pod {
                name: "new".to_owned(),
                labels: strings(&gone["spec"]["podSelector"]["matchLabels"]),
                ports: BTreeSet::from([1]),
            }];
            ensure!(list_pairs(&policies, &own).is_empty(), "a pod without a policy is reachable");
            ensure!(!list_pairs(&rest, &own).is_empty(), "denying all changes nothing");
            continue;
        }
        ensure!(
            list_pairs(&rest, &pods) != wanted,
            "nothing changes without {}",
            gone["metadata"]["name"]
        );
    }
    Ok(())
}
