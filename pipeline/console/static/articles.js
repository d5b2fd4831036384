// The list of articles. A row is drawn again only when something in it changed.
import { choice, choose } from "./choice.js";
import { articles, fold, level, model, passes } from "./model.js";
import { arrange, link, make, marked, meter, refill, tag, time } from "./make.js";
import { age, languageName, say } from "./words.js";
import { full, fullDay, moment, published, today } from "./times.js";

export const MOST_ROWS = 200;
export const WALL_ROWS = 14;
const MOST_MEMBERS = 50;
// Flags that a reader must know of.
const DOUBTS = new Set(["future_date", "unreadable_date", "teaser", "consent_page", "paid"]);

const list = document.getElementById("article-list");
const elements = new Map();
const expanded = new Set();
let frozen = null;
let arrived = new Set();
let day = "";

export const isPaused = () => frozen !== null;
export const waiting = () => (frozen ? [...arrived].filter((id) => model.articles.has(id) && passes(model.articles.get(id), choice)).length : 0);

// Pausing holds what is shown; what arrives is counted.
export function pause(on) {
  frozen = on ? articles() : null;
  arrived = new Set();
}

export function noteArrivals(delta) {
  if (frozen) for (const each of delta.articles ?? []) if (arrived.size < 10000) arrived.add(each.id);
}

export function drawArticles() {
  const shown = (frozen ?? articles()).filter((article) => passes(article, choice));
  const rows = fold(shown).slice(0, choice.wall ? WALL_ROWS : MOST_ROWS);
  // At midnight every time of yesterday gets its day.
  day = today();
  const byKey = new Map(rows.map((row) => [row.article.story_id ? `story-${row.article.story_id}` : row.article.id, row]));
  arrange(list, [...byKey.keys()], elements, (key) => rowElement(key, byKey.get(key)));
  return { rows: rows.length, articles: shown.length, all: (frozen ?? articles()).length };
}

function rowElement(key, row) {
  let element = elements.get(key);
  if (!element) {
    element = make("li", { class: "row" }, make("article", { class: "item", tabindex: "-1" }));
    elements.set(key, element);
  }
  const open = expanded.has(key);
  const drawn = [row.article, ...row.members].map((each) => `${each.id}:${each.version ?? 0}`).join() + (open ? "+" : "") + day + choice.entity;
  if (element.dataset.drawn !== drawn) {
    element.dataset.drawn = drawn;
    drawRow(element.firstElementChild, key, row, open);
  }
  return element;
}

function drawRow(item, key, { article, members }, open) {
  const severity = strongest(article.rules);
  item.className = severity ? `item severity-${severity}` : "item";
  item.dataset.id = article.id;
  refill(
    item,
    make("div", { class: "when" }, time(article.at, moment(article.at))),
    make("div", { class: "what" }, headline(article), lead(article), meta(article), names(article)),
    members.length ? foldButton(key, members, open) : null,
    members.length && open ? memberList(key, members) : null,
  );
}

const strongest = (rules) => (rules ?? []).map((rule) => rule.severity).sort((one, other) => level(other) - level(one))[0];
const languageOf = (article) => (article.language && article.language !== "und" ? article.language : undefined);

function headline(article) {
  const text = article.title.join("") ? marked(article.title) : [document.createTextNode("–")];
  const bdi = make("bdi", { lang: languageOf(article), dir: "auto" }, ...text);
  return make("h3", { class: article.status === "canceled" ? "headline canceled" : "headline" }, link(article.url, { "data-part": "link" }, bdi));
}

function lead(article) {
  return article.lead?.length ? make("p", { class: "lead", lang: languageOf(article), dir: "auto" }, ...marked(article.lead)) : null;
}

function meta(article) {
  return make(
    "p",
    { class: "meta" },
    make("bdi", { class: "source", text: article.source_name }),
    make("span", { class: "language", text: article.language === "und" ? "" : article.language, title: languageName(article.language) }),
    publishedAt(article),
    ...markers(article),
    ...(article.rules ?? []).map((rule) =>
      make("span", { class: `rule severity-${rule.severity}`, title: say(`severity_${rule.severity}`) }, meter(rule.severity), make("bdi", { text: rule.title })),
    ),
  );
}

// A press shows only what names it, a second press everything again.
function names(article) {
  if (!article.names?.length) return null;
  return make("p", { class: "names" }, ...article.names.map(nameChip));
}

function nameChip({ id, type, name }) {
  const pressed = choice.entity === id;
  const title = say(pressed ? "name_all" : "name_only", { name });
  const chip = make("button", { type: "button", class: "chip", "data-type": type, "data-part": `name-${id}`, "aria-pressed": String(pressed), title }, make("bdi", { text: name }));
  chip.addEventListener("click", () => choose({ entity: pressed ? "" : id }));
  return chip;
}

export function publishedAt(article) {
  if (!article.published_at) return make("span", { class: "published", text: say("published_none") });
  const text = `${say("published")} ${published(article.published_at, article.published_day)}`;
  const title = article.published_day ? fullDay(article.published_at) : full(article.published_at);
  return make("time", { class: "published", datetime: article.published_at, title, text });
}

function markers(article) {
  const found = [];
  if (article.status && article.status !== "usable") found.push(tag(say(article.status), "warn"));
  if (article.revision > 1) found.push(tag(say("updated", { n: article.revision }), "news"));
  if (article.late) found.push(tag(say("late_short"), "warn", age((Date.parse(article.first_seen_at) - Date.parse(article.published_at)) / 1000)));
  for (const flag of article.flags ?? []) if (DOUBTS.has(flag)) found.push(tag(say(flag), "warn"));
  return found;
}

function foldButton(key, members, open) {
  const label = members.length === 1 ? say("more_one") : say("more", { n: members.length });
  const attributes = { type: "button", class: "fold", "data-part": "fold", "aria-expanded": String(open), "aria-label": `+${members.length}: ${label}`, title: label };
  const button = make("button", { ...attributes, text: `+${members.length}` });
  button.addEventListener("click", () => toggle(key));
  return button;
}

function memberList(key, members) {
  const newest = [...members].sort((one, other) => other.at_ms - one.at_ms).slice(0, MOST_MEMBERS);
  return make("ul", { class: "members" }, ...newest.map((article) => make("li", {}, time(article.at, moment(article.at)), memberLink(article), make("bdi", { class: "source", text: article.source_name }))));
}

const memberLink = (article) => link(article.url, { "data-part": `member-${article.id}` }, make("bdi", { lang: languageOf(article), dir: "auto" }, ...marked(article.title)));

function toggle(key) {
  if (!expanded.delete(key)) expanded.add(key);
  drawArticles();
}

