// Draws the model on a canvas and moves the camera.
//
// A frame costs a bounded number of strokes whatever the size: lines of one look are one path, what is out of sight is skipped, text appears only where it can be read.
// While the view moves over very many lines, a picture of them is moved instead, and they are drawn again when it rests.
bp.view = (() => {
  const { model } = bp;
  const canvas = document.getElementById("canvas");
  const context = canvas.getContext("2d");
  const picture = document.createElement("canvas");
  const camera = { x: 0, y: 0, scale: 1 };
  const MANY = 1500, REST = 120, MARGIN = 40, LEAST = 0.005;
  let width = 0, height = 0, density = 1, waiting = false, colours = {};
  let moving = false, restTimer = 0, pictured = null;
  // Of the last frame, so that a test can count.
  const stats = { frames: 0, nodes: 0, groups: 0, lines: 0, curves: 0, labels: 0, strokes: 0, moved: 0 };

  const COLOURS = ["paper", "ink", "quiet", "process", "process-rule", "service", "service-rule", "backend", "backend-rule", "client", "client-rule", "remote", "local", "out", "in", "trail", "focus"];
  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of COLOURS) colours[name] = style.getPropertyValue("--" + name).trim();
    redraw();
  }

  function resize() {
    density = window.devicePixelRatio || 1;
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    for (const each of [canvas, picture]) {
      each.width = Math.max(1, Math.round(width * density));
      each.height = Math.max(1, Math.round(height * density));
    }
    pictured = null;
    redraw();
  }

  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; frame(); });
  }
  function changed() { pictured = null; redraw(); }

  // The part of the world that is in sight.
  const sight = () => [camera.x - MARGIN / camera.scale, camera.y - MARGIN / camera.scale,
    camera.x + (width + MARGIN) / camera.scale, camera.y + (height + MARGIN) / camera.scale];
  const seen = (box, [l, t, r, b]) => box[0] < r && box[0] + box[2] > l && box[1] < b && box[1] + box[3] > t;

  // Where a line leaves and arrives, and its two handles.
  function curve(line) {
    const [ax, ay, aw, ah] = line.a, [bx, by, bw, bh] = line.b;
    const y1 = ay + ah / 2, y2 = by + bh / 2;
    if (line.a === line.b) return [ax + aw, y1, ax + aw + 46, y1 - 44, ax + aw + 46, y2 + 44, ax + aw, y2 + 6];
    if (bx >= ax + aw) {
      const gap = bx - ax - aw, d = Math.max(24, gap / 2);
      // A call that skips a column is bowed over what stands there.
      const bow = gap > 110 ? Math.min(90, gap * 0.2) : 0;
      return [ax + aw, y1 - (bow ? 5 : 0), ax + aw + d, y1 - bow, bx - d, y2 - bow, bx, y2 - (bow ? 5 : 0)];
    }
    if (bx + bw <= ax) {
      // Back to the left: bowed, so that it does not lie on the way there.
      const d = Math.max(24, (ax - bx - bw) / 2), bow = 28;
      return [ax, y1 + 6, ax - d, y1 + bow, bx + bw + d, y2 + bow, bx + bw, y2 + 6];
    }
    const d = 40;
    return [ax + aw, y1, ax + aw + d, y1, bx + bw + d, y2, bx + bw, y2];
  }
  const within = ([x1, y1, x2, y2, x3, y3, x4, y4], [l, t, r, b]) =>
    Math.min(x1, x2, x3, x4) < r && Math.max(x1, x2, x3, x4) > l && Math.min(y1, y2, y3, y4) < b && Math.max(y1, y2, y3, y4) > t;

  function stroke(on, colour, lineWidth, dash, alpha, lines, area) {
    if (!lines.length) return;
    const fine = camera.scale > 0.32;
    on.globalAlpha = alpha;
    on.strokeStyle = colour;
    on.lineWidth = lineWidth / camera.scale;
    on.setLineDash(fine ? dash : []);
    on.beginPath();
    const tips = [];
    for (const line of lines) {
      const c = line.curve ??= curve(line);
      if (!within(c, area)) continue;
      stats.lines += 1;
      on.moveTo(c[0], c[1]);
      if (fine) {
        stats.curves += 1;
        on.bezierCurveTo(c[2], c[3], c[4], c[5], c[6], c[7]);
        tips.push(c);
      } else {
        on.lineTo(c[6], c[7]);
      }
    }
    on.stroke();
    stats.strokes += 1;
    on.setLineDash([]);
    if (tips.length) {
      on.fillStyle = colour;
      on.beginPath();
      const size = Math.min(8, 6 / Math.sqrt(camera.scale));
      for (const [, , , , x3, y3, x, y] of tips) {
        const length = Math.hypot(x - x3, y - y3) || 1, ux = (x - x3) / length, uy = (y - y3) / length;
        on.moveTo(x, y);
        on.lineTo(x - ux * size - uy * size / 2, y - uy * size + ux * size / 2);
        on.lineTo(x - ux * size + uy * size / 2, y - uy * size - ux * size / 2);
      }
      on.fill();
      stats.strokes += 1;
    }
    on.globalAlpha = 1;
  }

  function place(on, scale = camera.scale, x = camera.x, y = camera.y) {
    on.setTransform(density * scale, 0, 0, density * scale, -x * scale * density, -y * scale * density);
  }

  function drawLines(on, light, area) {
    const kinds = { remote: [], local: [], out: [], in: [], trail: [] };
    for (const line of model.lines()) {
      const is = set => line.edges.some(id => set.has(id));
      if (light && is(light.trail)) kinds.trail.push(line);
      else if (light && is(light.out)) kinds.out.push(line);
      else if (light && is(light.into)) kinds.in.push(line);
      else kinds[line.remote ? "remote" : "local"].push(line);
    }
    const thin = camera.scale > 0.32 ? 1.3 : 0.7;
    // From afar thousands of lines would make one grey patch.
    const far = Math.min(0.4, Math.max(0.05, 500 / model.lines().length));
    const faint = light ? Math.min(0.14, far) : camera.scale > 0.32 ? 0.85 : far;
    stroke(on, colours.local, thin, [5, 4], faint, kinds.local, area);
    stroke(on, colours.remote, thin, [], faint, kinds.remote, area);
    stroke(on, colours.in, 2, [], 1, kinds.in, area);
    stroke(on, colours.out, 2, [], 1, kinds.out, area);
    stroke(on, colours.trail, 3.5, [], 1, kinds.trail, area);
  }

  // Lines drawn now, or the picture of them moved to where they would be.
  function layLines(light, area) {
    const many = model.lines().length > MANY;
    if (!many) { drawLines(context, light, area); return; }
    if (moving && pictured) {
      const scale = camera.scale / pictured.scale;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.drawImage(picture, (pictured.x - camera.x) * camera.scale * density, (pictured.y - camera.y) * camera.scale * density,
        picture.width * scale, picture.height * scale);
      stats.moved = 1;
      place(context);
      return;
    }
    const on = picture.getContext("2d");
    on.setTransform(1, 0, 0, 1, 0, 0);
    on.clearRect(0, 0, picture.width, picture.height);
    place(on);
    drawLines(on, light, area);
    pictured = { ...camera };
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(picture, 0, 0);
    place(context);
  }

  function box(on, [x, y, w, h], radius) {
    on.beginPath();
    if (camera.scale > 0.32) on.roundRect(x, y, w, h, radius); else on.rect(x, y, w, h);
  }

  function drawGroups(light, area, folded) {
    context.lineWidth = 1 / Math.max(camera.scale, 0.4);
    for (const group of model.groups) {
      if (group.folded !== folded) continue;
      const frame = group.folded ? group.small : group.box;
      if (!seen(frame, area)) continue;
      stats.groups += 1;
      const chosen = model.state.selected?.kind === "group" && model.state.selected.id === group.id;
      const dim = light && !chosen && !group.members.some(id => light.lit.has(id));
      context.globalAlpha = dim ? 0.35 : 1;
      box(context, frame, 10);
      context.fillStyle = colours.process;
      context.fill();
      context.strokeStyle = chosen ? colours.focus : colours["process-rule"];
      context.stroke();
      if (camera.scale < 0.32) continue;
      stats.labels += 1;
      context.fillStyle = group.folded ? colours.ink : colours.quiet;
      context.font = (group.folded ? "600 13px " : "12px ") + "system-ui, sans-serif";
      context.textBaseline = "middle";
      const text = (group.folded ? "▸ " : "▾ ") + group.name + formatReplicas(group) + (group.folded ? " (" + group.members.length + ")" : "");
      context.fillText(text, frame[0] + 10, frame[1] + (group.folded ? 20 : 15), frame[2] - 16);
    }
    context.globalAlpha = 1;
  }

  function formatReplicas({ replicas: least, mostReplicas: most }) {
    if (most > least) return " ×" + least + "–" + most;
    return least > 1 ? " ×" + least : "";
  }

  function drawNodes(light, area) {
    context.lineWidth = 1.4 / Math.max(camera.scale, 0.5);
    context.textBaseline = "middle";
    context.font = "13px system-ui, sans-serif";
    for (const node of model.nodes) {
      if (model.hidden(node) || !seen(node.box, area)) continue;
      stats.nodes += 1;
      const chosen = model.state.selected?.kind === "node" && model.state.selected.id === node.id;
      box(context, node.box, node.kind === "backend" ? 3 : node.kind === "client" ? 17 : 7);
      if (light && !light.lit.has(node.id)) {
        // Faint, yet no line shows through it.
        context.fillStyle = colours.paper;
        context.fill();
        context.globalAlpha = 0.3;
      } else context.globalAlpha = 1;
      const tiny = camera.scale < 0.2;
      context.fillStyle = colours[tiny ? node.kind + "-rule" : node.kind];
      context.fill();
      // From afar a box is a speck of its colour.
      if (tiny && !chosen) { context.globalAlpha = 1; continue; }
      context.strokeStyle = chosen ? colours.focus : colours[node.kind + "-rule"];
      if (chosen) context.lineWidth = 3 / camera.scale;
      context.stroke();
      context.globalAlpha = light && !light.lit.has(node.id) ? 0.4 : 1;
      if (chosen) context.lineWidth = 1.4 / Math.max(camera.scale, 0.5);
      if (camera.scale < 0.45) { context.globalAlpha = 1; continue; }
      stats.labels += 1;
      const [x, y, w, h] = node.box;
      context.fillStyle = colours.ink;
      context.fillText(node.key, x + 14, y + h / 2 + 0.5, w - 22);
      if (node.kind === "backend") { context.beginPath(); context.moveTo(x + 6, y + 4); context.lineTo(x + 6, y + h - 4); context.stroke(); }
      context.globalAlpha = 1;
    }
    context.globalAlpha = 1;
  }

  function frame() {
    Object.assign(stats, { frames: stats.frames + 1, nodes: 0, groups: 0, lines: 0, curves: 0, labels: 0, strokes: 0, moved: 0 });
    const light = model.highlight(), area = sight();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = colours.paper;
    context.fillRect(0, 0, canvas.width, canvas.height);
    place(context);
    // Lines lie on an open process and behind a folded one.
    drawGroups(light, area, false);
    layLines(light, area);
    drawGroups(light, area, true);
    drawNodes(light, area);
  }

  function stir() {
    moving = true;
    clearTimeout(restTimer);
    restTimer = setTimeout(() => { moving = false; redraw(); }, REST);
    redraw();
  }
  function pan(dx, dy) {
    camera.x -= dx / camera.scale;
    camera.y -= dy / camera.scale;
    stir();
  }
  // Zooms and keeps what is under the point there.
  function zoom(factor, px = width / 2, py = height / 2) {
    const scale = Math.min(4, Math.max(LEAST, camera.scale * factor));
    camera.x += px / camera.scale - px / scale;
    camera.y += py / camera.scale - py / scale;
    camera.scale = scale;
    stir();
  }
  function show([x, y, w, h], most) {
    const pad = 60;
    camera.scale = Math.min(most, Math.max(LEAST, Math.min((width - pad) / Math.max(w, 1), (height - pad) / Math.max(h, 1))));
    camera.x = x + w / 2 - width / 2 / camera.scale;
    camera.y = y + h / 2 - height / 2 / camera.scale;
    redraw();
  }
  function fit() { show([0, 0, ...model.data.size], 1.5); }
  // Brings what is selected into sight, at a size that can be read.
  function focus() {
    const chosen = model.state.selected;
    if (!chosen) return;
    const around = boxes => {
      const l = Math.min(...boxes.map(b => b[0])), t = Math.min(...boxes.map(b => b[1]));
      const r = Math.max(...boxes.map(b => b[0] + b[2])), b = Math.max(...boxes.map(b => b[1] + b[3]));
      return [l, t, r - l, b - t];
    };
    if (chosen.kind === "node") {
      const [x, y, w, h] = model.boxOf(model.nodes[chosen.id]);
      show([x - 300, y - 200, w + 600, h + 400], 1.2);
    } else if (chosen.kind === "group") {
      const group = model.groups[chosen.id];
      show(group.folded ? group.small : group.box, 1.2);
    } else {
      const edge = model.edges[chosen.id];
      const [x, y, w, h] = around([model.boxOf(model.nodes[edge.from]), model.boxOf(model.nodes[edge.to])]);
      show([x - 60, y - 60, w + 120, h + 120], 1.1);
    }
  }

  const world = (px, py) => [camera.x + px / camera.scale, camera.y + py / camera.scale];
  const screen = (x, y) => [(x - camera.x) * camera.scale, (y - camera.y) * camera.scale];
  const inside = ([x, y, w, h], px, py) => px >= x && px <= x + w && py >= y && py <= y + h;

  // What is under a point of the screen.
  function pick(px, py, { lines = true } = {}) {
    const [x, y] = world(px, py);
    for (const node of model.nodes) if (!model.hidden(node) && inside(node.box, x, y)) return { kind: "node", id: node.id };
    const near = 7 / camera.scale;
    let best = null;
    for (const line of lines ? model.lines() : []) {
      const c = line.curve ??= curve(line);
      if (!within(c, [x - near, y - near, x + near, y + near])) continue;
      for (let i = 0; i <= 40; i += 1) {
        const t = i / 40, s = 1 - t;
        const cx = s * s * s * c[0] + 3 * s * s * t * c[2] + 3 * s * t * t * c[4] + t * t * t * c[6];
        const cy = s * s * s * c[1] + 3 * s * s * t * c[3] + 3 * s * t * t * c[5] + t * t * t * c[7];
        const distance = Math.hypot(cx - x, cy - y);
        if (distance <= near && (!best || distance < best.distance)) best = { distance, kind: "edge", id: line.edges[0] };
      }
    }
    if (best) return best;
    for (const group of model.groups) if (inside(group.folded ? group.small : group.box, x, y)) return { kind: "group", id: group.id };
    return null;
  }

  model.onChange(changed);
  return { canvas, camera, stats, resize, readColours, pan, zoom, fit, focus, pick, screen, redraw };
})();
