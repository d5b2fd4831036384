// Instants as people read them, in the configured time zone, measured by the server's clock.
import { config } from "./words.js";

const zone = config.time_zone;
const format = (options) => new Intl.DateTimeFormat(config.lang === "de" ? "de-DE" : "en-GB", { timeZone: zone, ...options });
const hours = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const second = format({ ...hours, second: "2-digit" });
const minute = format(hours);
const dayShort = format({ day: "2-digit", month: "short" });
const dayAndYear = format({ day: "2-digit", month: "short", year: "numeric" });
const year = format({ year: "numeric" });
const dayKey = format({ year: "numeric", month: "2-digit", day: "2-digit" });
const fullFormat = format({ weekday: "short", day: "2-digit", month: "long", year: "numeric", ...hours, second: "2-digit", timeZoneName: "short" });
const dayFormat = format({ weekday: "short", day: "2-digit", month: "long", year: "numeric" });

let serverMs = 0;
let heardMs = 0;
let heardWallMs = 0;

// What the server's clock said just now. The browser's own clock may be wrong.
export function setNow(iso) {
  serverMs = Date.parse(iso);
  heardMs = performance.now();
  heardWallMs = Date.now();
}

// Milliseconds since 1970 by the server's clock. performance.now() stands still while a computer sleeps, so the wall clock helps.
export function now() {
  if (!serverMs) return Date.now();
  return serverMs + Math.max(performance.now() - heardMs, Date.now() - heardWallMs);
}

export const secondsSince = (iso) => (now() - Date.parse(iso)) / 1000;
export const today = () => dayKey.format(now());
const isToday = (date) => dayKey.format(date) === today();

export const clock = (iso) => second.format(new Date(iso));
export const full = (iso) => fullFormat.format(new Date(iso));
export const fullDay = (iso) => dayFormat.format(new Date(iso));

// The day, with its year when that is not this one: old news must not look like this year's.
// It never breaks inside: in a narrow column the time goes to the next line.
const day = (date) => (year.format(date) === year.format(now()) ? dayShort : dayAndYear).format(date).replaceAll(" ", "\u00a0");

// hh:mm:ss today, day and hh:mm otherwise.
export function moment(iso) {
  const date = new Date(iso);
  return isToday(date) ? second.format(date) : `${day(date)} ${minute.format(date)}`;
}

// A publisher's time: hh:mm today; a date without a time never gets one.
export function published(iso, dayOnly) {
  const date = new Date(iso);
  if (dayOnly) return day(date);
  return isToday(date) ? minute.format(date) : `${day(date)} ${minute.format(date)}`;
}

const parts = format({ year: "numeric", month: "2-digit", day: "2-digit", ...hours });
const wall = (date) => {
  const found = Object.fromEntries(parts.formatToParts(date).map((part) => [part.type, part.value]));
  return `${found.year}-${found.month}-${found.day}T${found.hour}:${found.minute}`;
};

// An instant as a form field has it, and back: both in the configured zone, whatever the computer's own is.
export const toField = (milliseconds) => wall(new Date(milliseconds));
export function fromField(text) {
  const guess = Date.parse(`${text}:00Z`);
  if (Number.isNaN(guess)) return null;
  let found = guess;
  // Once is enough but for the hour in which clocks are changed.
  for (let round = 0; round < 2; round += 1) found += guess - Date.parse(`${wall(new Date(found))}:00Z`);
  return new Date(found).toISOString();
}
