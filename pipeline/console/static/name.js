// Who decides: the name a proxy gives, else the one chosen here. It is asked for once, when it is first needed.
import { config, say } from "./words.js";

const STORED = "lagebild.name";
const dialog = document.getElementById("who");
const field = document.getElementById("who-name");
const button = document.getElementById("me");
let waiting = [];

function stored() {
  try {
    return localStorage.getItem(STORED) ?? "";
  } catch {
    // A browser that keeps nothing asks again after a reload.
    return chosen;
  }
}

let chosen = "";
export const me = () => (config.by_proxy ? config.person : chosen || stored());

function show() {
  const name = me();
  button.textContent = name || say("me_none");
  button.title = name ? say(config.by_proxy ? "me_proxy" : "me_change", { name }) : say("me_none");
  button.disabled = config.by_proxy;
}

function ask() {
  field.value = me();
  dialog.showModal();
  field.select();
}

// The name, asked for if nobody knows it; "" when the question was dismissed.
export function named() {
  if (config.by_proxy || me()) return Promise.resolve(me());
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (!dialog.open) ask();
  });
}

button.addEventListener("click", ask);
document.getElementById("who-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = field.value.trim();
  if (!name) return;
  chosen = name;
  try {
    localStorage.setItem(STORED, name);
  } catch {
    // Kept for as long as the page is open.
  }
  show();
  dialog.close();
});
document.getElementById("who-cancel").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  for (const resolve of waiting) resolve(me());
  waiting = [];
});
show();
