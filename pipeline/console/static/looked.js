// What the reader has seen of each alert, so that the page can say what is new since.
const STORED = "lagebild.looked";
const MOST = 300;

function read() {
  try {
    return new Map(JSON.parse(localStorage.getItem(STORED) ?? "[]"));
  } catch {
    return new Map();
  }
}

const looked = read();

export function look(alert) {
  const count = reports(alert);
  if (looked.get(alert.id) === count) return;
  looked.delete(alert.id);
  looked.set(alert.id, count);
  while (looked.size > MOST) looked.delete(looked.keys().next().value);
  try {
    localStorage.setItem(STORED, JSON.stringify([...looked]));
  } catch {
    // It is known until the page is closed.
  }
}

export const reports = (alert) => Math.max(alert.situation_articles ?? 0, alert.article_count ?? 1);

// How many reports came since the reader looked; 0 for an alert that was never looked at: then all of it is new.
export const fresh = (alert) => (looked.has(alert.id) ? Math.max(0, reports(alert) - looked.get(alert.id)) : 0);
