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

/* A scanner is a keyboard that ends with Enter: a long word that is typed into no field goes where it belongs. A field of
   its own catches it, since letters with marks come as numbers with Alt, of which only a field makes letters. */
const BETWEEN_KEYS_MS = 500;
const SHORTEST_CODE = 8;
const A_PAPERS_CODE = /(^|#)M[CKR]1[|~]/;
document.addEventListener("keydown", (event) => {
  const form = document.getElementById("scan");
  if (!form || event.key.length !== 1 || " ?".includes(event.key)) return;
  if (composing(event) || event.altKey || event.ctrlKey || event.metaKey || typesInto(event.target)) return;
  if (!document.querySelector("#cover dialog, dialog.keys[open]")) catchScan(form);
});
function catchScan(form) {
  const before = document.activeElement;
  const field = document.createElement("input");
  Object.assign(field, { className: "catches", tabIndex: -1, autocomplete: "off", ariaHidden: "true" });
  let timer = 0;
  const wait = () => { window.clearTimeout(timer); timer = window.setTimeout(giveBack, BETWEEN_KEYS_MS); };
  const giveBack = () => {
    window.clearTimeout(timer);
    const ours = document.activeElement === field;
    field.remove();
    if (ours) before.focus({ preventScroll: true });
  };
  field.addEventListener("input", wait);
  field.addEventListener("keydown", (event) => {
    wait();
    if (event.key !== "Enter" || composing(event)) return;
    event.preventDefault();
    event.stopPropagation();
    const code = field.value;
    giveBack();
    if (code.length < SHORTEST_CODE) return;
    /* in the room a paper's code takes its folder over */
    const takes = document.getElementById("scanner");
    const [to, name] = takes && A_PAPERS_CODE.test(code) ? [takes, "q"] : [form, "identity"];
    to.elements[name].value = code;
    to.requestSubmit();
  });
  document.body.append(field);
  field.focus({ preventScroll: true });
  wait();
}

/* What is typed while the reception is looked at again stays, where the answer does not say otherwise. */
const sentWith = new Map();
const typable = () => document.querySelectorAll("#reception input:is([type=text], [type=search], [type=tel], [type=email], :not([type]))[id]");
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id !== "reception") return;
  sentWith.clear();
  for (const field of typable()) sentWith.set(field.id, field.value);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id !== "reception") return;
  for (const [id, sent] of sentWith) {
    const typed = document.getElementById(id)?.value ?? sent;
    if (typed === sent) sentWith.delete(id);
    else sentWith.set(id, { sent, typed });
  }
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "reception") return;
  for (const [id, { sent, typed }] of sentWith) {
    const field = document.getElementById(id);
    if (!field || field.value !== sent) continue;
    field.value = typed;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  sentWith.clear();
});

/* A number that is there already is written over, and not added to. */
document.addEventListener("focusin", (event) => { if (event.target.matches("input.in-n")) event.target.select(); });

/* Among the procedures that were found the arrows only go from row to row, from the box to the first one and back; Enter
   or Space chooses. A radio button by itself would choose each row on the way. */
document.addEventListener("keydown", (event) => {
  const hits = document.getElementById("hits");
  if (!hits || composing(event) || event.altKey || event.ctrlKey || event.metaKey) return;
  const rows = [...hits.querySelectorAll("input[name=procedure]")];
  const box = document.getElementById("q");
  const here = rows.indexOf(event.target);
  if (here < 0 && event.target !== box) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next = here + step < 0 ? (here < 0 ? null : box) : rows[here + step];
    event.preventDefault();
    if (next) next.focus();
  } else if (event.key === "Enter" && here >= 0 && !event.target.checked) {
    event.preventDefault();
    event.target.click();
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

/* Whoever presses "sign" before the PIN is typed, or "record" before the checklist is answered, is led there from wherever
   they were; at the PIN Enter then signs. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "act" || !event.submitter?.matches("[accesskey=k], [accesskey=g]")) return;
  const open = [...form.querySelectorAll("input[name^=point-], input[name=passed]")].filter((box) => !form.elements[box.name].value);
  const empty = open[0] || [...form.querySelectorAll("input[name=pin], input[name=agency_pin]")].find((box) => !box.value);
  if (!empty) return;
  event.preventDefault();
  empty.focus();
}, { capture: true });

/* On form 02 whoever writes what is wrong with a paper means that it is asked for. */
document.addEventListener("input", (event) => {
  const place = /^why-(\d+)$/.exec(event.target.id || "");
  const box = place && document.getElementById(`missing-${place[1]}`);
  if (box && event.target.value) box.checked = true;
});
