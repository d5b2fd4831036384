// A false alarm: the verdict at once, and then how the rule could be tightened, with what each way would lose.
import { button, statusLine } from "./buttons.js";
import { make, refill } from "./make.js";
import { me, named } from "./name.js";
import { act, ask, onSent } from "./send.js";
import { activation, foundList } from "./tried.js";
import { moment } from "./times.js";
import { number, say } from "./words.js";

const element = (id) => document.getElementById(id);
const dialog = element("tighten");
let episode = "";
let found = null;
let fault = "";
let after = null;
let opener = null;

export async function falseAlarm(id) {
  opener = document.activeElement;
  if (!(await act("verdict", { episode: id, verdict: "false_alarm" }))) return;
  episode = id;
  found = null;
  fault = "";
  after = null;
  draw();
  if (!dialog.open) dialog.showModal();
  try {
    const answer = await ask("/api/rules/tighten", { episode: id });
    if (episode === id) found = answer;
  } catch (error) {
    if (episode === id) fault = error.message;
  }
  if (episode === id) draw();
}

function draw() {
  refill(
    element("tighten-body"),
    statusLine(episode),
    after ?? (found ? proposals() : fault ? null : make("p", { class: "none", role: "status", text: say("tighten_loading") })),
    fault ? make("p", { class: "problem", role: "alert" }, make("bdi", { text: fault })) : null,
    make("p", { class: "actions" }, after ? null : found?.proposals?.length ? make("button", { class: "more strong", "data-part": "save", text: say("tighten_save") }) : null, button(say(after ? "close" : "tighten_skip"), () => dialog.close(), { class: "more", "data-part": "skip" }), button(say("verdict_back"), () => act("verdict", { episode, verdict: "" }), { class: "quiet", "data-part": "back" })),
  );
}

function proposals() {
  return make(
    "div",
    { class: "sheet-parts" },
    make("p", {}, make("bdi", { text: say("tighten_said", { rule: found.rule_id }) })),
    make("p", { class: "none", text: say("tighten_sentence") }),
    make("blockquote", { class: "quote", dir: "auto", text: found.sentence }),
    found.failing ? make("p", { class: "none" }, make("bdi", { text: say("tighten_failing", { why: found.failing }) })) : null,
    found.proposals.length
      ? make("fieldset", {}, make("legend", { text: say("tighten_ways") }), ...found.proposals.map(way))
      : make("p", { text: say("tighten_none", { file: found.file }) }),
    make("p", { class: "none", text: say("tighten_checked", { n: number(found.articles), m: number(found.confirmed) }) + (found.complete ? "" : ` ${say("watch_incomplete")}`) }),
  );
}

function way(each) {
  // None is taken for granted that loses something: then people choose.
  const best = found.proposals.find((other) => !other.problem && !(other.lost || other.lost_confirmed?.length));
  const confirmed = each.lost_confirmed ?? [];
  const lost = each.lost ?? 0;
  const notes = each.problem
    ? [say("way_impossible", { why: each.problem })]
    : [lost ? say("way_loses", { n: number(lost), all: number(lost + (each.kept ?? 0)) }) : say("way_loses_nothing"), confirmed.length ? say("way_loses_confirmed", { n: number(confirmed.length) }) : "", each.tested === false ? say("way_untested") : ""].filter(Boolean);
  const alerts = confirmed.map((alert) => make("li", {}, make("time", { datetime: alert.at, text: moment(alert.at) }), make("bdi", { dir: "auto", text: alert.headline }), make("span", { text: say("confirmed") })));
  return make(
    "div",
    { class: "way" },
    make("label", { class: "check" }, make("input", { type: "radio", name: "way", value: each.id, disabled: Boolean(each.problem), checked: each === best, required: true, "data-part": each.id }), make("b", {}, make("bdi", { text: say(`way_${each.kind}`, { words: each.words }) }))),
    make("p", { class: each.problem || lost || confirmed.length ? "bad" : "good" }, make("bdi", { text: notes.join(" · ") })),
    lost || confirmed.length ? make("details", {}, make("summary", { text: say("way_lost_title") }), alerts.length ? make("ul", { class: "members" }, ...alerts) : null, foundList(each.lost_hits ?? [])) : null,
  );
}

element("tighten-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const proposal = element("tighten-form").querySelector("[name=way]:checked")?.value;
  if (!proposal || !found || !(await named())) return;
  fault = "";
  try {
    const made = await ask("/api/rules/tighten/save", { episode, proposal, digest: found.digest, by: me() });
    after = activation(made, found.rule_id, say("tighten_saved", { file: made.file }));
  } catch (error) {
    fault = error.message;
  }
  draw();
});
element("tighten-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  if (document.activeElement === document.body) focusAgain();
  episode = "";
});

// The verdict moves the alert and draws its buttons anew, and with that the focus was gone.
function focusAgain() {
  const item = document.querySelector(`#alert-list [data-id="${CSS.escape(episode)}"]`) ?? document.querySelector("#alert-list .item");
  const still = opener !== document.body && opener?.isConnected;
  (still ? opener : item)?.focus({ preventScroll: true });
}
onSent(() => dialog.open && element("tighten-body").querySelector(":focus")?.matches("input") !== true && drawStatus());

// Only the line about what was sent: choices that somebody is making stay.
function drawStatus() {
  const old = element("tighten-body").querySelector(":scope > .sent");
  const fresh = statusLine(episode);
  if (old && fresh) old.replaceWith(fresh);
  else if (old) old.remove();
  else if (fresh) element("tighten-body").prepend(fresh);
}
