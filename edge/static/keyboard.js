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

/* What is typed and ticked while the reception is looked at again stays, where the answer does not say otherwise; put back
   before the next key comes. Spaces are no "otherwise": the answer has none at the end, but the next word wants one. */
const sentWith = new Map();
const stoodBefore = new Map();
const putBack = new Set();
let settling = false;
let sentFrom = "";
let caret = null;
const isReception = (event) => event.detail.target?.id === "reception";
const ticks = (field) => field.type === "checkbox" || field.type === "radio";
const stands = (field) => (ticks(field) ? field.checked : field.value);
const bare = (value) => String(value).normalize("NFC").replace(/\s+/g, " ").trim();
const nameOf = (field) => (ticks(field) ? `${field.name}=${field.value}` : field.name);
function filledIn() {
  const form = document.getElementById("reception");
  const skipped = ["hidden", "submit", "button", "file"];
  return [...(form?.elements ?? [])].filter((field) => field.name && field.name !== "procedure" && !skipped.includes(field.type));
}
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isReception(event)) return;
  sentWith.clear();
  sentFrom = document.activeElement.id;
  /* no answer ever has a PIN in it */
  for (const field of filledIn()) sentWith.set(nameOf(field), field.type === "password" ? "" : stands(field));
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isReception(event)) return;
  stoodBefore.clear();
  for (const field of filledIn()) {
    const name = nameOf(field);
    if (sentWith.has(name)) stoodBefore.set(name, stands(field));
  }
  /* whoever has gone on to another field meanwhile stays there */
  const now = document.activeElement;
  caret = now.matches("textarea, input[type=text]") ? [now.id, now.selectionStart, now.selectionEnd] : null;
  if (now.id && now.id !== sentFrom && typesInto(now)) {
    event.detail.serverResponse = event.detail.serverResponse.replaceAll(" autofocus", "");
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!isReception(event)) return;
  for (const field of filledIn()) {
    const name = nameOf(field);
    if (!stoodBefore.has(name) || bare(stands(field)) !== bare(sentWith.get(name))) continue;
    const stood = stoodBefore.get(name);
    if (stands(field) === stood) continue;
    if (ticks(field)) field.checked = stood;
    else field.value = stood;
    if (caret && field.id === caret[0] && field === document.activeElement) field.setSelectionRange(caret[1], caret[2]);
    putBack.add(field);
  }
  settling = true;
});
/* nothing on the new page listens before it has settled: what is typed until then is told of once more */
document.addEventListener("input", (event) => { if (settling && event.target.form?.id === "reception") putBack.add(event.target); });
document.addEventListener("htmx:afterSettle", (event) => {
  if (!isReception(event)) return;
  settling = false;
  for (const field of putBack) field.dispatchEvent(new Event("input", { bubbles: true }));
  putBack.clear();
});

/* A number that is there already is written over, and not added to. */
document.addEventListener("focusin", (event) => { if (event.target.matches("input.in-n")) event.target.select(); });

/* Among the procedures that were found the arrows only go from row to row, from the box to the first one and back; Enter
   or Space chooses. A radio button by itself would choose each row on the way. */
function walkHits(key, from) {
  const rows = [...document.querySelectorAll("#hits input[name=procedure]")];
  const box = document.getElementById("q");
  const here = rows.indexOf(from);
  if (here < 0 && from !== box) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (step) {
    const next = here + step < 0 ? (here < 0 ? null : box) : rows[here + step];
    if (next) next.focus();
    return true;
  }
  if (here < 0 || from.checked) return false;
  from.click();
  return true;
}

/* A key that comes before the answer means what will be found, and not what still stands there: it waits. Only Enter in the
   box need not, which asks the server for what stands in the box. */
const early = [];
let sought = null;
let failed = null;
let looking = 0;
function searching() {
  if (looking) return true;
  return sought !== null && sought !== failed && document.getElementById("found")?.dataset.term !== sought;
}
function walkEarly() {
  while (early.length && !searching()) {
    const [key, from] = [early.shift(), document.activeElement];
    if (!walkHits(key, from) && key === "Enter" && from.closest("#q, #hits")) document.getElementById("look").click();
  }
}
document.addEventListener("input", (event) => {
  if (event.target.matches("#reception #q") && window.htmx) [sought, failed] = [event.target.value, null];
});
document.addEventListener("htmx:beforeSend", (event) => { if (isReception(event)) looking += 1; });
document.addEventListener("htmx:afterSettle", (event) => {
  if (isReception(event) && looking) looking -= 1;
  walkEarly();
});
document.addEventListener("htmx:sendAbort", (event) => { if (isReception(event) && looking) looking -= 1; });
for (const wrong of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(wrong, (event) => {
    early.length = 0;
    if (isReception(event) && looking) looking -= 1;
    if (event.detail.target?.id === "hits") failed = event.detail.requestConfig.parameters.q;
  });
}
document.addEventListener("keydown", (event) => {
  if (!["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
  if (!event.target.closest("#reception :is(#q, #hits)") || composing(event) || event.altKey || event.ctrlKey || event.metaKey) return;
  const asks = event.key === "Enter" && event.target.id === "q" && !looking && !early.length;
  if (asks) return;
  if (searching()) early.push(event.key);
  else if (!walkHits(event.key, event.target)) return;
  event.preventDefault();
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
