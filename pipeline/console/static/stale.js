// Says in large letters that what is shown is old, or that a process stands still, and what that means; and stops saying so when data flow again.
import { model } from "./model.js";
import { number, say, span } from "./words.js";
import { secondsSince } from "./times.js";

export const STALE_SECONDS = 10;
// Longer than a batch, a rebalance and the interval at which the lag is read.
const STANDS_SECONDS = 20;
const WORST_FIRST = ["alerter", "worker", "indexer"];
const banner = document.getElementById("stale");
const said = document.getElementById("stale-said");
const opened = performance.now();

export function drawStale(connected) {
  const asOf = model.status?.as_of;
  const seconds = asOf ? secondsSince(asOf) : (performance.now() - opened) / 1000;
  const stale = seconds > STALE_SECONDS;
  document.documentElement.classList.toggle("is-stale", stale);
  const [title, reason] = stale ? outOfDate(connected, asOf, seconds) : standing();
  if (!title) {
    banner.hidden = true;
    said.textContent = "";
    return false;
  }
  document.getElementById("stale-title").textContent = title;
  document.getElementById("stale-reason").textContent = reason;
  // Once, not every second.
  if (banner.hidden) said.textContent = `${title}. ${reason}`;
  banner.hidden = false;
  return stale;
}

function outOfDate(connected, asOf, seconds) {
  const problem = model.status?.problem;
  const reason = connected ? say("stale_kafka") + (problem ? ` (${problem})` : "") : say("stale_server");
  return [asOf ? say("stale_title", { age: span(Math.floor(seconds)) }) : say("stale_never"), reason];
}

function standing() {
  const still = (model.status?.lag ?? []).filter((each) => each.stands_since && secondsSince(each.stands_since) > STANDS_SECONDS);
  const worst = WORST_FIRST.map((process) => still.find((each) => each.process === process)).find(Boolean);
  if (!worst) return ["", ""];
  const age = span(Math.floor(secondsSince(worst.stands_since)));
  return [say(`stands_${worst.process}`, { age }), say(`stands_${worst.process}_means`, { n: number(worst.records) })];
}
