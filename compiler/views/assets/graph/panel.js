// The panel: what is selected, in words; every name is put in as text.
bp.panel = (() => {
  const { model } = bp;
  const panel = document.getElementById("panel");

  function make(tag, { text, className, ...rest } = {}, ...children) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    for (const [name, value] of Object.entries(rest)) {
      if (name === "onclick") element.addEventListener("click", value); else element.setAttribute(name, value);
    }
    element.append(...children.filter(child => child));
    return element;
  }
  const heading = text => make("h3", { text });
  const quiet = text => make("p", { text, className: "quiet" });
  const tags = list => make("div", { className: "tags" }, ...list.filter(Boolean).map(text => make("span", { text })));

  function table(rows) {
    return make("table", {}, ...rows.map(([name, value, origin]) =>
      make("tr", {}, make("td", { text: name, className: "name" }), make("td", { text: value }), make("td", { text: origin }))));
  }

  const arrow = edge => model.nodes[edge.from].key + " → " + model.nodes[edge.to].key;
  function look(kind, id) {
    model.select(kind, id);
    bp.view.focus();
  }
  const links = (list, label, onclick) => make("ul", { className: "links" }, ...list.map(id =>
    make("li", {}, make("button", { text: label(id), "data-id": id, onclick: () => onclick(id) }))));

  function reachButtons() {
    const button = (reach, text, title) => make("button", {
      text, title, "data-reach": reach, "aria-pressed": String(model.state.reach === reach), onclick: () => model.setReach(reach),
    });
    return make("div", { className: "row-buttons", role: "group", "aria-label": "Light up" },
      button("near", "Next to it", "Calls out of it and into it"),
      button("down", "Downstream", "Everything that it may call, over any number of steps"),
      button("up", "Upstream", "Everything that may call it, over any number of steps"));
  }

  function trail() {
    const steps = model.state.trail;
    if (!steps.length) return null;
    const parts = [make("button", { text: "↩ back", title: "One step back ( [ )", "data-trail": "back", onclick: () => { model.stepBack(); bp.view.focus(); } })];
    parts.push(make("span", { text: model.nodes[model.edges[steps[0]].from].key }));
    for (const id of steps) parts.push(make("span", { text: "→ " + model.nodes[model.edges[id].to].key }));
    return make("div", { id: "trail", "aria-label": "The path followed" }, ...parts);
  }

  function wrapper(number, className) {
    const it = model.data.wrappers[number];
    const item = make("li", { className: className ?? "wrapper", "data-plugin": it.plugin },
      make("div", { className: "head" }, make("strong", { text: it.plugin }),
        make("small", { text: (it.slot === it.plugin ? "" : it.slot + " · ") + it.origin })));
    if (it.settings.length) item.append(table(it.settings));
    for (const [method, rows] of Object.entries(it.methods)) {
      item.append(make("div", { text: "method " + method, className: "method" }), table(rows));
    }
    for (const method of it.off) item.append(make("div", { text: "method " + method + ": off", className: "method" }));
    return item;
  }

  function showEdge(edge) {
    const entry = edge.class === "entry";
    const chain = (title, numbers, empty) => [heading(title), numbers.length ? make("ol", { className: "chain" }, ...numbers.map(n => wrapper(n))) : quiet(empty)];
    const parts = [
      make("h2", { text: arrow(edge) }),
      tags([edge.class + " call", edge.remote ? "crosses processes" : "in one process", edge.cyclic && "part of a cycle"]),
      quiet(edge.interface + (edge.origin ? " · " + edge.origin : "")),
      reachButtons(),
    ];
    const client = chain(entry ? "At the listener, around its own" : "At the caller, outermost first", edge.client, "no wrappers");
    const transport = edge.transport === null ? [] : [heading("Transport"),
      make("ol", { className: "chain" }, wrapper(edge.transport, "transport")),
      edge.listener && quiet("to listener " + edge.listener[0] + " of process " + edge.listener[1] + ", port " + edge.listener[2])];
    const server = edge.listener ? chain("At the listener, outermost first", edge.server, "no wrappers") : [];
    // Nobody out there runs wrappers, so an entry's own stand behind the transport.
    parts.push(...(entry ? [...transport, ...client, ...server] : [...client, ...transport, ...server]));
    if (edge.deadline) parts.push(heading("Deadline"), table([["without one", edge.deadline[0], edge.deadline[1]]]));
    if (edge.dropped.length) parts.push(heading("Fell away"), table(edge.dropped));
    const next = model.nodes[edge.to].out;
    parts.push(heading("Step along the call"));
    parts.push(next.length ? links(next, id => arrow(model.edges[id]), id => { stepFrom(edge.id, id); }) : quiet(model.nodes[edge.to].key + " calls nobody"));
    return parts;
  }
  function stepFrom(current, next) {
    if (model.state.trail.at(-1) !== current) model.step(current);
    model.step(next);
    bp.view.focus();
  }

  function showNode(node) {
    const group = node.group === null ? null : model.groups[node.group];
    const own = node.more.facts ?? [];
    return [
      make("h2", { text: node.key }),
      tags([node.kind, group ? "process " + group.name : node.kind === "backend" && "in several processes"]),
      node.more.origin && quiet(node.more.origin),
      reachButtons(),
      own.length ? heading("Values") : null, own.length ? table(own) : null,
      heading("Calls (" + node.out.length + ")"),
      links(node.out, id => "→ " + model.nodes[model.edges[id].to].key, id => { model.step(id); bp.view.focus(); }),
      heading("Is called by (" + node.in.length + ")"),
      links(node.in, id => "← " + model.nodes[model.edges[id].from].key, id => look("edge", id)),
    ];
  }

  function showGroup(group) {
    return [
      make("h2", { text: group.name }),
      tags(["process", group.members.length + (group.members.length === 1 ? " instance" : " instances"), group.folded && "folded"]),
      group.origin && quiet(group.origin),
      make("div", { className: "row-buttons" },
        make("button", { text: group.folded ? "Unfold" : "Fold", "data-fold": group.id, onclick: () => model.fold(group.id) })),
      reachButtons(),
      group.facts?.length ? heading("Values") : null, group.facts?.length ? table(group.facts) : null,
      heading("Instances"),
      links(group.members, id => model.nodes[id].key, id => look("node", id)),
    ];
  }

  function showOverview() {
    const count = kind => model.nodes.filter(node => node.kind === kind).length;
    const remote = model.edges.filter(edge => edge.remote).length;
    return [
      make("h2", { text: model.data.app }),
      quiet("under wiring " + model.data.wiring),
      table([
        ["services", String(count("service")), ""], ["backends", String(count("backend")), ""],
        ["processes", String(model.groups.length), ""], ["calls", String(model.edges.length), ""],
        ["across processes", String(remote), ""],
      ]),
      heading("Ways around"),
      quiet("Drag or use the arrow keys to move, the wheel or + and − to zoom, 0 to see everything."),
      quiet("Click a service, a call or a process for its values and the lines that set them. Double-click a process to fold it."),
      quiet("Press / to search by name; a call is found by both its names, with -> between. Press [ to step back along a path, Escape to let go."),
    ];
  }

  function show() {
    const chosen = model.state.selected;
    const parts = !chosen ? showOverview()
      : chosen.kind === "edge" ? showEdge(model.edges[chosen.id])
      : chosen.kind === "node" ? showNode(model.nodes[chosen.id])
      : showGroup(model.groups[chosen.id]);
    panel.replaceChildren(...[trail(), ...parts].filter(Boolean));
    panel.scrollTop = 0;
  }

  model.onChange(show);
  return { show, look };
})();
