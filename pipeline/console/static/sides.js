// Figures in the head, source health and the pipeline at the side.
import { choice, choose } from "./choice.js";
import { model, sources } from "./model.js";
import { arrange, make, refill } from "./make.js";
import { age, ago, number, say, span } from "./words.js";
import { clock, full, secondsSince } from "./times.js";

const element = (id) => document.getElementById(id);
const put = (id, text) => {
  if (element(id).textContent !== text) element(id).textContent = text;
};

export function drawStatus() {
  const status = model.status;
  if (!status) return;
  const counts = status.counts ?? {};
  put("figure-rate", number(counts.enriched ?? 0));
  for (const kind of ["enriched", "indexed", "repeats", "rejected"]) put(`count-${kind}`, number(kind === "repeats" ? (counts.repeats ?? 0) + (counts.dropped ?? 0) : (counts[kind] ?? 0)));
  element("count-rejected").classList.toggle("bad", (counts.rejected ?? 0) > 0);
  put("took", status.took_seconds === null || status.took_seconds === undefined ? "–" : span(status.took_seconds));
  if (status.as_of) {
    put("as-of", clock(status.as_of));
    element("as-of").setAttribute("datetime", status.as_of);
    element("as-of").title = full(status.as_of);
  }
  drawLag(status.lag ?? []);
  drawBars(status.minutes ?? []);
  element("unreadable").hidden = !status.unreadable;
  put("unreadable", status.unreadable ? say("unreadable", { n: number(status.unreadable) }) : "");
}

function drawLag(lag) {
  const known = lag.filter((each) => each.records !== null && each.records !== undefined);
  put("figure-lag", known.length ? number(known.reduce((sum, each) => sum + each.records, 0)) : "–");
  const word = (each) => (each.records === null || each.records === undefined ? say("lag_unknown") : number(each.records));
  const rows = lag.length ? lag.map((each) => [say(`lag_${each.process}`), word(each)]) : ["worker", "indexer", "alerter"].map((each) => [say(`lag_${each}`), say("lag_no_answer")]);
  element("lag").replaceChildren(...rows.map(([name, text]) => make("div", {}, make("dt", { text: name }), make("dd", { text }))));
}

const SVG = "http://www.w3.org/2000/svg";
let drawnBars = "";

function drawBars(minutes) {
  if (drawnBars === minutes.join()) return;
  drawnBars = minutes.join();
  const most = Math.max(1, ...minutes);
  const bars = minutes.map((count, place) => {
    const height = count ? Math.max(2, (count / most) * 54) : 1;
    const bar = document.createElementNS(SVG, "rect");
    const values = { x: place * 10 + 1, y: 56 - height, width: 8, height, rx: 1.5, class: count ? "" : "zero" };
    for (const [name, value] of Object.entries(values)) bar.setAttribute(name, value);
    return bar;
  });
  element("bars").replaceChildren(...bars);
  put("bars-most", `max. ${number(Math.max(0, ...minutes))}/min`);
}

const sourceElements = new Map();

export function drawSources() {
  const found = sources();
  const byKey = new Map(found.map((each) => [each.id, each]));
  arrange(element("source-list"), [...byKey.keys()], sourceElements, (key) => sourceElement(byKey.get(key)));
  element("sources-none").hidden = found.length > 0;
  put("sources-none", say(model.loaded ? "sources_none" : "loading"));
  const count = (state) => found.filter((each) => each.state === state).length;
  const bad = ["failing", "silent"].filter(count).map((state) => `${count(state)} ${say(state)}`);
  put("sources-sum", found.length ? [say("sources_sum", { ok: count("ok") }), ...bad].join(" · ") : "");
  put("figure-sources", found.length ? `${count("ok")}/${found.length - count("paused")}` : "–");
  element("figure-sources").classList.toggle("bad", bad.length > 0);
}

const SIGNS = { ok: "●", failing: "▲", silent: "◆", paused: "❙❙", starting: "○" };

function sourceElement(source) {
  let row = sourceElements.get(source.id);
  if (!row) {
    row = make("li", { class: "source-row" });
    sourceElements.set(source.id, row);
  }
  const drawn = JSON.stringify(source) + choice.source;
  if (row.drawn !== drawn) {
    row.drawn = drawn;
    drawSource(row, source);
  }
  return row;
}

function drawSource(row, source) {
  const word = say(source.state === "paused" ? "paused_source" : source.state);
  const button = make("button", { type: "button", class: "name", "data-part": "name", title: say("source_filter", { name: source.name }), "aria-pressed": String(choice.source === source.id) }, make("bdi", { text: source.name }));
  button.addEventListener("click", () => choose({ source: choice.source === source.id ? "" : source.id }));
  row.className = `source-row state-${source.state}`;
  refill(
    row,
    make("span", { class: "sign", "aria-hidden": "true", text: SIGNS[source.state] ?? "○" }),
    button,
    make("span", { class: source.state === "ok" ? "unseen" : "word", text: word }),
    source.last_article_at
      ? make("time", { class: "last", datetime: source.last_article_at, title: `${say("source_article", { age: ago(secondsSince(source.last_article_at)) })} · ${full(source.last_article_at)}`, "data-age": source.last_article_at, text: age(secondsSince(source.last_article_at)) })
      : make("span", { class: "last", title: say("source_no_article"), text: "–" }),
    source.error ? make("p", { class: "error" }, make("bdi", { text: source.error }), source.failures > 1 ? ` (${say("source_failures", { n: source.failures })})` : "") : null,
    canary(source),
  );
}

function canary(source) {
  if (source.canary_missed_since) return make("p", { class: "error" }, say("source_canary_missed", { age: age(secondsSince(source.canary_missed_since)) }));
  if (source.canary_seconds == null) return null;
  return make("p", { class: "error" }, say("source_canary", { n: number(source.canary_seconds), age: age(secondsSince(source.canary_heard_at)) }));
}

export function drawAges() {
  for (const each of document.querySelectorAll("[data-age]")) {
    const text = age(secondsSince(each.dataset.age));
    if (each.textContent !== text) each.textContent = text;
  }
  const newest = model.status?.newest_at;
  const latest = [...model.articles.values()].reduce((most, each) => (each.first_seen_at > most ? each.first_seen_at : most), newest ?? "");
  put("figure-newest", latest ? age(secondsSince(latest)) : "–");
}
