/* What is looked at, in the hash of the address: a link shows it again. What is as it was at first is left out. */

const REMEMBER_MS = 300;
const LIMITS = ["images", "difference", "ratio", "steps", "z"];
const number = (text, least = -Infinity, most = Infinity) => {
  const value = text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) && value >= least && value <= most ? value : null;
};
const numbers = (text, count) => {
  const found = text.split(",").map((word) => number(word));
  return found.length === count && !found.includes(null) ? found : null;
};
const pixel = ([slow, fast]) => (Number.isInteger(slow) && Number.isInteger(fast) && inImage(slow, fast) ? { slow, fast } : null);
const short = (value) => String(Number(value.toPrecision(9)));

/* A control: its text as it is now, null where it is as it was at first, and how it is set. */
function control(id, initial, read = (box) => box.value, write = (box, text) => (box.value = text)) {
  return {
    get: () => (read(at(id)) === initial ? null : read(at(id))),
    set: (text) => {
      const box = at(id), before = read(box);
      write(box, text);
      if (read(box) !== text) write(box, before);
    },
    reset: () => write(at(id), initial),
  };
}
/* A control that changes the room of the images. */
function arranged({ get, set, reset }) {
  const then = (act) => (text) => {
    act(text);
    arrange();
  };
  return { get, set: then(set), reset: then(reset) };
}
const check = (id, initial) => control(id, initial, (box) => (box.checked ? "1" : "0"), (box, text) => (box.checked = text === "1"));

/* Key in the hash: how to read what is shown, how to show it, and how to go back to the beginning. */
const FIELDS = {
  mode: arranged(control("mode", "pair")),
  at: {
    get: () => view.fitted ? null : [view.y + at("a").clientHeight / view.scale / 2, view.x + at("a").clientWidth / view.scale / 2, view.scale].map(short).join(),
    set: (text) => {
      const found = numbers(text, 3);
      if (!found || found[2] < SCALES.least || found[2] > SCALES.most) return;
      const [slow, fast, scale] = found, canvas = at("a");
      Object.assign(view, { scale, x: fast - canvas.clientWidth / scale / 2, y: slow - canvas.clientHeight / scale / 2, fitted: false });
    },
    reset: () => fit(),
  },
  left: control("left", "0"),
  right: control("right", "1"),
  swipe: control("divider", "50"),
  map: control("map", "glow"),
  log: check("log", "1"),
  overlays: check("overlays", "1"),
  phi: { get: () => (phiStep() === middleStep() ? null : String(phiStep())), set: (text) => setStep(number(text)), reset: () => setStep(middleStep()) },
  cursor: {
    get: () => view.cursor && [view.cursor.slow, view.cursor.fast].join(),
    set: (text) => {
      const found = pixel(numbers(text, 2) || []);
      if (found) moveCursor(found.slow, found.fast);
    },
    reset: () => (view.cursor = null),
  },
  profile: {
    get: () => view.profile && [view.profile.from.slow, view.profile.from.fast, view.profile.to.slow, view.profile.to.fast].join(),
    set: (text) => {
      const found = numbers(text, 4) || [];
      setProfile(pixel(found.slice(0, 2)), pixel(found.slice(2)));
    },
    reset: () => setProfile(null, null),
  },
  ...Object.fromEntries(LIMITS.map((name) => [name, {
    get: () => {
      const { least, most } = view.limits[name] || { least: null, most: null };
      return least === null && most === null ? null : [least, most].map((value) => value ?? "").join();
    },
    set: (text) => {
      const [least, most] = text.split(",").map((word) => number(word, 0));
      view.limits[name] = { least: least ?? null, most: most ?? null };
    },
    reset: () => delete view.limits[name],
  }])),
};
const PAGE_FIELDS = {
  tap: { get: () => (graph.chosen === (at("tap-graph")?.dataset.cause ?? "") ? null : graph.chosen), set: (text) => chooseTap(text), reset: () => at("tap-graph") && goToCause() },
  theme: {
    get: () => document.documentElement.dataset.theme ?? null,
    set: (text) => ["light", "dark"].includes(text) && (document.documentElement.dataset.theme = text),
    reset: () => delete document.documentElement.dataset.theme,
  },
};

const fieldsInForce = () => (state.content ? { ...PAGE_FIELDS, ...FIELDS } : PAGE_FIELDS);

/* What is looked at, as the hash of an address without its #. */
function hashOf() {
  const pairs = Object.entries(fieldsInForce()).map(([key, field]) => [key, field.get()]);
  return pairs.filter(([, text]) => text).map(([key, text]) => `${key}=${encodeURIComponent(text).replaceAll("%2C", ",")}`).join("&");
}

/* Show what a hash says; a word of it that is not known or cannot be is as if it were not there. */
function showHash(text) {
  const said = new Map(text.split("&").map((pair) => pair.split("=", 2)).filter((pair) => pair.length === 2));
  for (const [key, field] of Object.entries(fieldsInForce())) {
    field.reset();
    if (!said.has(key)) continue;
    try {
      field.set(decodeURIComponent(said.get(key)));
    } catch (error) {
      if (!(error instanceof URIError)) throw error;
    }
  }
  if (state.content) showLimits();
  redrawPlots();
  draw();
}

let noting = 0;
function remember() {
  if (noting || !document.body.dataset.ready) return;
  noting = setTimeout(() => {
    noting = 0;
    const next = hashOf();
    if (next !== location.hash.slice(1)) history.replaceState(null, "", next ? `#${next}` : location.pathname + location.search);
  }, REMEMBER_MS);
}
