// Open alerts, the last rung on top, below them those that somebody settled. They go on while the articles are paused.
import { button, statusLine } from "./buttons.js";
import { choice } from "./choice.js";
import { openEpisode } from "./episode.js";
import { falseAlarm } from "./falsealarm.js";
import { fresh, look, reports as allReports } from "./looked.js";
import { alerts, byUrgency, isSettled, model } from "./model.js";
import { isPressed, onReleased } from "./pressing.js";
import { act, onSent, status } from "./send.js";
import { openSilence } from "./silence.js";
import { arrange, link, make, marked, meter, refill, tag, time } from "./make.js";
import { age, ago, languageName, number, say, span } from "./words.js";
import { full, fullDay, moment, published, secondsSince, today } from "./times.js";

const FEW = 3;
const ON_WALL = 5;
// Whatever has just rung is shown too, below what is more urgent: a shift must see what is new.
const JUST_SECONDS = 600;
const MOST = 8;

const list = document.getElementById("alert-list");
const more = document.getElementById("alerts-more");
const said = document.getElementById("alert-said");
const elements = new Map();
const expanded = new Set();
const rung = new Map();
let all = false;
// The alert somebody works on: the next key is meant for it, so it stays in sight whatever becomes of it.
let held = "";

more.addEventListener("click", () => {
  all = !all;
  drawAlerts();
});
document.addEventListener("focusin", (event) => {
  if (!event.target.closest("dialog")) held = event.target.closest("#alert-list .alert")?.dataset.id ?? "";
});
onSent(() => drawAlerts());
onReleased(() => drawAlerts());

// Those of a situation stand below the one that leads it, while that one is shown itself.
function gathered() {
  const rows = new Map();
  const others = [];
  for (const alert of alerts()) {
    const leads = !alert.situation_id || alert.situation_id === alert.id || !model.alerts.has(alert.situation_id);
    if (leads) rows.set(alert.id, { alert, others: [] });
    else others.push(alert);
  }
  for (const each of others) rows.get(each.situation_id)?.others.push(each);
  const found = [...rows.values()].sort((one, other) => byUrgency(one.alert, other.alert));
  return [...found.filter((row) => !isSettled(row.alert)), ...found.filter((row) => isSettled(row.alert))];
}

export function drawAlerts() {
  const found = gathered();
  const urgent = found.filter((row, place) => place < FEW || secondsSince(row.alert.rang_at) < JUST_SECONDS).slice(0, MOST);
  const kept = found.filter((row) => row.alert.id === held && !urgent.includes(row));
  const shown = choice.wall ? found.slice(0, ON_WALL) : all ? found : [...urgent, ...kept];
  const byKey = new Map(shown.map((row) => [row.alert.id, row]));
  arrange(list, [...byKey.keys()], elements, (key) => alertElement(byKey.get(key)));
  const none = document.getElementById("alerts-none");
  none.hidden = found.length > 0;
  // Before the first snapshot nobody knows whether there are any.
  none.textContent = say(model.loaded ? "alerts_none" : "loading");
  const others = found.length - urgent.length - kept.length;
  more.hidden = others <= 0 || choice.wall;
  more.textContent = all ? say("alerts_fewer") : say("alerts_more", { n: others });
  return alerts().filter((alert) => !isSettled(alert)).length;
}

// Says new rings to a screen reader; what was there when the page was opened is not news.
export function announce(first) {
  for (const alert of alerts().reverse()) {
    const before = rung.get(alert.id);
    rung.set(alert.id, alert.step ?? 1);
    if (first || before === (alert.step ?? 1)) continue;
    said.textContent = say("said_alert", { severity: say(`severity_${alert.severity}`), rule: alert.rule_title, headline: alert.headline.join("") });
  }
}

export function drawAges() {
  for (const element of list.querySelectorAll("[data-since]")) element.textContent = ago(secondsSince(element.dataset.since));
}

function alertElement({ alert, others }) {
  let element = elements.get(alert.id);
  if (!element) {
    element = make("li", { class: "row" }, make("article", { class: "item", tabindex: "-1" }));
    elements.set(alert.id, element);
  }
  const open = expanded.has(alert.id);
  // At midnight every time of yesterday gets its day, and at New Year its year.
  const drawn = JSON.stringify([alert, others, open, fresh(alert), status(alert.id)]) + today();
  if (element.drawn !== drawn && !isPressed(element)) {
    element.drawn = drawn;
    drawAlert(element.firstElementChild, alert, others, open);
  }
  return element;
}

function drawAlert(item, alert, others, open) {
  item.className = `item alert severity-${alert.severity}${alert.acknowledged_by ? " acknowledged" : ""}${isSettled(alert) ? " settled" : ""}`;
  item.dataset.id = alert.id;
  refill(item, kicker(alert), headline(alert), quote(alert), facts(alert), times(alert, open), decided(alert), actions(alert), statusLine(alert.id), situation(alert, others), open ? members(alert) : null);
}

function decided(alert) {
  const found = [
    alert.exercise ? tag(say("exercise"), "news") : null,
    alert.acknowledged_by ? tag(say("acknowledged", { who: alert.acknowledged_by }), "done") : null,
    alert.assigned_to ? tag(say("assigned", { who: alert.assigned_to }), "news") : null,
    alert.verdict ? tag(say("verdict_said", { verdict: say(alert.verdict), who: alert.verdict_by }), alert.verdict === "confirmed" ? "warn" : "done") : null,
    alert.note_count ? tag(alert.note_count === 1 ? say("note_one") : say("note_count", { n: alert.note_count })) : null,
  ].filter(Boolean);
  return found.length ? make("p", { class: "decided" }, ...found) : null;
}

// What can be done about an alert, by its letter on the keyboard as well.
export const ACTIONS = {
  a: (alert) => {
    look(alert);
    if (!alert.acknowledged_by) act("acknowledge", { episode: alert.id });
  },
  w: (alert) => openEpisode(alert.id),
  s: (alert) => openSilence(alert.id),
  f: (alert) => falseAlarm(alert.id),
};

function actions(alert) {
  const of = (key, text, attributes = {}) => button(text, () => ACTIONS[key](model.alerts.get(alert.id) ?? alert), { class: "quiet", "data-part": `do-${key}`, "aria-keyshortcuts": key, "aria-label": `${text} – ${alert.rule_title}`, ...attributes });
  return make(
    "div",
    { class: "actions", role: "group", "aria-label": alert.rule_title },
    alert.acknowledged_by || isSettled(alert) ? null : of("a", say("acknowledge"), { class: "more strong" }),
    of("w", say("why_button")),
    of("s", say("silence_dots")),
    isSettled(alert) ? null : of("f", say("false_alarm")),
  );
}

function situation(alert, others) {
  if (!others.length && (alert.situation_episodes ?? 1) < 2) return null;
  const row = (other) =>
    make(
      "li",
      {},
      time(other.rang_at, moment(other.rang_at)),
      button("", () => openEpisode(other.id), { class: "name", "data-part": `other-${other.id}` }),
      make("bdi", { class: "source", text: other.source_name ?? "" }),
    );
  const list = make("ul", { class: "members" }, ...others.map(row));
  others.forEach((other, place) => list.children[place].querySelector(".name").append(make("bdi", { lang: languageOf(other), dir: "auto", text: other.headline.join("") || "–" })));
  const title = say("situation_count", { n: number(Math.max(alert.situation_episodes ?? 1, others.length + 1)), m: number(allReports(alert)) });
  return make("section", { class: "situation" }, make("h4", { text: title }), others.length ? list : null);
}

function kicker(alert) {
  return make(
    "p",
    { class: "kicker" },
    make("span", { class: "severity" }, meter(alert.severity), make("b", { text: say(`severity_${alert.severity}`) })),
    make("bdi", { class: "rule-title", text: alert.rule_title }),
    make("span", { class: "why", text: say(`why_${alert.why}`) + ((alert.step ?? 1) > 1 ? ` · ${say("rang_again", { n: alert.step })}` : "") }),
    make("span", { class: "rang" }, time(alert.rang_at, moment(alert.rang_at)), make("span", { class: "since", "data-since": alert.rang_at, text: ago(secondsSince(alert.rang_at)) })),
  );
}

const languageOf = (alert) => (alert.language && alert.language !== "und" ? alert.language : undefined);

function headline(alert) {
  const bdi = make("bdi", { lang: languageOf(alert), dir: "auto" }, ...marked(alert.headline));
  return make("h3", { class: "headline" }, link(alert.url, { "data-part": "link" }, bdi));
}

function quote(alert) {
  if (!alert.snippet?.length) return null;
  const text = marked(alert.snippet);
  if (alert.cut_before) text.unshift(document.createTextNode("… "));
  if (alert.cut_after) text.push(document.createTextNode(" …"));
  return make("blockquote", { class: "quote", lang: languageOf(alert), dir: "auto" }, ...text);
}

function facts(alert) {
  if (!alert.new_facts?.length) return null;
  return make("p", { class: "facts" }, ...alert.new_facts.map((words) => make("bdi", { class: "fact", text: words })));
}

function times(alert, open) {
  const gap = alert.published_at && alert.first_seen_at ? (Date.parse(alert.first_seen_at) - Date.parse(alert.published_at)) / 1000 : 0;
  const date = alert.published_at
    ? make("time", { datetime: alert.published_at, title: alert.published_day ? fullDay(alert.published_at) : full(alert.published_at), text: `${say("published")} ${published(alert.published_at, alert.published_day)}` })
    : make("span", { text: say("published_none") });
  return make(
    "p",
    { class: "meta" },
    ...reports(alert, open),
    // An alert about silence has no article, and so no source and no date.
    alert.source_name ? make("bdi", { class: "source", text: alert.source_name + (alert.country ? ` (${alert.country})` : "") }) : null,
    make("span", { class: "language", text: alert.language === "und" ? "" : (alert.language ?? ""), title: languageName(alert.language) }),
    alert.source_name ? date : null,
    alert.first_seen_at ? time(alert.first_seen_at, `${say("first_seen")} ${moment(alert.first_seen_at)}`) : null,
    took(alert),
    alert.late ? tag(say("late", { age: age(gap) }), "warn") : null,
    (alert.revision ?? 1) > 1 ? tag(say("updated", { n: alert.revision }), "news") : null,
    alert.held_back ? tag(say("held_back", { n: alert.held_back }), "warn") : null,
    fresh(alert) ? tag(say("new_since", { n: number(fresh(alert)) }), "news") : null,
  );
}

function took(alert) {
  if (alert.took_seconds === undefined || alert.took_seconds === null) return null;
  const way = (alert.way ?? []).map(([stage, seconds]) => `${say(`stage_${stage}`)} ${span(seconds)}`).join(" · ");
  return make("span", { class: "took", text: `${say("took")} ${span(alert.took_seconds)}`, title: `${say("took_title")}${way ? `: ${way}` : ""}` });
}

function reports(alert, open) {
  const count = alert.article_count ?? 1;
  if (count < 2) return [];
  const text = say("reports", { n: number(count), s: number(alert.source_count ?? 1) });
  const button = make("button", { type: "button", class: "fold", "data-part": "fold", "aria-expanded": String(open), "aria-label": `+${count - 1}: ${text}`, title: text, text: `+${count - 1}` });
  button.addEventListener("click", () => {
    if (!expanded.delete(alert.id)) expanded.add(alert.id);
    look(alert);
    drawAlerts();
  });
  return [button, make("span", { class: "reports", "aria-hidden": "true", text })];
}

function members(alert) {
  const row = (member) =>
    make(
      "li",
      {},
      time(member.at, moment(member.at)),
      link(member.url, { "data-part": `member-${member.id}` }, make("bdi", { dir: "auto", text: member.title || "–" })),
      make("bdi", { class: "source", text: member.source_name }),
      tag(say(member.role === "late" ? "late_short" : `role_${member.role}`), member.role === "rang" ? "news" : ""),
    );
  return make("ul", { class: "members" }, ...(alert.members ?? []).map(row));
}
