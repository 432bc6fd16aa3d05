/* Layers as pyramids: each level has half the resolution of the one below, shaded once in tiles, drawn as pictures. */

const TILE = 256, MOST_TILES = 320, SHADING_MS = 10;

/* The level whose pixels are at least as wide as a dot, so that no extreme is lost between two dots. */
function levelFor(pixelsPerDot, levels) {
  return Math.min(levels - 1, Math.max(0, Math.ceil(Math.log2(pixelsPerDot) - 1e-9)));
}

/* The number of levels of an image, down to one pixel. */
const levelCount = (rows, columns) => 1 + Math.ceil(Math.log2(Math.max(rows, columns)));

/* A level of half the resolution: of four pixels the value of largest magnitude; NaN wins. */
function halved(below) {
  const rows = Math.ceil(below.rows / 2), columns = Math.ceil(below.columns / 2);
  const values = new Float32Array(rows * columns);
  for (let s = 0, k = 0; s < rows; s++) {
    const upper = 2 * s * below.columns, lower = Math.min(2 * s + 1, below.rows - 1) * below.columns;
    for (let f = 0; f < columns; f++, k++) {
      const left = 2 * f, right = Math.min(left + 1, below.columns - 1);
      values[k] = extreme(extreme(below.value(upper + left), below.value(upper + right)),
        extreme(below.value(lower + left), below.value(lower + right)));
    }
  }
  return { rows, columns, value: (i) => values[i] };
}

function extreme(one, other) {
  if (one !== one || other !== other) return NaN;
  return Math.abs(other) > Math.abs(one) ? other : one;
}

/* Shaded tiles of all pyramids; those not drawn for the longest time go first. */
const tiles = new Map();

function keep(key, tile) {
  tiles.delete(key);
  tiles.set(key, tile);
  if (tiles.size > MOST_TILES) tiles.delete(tiles.keys().next().value);
  return tile;
}

class Pyramid {
  constructor(layer, number, [rows, columns]) {
    this.number = number;
    this.count = levelCount(rows, columns);
    this.levels = [{ rows, columns, value: layer.value }];
  }

  level(depth) {
    while (this.levels.length <= depth) this.levels.push(halved(this.levels.at(-1)));
    return this.levels[depth];
  }

  /* The tile in the colours of a scale; where it has others and there is no time to shade it, null. */
  tile(depth, row, column, scale, mayShade) {
    const key = [this.number, depth, row, column].join(), found = tiles.get(key);
    if (found && found.stamp === scale.stamp) return keep(key, found);
    return mayShade() ? keep(key, this.shaded(depth, row, column, scale, found)) : null;
  }

  shaded(depth, row, column, scale, old) {
    const level = this.level(depth), top = row * TILE, left = column * TILE;
    const height = Math.min(TILE, level.rows - top), width = Math.min(TILE, level.columns - left);
    const canvas = old ? old.canvas : Object.assign(document.createElement("canvas"), { width, height });
    const context = canvas.getContext("2d"), picture = context.createImageData(width, height);
    const words = new Uint32Array(picture.data.buffer), { colours } = scale;
    for (let s = 0, k = 0; s < height; s++) {
      for (let f = 0, i = (top + s) * level.columns + left; f < width; f++, i++, k++) {
        const place = shade(level.value(i), scale);
        words[k] = place < 0 ? EMPTY_WORD : colours[place];
      }
    }
    context.putImageData(picture, 0, 0);
    return { canvas, stamp: scale.stamp };
  }

  /* Draw what a frame shows, between two dots of the canvas; false if tiles are still to be shaded. */
  draw(context, frame, scale, mayShade) {
    const depth = levelFor(1 / frame.scale, this.count), { rows, columns } = this.level(depth);
    const size = TILE << depth, dots = size * frame.scale, { canvas } = context;
    const first = (start, end) => Math.max(0, Math.floor((start + end / frame.scale) / size));
    const lastRow = Math.min(Math.ceil(rows / TILE) - 1, first(frame.y, canvas.height));
    const lastColumn = Math.min(Math.ceil(columns / TILE) - 1, first(frame.x, frame.right));
    let whole = true;
    for (let row = first(frame.y, 0); row <= lastRow; row++) {
      for (let column = first(frame.x, frame.left); column <= lastColumn; column++) {
        const place = { row, column, x: (column * size - frame.x) * frame.scale, y: (row * size - frame.y) * frame.scale, dots };
        const tile = this.tile(depth, row, column, scale, mayShade);
        if (tile) put(context, tile.canvas, [0, 0, TILE, TILE], place, (1 << depth) * frame.scale);
        else whole = this.drawCoarse(context, depth, place, scale);
      }
    }
    return whole;
  }

  /* Draw a tile's place from the finest coarser level that is shaded already. */
  drawCoarse(context, depth, place, scale) {
    for (let up = 1; depth + up < this.count; up++) {
      const share = TILE >> up, tile = this.tile(depth + up, place.row >> up, place.column >> up, scale, () => false);
      if (!tile) continue;
      const inside = (n) => (n & ((1 << up) - 1)) * share;
      put(context, tile.canvas, [inside(place.column), inside(place.row), share, share], place, place.dots / share);
      break;
    }
    return false;
  }
}

/* Draw a part of a tile on whole dots, so that neighbours neither overlap nor leave a gap. */
function put(context, canvas, [x, y, across, down], place, dots) {
  const width = Math.min(across, canvas.width - x), height = Math.min(down, canvas.height - y);
  if (width <= 0 || height <= 0) return;
  const left = Math.round(place.x), top = Math.round(place.y);
  const right = Math.round(place.x + width * dots), bottom = Math.round(place.y + height * dots);
  context.drawImage(canvas, x, y, width, height, left, top, right - left, bottom - top);
}

/* A clock that lets a frame shade at least one tile, and more until its time is up. */
function shadingTime() {
  const end = performance.now() + SHADING_MS;
  let begun = false;
  return () => {
    const may = !begun || performance.now() < end;
    begun = true;
    return may;
  };
}
