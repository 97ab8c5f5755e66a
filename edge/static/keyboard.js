/* Keys, scanners, and what is kept as it is typed: comfort on top of pages that work without it. */
"use strict";

/* Whether a key is a letter of a word that an input method (Telex, VNI) is still putting together. */
const composing = (event) => event.isComposing || event.keyCode === 229;
const typesInto = (element) =>
  element.isContentEditable || element.matches("input:not([type=checkbox]):not([type=radio]):not([type=submit]), textarea, select");

/* Alt H or "?": every key, over the page; those that this page has stand out. Without a script it is a page. */
function showKeys(link) {
  const dialog = document.querySelector("dialog.keys") || document.body.appendChild(document.createElement("dialog"));
  if (dialog.open) return;
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", "keys-title");
  fetch(`${link.href}?part=1`).then((answer) => answer.text()).then((html) => {
    dialog.innerHTML = html;
    for (const row of dialog.querySelectorAll("[data-key]")) {
      row.classList.toggle("is-here", document.querySelector(`[accesskey="${row.dataset.key}"]`) !== null);
    }
    dialog.showModal();
  });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-keys]");
  if (!link || event.ctrlKey || event.shiftKey || event.metaKey) return;
  event.preventDefault();
  showKeys(link);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || composing(event) || event.ctrlKey || event.metaKey || typesInto(event.target)) return;
  const link = document.querySelector("[data-keys]");
  if (link) { event.preventDefault(); showKeys(link); }
});

/* A scanner is a keyboard that ends with Enter: a long word that is typed into no field goes where it belongs. */
const scanned = { text: "", at: 0 };
const BETWEEN_KEYS_MS = 500;
const SHORTEST_CODE = 8;
const A_PAPERS_CODE = /(^|#)M[CKR]1[|~]/;
document.addEventListener("keydown", (event) => {
  const form = document.getElementById("scan");
  if (!form || composing(event) || event.altKey || event.ctrlKey || event.metaKey || typesInto(event.target)) {
    scanned.text = "";
    return;
  }
  if (document.querySelector("#cover dialog, dialog.keys[open]")) return;
  if (event.timeStamp - scanned.at > BETWEEN_KEYS_MS) scanned.text = "";
  scanned.at = event.timeStamp;
  if (event.key === "Enter" && scanned.text.length >= SHORTEST_CODE) {
    event.preventDefault();
    /* in the room a paper's code takes its folder over */
    const takes = document.getElementById("scanner");
    const [to, field] = takes && A_PAPERS_CODE.test(scanned.text) ? [takes, "q"] : [form, "identity"];
    to.elements[field].value = scanned.text;
    scanned.text = "";
    to.requestSubmit();
  } else if (event.key.length === 1) {
    scanned.text += event.key;
  }
});

/* What somebody types over a dossier is kept at this machine as it is typed, and is there again after a crash. */
document.addEventListener("DOMContentLoaded", () => {
  for (const mark of document.querySelectorAll("main input[name=seen], form:has(main) > input[name=seen]")) keepAsTyped(mark.form);
});
function keepAsTyped(form) {
  if (form.dataset.kept || !form.querySelector("textarea, input[type=text]")) return;
  form.dataset.kept = "1";
  const where = new URL(form.action, location.href).pathname;
  const opened = new URLSearchParams(location.hash.slice(1)).get("draft");
  if (opened) {
    fetch(`/me/drafts/${encodeURIComponent(opened)}/fields`).then((answer) => answer.ok ? answer.json() : null).then((draft) => {
      if (draft && draft.path === where) fillAgain(form, draft.fields);
    });
  }
  let timer = 0;
  let sent = false;
  form.addEventListener("submit", () => { sent = true; window.clearTimeout(timer); });
  form.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (sent) return;
      const typed = new URLSearchParams();
      for (const [name, value] of new FormData(form)) {
        const field = form.elements[name];
        if (typeof value === "string" && field.type !== "password") typed.append(name, value);
      }
      typed.set("kept_for", where);
      typed.set("kept_on", location.pathname);
      fetch("/me/drafts", { method: "POST", body: typed }).then((answer) => answer.ok ? answer.text() : "").then((said) => {
        if (!said || sent) return;
        const state = form.querySelector(".foot .state") || form;
        const told = state.querySelector(".kept") || state.appendChild(document.createElement("span"));
        told.className = "kept";
        told.textContent = said;
      });
    }, 800);
  });
}
function fillAgain(form, fields) {
  const values = new Map();
  for (const [name, value] of fields) values.set(name, [...(values.get(name) || []), value]);
  for (const field of form.elements) {
    if (!values.has(field.name) || ["hidden", "password", "submit", "file"].includes(field.type)) continue;
    if (field.type === "checkbox" || field.type === "radio") field.checked = values.get(field.name).includes(field.value);
    else field.value = values.get(field.name)[0];
  }
  const seen = form.querySelector("input[name=seen]");
  if (seen && values.has("seen")) seen.value = values.get("seen")[0];
}
