// How long a service's recoveries took, over the last minutes: a bar for each.
import { duration } from "/page/format.js";

const SVG = "http://www.w3.org/2000/svg";
const WINDOW_MS = 5 * 60 * 1000;
const WIDTH = 160, HEIGHT = 24, BAR = 3;

export function element(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export class Plot {
  #recoveries = [];  // { at: ms of this page, us }
  #svg = element("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });

  get svg() { return this.#svg; }

  add(us) {
    this.#recoveries.push({ at: performance.now(), us });
    this.draw();
  }

  draw() {
    const now = performance.now();
    this.#recoveries = this.#recoveries.filter(({ at }) => now - at < WINDOW_MS);
    const longest = Math.max(...this.#recoveries.map(({ us }) => us), 1);
    const bars = this.#recoveries.map(({ at, us }) => {
      const height = Math.max(2, us / longest * HEIGHT);
      const x = (1 - (now - at) / WINDOW_MS) * (WIDTH - BAR);
      return element("rect", { x, y: HEIGHT - height, width: BAR, height });
    });
    this.#svg.replaceChildren(element("line", { x1: 0, y1: HEIGHT, x2: WIDTH, y2: HEIGHT }), ...bars);
    this.#svg.setAttribute("aria-label", this.#words(longest));
  }

  #words(longest) {
    const count = this.#recoveries.length;
    if (count === 0) return "none";
    return `${count === 1 ? "one recovery" : `${count} recoveries`}, the longest ${duration(longest)}`;
  }
}
