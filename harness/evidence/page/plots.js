/* Plots of both images: distributions, and the profile along a line. */

const MOST_SAMPLES = 4000;

/* A colour of the style sheet as the theme in force has it. */
function themeColour(name) {
  const probe = el("span", "", document.body);
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function blank(canvas) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.font = "13px system-ui";
  return { context, text: themeColour("--text"), soft: themeColour("--soft"), first: themeColour("--first"), second: themeColour("--second") };
}

function drawHistogram() {
  const { edges, first, second } = state.content.histogram, canvas = at("histogram");
  const { context, text, soft, ...colour } = blank(canvas), bins = first.length;
  if (!bins) return;
  const top = Math.log10(1 + Math.max(...first, ...second)), base = canvas.height - 24, left = 40;
  const width = (canvas.width - left - 8) / bins, high = (n) => (Math.log10(1 + n) / top) * (base - 12);
  context.fillStyle = colour.first;
  first.forEach((n, i) => context.fillRect(left + i * width, base - high(n), width - 1, high(n)));
  context.strokeStyle = colour.second;
  context.lineWidth = 2;
  context.beginPath();
  second.forEach((n, i) => context.lineTo(left + (i + 0.5) * width, base - high(n)));
  context.stroke();
  context.fillStyle = text;
  for (const k of [0, 0.25, 0.5, 0.75, 1]) {
    const edge = edges[Math.round(k * bins)];
    context.fillText(edge.toFixed(1), Math.min(left + k * bins * width, canvas.width - 34), canvas.height - 6);
  }
  context.fillStyle = soft;
  context.fillText("1e" + top.toFixed(0), 2, 18);
}

function drawScatter() {
  const canvas = at("scatter"), { context, text, first, second } = blank(canvas);
  const points = state.content.scatter.filter((p) => p[0] > 0 && p[1] > 0);
  if (!points.length) return;
  const logs = points.flatMap((p) => [Math.log10(p[0]), Math.log10(p[1])]);
  const low = Math.min(...logs), span = Math.max(...logs) - low || 1, side = canvas.height - 40;
  const place = (v) => ((Math.log10(v) - low) / span) * side;
  for (const [a, b, steps] of points) {
    context.fillStyle = steps === 0 ? first : second;
    context.fillRect(48 + place(a), 12 + side - place(b), 3, 3);
  }
  context.fillStyle = text;
  context.fillText(`1e${low.toFixed(1)} to 1e${(low + span).toFixed(1)} on both axes; ` +
    `${points.length} pixels, blue: bitwise equal`, 48, canvas.height - 8);
}

/* ---- profile ---- */

/* The pixels along a line, one for each step of the longer side. */
function pixelsAlong({ from, to }) {
  const across = [to.slow - from.slow, to.fast - from.fast], steps = Math.max(...across.map(Math.abs));
  const count = Math.min(steps, MOST_SAMPLES) || 1;
  const places = Array.from({ length: count + 1 }, (_, n) => [from.slow + (n * across[0]) / count, from.fast + (n * across[1]) / count]);
  return places.map(([slow, fast]) => ({ slow: Math.round(slow), fast: Math.round(fast) }));
}

function setProfile(from, to) {
  view.profile = from && to && inImage(from.slow, from.fast) && inImage(to.slow, to.fast) ? { from, to } : null;
  drawProfile();
  draw();
}

/* A number in a few characters. */
const figure = (v) => (v === 0 || (Math.abs(v) >= 0.01 && Math.abs(v) < 10000) ? String(Number(v.toPrecision(3))) : v.toExponential(1));

/* Draw a line through values on a part of a canvas. */
function curve(context, values, place, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 1.6;
  context.beginPath();
  let down = false;
  values.forEach((value, n) => {
    const y = place(value);
    if (Number.isFinite(y)) context[down ? "lineTo" : "moveTo"](68 + (n / (values.length - 1 || 1)) * 484, y);
    down = Number.isFinite(y);
  });
  context.stroke();
}

/* How values become heights between two dots of a canvas; on a logarithmic axis only positive ones have one. */
function heights(values, [bottom, top], log) {
  const sizes = values.filter((v) => Number.isFinite(v) && (!log || v > 0)).map((v) => (log ? Math.log10(v) : v));
  const low = sizes.reduce((a, b) => Math.min(a, b), Infinity), high = sizes.reduce((a, b) => Math.max(a, b), -Infinity);
  const place = (v) => bottom - (((log ? (v > 0 ? Math.log10(v) : NaN) : v) - low) / (high - low || 1)) * (bottom - top);
  return { place, low: log ? 10 ** low : low, high: log ? 10 ** high : high, any: sizes.length > 0 };
}

function drawProfile() {
  const canvas = at("profile"), home = at("profile-box");
  home.hidden = !view.profile;
  if (!view.profile) return;
  const { from, to } = view.profile, places = pixelsAlong(view.profile), log = at("log").checked;
  const [a, b, diff] = [0, 1, 2].map((n) => places.map((p) => state.layers[n].value(p.slow * FACTS.shape[1] + p.fast)));
  const { context, text, soft, first, second } = blank(canvas);
  const upper = heights([...a, ...b], [190, 14], log), lower = heights(diff, [290, 220], false);
  curve(context, a, upper.place, first);
  curve(context, b, upper.place, second);
  curve(context, diff, lower.place, text);
  context.fillStyle = soft;
  for (const [axis, bottom, top] of [[upper, 190, 18], [lower, 292, 226]]) {
    if (axis.any) [[axis.high, top], [axis.low, bottom]].forEach(([v, y]) => context.fillText(figure(v), 2, y));
  }
  const most = (values) => values.reduce((x, y) => Math.max(x, Math.abs(y)), 0).toPrecision(6);
  at("profile-words").textContent = `From slow ${from.slow} fast ${from.fast} to slow ${to.slow} fast ${to.fast}, ` +
    `${places.length} pixels: above both images (largest ${most(a)} and ${most(b)}), below second - first (largest ${most(diff)}).`;
}

const plots = [drawHistogram, drawScatter, drawProfile];

function redrawPlots() {
  if (state.content) plots.forEach((plot) => plot());
}
