/** Glue: what hangs below a gauge of the strip while it is asked for. Covers nothing for good: Escape and a press elsewhere close it. */

const open = new Set();

export class GaugeNote {
  /** `onFocus`: whether it also shows for who comes by with the Tab key. */
  constructor(button, note, { onFocus = false, onOpen = () => {} } = {}) {
    Object.assign(this, { button, note, onOpen });
    this.place = button.parentElement;
    button.addEventListener("click", () => this.show(this.note.hidden));
    if (onFocus) button.addEventListener("focus", () => button.matches(":focus-visible") && this.show(true));
    this.place.addEventListener("focusout", (event) => onFocus && !this.place.contains(event.relatedTarget) && this.show(false));
    open.add(this);
  }

  show(wanted) {
    if (wanted === !this.note.hidden) return;
    if (wanted) {
      for (const other of open) if (other !== this) other.show(false);
      this.onOpen();
    }
    this.note.hidden = !wanted;
    this.button.setAttribute("aria-expanded", String(wanted));
  }

  get isOpen() {
    return !this.note.hidden;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const one of open) {
    if (!one.isOpen) continue;
    const held = one.place.contains(document.activeElement);
    one.show(false);
    if (held) one.button.focus();
  }
});
document.addEventListener("pointerdown", (event) => {
  for (const one of open) if (one.isOpen && !one.place.contains(event.target)) one.show(false);
});
