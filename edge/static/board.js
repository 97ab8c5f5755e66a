/* The board rings when a call is new, and keeps its clock. Browsers ring only after a touch, or where they are told to
   (Chromium: --autoplay-policy=no-user-gesture-required); until then a button asks for that touch. */
"use strict";

const sound = new AudioContext();
const button = document.getElementById("sound");
let rung = document.getElementById("calls").dataset.newest;

function ring() {
  const begin = sound.currentTime;
  [[880, 0], [660, 0.45]].forEach(([pitch, after]) => {
    const tone = sound.createOscillator(), level = sound.createGain();
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0.0001, begin + after);
    level.gain.exponentialRampToValueAtTime(0.6, begin + after + 0.02);
    level.gain.exponentialRampToValueAtTime(0.0001, begin + after + 0.8);
    tone.connect(level).connect(sound.destination);
    tone.start(begin + after);
    tone.stop(begin + after + 0.9);
  });
}
function show() { button.hidden = sound.state === "running"; }
button.addEventListener("click", () => sound.resume().then(() => { show(); ring(); }));
sound.addEventListener("statechange", show);
document.addEventListener("htmx:afterSettle", () => {
  const newest = document.getElementById("calls").dataset.newest;
  if (newest && newest !== rung) {
    document.body.dataset.rung = newest;
    ring();
  }
  rung = newest;
});
window.setInterval(() => {
  const now = new Intl.DateTimeFormat("vi-VN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Ho_Chi_Minh" });
  document.querySelector("time").textContent = now.format(new Date());
}, 5000);
show();
