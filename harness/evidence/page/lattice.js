/* Resolution and indices at a point of the detector, from vectors that the simulator computed for this run. */

/* q = (d - i) / wavelength in 1/Angstrom, d the unit vector to a point given in pixels (the centre of one is at 0.5). */
function scatteringAt(geometry, slow, fast) {
  const to = geometry.origin.map((start, n) => start + fast * geometry.fast[n] + slow * geometry.slow[n]);
  const distance = Math.hypot(...to);
  return to.map((part, n) => (part / distance - geometry.incident[n]) / geometry.wavelength_A);
}

const product = (u, v) => u[0] * v[0] + u[1] * v[1] + u[2] * v[2];

/* h, k, l = a.q, b.q, c.q at the centre of a pixel, with the cell as a phi step has it. */
function indicesAt(geometry, slow, fast, step) {
  const q = scatteringAt(geometry, slow + 0.5, fast + 0.5);
  return geometry.cells_A[step].map((edge) => product(edge, q));
}

/* Spacing of the planes that scatter to the centre of a pixel, in Angstrom. */
function spacingAt(geometry, slow, fast) {
  return 1 / Math.hypot(...scatteringAt(geometry, slow + 0.5, fast + 0.5));
}

/* What the readout says of the lattice at a pixel. */
function latticeLine(geometry, slow, fast, step) {
  if (geometry.missing) return `no resolution, no hkl: ${geometry.missing}`;
  const spacing = spacingAt(geometry, slow, fast);
  const resolution = `resolution ${Number.isFinite(spacing) ? spacing.toFixed(4) + " Å" : "none (direct beam)"}`;
  if (!geometry.cells_A.length) return `${resolution}   no hkl: ${geometry.no_cells}`;
  const hkl = indicesAt(geometry, slow, fast, step).map((index) => index.toFixed(3)).join(" ");
  const count = geometry.cells_A.length;
  return `${resolution}   hkl ${hkl}` + (count > 1 ? `   phi step ${step} of ${count}` : "") + geometry.remark;
}
