// The stream of events: reconnects by itself, goes on where it stopped, and notices silence.
const SILENCE_MS = 12000;
const LONGEST_PAUSE_MS = 10000;

let source = null;
let lastId = "";
let heardAt = performance.now();
let pauseMs = 1000;
let timer = 0;

export function follow({ onSnapshot, onChange, onStatus, onState }) {
  const heard = (event) => {
    heardAt = performance.now();
    pauseMs = 1000;
    if (event.lastEventId) lastId = event.lastEventId;
    return JSON.parse(event.data);
  };
  const open = () => {
    window.clearTimeout(timer);
    source?.close();
    source = new EventSource(lastId ? `/events?after=${encodeURIComponent(lastId)}` : "/events");
    source.addEventListener("snapshot", (event) => onSnapshot(heard(event)));
    source.addEventListener("change", (event) => onChange(heard(event)));
    source.addEventListener("status", (event) => {
      onStatus(heard(event));
      if (lastId) onState("live");
    });
    source.addEventListener("error", () => {
      onState("reconnecting");
      // The browser tries again by itself, except after an answer that is not a stream.
      if (source.readyState === EventSource.CLOSED) again();
    });
  };
  const again = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(open, pauseMs);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  };
  window.setInterval(() => {
    if (performance.now() - heardAt < SILENCE_MS) return;
    heardAt = performance.now();
    onState("reconnecting");
    open();
  }, 1000);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => event.persisted && open());
  open();
}
