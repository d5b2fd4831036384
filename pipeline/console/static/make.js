// Elements made from data. Text from outside only ever becomes a text node.
import { level } from "./model.js";
import { full } from "./times.js";

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Plain and marked pieces in turn, as the server cut them.
export function marked(parts) {
  return (parts ?? []).map((part, place) => (place % 2 ? make("mark", { text: part }) : document.createTextNode(part)));
}

// A link that opens elsewhere and tells nobody where it came from. Without a usable address it is plain text.
export function link(url, attributes, ...children) {
  if (!/^https?:\/\//i.test(url ?? "")) return make("span", attributes, ...children);
  return make("a", { ...attributes, href: url, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

export const time = (iso, text, attributes = {}) => make("time", { datetime: iso, title: full(iso), text, ...attributes });

export const tag = (text, kind = "", title = undefined) => make("span", { class: `tag ${kind}`.trim(), text, title });

// Signal bars: the severity is read from their number, not from their colour.
export function meter(severity) {
  const bars = Array.from({ length: 5 }, (_, place) => make("i", { class: place < level(severity) ? "on" : "" }));
  return make("span", { class: "meter", "aria-hidden": "true" }, ...bars);
}

// The elements of `list` become those of `keys`, in order. What had the focus has it afterwards, also when its element moved.
export function arrange(list, keys, elements, elementFor) {
  const wanted = new Set(keys);
  for (const [key, element] of elements) {
    if (wanted.has(key)) continue;
    if (element.contains(document.activeElement)) keepFocus(element, list);
    element.remove();
    elements.delete(key);
  }
  keys.forEach((key, place) => {
    const element = elementFor(key);
    if (list.children[place] === element) return;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    list.insertBefore(element, list.children[place] ?? null);
    focused?.focus({ preventScroll: true });
  });
}

function keepFocus(element, list) {
  const next = element.nextElementSibling ?? element.previousElementSibling;
  (next?.querySelector(".item") ?? list).focus({ preventScroll: true });
}

// New content for an element; what had the focus inside it has it again afterwards, or, where that is gone, the item it was in.
export function refill(element, ...children) {
  const active = element.contains(document.activeElement) ? document.activeElement.dataset.part : undefined;
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  if (active) (element.querySelector(`[data-part="${CSS.escape(active)}"]`) ?? element.closest(".item"))?.focus({ preventScroll: true });
}
