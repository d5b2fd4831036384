// One alert with all that is known of it, at the side of the page: what can be done, why it fired, who was told, what was decided.
import { choice, choose } from "./choice.js";
import { decidingPart } from "./deciding.js";
import { falseAlarm } from "./falsealarm.js";
import { look } from "./looked.js";
import { make, refill } from "./make.js";
import { isPressed, onReleased } from "./pressing.js";
import { ask, onSent } from "./send.js";
import { openSilence } from "./silence.js";
import { toldPart } from "./told.js";
import { articlesPart, rulePart, situationPart, timeLine } from "./why.js";
import { say } from "./words.js";

const element = (id) => document.getElementById(id);
const dialog = element("episode");
let shownId = "";
let shown = null;
let asked = 0;
let owed = false;
let loadedAt = 0;
let failed = false;

// The address names what is open, so that it can be sent to somebody; opening it changes nothing.
export function openEpisode(id) {
  choose({ episode: id, do: "" });
}

export async function followAddress() {
  if (!choice.episode) {
    if (dialog.open) dialog.close();
    shownId = "";
    return;
  }
  if (choice.episode === shownId) return;
  shownId = choice.episode;
  shown = null;
  const wish = choice.wish;
  draw();
  if (!dialog.open) dialog.showModal();
  await load();
  if (!shown || shownId !== choice.episode) return;
  if (wish === "silence") openSilence(shownId);
  if (wish === "acknowledge") element("episode-body").querySelector('[data-part="acknowledge"]')?.focus();
  if (wish === "false_alarm") element("episode-body").querySelector('[data-part="false_alarm"]')?.focus();
}

async function load() {
  const id = shownId;
  const turn = (asked += 1);
  loadedAt = performance.now();
  try {
    const found = await ask(`/api/episodes/${encodeURIComponent(id)}`);
    if (turn !== asked || id !== shownId) return;
    look(found.alert);
    // What has not changed is not drawn again: it would take the words from under a reader's cursor.
    if (!failed && JSON.stringify(found) === JSON.stringify(shown)) return;
    failed = false;
    shown = found;
    draw();
  } catch (error) {
    if (turn !== asked || id !== shownId) return;
    failed = true;
    draw(error.message);
  }
}

const AGAIN_MS = 400;
let again = 0;

// Something about these episodes is new ("*": about more than can be named). In a storm it is asked for a few times a second.
export function touch(ids) {
  if (!shownId || again || !(ids.includes(shownId) || ids.includes("*"))) return;
  again = window.setTimeout(() => {
    again = 0;
    if (shownId) load();
  }, loadedAt + AGAIN_MS - performance.now());
}

function draw(fault = "") {
  if (isPressed(element("episode-body"))) {
    owed = true;
    return;
  }
  owed = false;
  const alert = shown?.alert;
  element("episode-title").textContent = alert ? alert.headline.join("") || "–" : say(fault ? "alerts" : "episode_loading");
  element("episode-title").lang = alert?.language && alert.language !== "und" ? alert.language : "";
  dialog.className = `sheet${alert ? ` severity-${alert.severity}` : ""}`;
  const open = (id) => choose({ episode: id, do: "" });
  refill(
    element("episode-body"),
    fault ? make("p", { class: "problem", role: "alert", text: fault }) : null,
    ...(shown
      ? [decidingPart(shown, { onSilence: () => openSilence(shownId), onFalseAlarm: () => falseAlarm(shownId), onOpen: open }), rulePart(shown), timeLine(shown), toldPart(shown), articlesPart(shown), situationPart(shown, open)]
      : []),
  );
}

onReleased(() => owed && draw());
onSent(() => shown && dialog.open && draw());
element("episode-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  shownId = "";
  if (choice.episode) choose({ episode: "", do: "" });
});
