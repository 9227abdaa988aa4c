//! From the graph to the plan, in which everything is resolved and nothing is left to look up.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::run_plan::DrainPlan;
use bp_ir::{ClientSlot, Component, Edge, EdgeKind, Ir, Node, NodeKey, NodeKind, Side, Slot};
use bp_plan::{
    AddressPlan, AppPlan, BackendPlan, BoundInstance, CratePlan, CrateSource, DeadlinePlan,
    Dropped, EdgePlan, InitPlan, InstanceKind, InstancePlan, InterfaceCratePlan, ListenerPlan,
    ParameterPlan, PatchPlan, Plan, PluginPlan, ProcessPlan, Replicas, RuntimeSource, ServedPlan,
    ServicePlan, Settings, TransportPlan, VERSION, Value, WrapperPlan,
};
use bp_plugin::facets::{
    Binding, Bindings, Drops, PluginSettings, ProcessSettings, WrapperSettings,
};
use bp_plugin::{Kind, ReadContext, emit, read_resources, read_settings};
use bp_wiring::{Item, Table};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::init::runs_first;
use crate::input::Input;
use crate::locate::Locator;
use crate::places::is_named;
use crate::tables::ReadTables;
use crate::{address, types, wrap};

/// Builds the plan from a graph without errors.
pub(crate) fn build(input: &Input<'_>, ir: &Ir, tables: &ReadTables) -> Plan {
    let builder = PlanBuilder { input, ir, locator: Locator::new(input.sources) };
    let components = ir.components();
    let instances = builder.build_instances(&components);
    let interfaces = builder.build_interfaces(&instances);
    let edges = builder.build_edges(&components);
    let types = types::collect_types(input.workflow, &interfaces, input.wire);
    let plugins = builder.build_plugins(tables);
    let app = builder.build_app(&instances);
    let carried = builder.list_carried(&app, &plugins);
    Plan {
        version: VERSION,
        app: AppPlan { carried, ..app },
        wiring: input.wiring.name.clone(),
        plugins,
        implementations: builder.build_implementations(&instances),
        listeners: builder.build_listeners(&edges),
        edges,
        processes: builder.build_processes(&instances),
        inits: builder.build_inits(&instances),
        tables: tables.plans.clone(),
        images: None,
        wire: types::collect_wire_numbers(input.wire, &types, &interfaces),
        patches: builder.build_patches(),
        targets: builder.build_targets(),
        dropped: builder.collect_dropped(tables),
        instances,
        interfaces,
        types,
    }
}

struct PlanBuilder<'a> {
    input: &'a Input<'a>,
    ir: &'a Ir,
    locator: Locator<'a>,
}

/// The component of each service, by its position.
fn index_components(components: &[Component]) -> BTreeMap<&NodeKey, usize> {
    components
        .iter()
        .enumerate()
        .flat_map(|(i, members)| members.iter().map(move |key| (key, i)))
        .collect()
}

impl PlanBuilder<'_> {
    fn build_app(&self, instances: &BTreeMap<String, InstancePlan>) -> AppPlan {
        let app = &self.input.wiring.app;
        let workflow = self.input.workflow;
        AppPlan {
            name: app.name.as_ref().map(|n| n.value.clone()).unwrap_or_default(),
            workflow_package: workflow.package.clone(),
            workflow_crate: workflow.crate_name.clone(),
            workflow_path: self.relative_path(workflow.dir.as_str()),
            crates: workflow
                .crates
                .iter()
                .filter(|krate| krate.name != workflow.crate_name)
                .map(|krate| {
                    let path = self.relative_path(krate.dir.as_str());
                    (krate.name.clone(), CratePlan { package: krate.package.clone(), path })
                })
                .collect(),
            interface_crates: self.build_interface_crates(instances),
            carried: BTreeSet::new(),
            runtime: match &app.runtime {
                Some(bp_wiring::RuntimeSource::Path(path)) => {
                    RuntimeSource::Path(self.relative_path(path.value.as_str()))
                }
                Some(bp_wiring::RuntimeSource::Version(version)) => {
                    RuntimeSource::Version(version.value.clone())
                }
                None => RuntimeSource::Unsaid,
            },
            origin: self.locator.at_or(app.name.as_ref().map(|n| n.span), "default"),
        }
    }

    /// The crates of the interfaces that services take and backends offer, as far as the workflow depends on them.
    fn build_interface_crates(
        &self,
        instances: &BTreeMap<String, InstancePlan>,
    ) -> BTreeMap<String, InterfaceCratePlan> {
        let Input { workflow, registry, .. } = self.input;
        let mut paths: BTreeSet<&str> = BTreeSet::new();
        for instance in instances.values() {
            match &instance.kind {
                InstanceKind::Service(service) => {
                    let model = workflow.implementations.get(&service.implementation);
                    let parameters = model.map_or(&[][..], |model| &model.constructor.params);
                    let taken = parameters.iter().filter_map(|p| p.kind.interface());
                    for taken in taken.filter(|interface| interface.backend) {
                        paths.insert(&taken.path);
                        let declared = registry.interface(&taken.path);
                        let ancestors = declared.map_or(&[][..], |declared| &declared.ancestors);
                        paths.extend(ancestors.iter().map(String::as_str));
                    }
                }
                InstanceKind::Backend(backend) => {
                    let plugin = registry.get(&backend.plugin);
                    paths.extend(plugin.into_iter().flat_map(|p| registry.offered_by(p)));
                }
            }
        }
        let names: BTreeSet<&str> =
            paths.into_iter().filter_map(|p| p.split("::").next()).collect();
        let outside = names.into_iter().filter(|name| !emit::is_runtime_library(name));
        outside.filter_map(|name| Some((name.to_owned(), self.find_crate(name)?))).collect()
    }

    /// The packages to write beside the generated one.
    fn list_carried(
        &self,
        app: &AppPlan,
        plugins: &BTreeMap<String, PluginPlan>,
    ) -> BTreeSet<String> {
        let registry = self.input.registry;
        let read = app.crates.values().map(|krate| krate.package.as_str());
        let interfaces = app.interface_crates.values().map(|krate| krate.package.as_str());
        let own: BTreeSet<&str> = read.chain(interfaces).collect();
        let used = registry.iter().filter(|plugin| plugins.contains_key(plugin.id));
        let carried = used.filter_map(bp_plugin::Declaration::carried);
        let found = registry.collect_carried(carried, &|name| own.contains(name));
        found.into_keys().map(str::to_owned).collect()
    }

    /// Where the workflow has a crate from, by its name in Rust.
    fn find_crate(&self, name: &str) -> Option<InterfaceCratePlan> {
        let workflow = self.input.workflow;
        if let Some(krate) = workflow.crates.iter().find(|krate| krate.name == name) {
            let source = CrateSource::Path(self.relative_path(krate.dir.as_str()));
            return Some(InterfaceCratePlan { package: krate.package.clone(), source });
        }
        let external = workflow.externals.get(name)?;
        let source = CrateSource::Requirement(external.requirement.clone());
        Some(InterfaceCratePlan { package: external.package.clone(), source })
    }

    /// A path relative to the application's root, so that the plan holds no path of this machine.
    fn relative_path(&self, path: &str) -> String {
        relative_path(self.input.root, path)
    }

    fn build_instances(&self, components: &[Component]) -> BTreeMap<String, InstancePlan> {
        let places = index_components(components);
        let order: BTreeMap<&NodeKey, usize> =
            components.iter().flatten().enumerate().map(|(i, key)| (key, i)).collect();
        let number = |n: Option<&usize>| n.and_then(|n| u32::try_from(*n).ok()).unwrap_or(0);
        let mut out = BTreeMap::new();
        for node in self.ir.nodes() {
            let (kind, interface) = match &node.kind {
                NodeKind::Service { implementation, interface, .. } => {
                    let service = ServicePlan {
                        implementation: implementation.clone(),
                        implementation_origin: self.locate_leaf(node, "impl"),
                        component: number(places.get(&node.key)),
                        order: number(order.get(&node.key)),
                        parameters: self.build_parameters(node),
                    };
                    (InstanceKind::Service(service), interface)
                }
                NodeKind::Backend { plugin, interface, .. } => {
                    let mut settings =
                        node.facets.get::<PluginSettings>().cloned().unwrap_or_default();
                    let declared = self.input.registry.get(plugin);
                    let server =
                        declared.and_then(|p| p.server_plan(node.key.as_str(), &settings.0));
                    if server.is_some() {
                        // The resources are the server's, not the client's.
                        settings.0.values.remove("resources");
                    }
                    let backend = BackendPlan {
                        plugin: plugin.clone(),
                        plugin_origin: self.locate_leaf(node, "kind"),
                        keeps_data: declared.is_some_and(bp_plugin::Declaration::keeps_files),
                        server,
                        settings: settings.0,
                    };
                    (InstanceKind::Backend(backend), interface)
                }
                _ => continue,
            };
            let processes =
                self.ir.hosts_of(&node.key).into_iter().map(|h| h.name().to_owned()).collect();
            let plan = InstancePlan {
                kind,
                interface: interface.clone(),
                processes,
                origin: self.locator.at_or(node.origin.span, "automatic"),
            };
            out.insert(node.key.as_str().to_owned(), plan);
        }
        out
    }

    /// Where the `impl` or `kind` of an instance was written, which may be a selector in another file.
    fn locate_leaf(&self, node: &Node, leaf: &str) -> String {
        let wiring = self.input.wiring;
        let name = node.key.as_str();
        let instance = wiring.service(name).or_else(|| wiring.backend(name));
        let item = instance.and_then(|i| i.settings.entries.get(leaf));
        self.locator.at_or(item.map(|i| i.span).or(node.origin.span), "automatic")
    }

    fn build_parameters(&self, node: &Node) -> BTreeMap<String, ParameterPlan> {
        let Some(bindings) = node.facets.get::<Bindings>() else { return BTreeMap::new() };
        let caller = node.key.as_str();
        let bound = |name: &str, span| BoundInstance {
            instance: name.to_owned(),
            edge: format!("{caller}->{name}"),
            origin: self.locator.at_or(span, "automatic"),
        };
        let plan = |binding: &Binding| match binding {
            Binding::Instance { name, span } => ParameterPlan::Instance(bound(name, *span)),
            Binding::Instances(items) => ParameterPlan::Instances(
                items.iter().map(|(name, span)| bound(name, Some(*span))).collect(),
            ),
            Binding::Value { value, span } => {
                ParameterPlan::Value { value: value.clone(), origin: self.locator.at(*span) }
            }
            Binding::Absent => ParameterPlan::Absent,
        };
        bindings.0.iter().map(|(name, binding)| (name.clone(), plan(binding))).collect()
    }

    fn build_interfaces(
        &self,
        instances: &BTreeMap<String, InstancePlan>,
    ) -> BTreeMap<String, bp_plan::InterfacePlan> {
        let app = self.input.wiring.app.name.as_ref().map_or("app", |n| n.value.as_str());
        let used: BTreeSet<&str> = instances.values().map(|i| i.interface.as_str()).collect();
        used.into_iter()
            .filter_map(|path| self.input.workflow.services.get(path))
            .map(|s| (s.path.clone(), types::convert_interface(app, s, self.input.wire)))
            .collect()
    }

    fn build_implementations(
        &self,
        instances: &BTreeMap<String, InstancePlan>,
    ) -> BTreeMap<String, bp_plan::ImplementationPlan> {
        let mut out = BTreeMap::new();
        for node in self.ir.nodes().filter(|n| instances.contains_key(n.key.as_str())) {
            let NodeKind::Service { implementation, interface, .. } = &node.kind else { continue };
            if let Some(model) = self.input.workflow.implementations.get(implementation) {
                out.insert(implementation.clone(), types::convert_implementation(model, interface));
            }
        }
        out
    }

    /// Every plugin that the merged wiring names, in use or not, so that all wirings that name the same plugins have the same generated Rust.
    fn build_plugins(&self, read: &ReadTables) -> BTreeMap<String, PluginPlan> {
        let wiring = self.input.wiring;
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        let tables = wiring.edges.iter().map(|r| &r.settings);
        for table in tables.chain(wiring.servers.iter().map(|r| &r.settings)) {
            for (key, item) in &table.entries {
                if key == "rpc" {
                    let kind = item.as_table().and_then(|t| t.entries.get("kind")?.as_str());
                    ids.extend(kind);
                } else if let Some(plugin) = self.input.registry.wrapper(key) {
                    ids.insert(plugin.id);
                }
            }
        }
        ids.extend(wiring.backends.values().filter_map(|b| b.kind()?.as_str()));
        ids.extend(wiring.target.enabled.iter().map(|t| t.value.as_str()));
        for (plugin, table) in self.input.registry.tables() {
            let has_entries = || read.plans.contains_key(table.name);
            if is_named(wiring, table) || (table.listed.is_some() && has_entries()) {
                ids.insert(plugin.id);
            }
        }
        ids.into_iter()
            .filter_map(|id| Some((id.to_owned(), self.input.registry.get(id)?.plan())))
            .collect()
    }

    fn build_edges(&self, components: &[Component]) -> BTreeMap<String, EdgePlan> {
        let places = index_components(components);
        let edge = |call: &&Edge| {
            let EdgeKind::Calls { interface, .. } = &call.kind else { return None };
            let cyclic = match (places.get(&call.from), places.get(&call.to)) {
                (Some(from), Some(to)) => from == to,
                _ => false,
            };
            let (transport, listener) = self.build_transport(call);
            let plan = EdgePlan {
                caller: call.from.as_str().to_owned(),
                callee: call.to.as_str().to_owned(),
                interface: interface.clone(),
                kind: wrap::classify(self.ir, call),
                remote: self.ir.is_remote(call),
                cyclic,
                client: self.build_wrappers(call.key.as_str()),
                transport,
                listener,
                deadline: None,
                origin: self.locator.at_or(call.origin.span, "automatic"),
            };
            let plan = EdgePlan { deadline: default_deadline(&plan), ..plan };
            Some((call.key.as_str().to_owned(), plan))
        };
        // Calls are most of a plan.
        let calls: Vec<&Edge> = self.ir.calls().collect();
        let edges: Vec<(String, EdgePlan)> = calls.par_iter().filter_map(edge).collect();
        edges.into_iter().collect()
    }

    fn build_transport(&self, call: &Edge) -> (Option<TransportPlan>, Option<String>) {
        let end = self.ir.parts_of(call.key.as_str()).find_map(|node| match &node.kind {
            NodeKind::Transport { plugin, side: Side::Client, .. } => Some((node, plugin)),
            _ => None,
        });
        let Some((node, plugin)) = end else { return (None, None) };
        let settings = node.facets.get::<PluginSettings>().cloned().unwrap_or_default().0;
        let listener = format!("{}.{plugin}", call.to);
        let origin = self.locator.at_or(node.origin.span, "default");
        (Some(TransportPlan { plugin: plugin.clone(), settings, origin }), Some(listener))
    }

    /// The wrappers of a call or listener, outermost first.
    fn build_wrappers(&self, owner: &str) -> Vec<WrapperPlan> {
        let mut found: Vec<(Slot, WrapperPlan)> = self
            .ir
            .parts_of(owner)
            .filter_map(|node| {
                let NodeKind::Wrapper { plugin, slot, owner: of } = &node.kind else { return None };
                if of != owner {
                    return None;
                }
                let settings = node.facets.get::<WrapperSettings>().cloned().unwrap_or_default();
                let plan = WrapperPlan {
                    plugin: plugin.clone(),
                    side: slot.side(),
                    slot: *slot,
                    settings: settings.settings,
                    methods: settings.methods,
                    off: settings.off,
                    origin: self.locator.at_or(node.origin.span, "default"),
                };
                Some((*slot, plan))
            })
            .collect();
        found.sort_by_key(|(slot, _)| *slot);
        found.into_iter().map(|(_, plan)| plan).collect()
    }

    fn build_address(&self, key: &NodeKey) -> AddressPlan {
        let port = match self.ir.node(key).map(|n| &n.kind) {
            Some(NodeKind::Address { port }) => *port,
            _ => 0,
        };
        AddressPlan { name: key.name().to_owned(), port }
    }

    fn build_listeners(
        &self,
        edges: &BTreeMap<String, EdgePlan>,
    ) -> BTreeMap<String, ListenerPlan> {
        let mut out = BTreeMap::new();
        for node in self.ir.nodes() {
            let NodeKind::Transport { plugin, side: Side::Server, owner } = &node.kind else {
                continue;
            };
            let service = NodeKey::instance(owner);
            let mut settings = node.facets.get::<PluginSettings>().cloned().unwrap_or_default().0;
            let beside = self.split_beside(plugin, &mut settings);
            let interface = match self.ir.node(&service).map(|n| &n.kind) {
                Some(NodeKind::Service { interface, .. }) => interface.clone(),
                _ => continue,
            };
            let entry = bp_ir::EdgeKey::calls(NodeKey::CLIENT, owner);
            let entry = edges
                .get(entry.as_str())
                .filter(|e| e.listener.as_deref() == Some(node.key.as_str()));
            let served = ServedPlan {
                interface,
                // A service that is not published is called by generated clients, which always send a deadline, and by people with other tools, who may not.
                deadline: entry
                    .map_or_else(|| Some(DeadlinePlan::default()), |e| e.deadline.clone()),
                server: self.build_wrappers(node.key.as_str()),
                settings: beside,
            };
            let address = self
                .ir
                .edges_to(&node.key)
                .into_iter()
                .find(|e| e.kind == EdgeKind::Serves)
                .map(|e| self.build_address(&e.from));
            let Some(address) = address else { continue };
            let process = self
                .ir
                .hosts_of(&service)
                .first()
                .map_or_else(String::new, |h| h.name().to_owned());
            let plan = ListenerPlan {
                process,
                transport: plugin.clone(),
                settings,
                serves: std::iter::once((owner.clone(), served)).collect(),
                address,
                entry: entry.is_some(),
                origin: self.locator.at_or(node.origin.span, "default"),
            };
            out.insert(node.key.as_str().to_owned(), plan);
        }
        out
    }

    /// Takes the keys beside `rpc` out of a listener's settings, because they belong to the service behind it; also the port, which is in the address now.
    fn split_beside(&self, plugin: &str, settings: &mut Settings) -> Settings {
        // Looks before it removes, because any change copies a shared map.
        if settings.values.contains_key("port") {
            settings.values.remove("port");
        }
        let mut beside = Settings::default();
        let kind = self.input.registry.get(plugin).map(|p| p.kind);
        let Some(Kind::Transport { beside: known, .. }) = kind else { return beside };
        for setting in known {
            if settings.values.contains_key(setting.name)
                && let Some(value) = settings.values.remove(setting.name)
            {
                beside.values.insert(setting.name.to_owned(), value);
            }
        }
        let belongs = |path: &str| {
            let head = path.split('.').next();
            known.iter().any(|s| Some(s.name) == head)
        };
        if settings.origins.keys().any(|path| belongs(path)) {
            let (beside_origins, own): (BTreeMap<_, _>, BTreeMap<_, _>) =
                std::mem::take(&mut settings.origins)
                    .into_iter()
                    .partition(|(path, _)| belongs(path));
            beside.origins = beside_origins.into();
            settings.origins = own.into();
        }
        beside
    }

    fn build_processes(
        &self,
        instances: &BTreeMap<String, InstancePlan>,
    ) -> BTreeMap<String, ProcessPlan> {
        let mut out = BTreeMap::new();
        for node in self.ir.nodes() {
            let NodeKind::Process { replicas, once: false } = &node.kind else { continue };
            let settings = node.facets.get::<ProcessSettings>().cloned().unwrap_or_default().0;
            let mut claims = BTreeMap::new();
            let mut members: Vec<(Option<u32>, String)> = Vec::new();
            let mut listeners = BTreeSet::new();
            let mut exclusive = false;
            for edge in self.ir.edges_from(&node.key) {
                if edge.kind != EdgeKind::Hosts {
                    continue;
                }
                let name = edge.to.as_str();
                exclusive |= matches!(
                    self.ir.node(&edge.to).map(|n| &n.kind),
                    Some(NodeKind::Backend { one_process: true, .. })
                );
                let order = instances.get(name).and_then(|i| i.service().map(|s| s.order));
                members.push((order, name.to_owned()));
                if order.is_some() {
                    claims
                        .insert(name.to_owned(), self.locator.at_or(edge.origin.span, "automatic"));
                }
                listeners.extend(
                    self.ir
                        .parts_of(name)
                        .filter(|n| {
                            matches!(&n.kind, NodeKind::Transport { side: Side::Server, owner, .. } if owner == name)
                        })
                        .map(|n| n.key.as_str().to_owned()),
                );
            }
            // `None`, a backend, comes first.
            members.sort();
            let plan = ProcessPlan {
                instances: members.into_iter().map(|(_, name)| name).collect(),
                listeners,
                admin: self.build_address(&address::admin_key(node.key.name())),
                replicas: Replicas::Fixed(*replicas),
                exclusive,
                drain: read_drain(&settings),
                resources: read_resources(&settings),
                origins: settings.origins.into_iter().collect(),
                claims,
                origin: self.locator.at_or(node.origin.span, "automatic"),
            };
            out.insert(node.key.name().to_owned(), plan);
        }
        out
    }

    fn build_inits(
        &self,
        instances: &BTreeMap<String, InstancePlan>,
    ) -> BTreeMap<String, InitPlan> {
        let plan = |init: &bp_wiring::InitModel| {
            let name = &init.name.value;
            let held = instances.iter().filter(|(_, i)| i.processes.contains(name));
            let mut members: Vec<_> = held.map(|(n, i)| (i.service().is_some(), n)).collect();
            members.sort();
            let callee = members.iter().find(|(service, _)| *service).map(|(_, name)| *name);
            let key = NodeKey::process(name);
            let settings = self.ir.node(&key).and_then(|node| node.facets.get::<ProcessSettings>());
            InitPlan {
                callee: callee.unwrap_or(&init.callee.value).clone(),
                method: init.method.value.clone(),
                arguments: to_json_object(&init.arguments),
                instances: members.into_iter().map(|(_, name)| name.clone()).collect(),
                resources: read_resources(&settings.cloned().unwrap_or_default().0),
                first: runs_first(self.ir, &key),
                origin: self.locator.at(init.name.span),
            }
        };
        self.input.wiring.inits.iter().map(|(name, init)| (name.clone(), plan(init))).collect()
    }

    fn build_patches(&self) -> Vec<PatchPlan> {
        let plan = |patch: &bp_wiring::Patch| PatchPlan {
            file: patch.file.value.clone(),
            pointer: patch.pointer.value.clone(),
            value: patch.value.as_ref().map(bp_wiring::Item::to_json),
            reason: patch.reason.value.clone(),
            origin: self.locator.at(patch.span),
        };
        self.input.wiring.patches.iter().map(plan).collect()
    }

    fn build_targets(&self) -> BTreeMap<String, Settings> {
        let wiring = self.input.wiring;
        let mut out = BTreeMap::new();
        for target in &wiring.target.enabled {
            let Some(plugin) = self.input.registry.target(&target.value) else { continue };
            let empty = Table::default();
            let table = wiring
                .target
                .settings
                .entries
                .get(&target.value)
                .and_then(bp_wiring::Item::as_table)
                .unwrap_or(&empty);
            let reading = ReadContext {
                key: &target.value,
                span: Some(target.span),
                methods: &[],
                locate: &|span| self.locator.at(span),
            };
            // What is wrong with them was reported by the check pass.
            let read = read_settings(
                &plugin.all_settings(),
                table,
                reading,
                &mut bp_diag::Diagnostics::new(),
            );
            out.insert(target.value.clone(), read.settings);
        }
        out
    }

    fn collect_dropped(&self, tables: &ReadTables) -> BTreeMap<String, Vec<Dropped>> {
        let mut out = tables.dropped.clone();
        let nodes = self.ir.nodes().map(|n| (n.key.as_str(), &n.facets));
        let edges = self.ir.edges().map(|edge| {
            // That another process claimed a service is shown with the service.
            let hosts = edge.kind == EdgeKind::Hosts;
            (if hosts { edge.to.as_str() } else { edge.key.as_str() }, &edge.facets)
        });
        for (key, facets) in nodes.chain(edges) {
            if let Some(drops) = facets.get::<Drops>() {
                out.entry(key.to_owned()).or_default().extend(drops.0.iter().cloned());
            }
        }
        for change in &self.input.wiring.changes {
            // `backend.rate_db.kind` belongs to `rate_db`, `target.docker.tag` to `target:docker`.
            let mut parts = change.path.split('.');
            let (section, name) = (parts.next().unwrap_or_default(), parts.next());
            let key = match (section, name) {
                ("app", _) | (_, None) => section.to_owned(),
                ("target" | "init", Some(name)) => format!("{section}:{name}"),
                (_, Some(name)) => name.to_owned(),
            };
            out.entry(key).or_default().insert(wrap::describe_change(change, &self.locator));
        }
        out.into_iter().map(|(key, all)| (key, all.into_iter().collect())).collect()
    }
}

/// The deadline for a call that arrives without one; `None` where a wrapper gives every method one.
fn default_deadline(edge: &EdgePlan) -> Option<DeadlinePlan> {
    let given = edge
        .client
        .iter()
        .any(|w| w.slot == Slot::Client(ClientSlot::Deadline) && w.off.is_empty());
    (edge.remote && !given).then(DeadlinePlan::default)
}

fn to_json_object(items: &BTreeMap<String, Item>) -> serde_json::Value {
    items.iter().map(|(name, item)| (name.clone(), item.to_json())).collect()
}

fn read_drain(settings: &Settings) -> DrainPlan {
    let millis = |path: &str| {
        let time = settings.get(path).and_then(Value::as_duration).unwrap_or_default();
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    };
    DrainPlan { delay_ms: millis("drain.delay"), limit_ms: millis("drain.limit") }
}

/// `path` relative to `root`, both with `/`.
fn relative_path(root: &str, path: &str) -> String {
    let parts = |text: &str| -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for part in text.split('/') {
            match part {
                "." => {}
                "" if !out.is_empty() => {}
                ".." if out.last().is_some_and(|p| p != ".." && !p.is_empty()) => {
                    out.pop();
                }
                part => out.push(part.to_owned()),
            }
        }
        out.retain(|p| !p.is_empty() || text.starts_with('/'));
        out
    };
    let (root, path) = (parts(root), parts(path));
    let common = root.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let up = root.iter().skip(common).map(|_| "..".to_owned());
    let down = path.iter().skip(common).cloned();
    let all: Vec<String> = up.chain(down).collect();
    if all.is_empty() { ".".to_owned() } else { all.join("/") }
}

#[cfg(test)]
mod tests {
    use super::relative_path;

    #[test]
    fn paths_are_relative_to_the_root() {
        assert_eq!(relative_path("/a/app", "/a/app/workflow"), "workflow");
        assert_eq!(relative_path("/a/app", "/a/app/wiring/../workflow"), "workflow");
        assert_eq!(relative_path("/a/app", "/a/vendor/bp"), "../vendor/bp");
        assert_eq!(relative_path("app", "app/wiring/../../rt"), "../rt");
        assert_eq!(relative_path(".", "./workflow"), "workflow");
        assert_eq!(relative_path("", "workflow"), "workflow");
        assert_eq!(relative_path("app", "app"), ".");
    }
}
