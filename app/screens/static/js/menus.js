/** Glue: the menus of the navigation close by Escape and by a press elsewhere. Without this each closes by its own button only. */

function open() {
  return [...document.querySelectorAll(".site-menu[open]")];
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    const held = menu.contains(document.activeElement);
    menu.open = false;
    if (held) menu.querySelector("summary").focus();
  }
});
document.addEventListener("pointerdown", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});
