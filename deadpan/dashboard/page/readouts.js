// What is known of a moment in, numbers, cues, the face and the processes, written, out.

import { drawFace } from "./face.js";
import { cueName, signed } from "./words.js";

const REASONS = {
  not_listening: "not listening", source_silent: "source silent", nothing_said: "nothing said", no_answer: "no answer",
};
const AT_REST = ["running", "ready", "stopped", "off"];

export const $ = (id) => document.getElementById(id);
let workersShown = "";
let cuesShown = "";

export function tell(id, text) {
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}

export function showEstimate(estimate) {
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

export function showVoice(tone) {
  tell("pitch", tone?.hz ? `${Math.round(tone.hz)} Hz` : tone ? "unvoiced" : "–");
  tell("level", tone ? `${String(Math.round(tone.db)).replace("-", "−")} dB` : "–");
}

export function showFace(face, health, picture) {
  drawFace($("face"), face, picture);
  tell("face-kind", picture ? "outline and picture" : "outline, not the picture");
  const camera = health?.workers.camera;
  const encoder = health?.workers.face;
  const down = [["camera", camera], ["face", encoder]].find(([, worker]) => worker && !AT_REST.includes(worker.state));
  const unseen = face && !Object.keys(face.strokes).length ? "no face in the picture" : face ? "" : "nothing is drawn now";
  tell("face-note", down ? `${down[0]}: ${down[1].state}${down[1].reason ? `, ${down[1].reason}` : ""}` : unseen);
}

export function showHealth(health, late) {
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

export function forgetHealth() {
  workersShown = "";
  $("workers").replaceChildren();
  $("trouble").hidden = true;
  tell("latency", "");
}

export function plain(tag, text, className = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className });
}
