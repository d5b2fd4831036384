// A press is only a click when its button is still there on release: what is being pressed is not drawn again meanwhile.
let pressed = null;
const listeners = [];

export const isPressed = (element) => pressed !== null && element.contains(pressed);
export const onReleased = (listener) => listeners.push(listener);

document.addEventListener("pointerdown", (event) => (pressed = event.target), true);
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(
    name,
    () => {
      // The click comes after the release.
      window.setTimeout(() => {
        pressed = null;
        listeners.forEach((listener) => listener());
      });
    },
    true,
  );
}
