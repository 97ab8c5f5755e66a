/* The kiosk clears itself when nobody touches it any more, and asks before. */
"use strict";

const idleS = Number(document.body.dataset.idle) || 30;
const dialog = document.getElementById("leaving");
let timer = 0;

function start() { window.location.replace(document.body.dataset.start); }
function wait() {
  window.clearTimeout(timer);
  if (dialog.open) dialog.close();
  timer = window.setTimeout(ask, idleS * 1000);
}
function ask() {
  dialog.showModal();
  timer = window.setTimeout(start, 10000);
}
document.addEventListener("change", (event) => { if (event.target.closest("form")) arm(); });
let armed = false;
function arm() {
  if (armed) return;
  armed = true;
  for (const sign of ["pointerdown", "keydown"]) document.addEventListener(sign, wait);
  wait();
}
document.getElementById("stay").addEventListener("click", wait);
if (Number(document.body.dataset.idle) > 0) arm();

/* Keys on the screen type into the box that was touched last; a scanner types by itself, and its Enter goes to the next box. */
let box = document.querySelector("[data-types]");
if (box) {
  const boxes = [...document.querySelectorAll("[data-types]")];
  arm();
  document.addEventListener("focusin", (event) => { if (event.target.matches("[data-types]")) box = event.target; });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== boxes[0]) return;
    event.preventDefault();
    boxes[1].focus();
  });
  document.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (!key) return;
    if (key === "back") box.value = box.value.slice(0, -1);
    else if (key === "next") box = boxes[(boxes.indexOf(box) + 1) % boxes.length];
    else if (box.value.length < box.maxLength) box.value += key;
    box.focus();
  });
}
