// What a rule found, and when a saved one is active: shown alike wherever rules are made or mended.
import { link, make, marked } from "./make.js";
import { ask } from "./send.js";
import { full, moment } from "./times.js";
import { number, say } from "./words.js";

export function foundList(hits) {
  const row = (hit) =>
    make(
      "li",
      {},
      make("time", { datetime: hit.at, title: full(hit.at), text: moment(hit.at) }),
      make("div", {}, link(hit.url, {}, make("bdi", { dir: "auto" }, ...marked(hit.title))), hit.sentence?.length ? make("p", { class: "lead", dir: "auto" }, ...marked(hit.sentence)) : null),
      make("bdi", { class: "source", text: hit.source }),
    );
  return hits.length ? make("ul", { class: "members found" }, ...hits.map(row)) : null;
}

const SVG = "http://www.w3.org/2000/svg";

export function hourBars(hours) {
  const most = Math.max(1, ...hours);
  const picture = document.createElementNS(SVG, "svg");
  const set = (target, values) => Object.entries(values).forEach(([name, value]) => target.setAttribute(name, value));
  set(picture, { class: "bars", viewBox: "0 0 240 56", preserveAspectRatio: "none", role: "img", "aria-label": `${say("watch_hours")}: ${hours.join(", ")}` });
  hours.forEach((count, place) => {
    const height = count ? Math.max(2, (count / most) * 54) : 1;
    const bar = document.createElementNS(SVG, "rect");
    set(bar, { x: place * 10 + 1, y: 56 - height, width: 8, height, rx: 1.5, class: count ? "" : "zero" });
    picture.append(bar);
  });
  return make("div", {}, picture, make("p", { class: "axis", "aria-hidden": "true" }, make("span", { text: say("watch_hours") }), make("span", { text: `max. ${number(most)}` })));
}

const LOOK_MS = 400;
const LATE_MS = 10000;

// A line that says when this version of the rule is active, asked of what the workers follow.
export function activation({ id, version, file }, title, words) {
  const line = make("p", { class: "sent-waiting", role: "status", text: words });
  const began = performance.now();
  const look = async () => {
    if (!line.isConnected && performance.now() - began > LATE_MS) return;
    let rule = null;
    try {
      rule = (await ask(`/api/rules/${encodeURIComponent(id)}`)).rule;
    } catch {
      // Not there yet, or the server is away: looked for again.
    }
    if (rule?.version === version) {
      line.className = "sent-done";
      line.textContent = say("watch_active", { at: moment(rule.since), title: title || rule.title });
      return;
    }
    if (performance.now() - began > LATE_MS) {
      line.className = "sent-late";
      line.textContent = say("watch_not_active", { file, n: Math.round((performance.now() - began) / 1000) });
    }
    if (performance.now() - began < 60 * LATE_MS) window.setTimeout(look, LOOK_MS);
  };
  window.setTimeout(look, LOOK_MS);
  return line;
}
