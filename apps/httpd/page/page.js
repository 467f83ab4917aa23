// What the server tells by /events goes into the page. The browser connects again by itself when the stream breaks off; where
// it gives up, or where nothing comes any more, this does.
import { clock, memory, rate } from "/page/format.js";
import { ProcessMap } from "/page/map.js";
import { ServiceTable } from "/page/table.js";

const MOST_CHANGES = 50, MOST_LOG = 200_000;
const SILENT_MS = 3000, AGAIN_MS = 500;  // the load comes each second

const at = (id) => document.getElementById(id);
const table = new ServiceTable(at("services"), kill);
const map = new ProcessMap(at("map"));
let hello = null, source = null, lastMessage = 0, lastLoad = null;

at("map-core").addEventListener("change", ({ target }) => map.showCore(target.checked));

function show(state) {
  if (at("connection").dataset.state === state) return;
  at("connection").dataset.state = state;
  at("connection").textContent = state;
}

function connect() {
  source?.close();
  source = new EventSource("/events");
  lastMessage = performance.now();
  for (const [name, take] of Object.entries(takers)) {
    source.addEventListener(name, ({ data }) => {
      lastMessage = performance.now();
      show("live");
      take(JSON.parse(data));
    });
  }
  source.addEventListener("error", () => {
    show("reconnecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS);
  });
}

setInterval(() => {
  if (performance.now() - lastMessage < SILENT_MS) return;
  show("reconnecting");
  connect();
}, AGAIN_MS);

const takers = {
  hello(told) {
    hello = told;
    lastLoad = null;
    table.allowKill(told.may_kill);
    if (told.whole_log) at("log").textContent = "";
  },

  services(told) {
    table.setServices(told);
    map.setServices(told);
  },

  links(told) { map.setLinks(told); },

  load(told) {
    const loads = lastLoad ? loadsSince(lastLoad, told) : new Map();
    table.setProcesses(told.processes, loads);
    map.setLoads(loads);
    at("uptime").textContent = clock(told.at_us);
    if (told.memory) at("memory").textContent = `${memory(told.memory.total_kib - told.memory.free_kib)} of ${memory(told.memory.total_kib)}`;
    const now = { us: told.at_us, processes: told.processes, received: sum(told.interfaces, "received_bytes"), sent: sum(told.interfaces, "sent_bytes") };
    if (lastLoad) showRates(lastLoad, now);
    lastLoad = now;
  },

  change(told) {
    const line = document.createElement("li"), time = document.createElement("time");
    time.textContent = clock(told.at_us);
    line.append(time, ` ${told.name}: ${changeWords(told)}`);
    at("changes").prepend(line);
    while (at("changes").children.length > MOST_CHANGES) at("changes").lastElementChild.remove();
  },

  log(told) {
    const log = at("log"), atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    log.append(told);
    if (log.textContent.length > MOST_LOG) log.textContent = log.textContent.slice(-MOST_LOG / 2).replace(/^.*\n/, "");
    if (atEnd) log.scrollTop = log.scrollHeight;
  },
};

// By process: its share of the processor, and the requests that it has answered each second.
function loadsSince(before, told) {
  const seconds = (told.at_us - before.us) / 1e6, loads = new Map();
  if (seconds <= 0) return loads;
  const earlier = new Map(before.processes.map((process) => [process.pid, process]));
  for (const { pid, processor_us, answered } of told.processes) {
    const then = earlier.get(pid);
    if (then) loads.set(pid, { processor: (processor_us - then.processor_us) / 1e6 / seconds, answers: (answered - then.answered) / seconds });
  }
  return loads;
}

// Of the cards; what a machine sends to itself is no traffic.
function sum(interfaces, member) {
  return interfaces.filter(({ name }) => name !== "lo").reduce((total, each) => total + each[member], 0);
}

function showRates(before, now) {
  const seconds = (now.us - before.us) / 1e6;
  if (seconds <= 0) return;
  at("received").textContent = rate(Math.max(0, now.received - before.received) / seconds);
  at("sent").textContent = rate(Math.max(0, now.sent - before.sent) / seconds);
}

function changeWords({ state, incarnation, reason }) {
  const now = state === "up" ? `up, incarnation ${incarnation}` : state;
  return reason ? `died, ${reason}; ${now}` : now;
}

async function kill(name, button) {
  at("problem").textContent = "";
  button.disabled = true;
  try {
    const answer = await fetch(`/kill/${encodeURIComponent(name)}`, { method: "POST", headers: { "X-Eft-Token": hello.token } });
    if (!answer.ok) at("problem").textContent = `${name}: ${(await answer.text()).trim()}`;
  } catch {
    at("problem").textContent = `${name}: the order did not arrive, or its answer was lost`;
  }
  button.disabled = false;
  if (document.activeElement === document.body) button.focus({ preventScroll: true });  // disabled, it has lost it
}

connect();
