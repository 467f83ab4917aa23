// The table of services: a row for each, changed in place, so that what has the focus keeps it.
import { duration, memory, share } from "/page/format.js";
import { flash } from "/page/map.js";
import { Plot } from "/page/plot.js";

class Row {
  #cells = {};
  #incarnation = 0;
  #plot = new Plot();

  constructor(name, onKill) {
    this.element = document.createElement("tr");
    this.element.dataset.name = name;
    const title = document.createElement("th");
    title.scope = "row";
    title.textContent = name;
    this.element.append(title);
    for (const [cell, classes] of [["state", "state"], ["pid", "number minor"], ["kib", "number minor"], ["processor", "number minor"], ["answers", "number minor"], ["restarts", "number"], ["recovery", "number"], ["plot", ""], ["order", "order"]]) {
      this.#cells[cell] = this.element.insertCell();
      this.#cells[cell].className = classes;
    }
    this.#cells.plot.append(this.#plot.svg);
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.textContent = "Kill";
    this.button.setAttribute("aria-label", `Kill ${name}`);
    this.button.addEventListener("click", () => onKill(name, this.button));
  }

  show(service) {
    const { state, pid, incarnation, restarts, recovery_us } = service;
    this.#cells.state.textContent = state;
    this.#cells.state.dataset.state = state;
    this.#cells.pid.textContent = pid || "–";
    this.#cells.restarts.textContent = restarts;
    this.#cells.recovery.textContent = recovery_us ? duration(recovery_us) : "–";
    if (state !== "up" || incarnation === this.#incarnation) return;
    if (this.#incarnation !== 0) {
      this.#plot.add(recovery_us);
      flash(this.element);
    }
    this.#incarnation = incarnation;
  }

  // `load`: what the process has done lately, as far as it is known.
  showProcess(kib, load) {
    this.#cells.kib.textContent = kib ? memory(kib) : "–";
    this.#cells.processor.textContent = kib && load ? share(load.processor) : "–";
    this.#cells.answers.textContent = load ? Math.round(load.answers) : "–";
  }
  allowKill(may) { this.#cells.order.replaceChildren(...(may ? [this.button] : [])); }
  age() { this.#plot.draw(); }
}

export class ServiceTable {
  #body;
  #onKill;
  #rows = new Map();
  #services = [];
  #mayKill = false;

  constructor(table, onKill) {
    this.#body = table.tBodies[0];
    this.#onKill = onKill;
    setInterval(() => this.#rows.forEach((row) => row.age()), 5000);
  }

  allowKill(may) {
    this.#mayKill = may;
    for (const { name, kind } of this.#services) this.#rows.get(name).allowKill(may && kind !== "core");
  }

  setServices(services) {
    this.#services = services;
    const names = new Set(services.map(({ name }) => name));
    for (const [name, row] of this.#rows) {
      if (names.has(name)) continue;
      row.element.remove();
      this.#rows.delete(name);
    }
    for (const service of services) {
      if (!this.#rows.has(service.name)) this.#add(service);
      this.#rows.get(service.name).show(service);
    }
  }

  // `loads`: by process.
  setProcesses(processes, loads) {
    const kib = new Map(processes.map((process) => [process.pid, process.kib]));
    for (const { name, pid } of this.#services) this.#rows.get(name).showProcess(kib.get(pid), loads.get(pid));
  }

  #add({ name, kind }) {
    const row = new Row(name, this.#onKill);
    row.allowKill(this.#mayKill && kind !== "core");
    row.age();
    this.#rows.set(name, row);
    this.#body.append(row.element);
  }
}
