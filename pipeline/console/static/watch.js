// "Watch for X, now": a rule tried on a text and on today without ringing, then saved with a name and an end.
import { make, marked } from "./make.js";
import { me, named } from "./name.js";
import { activation, foundList, hourBars } from "./tried.js";
import { ask } from "./send.js";
import { config, known, number, say } from "./words.js";

const element = (id) => document.getElementById(id);
const dialog = element("watch");
const form = element("watch-form");
const results = element("watch-results");
const fault = element("watch-fault");
let turn = 0;

export function openWatch() {
  fault.textContent = "";
  if (!dialog.open) dialog.showModal();
  drawKind();
  drawReceivers();
  form.elements.title.focus();
}

const chosen = (name) => [...form.querySelectorAll(`[name="${name}"]:checked`)].map((each) => each.value);
const byQuery = () => chosen("kind")[0] === "query";

function draft() {
  const fields = form.elements;
  const what = byQuery() ? { query: fields.query.value } : { words: fields.words.value.split("\n").map((each) => each.trim()).filter(Boolean) };
  return {
    ...what,
    title: fields.title.value.trim(),
    languages: fields.languages.value.toLowerCase().split(/[\s,;]+/).filter(Boolean),
    severity: fields.severity.value,
    expires: fields.expires.value,
    receivers: chosen("receivers"),
    text: fields.text.value.trim(),
    by: me(),
  };
}

function drawKind() {
  element("watch-words").hidden = byQuery();
  element("watch-query").hidden = !byQuery();
}

function drawReceivers() {
  const box = element("watch-receivers");
  box.parentElement.hidden = !config.receivers.length;
  if (box.childElementCount !== config.receivers.length) box.replaceChildren(...config.receivers.map((name) => make("label", { class: "check" }, make("input", { type: "checkbox", name: "receivers", value: name }), make("bdi", { text: name }))));
  const none = !chosen("receivers").length;
  element("watch-default").hidden = !none;
  element("watch-default").textContent = config.default_route.length ? say("watch_default", { names: config.default_route.join(", ") }) : say("watch_default_none");
  element("watch-default").classList.toggle("problem", !config.default_route.length);
}

form.addEventListener("change", () => {
  drawKind();
  drawReceivers();
});

// Says what is wrong where it can be mended.
function complain(error) {
  const { line, column, problems } = error.body ?? {};
  fault.textContent = line ? say("watch_shadowed", { line, column, why: error.message }) : problems ? say("error_rule_faulty", { why: [...new Set(problems)].join(" ") }) : error.message;
  const field = error.body?.code === "title_missing" ? form.elements.title : byQuery() ? form.elements.query : form.elements.words;
  if (error.body?.code) field.focus();
  if (line) place(form.elements.query, line, column);
}

function place(field, line, column) {
  const before = field.value.split("\n").slice(0, line - 1).join("\n");
  const at = (before ? before.length + 1 : 0) + column - 1;
  field.setSelectionRange(at, Math.min(at + 1, field.value.length));
}

async function tried(path, show) {
  const mine = (turn += 1);
  fault.textContent = "";
  results.replaceChildren(make("p", { class: "none", text: say("watch_busy") }));
  busy(true);
  try {
    const found = await ask(path, draft());
    if (mine === turn) results.replaceChildren(...show(found).filter(Boolean));
  } catch (error) {
    if (mine === turn) {
      results.replaceChildren();
      complain(error);
    }
  } finally {
    busy(false);
  }
}

function busy(on) {
  for (const each of ["watch-try", "watch-day", "watch-save"]) element(each).disabled = on;
}

const list = (title, texts) => (texts?.length ? make("div", {}, make("h4", { text: title }), make("ul", { class: "plain" }, ...texts.map((text) => make("li", {}, make("bdi", { text }))))) : null);

function onText(found) {
  return [
    make("p", { class: found.matched ? "good" : "bad" }, make("b", { text: say(found.matched ? "watch_matches" : "watch_matches_not") })),
    make("blockquote", { class: "quote", dir: "auto" }, ...marked(found.text)),
    list("", (found.words ?? []).map(([surface, term, mode]) => `${say("quoted", { text: surface })} ← ${term} (${known("mode_", mode)})`)),
    found.refused ? make("p", {}, make("bdi", { text: say("watch_refused", { why: found.refused }) })) : null,
    found.matched ? null : list(say("watch_close"), found.close),
  ];
}

function onDay(found) {
  const counts = { n: number(found.matches), stories: number(found.stories), articles: number(found.articles) };
  return [
    make("p", {}, make("b", { text: say(found.matches ? "watch_found" : "watch_found_none", counts) })),
    found.complete ? null : make("p", { class: "problem", text: say("watch_incomplete") }),
    found.noisy ? make("p", { class: "warned", text: say("watch_noisy", { n: number(found.stories) }) }) : null,
    found.matches ? hourBars(found.hours) : null,
    foundList(found.hits ?? []),
  ];
}

async function save() {
  const by = await named();
  if (!by) return;
  fault.textContent = "";
  busy(true);
  try {
    const made = await ask("/api/rules/save", draft());
    const title = draft().title;
    form.reset();
    drawKind();
    drawReceivers();
    results.replaceChildren(activation(made, title, say("watch_saving", { file: made.file })));
  } catch (error) {
    complain(error);
  } finally {
    busy(false);
  }
}

element("watch-open").addEventListener("click", openWatch);
element("watch-close").addEventListener("click", () => dialog.close());
element("watch-try").addEventListener("click", () => tried("/api/rules/try", onText));
element("watch-day").addEventListener("click", () => tried("/api/rules/day", onDay));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
