// Who was told of an alert, when and with which answer, and why others were not.
import { make, tag } from "./make.js";
import { part } from "./why.js";
import { moment } from "./times.js";
import { known, number, say } from "./words.js";

function why(verdict) {
  return known("verdict_", verdict.split(":")[0]);
}

function became(told) {
  if (told.state === "sent") return say("told_sent", { at: moment(told.sent_at) });
  if (told.state === "failed") return say("told_failed", { n: number(told.attempts ?? 0), why: told.last_error ?? "" });
  if (told.state === "suppressed") return say("told_suppressed", { why: why(told.verdict ?? "") });
  return told.state === "sending" ? say("told_sending") : say("told_pending", { at: moment(told.next_at ?? told.created_at) });
}

const KINDS = { sent: "done", failed: "warn", suppressed: "", pending: "news", sending: "news" };

function row(told) {
  const more = [
    (told.attempts ?? 0) > 1 && told.state !== "failed" ? say("told_attempts", { n: number(told.attempts) }) : "",
    told.possible_duplicate ? say("told_twice") : "",
    told.because ?? "",
    told.stands_in_for ? say("told_instead", { who: told.stands_in_for }) : "",
    told.last_error && !["failed", "sent"].includes(told.state) ? say("told_error", { why: told.last_error }) : "",
  ].filter(Boolean);
  return make("li", {}, make("b", {}, make("bdi", { text: told.receiver })), tag(became(told), KINDS[told.state]), more.length ? make("bdi", { class: "more-told", text: more.join(" · ") }) : null);
}

export function toldPart(shown) {
  const told = shown.told ?? [];
  const others = Object.entries(shown.chains ?? {}).filter(([, steps]) => steps.length);
  const withheld = Object.entries(shown.withheld ?? {});
  const chain = ([receiver, steps]) => make("div", {}, make("dt", {}, make("bdi", { text: receiver })), make("dd", {}, ...steps.map((text) => make("p", {}, make("bdi", { text })))));
  const never = ([cause, count]) => make("div", {}, make("dt", { text: `${number(count)} ×` }), make("dd", { text: why(cause) }));
  return part(
    "told",
    say("told_title"),
    told.length ? make("ul", { class: "told" }, ...told.map(row)) : make("p", { class: "none", text: say("told_nobody") }),
    others.length || withheld.length ? make("details", {}, make("summary", { "data-part": "chains", text: told.length ? say("told_chain") : say("told_others") }), make("dl", { class: "chains" }, ...others.map(chain), ...withheld.map(never))) : null,
  );
}
