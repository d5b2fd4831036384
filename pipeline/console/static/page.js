// Puts the parts together: events change the model, and the page is drawn at most ten times a second.
import { ACTIONS, drawAges as drawAlertAges, announce, drawAlerts } from "./alerts.js";
import { drawArticles, isPaused, noteArrivals, pause, waiting } from "./articles.js";
import { addressWith, choice, choose, clearFilters, isFiltered, onChoice } from "./choice.js";
import { followAddress, touch } from "./episode.js";
import { listen } from "./keys.js";
import { change, load, model, sources } from "./model.js";
import { hear } from "./send.js";
import { drawAges, drawSources, drawStatus } from "./sides.js";
import { drawSilences } from "./silence.js";
import { drawStale } from "./stale.js";
import { follow } from "./stream.js";
import { refreshRules } from "./rules.js";
import { openWatch } from "./watch.js";
import { config, languageName, number, say } from "./words.js";
import { setNow } from "./times.js";
import { make } from "./make.js";

const element = (id) => document.getElementById(id);
let connection = "connecting";
let asked = false;
let drawnAt = 0;
// Ten times a second is at once for people, and leaves the browser time for them when fifty articles a second arrive.
const DRAW_EVERY_MS = 100;

function draw() {
  asked = false;
  drawnAt = performance.now();
  const shown = drawArticles();
  const alerts = drawAlerts();
  drawSources();
  drawSilences();
  drawChoices();
  element("figure-alerts").textContent = model.loaded ? number(alerts) : "–";
  element("figure-alerts").classList.toggle("bad", alerts > 0);
  document.title = alerts ? `(${alerts}) ${config.words.title}` : config.words.title;
  element("shown").textContent = isFiltered() ? say("shown", { n: number(shown.articles), all: number(shown.all) }) : "";
  element("empty").hidden = !model.loaded || shown.all > 0;
  element("nothing").hidden = shown.all === 0 || shown.articles > 0;
  element("nothing-text").textContent = say("none_text", { n: number(shown.all) });
  drawWaiting();
  drawAges();
}

function ask() {
  if (asked) return;
  asked = true;
  const wait = Math.max(0, drawnAt + DRAW_EVERY_MS - performance.now());
  window.setTimeout(() => requestAnimationFrame(draw), wait);
}

function drawWaiting() {
  const count = waiting();
  const button = element("waiting");
  button.hidden = !isPaused();
  button.textContent = count ? say("waiting_show", { n: number(count) }) : `${say("paused")} · ${say("waiting", { n: 0 })}`;
  element("pause").textContent = isPaused() ? `${say("resume")}${count ? ` · ${say("waiting", { n: number(count) })}` : ""}` : say("pause");
  element("pause").setAttribute("aria-pressed", String(isPaused()));
  document.documentElement.classList.toggle("is-paused", isPaused());
}

function togglePause() {
  pause(!isPaused());
  ask();
}

function options(select, values, chosen) {
  const wanted = [["", say("filter_all")], ...values];
  if (chosen && !values.some(([value]) => value === chosen)) wanted.push([chosen, chosen]);
  const key = JSON.stringify(wanted);
  if (select.dataset.drawn !== key) {
    select.dataset.drawn = key;
    select.replaceChildren(...wanted.map(([value, text]) => make("option", { value, text })));
  }
  if (select.value !== chosen) select.value = chosen;
}

function drawChoices() {
  const languages = [...new Set([...model.articles.values()].map((each) => each.language ?? "und"))].filter((code) => code !== "und");
  options(element("filter-language"), languages.map((code) => [code, languageName(code)]).sort((one, other) => one[1].localeCompare(other[1], config.lang)), choice.language);
  const known = new Map(sources().map((each) => [each.id, each.name]));
  for (const each of model.articles.values()) if (!known.has(each.source_id)) known.set(each.source_id, each.source_name);
  options(element("filter-source"), [...known].sort((one, other) => one[1].localeCompare(other[1], config.lang)), choice.source);
}

function takeChoice() {
  const query = new URLSearchParams(location.search);
  document.documentElement.dataset.theme = choice.theme;
  document.documentElement.dataset.view = choice.wall ? "wall" : "desk";
  if (document.activeElement !== element("filter-text")) element("filter-text").value = query.get("q") ?? "";
  element("filter-alerts").checked = choice.alerts;
  element("filter-members").checked = choice.members;
  element("filter-clear").hidden = !isFiltered();
  element("keys-on").checked = choice.keys;
  element("theme").textContent = isDark() ? say("theme_light") : say("theme_dark");
  element("switch-lang").setAttribute("href", addressWith({ lang: config.lang === "de" ? "en" : "de" }));
  element("wall").setAttribute("href", addressWith({ view: "wall" }));
  ask();
}

const isDark = () => choice.theme === "dark" || (choice.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);

function listenToControls() {
  element("filter-text").addEventListener("input", (event) => choose({ q: event.target.value.trim() }, { typing: true }));
  element("filter-language").addEventListener("change", (event) => choose({ language: event.target.value }));
  element("filter-source").addEventListener("change", (event) => choose({ source: event.target.value }));
  element("filter-alerts").addEventListener("change", (event) => choose({ alerts: event.target.checked ? "1" : "" }));
  element("filter-members").addEventListener("change", (event) => choose({ members: event.target.checked ? "0" : "" }));
  element("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["filter-clear", "nothing-clear"]) element(id).addEventListener("click", clearFilters);
  element("pause").addEventListener("click", togglePause);
  element("waiting").addEventListener("click", togglePause);
  element("theme").addEventListener("click", () => choose({ theme: isDark() ? "light" : "dark" }));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", takeChoice);
  listen({ onPause: togglePause, onAlert: (key, id) => model.alerts.has(id) && ACTIONS[key](model.alerts.get(id)), onWatch: openWatch });
  onChoice(takeChoice);
  onChoice(followAddress);
}

function drawState() {
  const stale = drawStale(connection === "live");
  const state = stale ? "stale" : connection;
  const word = { live: "live", connecting: "connecting", reconnecting: "reconnecting", stale: "stale_short" }[state];
  if (element("state").dataset.state !== state) {
    element("state").dataset.state = state;
    element("state-word").textContent = say(word);
  }
}

function tick() {
  drawState();
  drawAges();
  drawAlertAges();
}

listenToControls();
takeChoice();
followAddress();
element("zone").textContent = say("times_in", { zone: config.time_zone });
window.setInterval(tick, 1000);
follow({
  onSnapshot: (state) => {
    const first = !model.loaded;
    load(state);
    announce(first);
    hear(state);
    touch(["*"]);
    refreshRules(0);
    ask();
  },
  onChange: (delta) => {
    change(delta);
    noteArrivals(delta);
    announce(false);
    hear(delta);
    touch(delta.touched ?? []);
    if (delta.rules || delta.sources?.some((each) => each.state !== "ok") || delta.alerts?.length) refreshRules(delta.rules ? 100 : 2000);
    ask();
  },
  onStatus: (status) => {
    model.status = status;
    setNow(status.now);
    drawStatus();
    tick();
  },
  onState: (state) => {
    connection = state;
    drawState();
  },
});
