/* The viewer: two canvases on one view, cursor, overlays, readout, traces, worst pixels. */

const at = (id) => document.getElementById(id);
const view = { x: 0, y: 0, scale: 1, cursor: null, blink: false, fitted: true, limits: {}, profile: null };
const state = { layers: [], pyramids: [], pixels: null, content: null, count: 0 };
const SCALES = { least: 0.05, most: 64 };
const COLOUR = { region: "#4cc2ff", matched: "#58d68d", first_only: "#ff4fd8", second_only: "#ffd23f", cursor: "#4c8dff",
  line: [["#000000", 3.5], ["#ffffff", 1.5]] };

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

const asked = (layer) => view.limits[layer.limits] || { least: null, most: null };

/* The colour scale of a layer; both images share that of the first. */
function scaleOf(layer) {
  const top = topOf(layer.signed ? layer : state.layers[0], state.count), log = at("log").checked;
  return colourScale(limitsOf(asked(layer), top, layer.signed, log), layer.signed, log, at("map").value);
}

/* Draw a layer between two parts of the width of a canvas; false if some tiles are still to be shaded. */
function paint(canvas, index, [left, right], mayShade) {
  const { width, height, ratio } = size(canvas), context = canvas.getContext("2d", { alpha: false });
  const frame = { x: view.x, y: view.y, scale: view.scale * ratio, left: Math.floor(width * left), right: Math.ceil(width * right) };
  if (frame.right <= frame.left) return true;
  context.save();
  context.imageSmoothingEnabled = false;
  context.beginPath();
  context.rect(frame.left, 0, frame.right - frame.left, height);
  context.clip();
  context.fillStyle = `rgb(${EMPTY.join(",")})`;
  context.fillRect(frame.left, 0, frame.right - frame.left, height);
  const whole = state.pyramids[index].draw(context, frame, scaleOf(state.layers[index]), mayShade);
  context.restore();
  return whole;
}

function overlay(canvas, layer) {
  const context = canvas.getContext("2d", { alpha: false }), ratio = window.devicePixelRatio || 1, scale = view.scale * ratio;
  const px = (fast) => (fast - view.x) * scale, py = (slow) => (slow - view.y) * scale;
  context.lineWidth = 1.5 * ratio;
  if (at("overlays").checked) {
    if (state.content.region) {
      const [x0, x1, y0, y1] = state.content.region;
      context.strokeStyle = COLOUR.region;
      context.strokeRect(px(x0), py(y0), (x1 - x0 + 1) * scale, (y1 - y0 + 1) * scale);
    }
    for (const kind of ["matched", "first_only", "second_only"]) rings(context, kind, [px, py], Math.max(4 * ratio, 2.5 * scale));
  }
  colourBar(context, scaleOf(layer), ratio);
  if (view.profile) {
    const { from, to } = view.profile;
    for (const [colour, width] of COLOUR.line) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width * ratio });
      context.beginPath();
      context.moveTo(px(from.fast + 0.5), py(from.slow + 0.5));
      context.lineTo(px(to.fast + 0.5), py(to.slow + 0.5));
      context.stroke();
    }
  }
  if (view.cursor) {
    Object.assign(context, { strokeStyle: COLOUR.cursor, lineWidth: 1.5 * ratio });
    context.strokeRect(px(view.cursor.fast) - 1, py(view.cursor.slow) - 1, scale + 2, scale + 2);
  }
}

/* Rings about the peaks of one kind that are in sight. */
function rings(context, kind, [px, py], radius) {
  if (kind === "matched" && view.scale < 0.6) return;
  const { width, height } = context.canvas;
  context.strokeStyle = COLOUR[kind];
  context.beginPath();
  for (const [slow, fast] of state.content.peaks[kind]) {
    const x = px(fast + 0.5), y = py(slow + 0.5);
    if (x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 7);
  }
  context.stroke();
}

/* Lay out the panes as the mode has them; a whole image stays whole. */
function arrange() {
  const mode = at("mode").value, wanted = mode === "pair" ? "" : "single " + mode;
  if (at("panes").className === wanted) return;
  at("panes").className = wanted;
  if (view.fitted) fit();
}

let waiting = false;
function draw() {
  if (!state.pixels) return;
  arrange();
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const whole = drawPanes();
    document.body.dataset.painted = String(Math.round(performance.now()));
    document.body.dataset.sharp = whole ? "yes" : "no";
    if (!whole) draw();
  });
  remember();
}

function drawPanes() {
  const mode = at("mode").value, left = Number(at("left").value), right = Number(at("right").value);
  const shown = mode === "blink" && view.blink ? right : left, mayShade = shadingTime();
  const cut = mode === "swipe" ? at("divider").value / 100 : 1;
  let whole = paint(at("a"), shown, [0, cut], mayShade);
  if (mode === "swipe") whole = paint(at("a"), right, [cut, 1], mayShade) && whole;
  overlay(at("a"), state.layers[shown]);
  if (mode !== "pair") return whole;
  whole = paint(at("b"), right, [0, 1], mayShade) && whole;
  overlay(at("b"), state.layers[right]);
  return whole;
}

/* ---- view ---- */

function fit() {
  const [rows, columns] = FACTS.shape, { clientWidth, clientHeight } = at("a");
  view.scale = Math.min(clientWidth / columns, clientHeight / rows);
  view.x = (columns - clientWidth / view.scale) / 2;
  view.y = (rows - clientHeight / view.scale) / 2;
  view.fitted = true;
  draw();
}

function zoom(factor, x, y) {
  const canvas = at("a"), cx = x ?? canvas.clientWidth / 2, cy = y ?? canvas.clientHeight / 2;
  const next = Math.min(SCALES.most, Math.max(SCALES.least, view.scale * factor));
  view.x += cx / view.scale - cx / next;
  view.y += cy / view.scale - cy / next;
  view.scale = next;
  view.fitted = false;
  draw();
}

function pan(dx, dy) {
  view.x += dx / view.scale;
  view.y += dy / view.scale;
  view.fitted = false;
  draw();
}

function pixelAt(event) {
  const box = event.currentTarget.getBoundingClientRect();
  const fast = Math.floor(view.x + (event.clientX - box.left) / view.scale);
  return { slow: Math.floor(view.y + (event.clientY - box.top) / view.scale), fast };
}

function inImage(slow, fast) {
  const [rows, columns] = FACTS.shape;
  return slow >= 0 && fast >= 0 && slow < rows && fast < columns;
}

function shown(value, full) {
  return full || value === 0 ? String(value) : "≈ " + Number(value).toPrecision(FACTS.digits);
}

function moveCursor(slow, fast) {
  if (!inImage(slow, fast)) return;
  view.cursor = { slow, fast };
  const i = slow * FACTS.shape[1] + fast, full = state.pixels.full(i);
  const [a, b, diff, ratio, ulp, z] = state.layers.map((layer) => layer.value(i));
  const steps = FACTS.fine || full ? ulp : "≈ " + ulp;
  at("readout").textContent = `slow ${slow}  fast ${fast}\n` +
    `first ${shown(a, full)}   second ${shown(b, full)}\n` +
    `difference ${shown(diff, full)}   ratio - 1 ${shown(ratio, full)}   ULP ${steps}   z ${shown(z, full)}\n` +
    latticeLine(state.content.geometry, slow, fast, phiStep());
  draw();
}

const phiStep = () => Number(at("phi-step").value);

function center(slow, fast, scale = Math.max(view.scale, 8)) {
  const canvas = at("a");
  view.scale = scale;
  view.x = fast + 0.5 - canvas.clientWidth / view.scale / 2;
  view.y = slow + 0.5 - canvas.clientHeight / view.scale / 2;
  view.fitted = false;
  moveCursor(Math.floor(slow), Math.floor(fast));
  draw();
}

/* Show a pixel with its trace, wherever on the page it was asked for. */
function goTo(slow, fast) {
  center(slow, fast);
  showTrace(slow, fast);
  at("images").scrollIntoView();
  at("a").focus({ preventScroll: true });
}

/* ---- traces and worst pixels ---- */

function tableIn(home, heads) {
  const scroll = el("div", "", home), table = el("table", "", scroll), head = el("tr", "", table);
  scroll.className = "scroll";
  for (const word of heads) el("th", word, head);
  return table;
}

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
  const table = tableIn(home, ["tap", "context", "first", "second"]);
  for (const row of rows) {
    const line = el("tr", "", table);
    if (row[2] !== row[3]) line.className = "differs";
    for (const cell of row) el("td", cell, line);
  }
}

function showWorst() {
  const home = at("worst"), worst = state.content.worst;
  if (!worst.length) return el("p", "Both images are equal in every pixel that was compared.", home);
  const table = tableIn(home, ["pixel", "first", "second", "difference", "ratio - 1", "ULP", "trace"]);
  for (const [slow, fast] of worst) {
    const line = el("tr", "", table), i = slow * FACTS.shape[1] + fast;
    const button = el("button", `slow ${slow} fast ${fast}`, el("td", "", line));
    button.type = "button";
    button.addEventListener("click", () => goTo(slow, fast));
    const [a, b, diff, ratio, ulp] = state.layers.map((layer) => layer.value(i));
    for (const cell of [a, b, diff, ratio.toPrecision(4), ulp]) el("td", String(cell), line).className = "number";
    el("td", state.content.traces[`${slow},${fast}`] ? "traced" : "", line);
  }
  return table;
}
