// Numbers as people read them.

const scaled = (value, units) => {
  let unit = 0;
  while (value >= units.step && unit + 1 < units.names.length) {
    value /= units.step;
    ++unit;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toPrecision(2)} ${units.names[unit]}`;
};

export const duration = (us) => scaled(us, { step: 1000, names: ["µs", "ms", "s"] });
export const memory = (kib) => scaled(kib, { step: 1024, names: ["KiB", "MiB", "GiB"] });
export const share = (part) => `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
export const rate = (bytesPerSecond) => `${scaled(bytesPerSecond, { step: 1000, names: ["B", "kB", "MB"] })}/s`;

export function clock(us) {
  const seconds = Math.floor(us / 1e6);
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
