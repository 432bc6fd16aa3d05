/* The tap graph: pan and zoom, the chosen tap with all that it is computed from, keys. */

const graph = { x: 0, y: 0, scale: 1, chosen: "", whole: false };
const GRAPH_SCALES = { least: 0.2, most: 4 };
const tapsOf = () => [...document.querySelectorAll("#tap-graph .tap")];
const tapNamed = (name) => tapsOf().find((tap) => tap.dataset.tap === name);

/* The taps that a tap is computed from, directly or not. */
function ancestorsOf(name) {
  const inputs = Object.fromEntries(tapsOf().map((tap) => [tap.dataset.tap, tap.dataset.inputs.split(" ").filter(Boolean)]));
  const found = new Set(), open = [...(inputs[name] || [])];
  while (open.length) {
    const next = open.pop();
    if (found.has(next) || !inputs[next]) continue;
    found.add(next);
    open.push(...inputs[next]);
  }
  return found;
}

function chooseTap(name, focus = false) {
  const chosen = tapNamed(name);
  if (!chosen) return;
  graph.chosen = name;
  const before = ancestorsOf(name), on = (tap) => tap === name || before.has(tap);
  at("tap-graph").classList.add("picked");
  for (const tap of tapsOf()) {
    tap.classList.toggle("chosen", tap === chosen);
    tap.classList.toggle("ancestor", before.has(tap.dataset.tap));
    tap.setAttribute("tabindex", tap === chosen ? 0 : -1);
  }
  for (const edge of document.querySelectorAll("#tap-graph .edge")) {
    edge.classList.toggle("on", on(edge.dataset.to) && on(edge.dataset.from));
  }
  at("tap").textContent = chosen.querySelector("title").textContent;
  bringIntoSight(chosen);
  if (focus) chosen.focus({ preventScroll: true });
  remember();
}

/* Where a view may start along an axis: the graph stays in sight, in the middle where there is more room than it takes. */
function within(start, view, whole) {
  const rim = 20;
  return view >= whole + 2 * rim ? (whole - view) / 2 : Math.min(Math.max(start, -rim), whole + rim - view);
}

function showGraph() {
  const svg = at("tap-graph"), { clientWidth, clientHeight } = svg.parentElement;
  graph.x = within(graph.x, clientWidth / graph.scale, Number(svg.dataset.width));
  graph.y = within(graph.y, clientHeight / graph.scale, Number(svg.dataset.height));
  svg.setAttribute("viewBox", `${graph.x} ${graph.y} ${clientWidth / graph.scale} ${clientHeight / graph.scale}`);
}

function boxOf(tap) {
  const rect = tap.querySelector("rect"), number = (name) => Number(rect.getAttribute(name));
  return { x: number("x"), y: number("y"), width: number("width"), height: number("height") };
}

/* Pan as far as it takes to see a tap. */
function bringIntoSight(tap) {
  const { clientWidth, clientHeight } = at("tap-graph").parentElement, box = boxOf(tap), edge = 24;
  const width = clientWidth / graph.scale, height = clientHeight / graph.scale;
  graph.x = Math.max(box.x + box.width + edge - width, Math.min(graph.x, box.x - edge));
  graph.y = Math.max(box.y + box.height + edge - height, Math.min(graph.y, box.y - edge));
  showGraph();
}

function zoomGraph(factor, x, y) {
  const { clientWidth, clientHeight } = at("tap-graph").parentElement, cx = x ?? clientWidth / 2, cy = y ?? clientHeight / 2;
  const next = Math.min(GRAPH_SCALES.most, Math.max(GRAPH_SCALES.least, graph.scale * factor));
  graph.x += cx / graph.scale - cx / next;
  graph.y += cy / graph.scale - cy / next;
  Object.assign(graph, { scale: next, whole: false });
  showGraph();
}

function panGraph(dx, dy) {
  graph.x += dx / graph.scale;
  graph.y += dy / graph.scale;
  showGraph();
}

function wholeGraph() {
  const { width, height } = at("tap-graph").dataset, { clientWidth, clientHeight } = at("tap-graph").parentElement;
  Object.assign(graph, { x: 0, y: 0, scale: Math.min(clientWidth / width, clientHeight / height), whole: true });
  showGraph();
}

/* Go to the cause: the tap in the middle, at a size that can be read. */
function goToCause(name, focus = false) {
  const tap = tapNamed(name || at("tap-graph").dataset.cause);
  if (!tap) return wholeGraph();
  const { clientWidth, clientHeight } = at("tap-graph").parentElement, box = boxOf(tap);
  Object.assign(graph, { scale: 1, whole: false });
  graph.x = box.x + box.width / 2 - clientWidth / 2;
  graph.y = box.y + box.height / 2 - clientHeight / 2;
  return chooseTap(tap.dataset.tap, focus);
}

/* The nearest tap in a direction: [1, 0] is right, [0, -1] up. */
function neighbour(tap, [dx, dy]) {
  const from = boxOf(tap), away = (box) => [box.x - from.x, box.y - from.y];
  const ahead = tapsOf().filter((other) => {
    const [x, y] = away(boxOf(other));
    return dx ? x * dx > 0 : x === 0 && y * dy > 0;
  });
  const distance = (other) => away(boxOf(other)).reduce((sum, part, n) => sum + Math.abs(part) * (n === (dx ? 0 : 1) ? 4 : 1), 0);
  return ahead.sort((one, other) => distance(one) - distance(other))[0];
}

const GRAPH_KEYS = { "+": () => zoomGraph(1.25), "=": () => zoomGraph(1.25), "-": () => zoomGraph(0.8), 0: wholeGraph,
  c: () => goToCause("", true) };

function onGraphKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const way = PAN[event.key], act = GRAPH_KEYS[event.key];
  if (way && event.shiftKey) panGraph(60 * way[0], 60 * way[1]);
  else if (way) {
    const next = neighbour(tapNamed(graph.chosen) || tapsOf()[0], way);
    if (next) chooseTap(next.dataset.tap, true);
  } else if (act) act();
  else return;
  event.preventDefault();
}

function wireGraph() {
  const svg = at("tap-graph");
  if (!svg) return;
  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  svg.parentElement.classList.add("live");
  svg.addEventListener("keydown", onGraphKey);
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !svg.contains(document.activeElement)) return;
    event.preventDefault();
    zoomGraph(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...place(event));
  }, { passive: false });
  svg.addEventListener("pointermove", (event) => event.buttons && panGraph(-event.movementX, -event.movementY));
  for (const tap of tapsOf()) {
    tap.addEventListener("click", () => chooseTap(tap.dataset.tap, true));
    tap.addEventListener("focus", () => graph.chosen !== tap.dataset.tap && chooseTap(tap.dataset.tap));
  }
  at("graph-in").addEventListener("click", () => zoomGraph(1.25));
  at("graph-out").addEventListener("click", () => zoomGraph(0.8));
  at("graph-whole").addEventListener("click", wholeGraph);
  for (const button of document.querySelectorAll("[data-goto-tap]")) {
    button.addEventListener("click", () => {
      at("graph").scrollIntoView();
      goToCause(button.dataset.gotoTap, true);
    });
  }
  tapsOf()[0].setAttribute("tabindex", 0);
  goToCause();
}
