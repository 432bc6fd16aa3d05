/* The viewer: two canvases on one view, cursor, overlays, swipe, blink, traces, plots. */

const at = (id) => document.getElementById(id);
const view = { x: 0, y: 0, scale: 1, cursor: null, blink: false };
const state = { layers: [], pixels: null, content: null, count: 0 };

function el(tag, text, parent) {
  const made = document.createElement(tag);
  made.textContent = text;
  parent.appendChild(made);
  return made;
}

/* ---- drawing ---- */

function size(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  return { width, height, ratio };
}

/* The value of largest magnitude among the pixels behind one dot; NaN wins. */
function extreme(layer, fast, slow, span) {
  const [rows, columns] = FACTS.shape;
  let found = 0;
  for (let s = slow; s < Math.min(slow + span, rows); s++) {
    for (let f = fast; f < Math.min(fast + span, columns); f++) {
      const value = layer.value(s * columns + f);
      if (Number.isNaN(value)) return value;
      if (Math.abs(value) > Math.abs(found)) found = value;
    }
  }
  return found;
}

/* The upper end of a layer's scale; both images share that of the first. */
const scaleOf = (layer) => topOf(layer.signed ? layer : state.layers[0], state.count);

function paint(canvas, layer, left, right) {
  const { width, height, ratio } = size(canvas), context = canvas.getContext("2d");
  const [rows, columns] = FACTS.shape, per = 1 / (view.scale * ratio);
  const top = scaleOf(layer);
  const colours = COLOURS[layer.signed ? "sides" : "glow"], log = at("log").checked;
  const from = Math.floor(width * left), to = Math.ceil(width * right);
  if (to <= from) return;
  const picture = context.createImageData(to - from, height), data = picture.data;
  const span = Math.max(1, Math.ceil(per));
  for (let y = 0, k = 0; y < height; y++) {
    const slow = Math.floor(view.y + y * per);
    for (let x = from; x < to; x++, k += 4) {
      const fast = Math.floor(view.x + x * per);
      const inside = slow >= 0 && fast >= 0 && slow < rows && fast < columns;
      const place = inside ? shade(extreme(layer, fast, slow, span), layer, top, log) : -1;
      for (let c = 0; c < 3; c++) data[k + c] = place < 0 ? EMPTY[c] : colours[3 * place + c];
      data[k + 3] = 255;
    }
  }
  context.putImageData(picture, from, 0);
}

function overlay(canvas, layer) {
  const context = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1, scale = view.scale * ratio;
  const px = (fast) => (fast - view.x) * scale, py = (slow) => (slow - view.y) * scale;
  context.lineWidth = 1.5 * ratio;
  if (at("overlays").checked) {
    const region = state.content.region;
    if (region) {
      context.strokeStyle = "#4cc2ff";
      const [x0, x1, y0, y1] = region;
      context.strokeRect(px(x0), py(y0), (x1 - x0 + 1) * scale, (y1 - y0 + 1) * scale);
    }
    const peaks = state.content.peaks, radius = Math.max(4 * ratio, 2.5 * scale);
    const kinds = [["matched", "#58d68d"], ["first_only", "#ff4fd8"], ["second_only", "#ffd23f"]];
    for (const [kind, colour] of kinds) {
      context.strokeStyle = colour;
      if (kind === "matched" && view.scale < 0.6) continue;
      for (const [slow, fast] of peaks[kind]) {
        context.beginPath();
        context.arc(px(fast + 0.5), py(slow + 0.5), radius, 0, 7);
        context.stroke();
      }
    }
  }
  colourBar(context, layer, scaleOf(layer), at("log").checked, ratio);
  if (view.cursor) {
    context.strokeStyle = "#4c8dff";
    context.strokeRect(px(view.cursor.fast) - 1, py(view.cursor.slow) - 1, scale + 2, scale + 2);
  }
}

let waiting = false;
function draw() {
  if (waiting || !state.pixels) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const mode = at("mode").value, left = state.layers[at("left").value], right = state.layers[at("right").value];
    at("panes").className = mode === "pair" ? "" : "single " + mode;
    const cut = mode === "swipe" ? at("divider").value / 100 : 1;
    paint(at("a"), mode === "blink" && view.blink ? right : left, 0, cut);
    if (mode === "swipe") paint(at("a"), right, cut, 1);
    overlay(at("a"), mode === "blink" && view.blink ? right : left);
    if (mode === "pair") {
      paint(at("b"), right, 0, 1);
      overlay(at("b"), right);
    }
    document.body.dataset.painted = String(Math.round(performance.now()));
  });
}

/* ---- view ---- */

function fit() {
  const [rows, columns] = FACTS.shape, { clientWidth, clientHeight } = at("a");
  view.scale = Math.min(clientWidth / columns, clientHeight / rows);
  view.x = (columns - clientWidth / view.scale) / 2;
  view.y = (rows - clientHeight / view.scale) / 2;
  draw();
}

function zoom(factor, x, y) {
  const canvas = at("a"), cx = x ?? canvas.clientWidth / 2, cy = y ?? canvas.clientHeight / 2;
  const next = Math.min(64, Math.max(0.05, view.scale * factor));
  view.x += cx / view.scale - cx / next;
  view.y += cy / view.scale - cy / next;
  view.scale = next;
  draw();
}

function pan(dx, dy) {
  view.x += dx / view.scale;
  view.y += dy / view.scale;
  draw();
}

function pixelAt(event) {
  const box = event.currentTarget.getBoundingClientRect();
  const fast = Math.floor(view.x + (event.clientX - box.left) / view.scale);
  return { slow: Math.floor(view.y + (event.clientY - box.top) / view.scale), fast };
}

function shown(value, full) {
  return full || value === 0 ? String(value) : "≈ " + Number(value).toPrecision(FACTS.digits);
}

function moveCursor(slow, fast) {
  const [rows, columns] = FACTS.shape;
  if (slow < 0 || fast < 0 || slow >= rows || fast >= columns) return;
  view.cursor = { slow, fast };
  const i = slow * columns + fast, full = state.pixels.full(i);
  const [a, b, diff, ratio, ulp, z] = state.layers.map((layer) => layer.value(i));
  const steps = FACTS.fine || full ? ulp : "≈ " + ulp;
  at("readout").textContent = `slow ${slow}  fast ${fast}\n` +
    `first ${shown(a, full)}   second ${shown(b, full)}\n` +
    `difference ${shown(diff, full)}   ratio - 1 ${shown(ratio, full)}   ULP ${steps}   z ${shown(z, full)}`;
  draw();
}

function center(slow, fast) {
  const canvas = at("a");
  view.scale = Math.max(view.scale, 8);
  view.x = fast + 0.5 - canvas.clientWidth / view.scale / 2;
  view.y = slow + 0.5 - canvas.clientHeight / view.scale / 2;
  moveCursor(slow, fast);
}

/* ---- traces ---- */

function showTrace(slow, fast) {
  const home = at("trace"), rows = state.content.traces[`${slow},${fast}`];
  home.replaceChildren();
  if (!rows) {
    el("p", `Pixel slow ${slow} fast ${fast} is not traced in this bundle. This command traces it:`, home);
    el("pre", `${state.content.trace_command} -trace_pixel ${slow} ${fast}`, home);
    return;
  }
  const apart = rows.filter((row) => row[2] !== row[3]).length;
  el("p", `Trace of pixel slow ${slow} fast ${fast}: ${rows.length} records, ${apart} not equal in every digit`, home);
  const scroll = el("div", "", home), table = el("table", "", scroll), head = el("tr", "", table);
  scroll.className = "scroll";
  for (const word of ["tap", "context", "first", "second"]) el("th", word, head);
  for (const row of rows) {
    const line = el("tr", "", table);
    if (row[2] !== row[3]) line.className = "differs";
    for (const cell of row) el("td", cell, line);
  }
}

/* ---- plots ---- */

function plotColours() {
  const style = getComputedStyle(document.documentElement);
  return { text: style.getPropertyValue("--text"), soft: style.getPropertyValue("--soft") };
}

function drawHistogram() {
  const { edges, first, second } = state.content.histogram, canvas = at("histogram");
  const context = canvas.getContext("2d"), { text, soft } = plotColours(), bins = first.length;
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!bins) return;
  const top = Math.log10(1 + Math.max(...first, ...second)), base = canvas.height - 24, left = 40;
  const width = (canvas.width - left - 8) / bins, high = (n) => (Math.log10(1 + n) / top) * (base - 12);
  context.fillStyle = "#4c8dff88";
  first.forEach((n, i) => context.fillRect(left + i * width, base - high(n), width - 1, high(n)));
  context.strokeStyle = "#e8763a";
  context.lineWidth = 2;
  context.beginPath();
  second.forEach((n, i) => context.lineTo(left + (i + 0.5) * width, base - high(n)));
  context.stroke();
  context.fillStyle = text;
  context.font = "13px system-ui";
  for (const k of [0, 0.25, 0.5, 0.75, 1]) {
    const edge = edges[Math.round(k * bins)];
    context.fillText(edge.toFixed(1), Math.min(left + k * bins * width, canvas.width - 34), canvas.height - 6);
  }
  context.fillStyle = soft;
  context.fillText("1e" + top.toFixed(0), 2, 18);
}

function drawScatter() {
  const canvas = at("scatter"), context = canvas.getContext("2d"), { text } = plotColours();
  const points = state.content.scatter.filter((p) => p[0] > 0 && p[1] > 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (!points.length) return;
  const logs = points.flatMap((p) => [Math.log10(p[0]), Math.log10(p[1])]);
  const low = Math.min(...logs), span = Math.max(...logs) - low || 1, side = canvas.height - 40;
  const place = (v) => ((Math.log10(v) - low) / span) * side;
  for (const [a, b, steps] of points) {
    context.fillStyle = steps === 0 ? "#4c8dffaa" : "#e8763a";
    context.fillRect(48 + place(a), 12 + side - place(b), 3, 3);
  }
  context.fillStyle = text;
  context.font = "13px system-ui";
  context.fillText(`1e${low.toFixed(1)} to 1e${(low + span).toFixed(1)} on both axes; ` +
    `${points.length} pixels, blue: bitwise equal`, 48, canvas.height - 8);
}

/* ---- controls ---- */

const PAN = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MODES = { b: "blink", s: "swipe", p: "pair" };

function onKey(event) {
  const key = event.key, cursor = view.cursor;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (PAN[key] && event.shiftKey && cursor) moveCursor(cursor.slow + PAN[key][1], cursor.fast + PAN[key][0]);
  else if (PAN[key]) pan(60 * PAN[key][0], 60 * PAN[key][1]);
  else if (key === "+" || key === "=") zoom(1.4);
  else if (key === "-") zoom(1 / 1.4);
  else if (key === "0") fit();
  else if (key === "Enter" && cursor) showTrace(cursor.slow, cursor.fast);
  else if (MODES[key]) choose("mode", MODES[key]);
  else if (key >= "1" && key <= "6") choose("right", String(key - 1));
  else if (key === "l") toggle("log");
  else if (key === "o") toggle("overlays");
  else return;
  event.preventDefault();
}

function choose(id, value) {
  at(id).value = value;
  draw();
}

function toggle(id) {
  at(id).checked = !at(id).checked;
  draw();
}

function wireCanvas(canvas) {
  const held = new Map();
  let moved = 0;
  canvas.addEventListener("keydown", onKey);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, [event.clientX, event.clientY]);
    moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId), { slow, fast } = pixelAt(event);
    if (!last) return moveCursor(slow, fast);
    const dx = event.clientX - last[0], dy = event.clientY - last[1];
    const others = [...held.entries()].filter(([id]) => id !== event.pointerId);
    moved += Math.abs(dx) + Math.abs(dy);
    held.set(event.pointerId, [event.clientX, event.clientY]);
    if (!others.length) return pan(-dx, -dy);
    const [x, y] = others[0][1], before = Math.hypot(last[0] - x, last[1] - y);
    return zoom(Math.hypot(event.clientX - x, event.clientY - y) / Math.max(before, 1));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      held.delete(event.pointerId);
      if (end === "pointercancel" || moved > 5) return;
      const { slow, fast } = pixelAt(event);
      moveCursor(slow, fast);
      showTrace(slow, fast);
    });
  }
}

function wire() {
  state.layers.forEach((layer, i) => {
    for (const id of ["left", "right"]) el("option", layer.name, at(id)).value = i;
  });
  at("left").value = 0;
  at("right").value = 1;
  for (const id of ["left", "right", "mode", "log", "overlays", "divider"]) at(id).addEventListener("input", draw);
  at("zoom-in").addEventListener("click", () => zoom(1.4));
  at("zoom-out").addEventListener("click", () => zoom(1 / 1.4));
  at("fit").addEventListener("click", fit);
  at("go").addEventListener("click", () => center(Number(at("slow").value), Number(at("fast").value)));
  for (const id of ["a", "b"]) wireCanvas(at(id));
  window.addEventListener("resize", draw);
  setInterval(() => {
    view.blink = !view.blink;
    if (at("mode").value === "blink") draw();
  }, 700);
}

function wirePage() {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  at("theme").addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    if (state.content) [drawHistogram, drawScatter].forEach((plot) => plot());
  });
  dark.addEventListener("change", () => state.content && [drawHistogram, drawScatter].forEach((plot) => plot()));
  for (const tap of document.querySelectorAll(".tap")) {
    const show = () => (at("tap").textContent = tap.querySelector("title").textContent);
    tap.addEventListener("click", show);
    tap.addEventListener("focus", show);
  }
}

/* Traced pixels always have their full values. */
function takeExact(pixels, exact) {
  const known = new Set(), bright = pixels.full;
  for (const [place, first, second] of exact) {
    pixels.first[place] = first ?? NaN;
    pixels.second[place] = second ?? NaN;
    known.add(place);
  }
  pixels.full = (i) => bright(i) || known.has(i);
}

async function start() {
  wirePage();
  if (!FACTS) return;
  const [pixels, content] = await Promise.all([decodeImages(FACTS), unpack("content")]);
  state.pixels = pixels;
  state.content = JSON.parse(new TextDecoder().decode(content));
  state.count = FACTS.pixels;
  takeExact(pixels, state.content.exact);
  state.layers = makeLayers(pixels, state.content.titles);
  wire();
  if (FACTS.kept < FACTS.pixels) {
    at("rounded").textContent = `The page holds the full value of the ${FACTS.kept} brightest pixels of ` +
      `${FACTS.pixels} and of the traced ones; the others are rounded and marked with ≈, the bundle has them in full.`;
  }
  at("readout").textContent = "move over the image";
  fit();
  drawHistogram();
  drawScatter();
  document.body.dataset.ready = "yes";
}
start().catch((error) => {
  const home = at("readout");
  if (home) home.textContent = "the images cannot be shown: " + error.message;
  throw error;
});
