// Pointer, wheel, keys, search, theme; and the fragment, which names a selection: #select=board->notes&fold=all&theme=dark.
(() => {
  const { model, view, panel } = bp;
  const element = id => document.getElementById(id);
  const { canvas } = view;

  element("title").append(model.data.app);
  const small = document.createElement("small");
  small.textContent = model.data.wiring;
  element("title").append(small);

  // Pointers: one drags, two pinch, a press that does not move selects.
  const pointers = new Map();
  let pressed = null;
  const at = event => [event.offsetX, event.offsetY];
  canvas.addEventListener("pointerdown", event => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    pressed = pointers.size === 1 ? { at: at(event), moved: false } : null;
  });
  canvas.addEventListener("pointermove", event => {
    const before = pointers.get(event.pointerId), now = at(event);
    if (!before) {
      canvas.classList.toggle("over", view.pick(...now, { lines: false }) !== null);
      return;
    }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = point => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
      view.zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else {
      if (pressed && Math.hypot(now[0] - pressed.at[0], now[1] - pressed.at[1]) > 4) pressed.moved = true;
      if (!pressed || pressed.moved) { canvas.classList.add("moving"); view.pan(now[0] - before[0], now[1] - before[1]); }
    }
    pointers.set(event.pointerId, now);
  });
  const release = event => {
    pointers.delete(event.pointerId);
    canvas.classList.remove("moving");
    if (event.type === "pointerup" && pressed && !pressed.moved) {
      const found = view.pick(...at(event));
      if (found) model.select(found.kind, found.id); else model.select(null, 0);
    }
    pressed = null;
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("dblclick", event => {
    const found = view.pick(...at(event));
    if (found?.kind === "group") model.fold(found.id);
  });
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    view.zoom(Math.exp(-event.deltaY * lines * 0.0016), ...at(event));
  }, { passive: false });

  // Search: a combobox as WAI-ARIA describes it.
  const search = element("search"), results = element("results");
  let found = [], marked = -1;
  function mark(index) {
    marked = index;
    [...results.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === marked)));
    const item = results.children[marked];
    if (item) { search.setAttribute("aria-activedescendant", item.id); item.scrollIntoView({ block: "nearest" }); } else search.removeAttribute("aria-activedescendant");
  }
  function close() {
    results.hidden = true;
    search.setAttribute("aria-expanded", "false");
    mark(-1);
  }
  function choose(index) {
    const thing = found[index];
    if (!thing) return;
    close();
    panel.look(thing.kind, thing.id);
    canvas.focus();
  }
  const WORDS = { node: "", group: "process", edge: "call" };
  search.addEventListener("input", () => {
    found = model.search(search.value);
    results.replaceChildren(...found.map((thing, i) => {
      const item = document.createElement("li"), kind = document.createElement("small");
      item.id = "result-" + i;
      item.setAttribute("role", "option");
      item.textContent = thing.key;
      kind.textContent = WORDS[thing.kind] || model.nodes[thing.id].kind;
      item.append(kind);
      item.addEventListener("pointerdown", event => { event.preventDefault(); choose(i); });
      return item;
    }));
    results.hidden = found.length === 0;
    search.setAttribute("aria-expanded", String(found.length > 0));
    mark(found.length ? 0 : -1);
  });
  search.addEventListener("keydown", event => {
    if (event.key === "ArrowDown") mark(Math.min(found.length - 1, marked + 1));
    else if (event.key === "ArrowUp") mark(Math.max(0, marked - 1));
    else if (event.key === "Enter") choose(marked);
    else if (event.key === "Escape") { close(); canvas.focus(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  search.addEventListener("blur", close);

  // Keys everywhere but in the search.
  const KEYS = {
    "/": () => { search.focus(); search.select(); },
    "0": () => view.fit(), "+": () => view.zoom(1.25), "=": () => view.zoom(1.25), "-": () => view.zoom(0.8),
    "f": () => model.foldAll(true), "u": () => model.foldAll(false),
    "[": () => { if (model.state.trail.length) { model.stepBack(); view.focus(); } },
    "Escape": () => model.select(null, 0),
  };
  const ARROWS = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  document.addEventListener("keydown", event => {
    if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
    // Arrow keys scroll the panel while it has the focus.
    const arrow = element("panel").contains(event.target) ? undefined : ARROWS[event.key];
    if (arrow) view.pan(...arrow);
    else if (Object.hasOwn(KEYS, event.key)) KEYS[event.key]();
    else return;
    event.preventDefault();
  });

  element("zoom-in").addEventListener("click", KEYS["+"]);
  element("zoom-out").addEventListener("click", KEYS["-"]);
  element("fit").addEventListener("click", KEYS["0"]);
  element("fold-all").addEventListener("click", KEYS.f);
  element("unfold-all").addEventListener("click", KEYS.u);

  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  function theme(dark) {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    view.readColours();
  }
  prefersDark.addEventListener("change", event => theme(event.matches));
  element("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));

  function fromFragment() {
    const wanted = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
    if (wanted.has("theme")) theme(wanted.get("theme") === "dark");
    if (wanted.has("fold")) model.foldAll(wanted.get("fold") === "all");
    const thing = wanted.has("select") ? model.find(wanted.get("select")) : null;
    if (thing) panel.look(thing.kind, thing.id);
  }

  new ResizeObserver(view.resize).observe(canvas);
  view.resize();
  theme(prefersDark.matches);
  view.fit();
  panel.show();
  fromFragment();
  window.addEventListener("hashchange", fromFragment);
})();
