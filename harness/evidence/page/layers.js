"use strict";
/* Pixels and layers: decoding of the packed images, the value of each layer at a pixel, colours. */

const BLEND = {
  glow: [[0, 0, 4], [60, 9, 101], [140, 41, 99], [212, 72, 66], [250, 146, 30], [252, 255, 164]],
  grey: [[0, 0, 0], [255, 255, 255]],
  inverted: [[255, 255, 255], [0, 0, 0]],
  sides: [[8, 64, 129], [78, 150, 205], [245, 245, 245], [226, 110, 80], [122, 10, 30]],
};
const EMPTY = [107, 111, 117];
const IMAGE_DECADES = 6, SIGNED_DECADES = 4;

/* A colour as one word of an ImageData. */
const packed = ([r, g, b]) => new Uint32Array(Uint8Array.of(r, g, b, 255).buffer)[0];

function table(name) {
  const stops = BLEND[name], colours = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1), low = Math.min(Math.floor(place), stops.length - 2);
    colours[i] = packed(stops[low].map((c, n) => Math.round(c + (place - low) * (stops[low + 1][n] - c))));
  }
  return colours;
}
const COLOURS = Object.fromEntries(Object.keys(BLEND).map((name) => [name, table(name)]));
const EMPTY_WORD = packed(EMPTY);

async function unpack(id) {
  const text = atob(document.getElementById("blob-" + id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function halves(bytes) {
  const count = bytes.length / 2, values = new Uint16Array(count);
  for (let i = 0; i < count; i++) values[i] = (bytes[i] << 8) | bytes[count + i];
  return values;
}

const order = (bits) => (bits & 0x80000000 ? -1 - (bits & 0x7fffffff) : bits);
const unorder = (place) => (place < 0 ? (0x80000000 | (-1 - place)) >>> 0 : place);

async function decodeImages(facts) {
  const names = ["first-high", "first-low", "steps-high", "steps-low"];
  const [high, low, stepsHigh, stepsLow] = (await Promise.all(names.map(unpack))).map(halves);
  const count = facts.pixels, first = new Uint32Array(count), second = new Uint32Array(count);
  const steps = new Int32Array(count);
  for (let i = 0, kept = 0; i < count; i++) {
    const full = (high[i] & 0x7fff) >= facts.threshold;
    const folded = ((stepsHigh[i] << 16) | (facts.fine ? stepsLow[i] : full ? stepsLow[kept] : 0)) >>> 0;
    steps[i] = folded & 1 ? -((folded >>> 1) + 1) : folded >>> 1;
    first[i] = ((high[i] << 16) | (full ? low[kept++] : 0x8000)) >>> 0;
    second[i] = unorder((order(first[i]) + steps[i]) | 0);
  }
  return { first: new Float32Array(first.buffer), second: new Float32Array(second.buffer), steps,
    full: (i) => (high[i] & 0x7fff) >= facts.threshold };
}

/* A layer: its name, its value at pixel i, whether it has two signs, and which limits it shares. */
function makeLayers(pixels, titles) {
  const { first: a, second: b, steps } = pixels;
  return [
    { name: "first: " + titles[0], limits: "images", value: (i) => a[i], signed: false },
    { name: "second: " + titles[1], limits: "images", value: (i) => b[i], signed: false },
    { name: "difference", limits: "difference", value: (i) => b[i] - a[i], signed: true },
    { name: "ratio - 1", limits: "ratio", value: (i) => (a[i] === b[i] ? 0 : b[i] / a[i] - 1), signed: true },
    { name: "float32 steps (ULP)", limits: "steps", value: (i) => steps[i], signed: true },
    { name: "z (difference / root of counts)", limits: "z", signed: true,
      value: (i) => (a[i] === b[i] ? 0 : (b[i] - a[i]) / Math.sqrt(Math.max(a[i], b[i], 1e-30))) },
  ];
}

/* The largest finite magnitude of a layer, found once. */
function topOf(layer, count) {
  if (layer.top === undefined) {
    layer.top = 0;
    for (let i = 0; i < count; i++) {
      const size = Math.abs(layer.value(i));
      if (size > layer.top && size !== Infinity) layer.top = size;
    }
  }
  return layer.top;
}

/* The limits of a colour scale as asked for; what is missing or cannot be used is automatic. */
function limitsOf(asked, top, signed, log) {
  const most = asked.most > 0 ? asked.most : top;
  const auto = log ? most / 10 ** (signed ? SIGNED_DECADES : IMAGE_DECADES) : 0;
  const usable = asked.least !== null && asked.least < most && (asked.least > 0 || (!log && !signed));
  return { least: usable ? asked.least : auto, most };
}

/* A colour scale: how magnitudes between two limits become colours, and a word that tells it from others. */
function colourScale(limits, signed, log, map) {
  const start = log ? Math.log10(limits.least) : limits.least;
  const span = (log ? Math.log10(limits.most) : limits.most) - start;
  const colours = COLOURS[signed ? "sides" : map];
  return { signed, log, start, span, colours, limits, stamp: [signed, log, limits.least, limits.most, map].join() };
}

/* Where a value stands on its colour scale, 0 to 255, or -1 for none. */
function shade(value, scale) {
  if (!Number.isFinite(value)) return -1;
  if (!scale.signed && scale.log && value <= 0) return -1;
  if (scale.signed && (value === 0 || !(scale.span > 0))) return 128;
  const size = scale.signed ? Math.abs(value) : value;
  const part = scale.span > 0 ? ((scale.log ? Math.log10(size) : size) - scale.start) / scale.span : 0;
  const inside = part > 1 ? 1 : part > 0 ? part : 0;
  return Math.round(scale.signed ? 127.5 + 127.5 * Math.sign(value) * inside : 255 * inside);
}

/* The colour scale in the lower left corner of a canvas, with the values at its ends. */
function colourBar(context, scale, ratio) {
  const width = 150 * ratio, height = 10 * ratio, x = 10 * ratio, y = context.canvas.height - 30 * ratio;
  const bytes = new Uint8Array(scale.colours.buffer), { least, most } = scale.limits;
  context.fillStyle = "#000c";
  context.fillRect(x - 6 * ratio, y - 6 * ratio, width + 12 * ratio, 34 * ratio);
  for (let i = 0; i < 256; i++) {
    context.fillStyle = `rgb(${bytes.slice(4 * i, 4 * i + 3).join(",")})`;
    context.fillRect(x + (i * width) / 256, y, width / 256 + 1, height);
  }
  context.fillStyle = "#fff";
  context.font = `${11 * ratio}px system-ui`;
  context.textAlign = "left";
  context.fillText((scale.signed ? -most : least).toPrecision(3), x, y + 23 * ratio);
  context.textAlign = "right";
  context.fillText(most.toPrecision(3), x + width, y + 23 * ratio);
}
