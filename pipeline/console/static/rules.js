// The active rules at the side: what each found today, until when it holds, and when its silence means nothing.
import { arrange, make, meter, refill, tag } from "./make.js";
import { ask } from "./send.js";
import { moment, secondsSince } from "./times.js";
import { ago, number, say } from "./words.js";

const FEW = 8;
const EVERY_MS = 15000;
const element = (id) => document.getElementById(id);
const rows = new Map();
let rules = [];
let count = 0;
let all = false;
let timer = 0;
let dueMs = 0;

element("rules-more").addEventListener("click", () => {
  all = !all;
  drawRules();
});

// Fresh ones, shortly: several changes in a row are asked for once, and a stream of changes does not put it off.
export function refreshRules(afterMs = 300) {
  const at = performance.now() + afterMs;
  if (timer && dueMs <= at) return;
  window.clearTimeout(timer);
  dueMs = at;
  timer = window.setTimeout(load, afterMs);
}

async function load() {
  timer = 0;
  try {
    const found = await ask("/api/rules");
    rules = found.rules;
    count = found.count;
    drawRules();
  } catch {
    // What is known stays; the page says elsewhere when its server is away.
  }
  refreshRules(EVERY_MS);
}

export function drawRules() {
  const shown = all ? rules : rules.slice(0, FEW);
  const byKey = new Map(shown.map((each) => [each.id, each]));
  arrange(element("rule-list"), [...byKey.keys()], rows, (key) => row(byKey.get(key)));
  element("rules-none").hidden = rules.length > 0;
  element("rules-none").textContent = say("rules_none");
  element("rules-count").textContent = rules.length ? say("rules_count", { n: number(count) }) : "";
  element("rules-more").hidden = rules.length <= FEW;
  element("rules-more").textContent = all ? say("rules_fewer") : say("rules_more", { n: number(rules.length) });
}

function row(rule) {
  let found = rows.get(rule.id);
  if (!found) {
    found = make("li", {});
    rows.set(rule.id, found);
  }
  const last = rule.last_hit_at ? say("rule_last", { age: ago(secondsSince(rule.last_hit_at)) }) : say("rule_never");
  const drawn = JSON.stringify(rule) + last;
  if (found.drawn !== drawn) {
    found.drawn = drawn;
    draw(found, rule, last);
  }
  return found;
}

function draw(found, rule, last) {
  const names = (rule.usual ?? []).map((each) => each.name).join(", ");
  found.className = `rule-row severity-${rule.severity}${rule.quiet ? " quiet-rule" : ""}`;
  refill(
    found,
    make("p", { class: "rule-head", title: say("rule_since", { at: moment(rule.since), version: rule.version.slice(0, 8) }) }, meter(rule.severity), make("b", {}, make("bdi", { text: rule.title })), rule.status === "live" ? null : tag(say(`status_${rule.status}`)), rule.built_in ? tag(say("rule_built_in")) : null, rule.quiet ? tag(say("rule_quiet_short"), "warn") : null),
    make("p", { class: "error" }, `${(rule.hits ?? 0) === 1 ? say("rule_hits_one") : say("rule_hits", { n: number(rule.hits ?? 0) })} · ${last}`, rule.expires_at ? ` · ${say("rule_expires", { at: moment(rule.expires_at) })}` : ""),
    rule.status === "shadow" ? make("p", { class: "error", text: say("rule_shadow_rang", { n: number(rule.rings ?? 0) }) }) : null,
    rule.quiet ? make("p", { class: "reason" }, make("bdi", { text: say(rule.usual.length === 1 ? "rule_quiet" : "rule_quiet_many", { sources: names }) })) : names ? make("p", { class: "error" }, make("bdi", { text: say("rule_usual", { sources: names }) })) : null,
  );
}
