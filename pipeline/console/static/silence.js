// Silencing: what, for how long, and why. And the silences that run, at the side.
import { button, statusLine } from "./buttons.js";
import { arrange, make, refill } from "./make.js";
import { model } from "./model.js";
import { act, ask, onSent, status } from "./send.js";
import { fromField, moment, now, toField } from "./times.js";
import { config, number, say } from "./words.js";

const element = (id) => document.getElementById(id);
const dialog = element("silence");
const HOUR_MS = 3600000;
let episode = "";

function choice(name, value, label, checked) {
  return make("label", { class: "check" }, make("input", { type: "radio", name, value, checked }), make("span", {}, make("bdi", { text: label })));
}

export async function openSilence(id) {
  episode = id;
  element("silence-fault").textContent = "";
  element("silence-form").reset();
  let found = null;
  try {
    found = await ask(`/api/episodes/${encodeURIComponent(id)}`);
  } catch (error) {
    element("silence-fault").textContent = error.message;
  }
  if (episode !== id) return;
  const scopes = found
    ? [
        found.story_id ? ["story", say("scope_story")] : ["episode", say("scope_episode")],
        ["rule", say("scope_rule", { name: found.rule.title })],
        found.source_id ? ["source", say("scope_source", { name: found.alert.source_name || found.source_id })] : null,
      ].filter(Boolean)
    : [];
  element("silence-about").textContent = found ? found.alert.headline.join("") : "";
  element("silence-scopes").replaceChildren(...scopes.map(([value, label], place) => choice("scope", value, label, place === 0)));
  element("silence-until").value = toField(now() + 12 * HOUR_MS);
  element("silence-do").disabled = !found;
  drawUntil();
  dialog.showModal();
}

const length = () => element("silence-form").elements.lasts.value;

function drawUntil() {
  element("silence-until").disabled = length() !== "until";
}

element("silence-form").addEventListener("change", drawUntil);
element("silence-cancel").addEventListener("click", () => dialog.close());
element("silence-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = event.target.elements;
  const text = fields.reason.value.trim();
  const until = length() === "until" ? fromField(fields.until.value) : null;
  const fault = !text ? "error_reason_missing" : length() === "until" && !(Date.parse(until) > now()) ? "error_end_missing" : "";
  element("silence-fault").textContent = fault ? say(fault) : "";
  if (fault) return (fault === "error_reason_missing" ? fields.reason : fields.until).focus();
  const ends = until ? { until } : { minutes: Number(length()) };
  dialog.close();
  await act("silence", { episode, scope: fields.scope.value, text, ...ends });
});

const list = element("silence-list");
const rows = new Map();

const about = (silence) => (silence.matchers ?? []).map((each) => `${say(`field_${each.field}`)} ${each.negative ? `${say("matcher_not")} ` : ""}${each.values.map(named(each.field)).join(", ")}`).join(" · ");

// Ids as people know them, where the page knows a name.
const named = (field) => (value) => {
  if (field === "source") return model.sources.get(value)?.name ?? value;
  const alert = [...model.alerts.values()].find((each) => ({ rule: each.rule_id, story: each.story_id, episode: each.id })[field] === value);
  if (!alert) return value.length > 20 ? `${value.slice(0, 8)}…` : value;
  return say("quoted", { text: field === "rule" ? alert.rule_title : alert.headline.join("").slice(0, 60) });
};

export function drawSilences() {
  const running = [...model.silences.values()].filter((each) => Date.parse(each.ends_at) > now()).sort((one, other) => Date.parse(one.ends_at) - Date.parse(other.ends_at));
  const byKey = new Map(running.map((each) => [each.id, each]));
  arrange(list, [...byKey.keys()], rows, (key) => row(byKey.get(key)));
  element("silences-none").hidden = running.length > 0;
  element("silences-count").textContent = running.length ? number(running.length) : "";
}

function row(silence) {
  let found = rows.get(silence.id);
  if (!found) {
    found = make("li", { class: "silence-row" });
    rows.set(silence.id, found);
  }
  const drawn = JSON.stringify([silence, about(silence), status(silence.id)]);
  if (found.drawn !== drawn) {
    found.drawn = drawn;
    refill(
      found,
      make("p", {}, make("b", {}, make("bdi", { text: about(silence) })), ` ${say("silence_ends", { at: moment(silence.ends_at) })}`),
      make("p", { class: "error" }, make("bdi", { text: say("silence_by", { who: silence.author, reason: silence.reason }) }), silence.suppressed ? ` · ${say("silence_suppressed", { n: number(silence.suppressed) })}` : ""),
      button(say("silence_end"), () => act("end_silence", { silence: silence.id }), { "data-part": "end", title: say("silence_end_title", { who: silence.author }), "aria-label": say("silence_end_title", { who: silence.author }) }),
      statusLine(silence.id),
    );
  }
  return found;
}

onSent(drawSilences);
element("silence-zone").textContent = say("silence_until", { zone: config.time_zone });
