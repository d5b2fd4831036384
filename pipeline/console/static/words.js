// The configuration the server wrote into the page, and its words with their places filled in.
export const config = JSON.parse(document.body.dataset.config);

export function say(name, values = {}) {
  const text = config.words[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

// Our word for a word of the records; theirs where we have none.
export const known = (prefix, word) => config.words[`${prefix}${word}`] ?? word;

const numbers = new Intl.NumberFormat(config.lang);
export const number = (value) => numbers.format(value);
const decimals = new Intl.NumberFormat(config.lang, { maximumFractionDigits: 1 });

// A span of time, short: 0,4 s · 12 s · 5 min · 3 h 10 min · 2 d
export function span(seconds) {
  const whole = Math.max(0, seconds);
  if (whole < 10) return `${decimals.format(whole)} s`;
  if (whole < 90) return `${Math.round(whole)} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 90) return `${minutes} min`;
  if (minutes < 36 * 60) {
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
  }
  return `${Math.round(minutes / 1440)} ${config.lang === "de" ? "T" : "d"}`;
}

// The age of something, in whole units, so that it does not flicker.
export function age(seconds) {
  return seconds < 10 ? `${Math.max(0, Math.floor(seconds))} s` : span(seconds);
}

export function ago(seconds) {
  return config.lang === "de" ? `vor ${age(seconds)}` : `${age(seconds)} ago`;
}

let names;
export function languageName(code) {
  if (!code || code === "und") return "–";
  try {
    names ??= new Intl.DisplayNames([config.lang], { type: "language" });
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}
