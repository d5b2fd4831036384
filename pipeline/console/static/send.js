// Decisions on their way: sent as JSON, confirmed when the alerter's answer comes back over the stream, refused in its words.
import { me, named } from "./name.js";
import { config, say } from "./words.js";

const LATE_MS = 5000;
const KEPT_MS = 60000;
const said = document.getElementById("act-said");
const sent = new Map();
const answered = new Map();
const listeners = [];

export const onSent = (listener) => listeners.push(listener);
const tell = () => listeners.forEach((listener) => listener());

// What went wrong, for people: in their language where we have the words for it.
export class Failed extends Error {
  constructor(body) {
    super(config.words[`error_${body?.code}`] ? say(`error_${body.code}`, { ...body, why: body.error, near: body.nearest ? say("error_no_rule_near", body) : "" }) : (body?.error ?? say("error_server")));
    this.body = body ?? {};
  }
}

export async function ask(path, body = undefined) {
  const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
  } catch {
    throw new Failed({ code: "server" });
  }
  let found = null;
  try {
    found = await answer.json();
  } catch {
    throw new Failed({ code: "server" });
  }
  if (!answer.ok) throw new Failed(found);
  return found;
}

// Sends one decision. False when nobody gave a name, or it could not be sent; `status` tells about it then and afterwards.
export async function act(kind, fields) {
  const by = await named();
  if (!by) return false;
  const entry = { kind, about: fields.episode ?? fields.silence ?? "", state: "waiting", why: "", first: "", at: performance.now() };
  const key = `unsent-${kind}-${entry.about}`;
  sent.set(key, entry);
  tell();
  try {
    const { id } = await ask("/api/act", { kind, by: me(), ...fields });
    sent.delete(key);
    sent.set(id, entry);
    if (answered.has(id)) settle(id, answered.get(id));
    else window.setTimeout(() => late(id), LATE_MS);
  } catch (error) {
    entry.state = "failed";
    entry.why = error.message;
    announce(entry);
  }
  tell();
  return entry.state !== "failed";
}

function late(id) {
  const entry = sent.get(id);
  if (entry?.state !== "waiting") return;
  entry.state = "late";
  announce(entry);
  tell();
}

// The alert may come before the answer, and only the answer says who was first.
function settle(id, { refused, refused_code: code, first_by: first = "" }) {
  const entry = sent.get(id);
  if (!entry || entry.state === "refused" || (entry.state === "done" && entry.first === first)) return;
  entry.first ||= first;
  entry.state = refused ? "refused" : "done";
  entry.why = refused && (config.words[`refused_${code}`] ?? refused);
  announce(entry);
  window.setTimeout(() => {
    sent.delete(id);
    tell();
  }, refused ? KEPT_MS : 4000);
}

// News of the stream: answers to commands, and alerts that say which commands they went through.
export function hear({ answers, alerts }) {
  for (const each of answers ?? []) {
    answered.set(each.id, each);
    settle(each.id, each);
  }
  for (const each of alerts ?? []) for (const id of each.commands ?? []) settle(id, {});
  while (answered.size > 200) answered.delete(answered.keys().next().value);
  tell();
}

const WORDS = { waiting: "act_waiting", late: "act_late", done: "act_done", second: "act_second", refused: "act_refused", failed: "act_failed" };
const inWords = (entry) => say(WORDS[entry.state === "done" && entry.first ? "second" : entry.state], { what: say(`act_${entry.kind}`), why: entry.why, who: entry.first });

function announce(entry) {
  said.textContent = inWords(entry);
}

// What there is to say about decisions on this episode or silence, the last one last: [state, words].
export const status = (about) => [...sent.values()].filter((entry) => entry.about === about).map((entry) => [entry.state, inWords(entry)]);
