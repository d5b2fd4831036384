// What the reader chose, kept in the address: it can be shared, and Back goes back.
const listeners = [];

export function read() {
  const query = new URLSearchParams(location.search);
  return {
    text: (query.get("q") ?? "").slice(0, 200).normalize("NFC").toLowerCase().trim(),
    language: query.get("language") ?? "",
    source: query.get("source") ?? "",
    entity: (query.get("entity") ?? "").slice(0, 300),
    alerts: query.get("alerts") === "1",
    members: query.get("members") === "0",
    theme: ["dark", "light"].includes(query.get("theme")) ? query.get("theme") : "auto",
    wall: query.get("view") === "wall",
    keys: query.get("keys") !== "0",
    episode: (query.get("episode") ?? "").slice(0, 128),
    wish: query.get("do") ?? "",
  };
}

export let choice = read();
export const isFiltered = () => Boolean(choice.text || choice.language || choice.source || choice.entity || choice.alerts || choice.members);
export const onChoice = (listener) => listeners.push(listener);

// The address with some names changed; an empty value leaves a name out.
export function addressWith(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

// While somebody types, the address changes in place: Back would otherwise go letter by letter.
export function choose(changes, { typing = false } = {}) {
  const address = addressWith(changes);
  if (typing) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  tell();
}

export const clearFilters = () => choose({ q: "", language: "", source: "", entity: "", alerts: "", members: "" });

function tell() {
  choice = read();
  for (const listener of listeners) listener();
}

window.addEventListener("popstate", tell);
