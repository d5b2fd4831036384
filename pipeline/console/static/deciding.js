// What can be decided about an alert, how it stands, and what was decided before.
import { button, statusLine } from "./buttons.js";
import { make, tag } from "./make.js";
import { me, named } from "./name.js";
import { act } from "./send.js";
import { moment } from "./times.js";
import { config, number, say } from "./words.js";

// What somebody is typing outlives that the part is drawn again.
const drafts = new Map();

export function decidingPart(shown, { onSilence, onFalseAlarm, onOpen }) {
  const alert = shown.alert;
  return make(
    "section",
    { class: "part", "aria-labelledby": "part-state" },
    make("h3", { id: "part-state", text: say("episode_state") }),
    standing(shown),
    ...(shown.silences ?? []).map((each) => make("p", { class: "warned" }, make("bdi", { text: say("silenced_now", { at: moment(each.ends_at), who: each.author, reason: each.reason }) }))),
    shown.merged_into ? make("p", {}, button(say("state_merged"), () => onOpen(shown.merged_into), { "data-part": "merged" })) : null,
    make("div", { class: "actions" }, acknowledging(alert), taking(alert), button(say("silence_dots"), onSilence, { "data-part": "silence" })),
    verdicts(alert, onFalseAlarm),
    assigning(alert),
    noting(alert),
    statusLine(alert.id),
    decisions(shown),
  );
}

function standing(shown) {
  const alert = shown.alert;
  const seen = alert.acknowledged_by ? say("state_seen", { who: alert.acknowledged_by, at: moment(alert.acknowledged_at) }) : say("state_nobody");
  return make(
    "p",
    { class: "decided" },
    tag(seen, alert.acknowledged_by ? "done" : "warn"),
    alert.exercise ? tag(say("exercise"), "news") : null,
    shown.open ? null : tag(say("state_closed")),
    alert.assigned_to ? tag(say("assigned", { who: alert.assigned_to }), "news") : null,
    alert.verdict ? tag(say("verdict_said", { verdict: say(alert.verdict), who: alert.verdict_by }), alert.verdict === "confirmed" ? "warn" : "done") : null,
  );
}

function acknowledging(alert) {
  if (alert.acknowledged_by) return button(say("unacknowledge"), () => act("unacknowledge", { episode: alert.id }), { "data-part": "acknowledge" });
  return button(say("acknowledge"), () => act("acknowledge", { episode: alert.id }), { class: "more strong", "data-part": "acknowledge" });
}

function taking(alert) {
  if (alert.assigned_to && alert.assigned_to === me()) return null;
  const take = async () => {
    const to = await named();
    if (to) act("assign", { episode: alert.id, to });
  };
  return button(say("assign_me"), take, { "data-part": "take" });
}

function verdicts(alert, onFalseAlarm) {
  const of = (verdict) => button(say(verdict), () => act("verdict", { episode: alert.id, verdict }), { "aria-pressed": String(alert.verdict === verdict), "data-part": verdict });
  const falsely = button(say("false_alarm"), onFalseAlarm, { "aria-pressed": String(alert.verdict === "false_alarm"), "data-part": "false_alarm" });
  const back = alert.verdict ? button(say("verdict_back"), () => act("verdict", { episode: alert.id, verdict: "" }), { class: "quiet", "data-part": "verdict-back" }) : null;
  return make("div", { class: "actions", role: "group", "aria-label": say("verdict") }, make("span", { class: "label", "aria-hidden": "true", text: say("verdict") }), of("confirmed"), of("denied"), falsely, back);
}

// A field with a button that sends what is in it, and forgets it only once it is sent.
function sending(alert, kind, label, attributes, fieldsOf) {
  const key = `${kind}-${alert.id}`;
  const field = make(attributes.rows ? "textarea" : "input", { "data-part": `${kind}-field`, ...attributes });
  field.value = drafts.get(key) ?? "";
  field.addEventListener("input", () => drafts.set(key, field.value));
  const form = make("form", { class: "sending" }, make("label", { class: "field" }, make("span", { text: label }), field), make("button", { class: "more", "data-part": `${kind}-send`, text: say(kind === "note" ? "note_add" : "assign") }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return field.focus();
    drafts.delete(key);
    if (!(await act(kind, fieldsOf(text)))) drafts.set(key, text);
  });
  return form;
}

function assigning(alert) {
  const form = sending(alert, "assign", say("assign_to"), { maxlength: 80, autocomplete: "off" }, (to) => ({ episode: alert.id, to }));
  if (alert.assigned_to) form.append(button(say("unassign"), () => act("assign", { episode: alert.id, to: "" }), { class: "quiet", "data-part": "unassign" }));
  return form;
}

const noting = (alert) => sending(alert, "note", say("note"), { rows: 2, maxlength: 2000 }, (text) => ({ episode: alert.id, text }));

// What became of a decision, in the reader's language; the reasons that people wrote stay theirs.
function outcome(each) {
  if (each.refused) return say("said_refused", { why: config.words[`refused_${each.refused_code}`] ?? each.refused });
  if (each.unchanged) return say("said_unchanged");
  const verdict = each.kind === "verdict" ? say(each.verdict || "verdict_back") : "";
  return [verdict, each.to, each.until ? say("silence_ends", { at: moment(each.until) }) : "", each.text].filter(Boolean).join(" · ");
}

function decisions(shown) {
  const notes = (shown.notes ?? []).map((each) => ({ at: each.at, by: each.by, text: each.text, kind: "note" }));
  const others = (shown.decisions ?? []).filter((each) => each.kind !== "note" || each.refused).map((each) => ({ at: each.at, by: each.by, kind: each.kind, text: outcome(each), refused: each.refused }));
  const all = [...notes, ...others].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
  const row = (each) =>
    make(
      "li",
      { class: each.refused ? "refused" : undefined },
      make("time", { datetime: each.at, text: moment(each.at) }),
      make("p", {}, make("b", {}, make("bdi", { text: each.by })), ` · ${say(`act_${each.kind}`)}`, each.text ? " · " : "", make("bdi", { class: "said", text: each.text })),
    );
  return make(
    "details",
    { class: "decisions", open: all.length > 0 && all.length < 8 },
    make("summary", { "data-part": "decisions", text: `${say("decisions_title")} (${number(all.length)})` }),
    all.length ? make("ol", { class: "log" }, ...all.map(row)) : make("p", { class: "none", text: say("decisions_none") }),
  );
}
