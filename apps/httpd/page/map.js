// The map: a box for each process, the programs at the top and what they stand on below, and a line to each one that it can call.
import { element } from "/page/plot.js";

const LEAST_SHARE = 0.0002;  // of the processor: who has less has done nothing but its heartbeats
const BANDS = ["program", "server", "driver", "core"];
const BOX = { width: 96, height: 28 }, GAP = { across: 12, down: 26, band: 44 };

export class ProcessMap {
  #place;
  #services = [];
  #links = [];
  #loads = new Map();
  #withCore = false;
  #boxes = new Map();  // by name: { group, x, y }
  #edges = [];         // { path, from, to }

  constructor(place) {
    this.#place = place;
    new ResizeObserver(() => this.#draw()).observe(place);
  }

  setServices(services) {
    const known = this.#services.map(({ name }) => name).join() === services.map(({ name }) => name).join();
    const before = new Map(this.#services.map((service) => [service.name, service]));
    this.#services = services;
    if (!known) this.#draw();
    for (const { name, state, incarnation } of services) {
      const group = this.#boxes.get(name)?.group;
      if (!group) continue;
      group.dataset.state = state;
      if (before.has(name) && before.get(name).incarnation !== incarnation) flash(group);
    }
  }

  setLinks(links) {
    this.#links = links;
    this.#draw();
  }

  // By process. A line moves from a process that has run to one that has answered requests: it may have been its caller.
  setLoads(loads) {
    this.#loads = loads;
    this.#move();
  }

  showCore(withCore) {
    this.#withCore = withCore;
    this.#draw();
  }

  #draw() {
    const width = Math.floor(this.#place.clientWidth);
    if (width === 0) return;
    const focused = document.activeElement?.dataset?.name;
    const svg = element("svg", { width, role: "group", "aria-label": "map of the processes" });
    this.#boxes.clear();
    const height = this.#placeBoxes(svg, width);
    svg.setAttribute("height", height);
    svg.prepend(...this.#drawEdges());
    this.#place.replaceChildren(svg);
    this.#move();
    for (const [name, { group }] of this.#boxes) group.setAttribute("aria-label", this.#words(name));
    if (focused) this.#boxes.get(focused)?.group.focus({ preventScroll: true });
  }

  #placeBoxes(svg, width) {
    const perRow = Math.max(1, Math.floor((width + GAP.across) / (BOX.width + GAP.across)));
    let y = 0;
    for (const band of BANDS) {
      const members = this.#services.filter(({ kind }) => kind === band && (band !== "core" || this.#withCore));
      if (members.length === 0) continue;
      const title = element("text", { class: "band", x: 0, y: y + 12 });
      title.textContent = band === "core" ? "core servers" : `${band}s`;
      svg.append(title);
      y += 20;
      members.forEach((service, index) => {
        const row = Math.floor(index / perRow);
        const inRow = Math.min(perRow, members.length - row * perRow);
        const left = (width - inRow * (BOX.width + GAP.across) + GAP.across) / 2;
        const x = left + (index % perRow) * (BOX.width + GAP.across);
        svg.append(this.#drawBox(service, x, y + row * (BOX.height + GAP.down)));
      });
      y += Math.ceil(members.length / perRow) * (BOX.height + GAP.down) - GAP.down + GAP.band;
    }
    return Math.max(0, y - GAP.band + 4);
  }

  #drawBox({ name, state }, x, y) {
    const group = element("g", { class: "node", tabindex: 0, role: "img" });
    group.dataset.name = name;
    group.dataset.state = state;
    const text = element("text", { x: x + BOX.width / 2, y: y + BOX.height / 2 });
    text.textContent = name;
    group.append(element("rect", { x: x + 1, y: y + 1, width: BOX.width - 2, height: BOX.height - 2, rx: 6 }), text);
    for (const event of ["pointerenter", "focus"]) group.addEventListener(event, () => this.#point(name));
    for (const event of ["pointerleave", "blur"]) group.addEventListener(event, () => this.#point(null));
    this.#boxes.set(name, { group, x, y });
    return group;
  }

  #drawEdges() {
    this.#edges = [];
    for (const [from, to] of this.#links) {
      const start = this.#boxes.get(from), end = this.#boxes.get(to);
      if (!start || !end) continue;
      const path = element("path", { class: "edge", d: curve(start, end) });
      this.#edges.push({ path, from, to });
    }
    return this.#edges.map(({ path }) => path);
  }

  #move() {
    const pids = new Map(this.#services.map(({ name, pid }) => [name, pid]));
    const load = (name) => this.#loads.get(pids.get(name)) ?? { processor: 0, answers: 0 };
    for (const { path, from, to } of this.#edges) {
      const moves = load(from).processor > LEAST_SHARE && load(to).answers >= 1;
      path.classList.toggle("moves", moves);
      if (moves) path.style.animationDuration = `${Math.max(0.3, 4 / Math.log2(2 + load(to).answers)).toFixed(1)}s`;
    }
  }

  #point(name) {
    this.#place.firstElementChild.classList.toggle("pointed", name !== null);
    for (const { path, from, to } of this.#edges) path.classList.toggle("near", from === name || to === name);
  }

  #words(name) {
    const called = this.#links.filter(([from]) => from === name).map(([, to]) => to);
    const callers = this.#links.filter(([, to]) => to === name).map(([from]) => from);
    const list = (names) => (names.length === 0 ? "nobody" : names.join(", "));
    return `${name} can call ${list(called)}; ${list(callers)} can call it`;
  }
}

// From the bottom of one box to the top of one below it, or around where it is not below.
function curve(start, end) {
  const x1 = start.x + BOX.width / 2, x2 = end.x + BOX.width / 2;
  const y1 = start.y + BOX.height, down = end.y > start.y;
  const y2 = down ? end.y : end.y + BOX.height;
  const bend = down ? (y2 - y1) / 2 : GAP.band / 2;
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${down ? y2 - bend : y2 + bend} ${x2} ${y2}`;
}

export function flash(changed) {
  changed.classList.remove("changed");
  changed.getBoundingClientRect();  // so that the animation begins again
  changed.classList.add("changed");
}
