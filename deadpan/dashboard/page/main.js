// The page: what comes by the stream in, thirty pictures a second of it out; and what is asked of it by hand.

import { drawFace } from "./face.js";
import { Lanes, clock } from "./lanes.js";
import { Memory } from "./memory.js";
import { follow } from "./stream.js";
import { Words, cueName, signed, summary } from "./words.js";

const SPAN_S = 60;
const AT_REST = ["running", "ready", "stopped", "off"];
const BEHIND_S = 0.3;    // what is drawn as now, so that there is always something to draw
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const CONTACTS = {
  lost: "the page's server does not answer; trying again",
  waiting: "waiting for an agent: start one with deadpan run",
  silent: "the agent has fallen silent",
  ended: "the recording has ended",
};
const REASONS = {
  not_listening: "not listening", source_silent: "source silent", nothing_said: "nothing said", no_answer: "no answer",
};

const $ = (id) => document.getElementById(id);
const memory = new Memory();
const lanes = new Lanes(memory, {
  sarcasm: $("sarcasm-plot"), sentiment: $("sentiment-plot"), voice: $("voice-plot"), modalities: $("modalities-plot"),
});
const words = new Words($("words"), seek);
let pausedAt = null;     // the session's second shown; null while live
let lastMs = 0;
let contactNow = "";
let workersShown = "";
let cuesShown = "";

follow(`ws://${location.host}`, {
  contact(state) {
    if (state === contactNow) return;
    contactNow = state;
    $("contact").dataset.state = state;
    $("contact").textContent = CONTACTS[state] ?? "";
  },
  message(body, text, nowMs) {
    if (body.session !== memory.session) goLive();
    memory.take(body, text, nowMs);
    if (contactNow === "live") {
      $("contact").textContent = `live · ${source(memory.welcome?.source)}${body.stream === "default" ? "" : ` · ${body.stream}`}`;
    }
    $("recording").hidden = !body.recording;
    if (body.type === "health") showHealth(body);
    if (body.type === "utterance") tell("announced", `${body.text} ${summary(body)}`);
  },
});

function source(location) {
  if (!location) return "agent";
  return location === "live" ? "camera and microphone" : location.split("/").at(-1);
}

function endS() {
  if (contactNow === "ended") return memory.ticks.at(-1)?.t ?? 0;
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
  showFace(memory.outlineAt(to));
  document.documentElement.dataset.frames = String(Number(document.documentElement.dataset.frames ?? 0) + 1);
}

function tell(id, text) {
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}

function showEstimate(estimate) {
  tell("sarcasm", estimate?.sarcasm.probability == null ? "–" : estimate.sarcasm.probability.toFixed(2));
  tell("state", estimate ? (REASONS[estimate.sarcasm.reason] ?? estimate.sarcasm.state) : "–");
  tell("said", signed(estimate?.sentiment.literal));
  tell("heard", signed(estimate?.sentiment.delivered));
  tell("meant", signed(estimate?.sentiment.intended));
  const readings = Object.entries(estimate?.modalities ?? {});
  const rows = $("modalities");
  while (rows.children.length > readings.length) rows.lastChild.remove();
  readings.forEach(([name, reading], n) => {
    const row = rows.children[n] ?? rows.appendChild(Object.assign(document.createElement("div"), { innerHTML: "<dt></dt><dd></dd>" }));
    const age = reading.age_ms === null ? "" : ` · ${reading.age_ms < 1000 ? `${Math.round(reading.age_ms)} ms` : `${(reading.age_ms / 1000).toFixed(1)} s`} ago`;
    row.dataset.modality = name;
    row.dataset.status = reading.status;
    row.children[0].textContent = `${name} ${reading.contribution ? signed(reading.contribution) : ""}`;
    row.children[1].textContent = reading.status + age;
  });
  showCues(estimate?.cues ?? []);
}

function showCues(cues) {
  const told = JSON.stringify(cues);
  if (told === cuesShown) return;
  cuesShown = told;
  $("cues").replaceChildren(...(cues.length ? cues.map(cueItem) : [plain("li", "none stands out")]));
}

function cueItem(cue) {
  const item = document.createElement("li");
  const bar = Object.assign(document.createElement("span"), { className: "bar" });
  const share = Math.min(50, Math.abs(cue.effect) * 330);
  const fill = Object.assign(document.createElement("i"), { className: cue.effect < 0 ? "down" : "up" });
  fill.style.left = `${cue.effect < 0 ? 50 - share : 50}%`;
  fill.style.width = `${share}%`;
  bar.append(fill);
  item.append(plain("span", cueName(cue)), bar, plain("span", signed(cue.effect), "effect"));
  item.title = `${cue.modality}, ${cue.value} standard deviations`;
  return item;
}

function showVoice(tone) {
  tell("pitch", tone?.hz ? `${Math.round(tone.hz)} Hz` : "unvoiced");
  tell("level", tone ? `${Math.round(tone.db)} dB` : "–");
}

function showFace(face) {
  drawFace($("face"), face);
  const camera = memory.health?.workers.camera;
  const encoder = memory.health?.workers.face;
  const down = [["camera", camera], ["face", encoder]].find(([, worker]) => worker && !AT_REST.includes(worker.state));
  const unseen = face && !Object.keys(face.strokes).length ? "no face in the picture" : face ? "" : "nothing is drawn now";
  tell("face-note", down ? `${down[0]}: ${down[1].state}${down[1].reason ? `, ${down[1].reason}` : ""}` : unseen);
}

function showHealth(health) {
  const late = memory.latencyMs();
  tell("latency", late ? `${Math.round(late.median)} ms late, 95 % within ${Math.round(late.worst)}` : "");
  const trouble = $("trouble");
  trouble.hidden = !health.reasons.length;
  tell("trouble", health.reasons.length ? `${health.state}: ${health.reasons.join("\n")}` : "");
  const told = JSON.stringify(Object.entries(health.workers).map(([name, each]) => [name, each.state, each.restarts, Math.round((each.lag_ms ?? 0) / 10)]));
  if (told === workersShown) return;
  workersShown = told;
  $("workers").replaceChildren(...Object.entries(health.workers).map(([name, worker]) => {
    const item = document.createElement("li");
    const isWell = worker.state === "running" && !worker.reason;
    const rests = ["ready", "stopped", "off"].includes(worker.state);
    if (!isWell && !rests) item.dataset.trouble = "";
    item.dataset.worker = name;
    item.dataset.state = worker.state;
    const again = worker.restarts ? ` · restarted ${worker.restarts} ×` : "";
    item.append(
      plain("span", isWell ? "●" : rests ? "–" : "▲"),
      plain("span", `${name}${isWell ? "" : ` · ${worker.state}`}${again}`),
      plain("span", worker.lag_ms === null ? "" : `${Math.round(worker.lag_ms)} ms`, "figure"),
    );
    item.title = worker.reason;
    return item;
  }));
}

function plain(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}

function pause(at) {
  pausedAt = Math.max(memory.startS, Math.min(at, endS()));
  $("pause").setAttribute("aria-pressed", "true");
  tell("pause", "Paused");
  $("live").disabled = false;
}

function goLive() {
  pausedAt = null;
  $("pause").setAttribute("aria-pressed", "false");
  tell("pause", "Pause");
  $("live").disabled = true;
}

function seek(t) {
  pause(t);
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

function mark() {
  memory.marks.push({ t: pausedAt ?? endS(), note: "", session: memory.session });
  memory.marks.sort((a, b) => a.t - b.t);
  showMarks();
}

function showMarks() {
  $("marked").hidden = !memory.marks.length;
  $("marks").replaceChildren(...memory.marks.map((each, n) => {
    const item = document.createElement("li");
    const go = plain("button", clock(each.t));
    go.setAttribute("aria-label", `go to mark ${n + 1}`);
    go.onclick = () => seek(Math.min(endS(), each.t + 2));
    const note = Object.assign(document.createElement("input"), { value: each.note, placeholder: "note" });
    note.setAttribute("aria-label", `note of mark ${n + 1}`);
    note.oninput = () => { each.note = note.value; };
    const away = plain("button", "remove");
    away.onclick = () => { memory.marks.splice(memory.marks.indexOf(each), 1); showMarks(); };
    item.append(go, " ", note, " ", away);
    return item;
  }));
}

function save(name, type, parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function exportMessages() {
  save(`deadpan-${memory.session}.jsonl`, "application/x-ndjson", memory.bodies.map((body) => `${body}\n`));
}

function exportMarks() {
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const rows = memory.marks.map((each) => [memory.session, each.t.toFixed(3), quoted(each.note)].join(","));
  save(`deadpan-${memory.session}-marks.csv`, "text/csv", [["session,seconds,note", ...rows].join("\n"), "\n"]);
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
$("mark").onclick = mark;
$("export").onclick = exportMessages;
$("export-marks").onclick = exportMarks;
$("theme").onclick = nextTheme;
$("scrub").oninput = (event) => (Number(event.target.value) >= endS() - 0.3 ? goLive() : pause(Number(event.target.value)));
DARK.onchange = paint;

document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.type !== "range") return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isOnButton = event.target instanceof HTMLButtonElement;
  const actions = {
    " ": isOnButton ? null : toggle, l: goLive, m: mark, e: exportMessages, t: nextTheme,
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

window.deadpan = { memory };   // for whoever is curious, at the browser's console
