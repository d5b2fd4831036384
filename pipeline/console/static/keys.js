// One key each; they are off while somebody types, and can be switched off in the help.
import { addressWith, choice, choose } from "./choice.js";

const help = document.getElementById("help");
const text = document.getElementById("filter-text");

const items = () => [...document.querySelectorAll("#alert-list .item, #article-list .item")];

function move(by) {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement?.closest(".item"));
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1);
  all[next].focus({ preventScroll: true });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  all[next].scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
}

function openLink(item) {
  item?.querySelector('a[data-part="link"]')?.click();
}

function expand(item) {
  const fold = item?.querySelector(".fold");
  if (fold) fold.click();
  else openLink(item);
}

const alertId = () => document.activeElement?.closest(".alert")?.dataset.id;

// `onAlert` hears a letter and the alert that has the focus.
export function listen({ onPause, onAlert, onWatch }) {
  const actions = {
    j: () => move(1),
    k: () => move(-1),
    o: () => openLink(document.activeElement?.closest(".item")),
    p: onPause,
    n: onWatch,
    ...Object.fromEntries(["a", "w", "s", "f"].map((key) => [key, () => alertId() && onAlert(key, alertId())])),
    "/": () => text.focus(),
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return escape();
    if (!choice.keys || document.querySelector("dialog[open]") || event.target.closest("input, select, textarea")) return;
    if (event.key === "Enter") {
      // Buttons and links do what they do anyway.
      if (event.target.classList.contains("item")) expand(event.target);
      return;
    }
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  document.getElementById("help-open").addEventListener("click", () => help.showModal());
  const on = document.getElementById("keys-on");
  on.addEventListener("change", () => choose({ keys: on.checked ? "" : "0" }));
}

function escape() {
  if (document.activeElement === text) text.blur();
  else if (choice.wall && !document.querySelector("dialog[open]")) location.href = addressWith({ view: "" });
}
