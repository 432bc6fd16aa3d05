"use strict";
/* Pixels and layers: decoding of the packed images, the value of each layer at a pixel, colours. */

const BLEND = {
  glow: [[0, 0, 4], [60, 9, 101], [140, 41, 99], [212, 72, 66], [250, 146, 30], [252, 255, 164]],
  sides: [[8, 64, 129], [78, 150, 205], [245, 245, 245], [226, 110, 80], [122, 10, 30]],
};
const EMPTY = [107, 111, 117];

function table(name) {
  const stops = BLEND[name], colours = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1), low = Math.min(Math.floor(place), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      colours[3 * i + c] = stops[low][c] + (place - low) * (stops[low + 1][c] - stops[low][c]);
    }
  }
  return colours;
}
const COLOURS = { glow: table("glow"), sides: table("sides") };

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

/* A layer: its name, its value at pixel i, and whether it has two signs. */
function makeLayers(pixels, titles) {
  const { first: a, second: b, steps } = pixels;
  return [
    { name: "first: " + titles[0], value: (i) => a[i], signed: false },
    { name: "second: " + titles[1], value: (i) => b[i], signed: false },
    { name: "difference", value: (i) => b[i] - a[i], signed: true },
    { name: "ratio - 1", value: (i) => (a[i] === b[i] ? 0 : b[i] / a[i] - 1), signed: true },
    { name: "float32 steps (ULP)", value: (i) => steps[i], signed: true },
    { name: "z (difference / root of counts)", signed: true,
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

/* Where a value stands on its colour scale, 0 to 255, or -1 for none. */
function shade(value, layer, top, log) {
  if (!Number.isFinite(value)) return -1;
  if (!layer.signed) {
    if (log && value <= 0) return -1;
    const part = log ? 1 + Math.log10(value / top) / 6 : value / top;
    return Math.round(255 * Math.min(1, Math.max(0, part)));
  }
  if (value === 0 || top === 0) return 128;
  const size = log ? Math.max(0, 1 + Math.log10(Math.abs(value) / top) / 4) : Math.abs(value) / top;
  return Math.round(127.5 + 127.5 * Math.sign(value) * Math.min(1, size));
}

/* The colour scale in the lower left corner of a canvas, with the values at its ends. */
function colourBar(context, layer, top, log, ratio) {
  const width = 150 * ratio, height = 10 * ratio, x = 10 * ratio, y = context.canvas.height - 30 * ratio;
  const colours = COLOURS[layer.signed ? "sides" : "glow"], low = log ? top / 1e6 : 0;
  context.fillStyle = "#000a";
  context.fillRect(x - 6 * ratio, y - 6 * ratio, width + 12 * ratio, 34 * ratio);
  for (let i = 0; i < 256; i++) {
    context.fillStyle = `rgb(${colours.slice(3 * i, 3 * i + 3).join(",")})`;
    context.fillRect(x + (i * width) / 256, y, width / 256 + 1, height);
  }
  context.fillStyle = "#fff";
  context.font = `${11 * ratio}px system-ui`;
  context.textAlign = "left";
  context.fillText((layer.signed ? -top : low).toPrecision(3), x, y + 23 * ratio);
  context.textAlign = "right";
  context.fillText(top.toPrecision(3), x + width, y + 23 * ratio);
}
