// The page: what comes by the stream in, thirty pictures a second of it out; and what is asked of it by hand.

import { clock } from "./chart.js";
import { Lanes } from "./lanes.js";
import { exportMarks, exportMessages, mark, showMarks } from "./marks.js";
import { Memory } from "./memory.js";
import { Pictures } from "./pictures.js";
import { $, forgetHealth, showEstimate, showFace, showHealth, showVoice, tell } from "./readouts.js";
import { follow } from "./stream.js";
import { Words, summary } from "./words.js";

const SPAN_S = 60;
const BEHIND_S = 0.3;    // what is drawn as now, so that there is always something to draw
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const CONTACTS = {
  lost: "the page's server does not answer; trying again",
  waiting: "waiting for an agent: start one with deadpan run",
  silent: "the agent has fallen silent",
  ended: "the recording has ended",
  left: "the session has ended; the next one at this address will be shown here",
};
const memory = new Memory();
const lanes = new Lanes(memory, {
  sarcasm: $("sarcasm-plot"), sentiment: $("sentiment-plot"), voice: $("voice-plot"), modalities: $("modalities-plot"),
});
const words = new Words($("words"));
let pausedAt = null;     // the session's second shown; null while live
let lastMs = 0;
let contactNow = "";
const pictures = new Pictures(() => (pausedAt !== null ? "hold" : contactNow === "live" ? "ask" : "forget"));

follow(`ws://${location.host}`, {
  contact(state) {
    if (state === contactNow) return;
    contactNow = state;
    $("contact").dataset.state = document.body.dataset.contact = state;
    $("contact").textContent = CONTACTS[state] ?? "";
    if (!["live", "silent"].includes(state)) forgetHealth();   // of what there is no more
  },
  message(body, text, nowMs) {
    const isAnother = body.session !== memory.session;
    memory.take(body, text, nowMs);
    if (isAnother) {
      goLive();
      showMarks(memory, pause);
      $("mark").disabled = $("export").disabled = false;
    }
    if (contactNow === "live") {
      $("contact").textContent = `live · ${source(memory.welcome?.source)}${body.stream === "default" ? "" : ` · ${body.stream}`}`;
    }
    $("recording").hidden = !body.recording;
    if (body.type === "health") showHealth(body, memory.latencyMs());
    if (body.type === "utterance") tell("announced", `${body.text} ${summary(body)}`);
  },
});

function source(location) {
  if (!location) return "agent";
  return location === "live" ? "camera and microphone" : location.split("/").at(-1);
}

function endS() {
  if (["ended", "left", "lost"].includes(contactNow)) return memory.ticks.at(-1)?.t ?? 0;
  return Math.max(0, memory.nowS(performance.now()) - BEHIND_S);
}

function frame(nowMs) {
  requestAnimationFrame(frame);
  if (nowMs - lastMs < (CALM.matches ? 190 : 32)) return;
  lastMs = nowMs;
  draw();
}

function draw() {
  const newest = endS();
  const to = pausedAt ?? newest;
  const scrub = $("scrub");
  scrub.min = String(Math.floor(memory.startS));
  scrub.max = newest.toFixed(1);
  if (document.activeElement !== scrub || pausedAt === null) scrub.value = to.toFixed(1);
  $("clock").textContent = clock(Math.floor(to));
  scrub.setAttribute("aria-valuetext", clock(Math.floor(to)));
  lanes.draw(Math.max(memory.startS - 0.5, to - SPAN_S), to, SPAN_S, performance.now());
  words.draw(memory.utterances, to, pausedAt === null);
  showEstimate(memory.tickAt(to)?.estimate);
  showVoice(memory.toneAt(to));
  const outline = memory.outlineAt(to);
  showFace(outline?.face, memory.health, pictures.at(outline?.t ?? to));
  $("pictured").hidden = !pictures.pictures.length;
  document.documentElement.dataset.frames = String(Number(document.documentElement.dataset.frames ?? 0) + 1);
}

function pause(at) {
  pausedAt = Math.max(memory.startS, Math.min(at, endS()));
  $("pause").setAttribute("aria-pressed", "true");
  tell("pause", "Paused");
  $("live").disabled = false;
}

function goLive() {
  pausedAt = null;
  words.follows = true;
  $("pause").setAttribute("aria-pressed", "false");
  tell("pause", "Pause");
  $("live").disabled = true;
}

function togglePicture() {
  pictures.toggle();
  $("picture").setAttribute("aria-pressed", String(pictures.isWanted));
}

function markNow() {
  mark(memory, pausedAt ?? endS(), pause);
}

function toggle() {
  if (pausedAt === null) pause(endS());
  else goLive();
}

function step(seconds) {
  const t = (pausedAt ?? endS()) + seconds;
  if (t >= endS()) goLive();
  else pause(t);
}

const THEMES = ["system", "light", "dark"];
const DARK = matchMedia("(prefers-color-scheme: dark)");
let theme = THEMES.includes(localStorage.theme) ? localStorage.theme : "system";

function paint() {
  document.documentElement.dataset.theme = theme === "dark" || (theme === "system" && DARK.matches) ? "dark" : "light";
  tell("theme", `Theme: ${theme}`);
  lanes.repaint();
}

function nextTheme() {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  localStorage.theme = theme;
  paint();
}

$("pause").onclick = toggle;
$("live").onclick = goLive;
$("mark").onclick = markNow;
$("export").onclick = () => exportMessages(memory);
$("export-marks").onclick = () => exportMarks(memory);
$("picture").onclick = togglePicture;
$("picture").hidden = $("picture-key").hidden = !pictures.isAllowed;   // said by the server that gave this page
$("theme").onclick = nextTheme;
$("scrub").oninput = (event) => (Number(event.target.value) >= endS() - 0.3 ? goLive() : pause(Number(event.target.value)));
DARK.onchange = paint;

document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.type !== "range") return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isOnButton = event.target instanceof HTMLButtonElement;
  const actions = {
    " ": isOnButton ? null : toggle, l: () => $("live").click(), m: () => $("mark").click(), e: () => $("export").click(),
    p: pictures.isAllowed ? togglePicture : null, t: nextTheme,
    ArrowLeft: () => step(event.shiftKey ? -10 : -1), ArrowRight: () => step(event.shiftKey ? 10 : 1),
  };
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

// Dragging a lane moves its time, as with a map.
for (const id of ["sarcasm-plot", "sentiment-plot", "modalities-plot", "voice-plot"]) {
  const plot = $(id);
  plot.addEventListener("pointerdown", (event) => {
    const [began, at] = [event.clientX, pausedAt ?? endS()];
    plot.setPointerCapture(event.pointerId);
    plot.onpointermove = (moved) => {
      const seconds = ((began - moved.clientX) / (plot.clientWidth - 44)) * SPAN_S;
      if (Math.abs(moved.clientX - began) > 3) step(at + seconds - (pausedAt ?? endS()));
    };
    plot.onpointerup = () => { plot.onpointermove = plot.onpointerup = null; };
  });
}

paint();
requestAnimationFrame(frame);

window.deadpan = { memory, pictures };   // for whoever is curious, at the browser's console
