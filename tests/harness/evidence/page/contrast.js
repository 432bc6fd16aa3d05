/* Contrast of every text on the page with what is behind it: the three lowest, and how many there are. */
(() => {
  const one = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const context = one.getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  const light = (c) => 0.2126 * linear(c[0] / 255) + 0.7152 * linear(c[1] / 255) + 0.0722 * linear(c[2] / 255);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const tap = at.classList.contains("tap");
      const colour = rgba(tap ? getComputedStyle(at.querySelector("rect")).fill : getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba(getComputedStyle(document.body).backgroundColor);
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    if (["SCRIPT", "STYLE", "OPTION", "CANVAS", "title"].includes(node.tagName)) continue;
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) continue;
    const style = getComputedStyle(node), svg = node.namespaceURI.endsWith("svg");
    const [more, less] = [light(rgba(svg ? style.fill : style.color)), light(behind(node))].sort((x, y) => y - x);
    found.push([(more + 0.05) / (less + 0.05), `${node.tagName} ${node.getAttribute("class")} ${node.textContent.slice(0, 30)}`]);
  }
  return found.sort((x, y) => x[0] - y[0]).slice(0, 3).concat([[found.length, ""]]);
})()
