"use strict";
// What is in the graph, what is folded, what is selected; knows nothing of pixels on a screen.
const bp = {};

bp.model = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { nodes, edges, groups } = data;
  nodes.forEach((node, i) => { node.id = i; node.out = []; node.in = []; });
  groups.forEach((group, i) => { group.id = i; group.folded = false; group.members = []; });
  edges.forEach((edge, i) => {
    edge.id = i;
    nodes[edge.from].out.push(i);
    nodes[edge.to].in.push(i);
  });
  for (const node of nodes) if (node.group !== null) groups[node.group].members.push(node.id);

  // A folded process keeps its middle, so that folding moves nothing else.
  const width = name => Math.min(340, Math.max(96, 52 + name.length * 8));
  for (const group of groups) {
    const [x, y, w, h] = group.box;
    const small = Math.min(w, width(group.name));
    group.small = [x + (w - small) / 2, y + (h - 40) / 2, small, 40];
  }

  const state = { selected: null, reach: "near", trail: [] };
  let listeners = [];
  const changed = () => { drawn = null; listeners.forEach(listener => listener()); };

  // The box in which a node is seen: its own, or its folded process's.
  const hidden = node => node.group !== null && groups[node.group].folded;
  const boxOf = node => hidden(node) ? groups[node.group].small : node.box;

  // Edges as drawn: calls between the same two boxes are one line while an end is folded.
  let drawn = null;
  function lines() {
    if (drawn) return drawn;
    const bundles = new Map();
    drawn = [];
    for (const edge of edges) {
      const from = nodes[edge.from], to = nodes[edge.to];
      const folded = hidden(from) || hidden(to);
      if (hidden(from) && hidden(to) && from.group === to.group) continue;
      if (!folded) { drawn.push({ a: from.box, b: to.box, remote: edge.remote, edges: [edge.id] }); continue; }
      const end = node => hidden(node) ? "g" + node.group : "n" + node.id;
      const key = end(from) + ">" + end(to);
      const bundle = bundles.get(key);
      if (bundle) { bundle.edges.push(edge.id); bundle.remote ||= edge.remote; continue; }
      const line = { a: boxOf(from), b: boxOf(to), remote: edge.remote, edges: [edge.id] };
      bundles.set(key, line);
      drawn.push(line);
    }
    return drawn;
  }

  function fold(group, folded) {
    groups[group].folded = folded ?? !groups[group].folded;
    changed();
  }
  function foldAll(folded) {
    groups.forEach(group => { group.folded = folded; });
    changed();
  }

  // kind: "node", "edge" or "group".
  function select(kind, id, { keepTrail = false } = {}) {
    if (!keepTrail) state.trail = [];
    state.selected = kind === null ? null : { kind, id };
    // What is selected has to be seen.
    const show = node => { if (hidden(node)) groups[node.group].folded = false; };
    if (kind === "node") show(nodes[id]);
    if (kind === "edge") { show(nodes[edges[id].from]); show(nodes[edges[id].to]); }
    changed();
  }
  function setReach(reach) { state.reach = reach; changed(); }

  // Following a call: the trail is the calls stepped over, the last one selected.
  function step(edge) {
    const last = state.trail.at(-1);
    const follows = last !== undefined && edges[last].to === edges[edge].from;
    state.trail = follows ? [...state.trail, edge] : [edge];
    select("edge", edge, { keepTrail: true });
  }
  function stepBack() {
    state.trail = state.trail.slice(0, -1);
    const last = state.trail.at(-1);
    if (last === undefined) select(null, 0);
    else select("edge", last, { keepTrail: true });
  }

  // The calls that the selection lights up: those out of it and those into it.
  function highlight() {
    const out = new Set(), into = new Set(), lit = new Set();
    const chosen = state.selected;
    if (!chosen) return null;
    const walk = (starts, next, other, found) => {
      const seen = new Set(starts), queue = [...starts];
      while (queue.length) {
        for (const id of nodes[queue.pop()][next]) {
          found.add(id);
          const there = edges[id][other];
          lit.add(there);
          if (state.reach === "near" || seen.has(there)) continue;
          seen.add(there);
          queue.push(there);
        }
      }
    };
    if (chosen.kind === "edge") {
      const edge = edges[chosen.id];
      out.add(chosen.id);
      lit.add(edge.from).add(edge.to);
      if (state.reach === "down") walk([edge.to], "out", "to", out);
      if (state.reach === "up") walk([edge.from], "in", "from", into);
    } else {
      const starts = chosen.kind === "node" ? [chosen.id] : groups[chosen.id].members;
      starts.forEach(id => lit.add(id));
      if (state.reach !== "up") walk(starts, "out", "to", out);
      if (state.reach !== "down") walk(starts, "in", "from", into);
    }
    for (const id of state.trail) { lit.add(edges[id].from); lit.add(edges[id].to); }
    return { out, into, lit, trail: new Set(state.trail) };
  }

  // Exact before beginning before middle, short before long, things before calls.
  function search(text) {
    const wanted = text.toLowerCase().replace(/\s*->\s*/g, "->").trim();
    if (!wanted) return [];
    const found = [];
    const look = (kind, id, key, rank) => {
      const at = key.toLowerCase().indexOf(wanted);
      if (at < 0) return;
      const quality = key.toLowerCase() === wanted ? 0 : at === 0 ? 1 : 2;
      found.push({ kind, id, key, order: [quality, rank, key.length] });
    };
    nodes.forEach(node => look("node", node.id, node.key, 0));
    groups.forEach(group => look("group", group.id, group.key, 1));
    edges.forEach(edge => look("edge", edge.id, edge.key, 2));
    found.sort((a, b) => a.order[0] - b.order[0] || a.order[1] - b.order[1] || a.order[2] - b.order[2] || (a.key < b.key ? -1 : 1));
    return found.slice(0, 50);
  }

  function find(key) {
    const plain = key.replace(/\s+/g, "");
    const among = (kind, list) => {
      const found = list.find(thing => thing.key === plain);
      return found && { kind, id: found.id };
    };
    return among("node", nodes) ?? among("edge", edges) ?? among("group", groups) ?? null;
  }

  return {
    data, nodes, edges, groups, state, hidden, boxOf, lines, fold, foldAll, select, setReach, step, stepBack,
    highlight, search, find, onChange: listener => { listeners.push(listener); },
  };
})();
