/* Comfort on top of pages that work without it. */
"use strict";

/* What only a page without scripts needs is put away. */
document.documentElement.classList.add("with-script");

/* A save that takes longer than 300 ms says so, and its button cannot be pressed twice. */
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !button.dataset.saving || event.defaultPrevented) return;
  if (button.getAttribute("aria-disabled") === "true") { event.preventDefault(); return; }
  button.setAttribute("aria-disabled", "true");
  window.setTimeout(() => { button.textContent = button.dataset.saving; }, 300);
});

/* While the cover of an idle screen lies on the page, nothing beneath it can be reached; then it can again. */
document.addEventListener("htmx:afterSettle", () => {
  const covered = document.querySelector("#cover dialog") !== null;
  for (const part of document.body.children) {
    if (part.id !== "cover" && part.id !== "said") part.inert = covered;
  }
  if (covered && !document.activeElement.closest("#cover")) document.querySelector("#cover-pin").focus();
});

/* A paper that lies in a frame goes to the browser's own print; where its viewer does not let us, into a page of its own. */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-prints]");
  if (!button) return;
  const frame = document.getElementById(button.dataset.prints);
  try { frame.contentWindow.focus(); frame.contentWindow.print(); } catch { window.open(frame.src, "_blank"); }
});

/* The address in a paper's QR code ends with "#" and the code, which no server is sent: put it where scanners type. */
document.addEventListener("DOMContentLoaded", () => {
  const check = document.getElementById("check");
  if (!check || location.hash.length < 2) return;
  document.getElementById("code").value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  check.requestSubmit();
});

/* A page that came by POST would be asked for again by "back", and a browser does not do that by itself: the page that it
   goes back to is one that can be opened, this one where nothing is named. */
document.addEventListener("submit", (event) => {
  const { back } = event.target.dataset;
  if (back !== undefined) history.replaceState(null, "", back);
});

/* What a payer gets back of the cash that they hand over; without a script the page says it after Enter. */
document.addEventListener("input", (event) => {
  if (event.target.id !== "handed") return;
  const change = document.querySelector("[data-change]");
  const handed = Number(event.target.value.replace(/[.,\s]/g, ""));
  const back = handed - Number(change.dataset.change);
  change.textContent = "";
  if (!event.target.value || !(back >= 0)) return;
  const amount = document.createElement("b");
  const [point, unit] = document.documentElement.lang === "en" ? [",", "VND"] : [".", "đ"];
  amount.textContent = `${String(back).replace(/\B(?=(\d{3})+$)/g, point)} ${unit}`;
  change.append(`${change.dataset.words} `, amount);
});

/* In a list the arrows go from row to row; Enter opens, as a link does. */
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || event.target.matches("input, select, textarea")) return;
  const rows = [...document.querySelectorAll("[data-rows] tbody tr th a, [data-rows] tbody tr td:first-child a")];
  if (!rows.length) return;
  const row = event.target.closest("[data-rows] tbody tr");
  const here = row ? rows.findIndex((link) => row.contains(link)) : -1;
  const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.closest("tr").scrollIntoView({ block: "nearest" });
});

/* In the list beside a page they do so from its search box on; anywhere else they move the page. */
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const list = event.target.closest("nav.queue");
  if (!step || !list || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
  const box = list.querySelector("input[type=search]");
  const stops = [...(box ? [box] : []), ...list.querySelectorAll("ol.q > li > a")];
  const here = stops.indexOf(event.target);
  const next = here < 0 ? null : stops[here + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
});

/* A page that is there to be printed. */
document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });

/* A public page forgets what somebody typed when nobody touches it any more. */
const forgetting = document.querySelector("[data-forget]");
if (forgetting) {
  let timer = 0;
  const wait = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => window.location.replace(forgetting.dataset.forgetTo), Number(forgetting.dataset.forget) * 1000);
  };
  for (const sign of ["pointerdown", "keydown", "scroll"]) document.addEventListener(sign, wait, { passive: true });
  wait();
}
