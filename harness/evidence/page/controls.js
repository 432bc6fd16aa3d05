/* Keys, pointer and controls; the start of the page. */

const PAN = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MODES = { b: "blink", s: "swipe", p: "pair" };
const KEYS = {
  "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: fit,
  l: () => toggle("log"), o: () => toggle("overlays"), i: () => nextMap(),
  r: () => markProfile(), x: () => setProfile(null, null),
};
let profileStart = null;

function onKey(event) {
  const key = event.key, cursor = view.cursor;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (PAN[key] && event.shiftKey && cursor) moveCursor(cursor.slow + PAN[key][1], cursor.fast + PAN[key][0]);
  else if (PAN[key]) pan(60 * PAN[key][0], 60 * PAN[key][1]);
  else if (key === "Enter" && cursor) showTrace(cursor.slow, cursor.fast);
  else if (MODES[key]) choose("mode", MODES[key]);
  else if (key >= "1" && key <= "6") choose("right", String(key - 1));
  else if (KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
}

function choose(id, value) {
  at(id).value = value;
  showLimits();
  draw();
}

function toggle(id) {
  at(id).checked = !at(id).checked;
  showLimits();
  drawProfile();
  draw();
}

function nextMap() {
  const box = at("map");
  choose("map", box.options[(box.selectedIndex + 1) % box.options.length].value);
}

/* The first mark at the cursor is the start of a profile, the second its end. */
function markProfile() {
  if (!view.cursor) return;
  if (profileStart) setProfile(profileStart, view.cursor);
  else at("readout").textContent += "\nprofile starts here; move the cursor and press r again";
  profileStart = profileStart ? null : view.cursor;
}

/* ---- limits and phi step ---- */

function showLimits() {
  for (const side of ["left", "right"]) {
    const layer = state.layers[at(side).value], wanted = asked(layer), used = scaleOf(layer).limits;
    for (const end of ["least", "most"]) {
      const box = at(`${side}-${end}`);
      if (document.activeElement !== box) box.value = wanted[end] ?? "";
      box.placeholder = used[end].toPrecision(3);
      box.setAttribute("aria-invalid", wanted[end] !== null && wanted[end] !== used[end]);
    }
  }
}

function takeLimits(side) {
  const layer = state.layers[at(side).value];
  const [least, most] = ["least", "most"].map((end) => number(at(`${side}-${end}`).value, 0));
  view.limits[layer.limits] = { least, most };
  showLimits();
  draw();
}

const middleStep = () => Math.floor((state.content.geometry.cells_A || []).length / 2);

function setStep(step) {
  const count = (state.content.geometry.cells_A || []).length;
  if (Number.isInteger(step) && step >= 0 && step < Math.max(1, count)) at("phi-step").value = step;
  if (view.cursor) moveCursor(view.cursor.slow, view.cursor.fast);
}

/* ---- wiring ---- */

function wireCanvas(canvas) {
  const held = new Map();
  let moved = 0, start = null;
  canvas.addEventListener("keydown", onKey);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, [event.clientX, event.clientY]);
    start = event.shiftKey ? pixelAt(event) : null;
    moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId), here = pixelAt(event);
    if (!last) return moveCursor(here.slow, here.fast);
    const dx = event.clientX - last[0], dy = event.clientY - last[1];
    const others = [...held.entries()].filter(([id]) => id !== event.pointerId);
    moved += Math.abs(dx) + Math.abs(dy);
    held.set(event.pointerId, [event.clientX, event.clientY]);
    if (start) return inImage(here.slow, here.fast) && setProfile(start, here);
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
  for (const id of ["left", "right", "mode", "map", "log", "overlays", "divider"]) {
    at(id).addEventListener("input", () => {
      showLimits();
      drawProfile();
      draw();
    });
  }
  for (const side of ["left", "right"]) {
    for (const end of ["least", "most"]) at(`${side}-${end}`).addEventListener("input", () => takeLimits(side));
  }
  at("auto").addEventListener("click", () => {
    view.limits = {};
    showLimits();
    draw();
  });
  const steps = (state.content.geometry.cells_A || []).length;
  Object.assign(at("phi-step"), { max: Math.max(0, steps - 1), value: middleStep() });
  at("phi-box").hidden = steps < 2;
  at("phi-step").addEventListener("input", () => setStep(phiStep()));
  at("zoom-in").addEventListener("click", () => zoom(1.4));
  at("zoom-out").addEventListener("click", () => zoom(1 / 1.4));
  at("fit").addEventListener("click", fit);
  at("go").addEventListener("click", () => center(Number(at("slow").value), Number(at("fast").value)));
  at("mark").addEventListener("click", markProfile);
  at("no-profile").addEventListener("click", () => setProfile(null, null));
  for (const id of ["a", "b"]) wireCanvas(at(id));
  window.addEventListener("resize", () => (view.fitted ? fit() : draw()));
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
    redrawPlots();
    remember();
  });
  dark.addEventListener("change", redrawPlots);
  wireGraph();
  window.addEventListener("resize", () => at("tap-graph") && (graph.whole ? wholeGraph() : showGraph()));
  window.addEventListener("hashchange", () => showHash(location.hash.slice(1)));
  for (const button of document.querySelectorAll("[data-goto-pixel]")) {
    button.addEventListener("click", () => goTo(...button.dataset.gotoPixel.split(",").map(Number)));
  }
}

/* Traced and worst pixels always have their full values. */
function takeExact(pixels, exact) {
  const known = new Set(), bright = pixels.full, [first, second] = [pixels.first, pixels.second];
  const bits = [first, second].map((values) => new Uint32Array(values.buffer));
  for (const [place, a, b] of exact) {
    first[place] = a ?? NaN;
    second[place] = b ?? NaN;
    if (a !== null && b !== null) pixels.steps[place] = order(bits[1][place]) - order(bits[0][place]);
    known.add(place);
  }
  pixels.full = (i) => bright(i) || known.has(i);
}

async function start() {
  wirePage();
  if (FACTS) await startImages();
  if (location.hash) showHash(location.hash.slice(1));
  document.body.dataset.ready = "yes";
}

async function startImages() {
  const [pixels, content] = await Promise.all([decodeImages(FACTS), unpack("content")]);
  state.content = JSON.parse(new TextDecoder().decode(content));
  state.count = FACTS.pixels;
  takeExact(pixels, state.content.exact);
  state.pixels = pixels;
  state.layers = makeLayers(pixels, state.content.titles);
  state.pyramids = state.layers.map((layer, n) => new Pyramid(layer, n, FACTS.shape));
  wire();
  if (FACTS.kept < FACTS.pixels) {
    at("rounded").textContent = `The page holds the full value of the ${FACTS.kept} brightest pixels of ` +
      `${FACTS.pixels} and of the traced and worst ones; the others are rounded and marked with ≈, the bundle has them in full.`;
  }
  at("readout").textContent = "move over the image";
  showLimits();
  showWorst();
  fit();
  redrawPlots();
}

start().catch((error) => {
  const home = at("readout");
  if (home) home.textContent = "the images cannot be shown: " + error.message;
  throw error;
});
