// Why an alert fired: its rule, the words, the sentence, the way in time; and the reports it stands for.
import { button } from "./buttons.js";
import { link, make, marked, tag } from "./make.js";
import { clock, full, fullDay, moment } from "./times.js";
import { known, number, say, span } from "./words.js";

export const part = (id, title, ...children) => make("section", { class: "part", "aria-labelledby": `part-${id}` }, make("h3", { id: `part-${id}`, text: title }), ...children);

const languageOf = (alert) => (alert.language && alert.language !== "und" ? alert.language : undefined);

export function rulePart(shown) {
  return part("why", say("why_title"), rule(shown.rule), words(shown), sentence(shown));
}

function rule(found) {
  const short = (version) => version.slice(0, 8) || "–";
  const version = !found.active_version
    ? say("why_version_gone", { version: short(found.version) })
    : found.active_version === found.version
      ? say("why_version", { version: short(found.version) })
      : say("why_version_old", { version: short(found.version), active: short(found.active_version) });
  return make(
    "p",
    { class: "rule-line" },
    make("b", {}, make("bdi", { text: found.title })),
    make("code", { text: found.id }),
    make("span", { title: found.version, text: version }),
    found.owner ? make("bdi", { text: say("why_owner", { who: found.owner }) }) : null,
    found.expires_at ? make("span", { text: say("why_expires", { at: moment(found.expires_at) }) }) : null,
    found.runbook ? link(found.runbook, { "data-part": "runbook" }, say("runbook")) : null,
    found.description ? make("bdi", { class: "described", text: found.description }) : null,
  );
}

function words(shown) {
  if (!shown.marks.length) return make("p", { class: "none", text: say("why_no_words") });
  const heads = ["why_word", "why_mode", "why_term", "why_field", "why_clause"];
  const cells = (mark) => [
    make("td", {}, make("mark", { dir: "auto", lang: languageOf(shown.alert), text: mark.surface })),
    make("td", { text: known("mode_", mark.mode) }),
    make("td", {}, make("bdi", { text: mark.term })),
    make("td", { text: known("in_", mark.field) }),
    make("td", {}, make("code", { text: mark.clause || "–" })),
  ];
  return make(
    "div",
    { class: "wide", tabindex: "0", role: "group", "aria-label": say("why_words") },
    make("table", { class: "words" }, make("caption", { class: "unseen", text: say("why_words") }), make("thead", {}, make("tr", {}, ...heads.map((name) => make("th", { scope: "col", text: say(name) })))), make("tbody", {}, ...shown.marks.map((mark) => make("tr", {}, ...cells(mark))))),
  );
}

function sentence(shown) {
  const parts = shown.sentence?.length ? shown.sentence : shown.alert.headline;
  const text = marked(parts);
  if (shown.sentence?.length && shown.alert.cut_before) text.unshift(document.createTextNode("… "));
  if (shown.sentence?.length && shown.alert.cut_after) text.push(document.createTextNode(" …"));
  return make("blockquote", { class: "quote", lang: languageOf(shown.alert), dir: "auto" }, ...text);
}

export function timeLine(shown) {
  const stages = shown.stages ?? [];
  const row = ([stage, at], place) => {
    const gap = place ? (Date.parse(at) - Date.parse(stages[place - 1][1])) / 1000 : null;
    return make("li", {}, make("time", { datetime: at, title: full(at), text: place && sameDay(at, stages[place - 1][1]) ? clock(at) : moment(at) }), make("span", { text: say(`at_${stage}`) }), gap === null ? null : make("span", { class: "gap", text: gap >= 0 ? `+ ${span(gap)}` : `− ${span(-gap)}` }));
  };
  const day = shown.published_day && shown.alert.published_at ? make("p", { class: "none", text: `${say("published")} ${fullDay(shown.alert.published_at)}` }) : null;
  return part("times", say("timeline"), day, make("ol", { class: "line" }, ...stages.map(row)));
}

const sameDay = (one, other) => fullDay(one) === fullDay(other);

export function articlesPart(shown) {
  const first = shown.first ? make("p", {}, make("bdi", { text: say("first_report", { source: shown.first.source_name, at: moment(shown.first.at) }) })) : null;
  const alert = shown.alert;
  const count = say((alert.article_count ?? 1) < 2 ? "reports_one" : "reports", { n: number(alert.article_count ?? 1), s: number(alert.source_count ?? 1) });
  const row = (each) =>
    make(
      "li",
      {},
      make("time", { datetime: each.at, title: full(each.at), text: moment(each.at) }),
      link(each.url, { "data-part": `report-${each.id}` }, make("bdi", { lang: each.language || undefined, dir: "auto", text: each.title || "–" })),
      make("bdi", { class: "source", text: each.source_name + (each.country ? ` (${each.country})` : "") }),
      tag(each.role === "late" ? say("late_short") : known("role_", each.role || "folded"), each.role === "rang" ? "news" : ""),
    );
  return part("reports", say("reports_title"), make("p", { class: "none", text: count }), first, make("ul", { class: "members" }, ...(shown.articles ?? []).map(row)));
}

export function situationPart(shown, open) {
  if (!shown.siblings?.length) return null;
  const row = (each) => {
    const title = button("", () => open(each.id), { class: "name", "data-part": `sibling-${each.id}` });
    title.append(make("bdi", { dir: "auto", text: each.headline || "–" }));
    return make("li", {}, make("time", { datetime: each.opened_at, text: moment(each.opened_at) }), title, make("bdi", { class: "source", text: each.source_name }), each.leads ? tag(say("situation_leads"), "news") : make("span", { text: `×${number(each.articles)}` }));
  };
  return part("situation", say("situation_title"), make("ul", { class: "members" }, ...shown.siblings.map(row)));
}
