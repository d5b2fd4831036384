// Buttons, and the line that says what became of what they sent.
import { status } from "./send.js";
import { make } from "./make.js";

export function button(text, onClick, attributes = {}) {
  const found = make("button", { type: "button", class: "more", text, ...attributes });
  found.addEventListener("click", onClick);
  return found;
}

// What is said about decisions on `about`; null when there is nothing to say.
export function statusLine(about) {
  const lines = status(about);
  if (!lines.length) return null;
  return make("ul", { class: "sent" }, ...lines.map(([state, text]) => make("li", { class: `sent-${state}` }, make("bdi", { text }))));
}
