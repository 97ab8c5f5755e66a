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
