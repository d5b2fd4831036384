// Says in large letters that what is shown is old, and why; and stops saying so when data flow again.
import { model } from "./model.js";
import { say, span } from "./words.js";
import { secondsSince } from "./times.js";

export const STALE_SECONDS = 10;
const banner = document.getElementById("stale");
const said = document.getElementById("stale-said");
const opened = performance.now();

export function drawStale(connected) {
  const asOf = model.status?.as_of;
  const seconds = asOf ? secondsSince(asOf) : (performance.now() - opened) / 1000;
  const stale = seconds > STALE_SECONDS;
  document.documentElement.classList.toggle("is-stale", stale);
  if (!stale) {
    banner.hidden = true;
    said.textContent = "";
    return false;
  }
  const title = asOf ? say("stale_title", { age: span(Math.floor(seconds)) }) : say("stale_never");
  const problem = model.status?.problem;
  const reason = connected ? say("stale_kafka") + (problem ? ` (${problem})` : "") : say("stale_server");
  document.getElementById("stale-title").textContent = title;
  document.getElementById("stale-reason").textContent = reason;
  // Once, not every second.
  if (banner.hidden) said.textContent = `${title}. ${reason}`;
  banner.hidden = false;
  return true;
}
