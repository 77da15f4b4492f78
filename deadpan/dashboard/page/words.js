// Utterances in, a list of what was said out: each word tinted by what it says and underlined by how sarcastic it is.

import { clock } from "./chart.js";

const PLAIN = 0.15;   // below this a word says nothing either way
const DOUBTS = [0.45, 0.6, 0.75];
const NEAR_PX = 40;   // to the end of the list

export class Words {
  constructor(list) {
    this.list = list;
    this.shown = new Map();   // by utterance: {item, version}
    this.follows = true;      // the newest, until somebody scrolls up
    list.onscroll = () => { this.follows = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX; };
  }

  draw(utterances, to, isLive) {
    const visible = utterances.filter((spoken) => spoken.start <= to && (spoken.words?.length || spoken.tentative?.length));
    const kept = new Set(visible);
    for (const [spoken, { item }] of this.shown) {
      if (!kept.has(spoken)) {
        item.remove();
        this.shown.delete(spoken);
      }
    }
    for (const spoken of visible) {
      const known = this.shown.get(spoken);
      if (known?.version === spoken.version) continue;
      const item = this.#item(spoken);
      if (known) known.item.replaceWith(item);
      else this.list.append(item);
      this.shown.set(spoken, { item, version: spoken.version });
    }
    for (const [spoken, { item }] of this.shown) item.classList.toggle("here", !isLive && spoken.start <= to && to <= spoken.end + 1);
    if (this.follows) this.list.scrollTop = this.list.scrollHeight;
  }

  #item(spoken) {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = clock(Math.round(spoken.start));
    const said = document.createElement("div");
    const text = document.createElement("span");
    text.className = "text";
    for (const word of spoken.words) text.append(this.#word(word, false), " ");
    for (const word of spoken.tentative) text.append(this.#word(word, true), " ");
    said.append(text);
    if (spoken.verdict) {
      const verdict = document.createElement("p");
      verdict.className = "verdict";
      verdict.textContent = summary(spoken.verdict);
      said.append(verdict);
    }
    item.append(time, said);
    return item;
  }

  #word(word, isTentative) {
    const part = document.createElement("span");
    part.className = "word";
    part.textContent = word.text;
    if (isTentative) {
      part.classList.add("tentative");
      part.title = "may still change";
      return part;
    }
    if (word.sentiment !== null && word.sentiment !== undefined && Math.abs(word.sentiment) >= PLAIN) {
      part.dataset.tone = word.sentiment > 0 ? "praise" : "blame";
      part.style.setProperty("--strength", (0.1 + 0.32 * Math.abs(word.sentiment)).toFixed(2));
    }
    const doubt = DOUBTS.filter((level) => (word.sarcasm ?? 0) >= level).length;
    if (doubt) part.dataset.doubt = String(doubt);
    part.title = `says ${signed(word.sentiment)}, sarcasm of the words ${percent(word.sarcasm)}`;
    return part;
  }
}

export function summary(verdict) {
  const { sarcasm, sentiment, cues } = verdict;
  const reasons = cues.slice(0, 3).map((cue) => `${cueName(cue)}\u00a0${signed(cue.effect)}`);
  const parts = [
    `sarcasm ${percent(sarcasm.probability)}`, `said ${signed(sentiment.literal)}`,
    `heard ${signed(sentiment.delivered)}`, `meant ${signed(sentiment.intended)}`,
  ];
  return parts.join(" · ") + (reasons.length ? ` — ${reasons.join(", ")}` : "");
}

export function cueName(cue) {
  const [kind, word] = cue.name.split(":", 2);
  return word === undefined ? kind.replaceAll("_", " ") : `“${word}”`;
}

export function percent(share) {
  return share === null || share === undefined ? "unknown" : `${Math.round(share * 100)} %`;
}

export function signed(number) {
  if (number === null || number === undefined) return "–";
  const size = Math.abs(number).toFixed(2);
  return (number < 0 && Number(size) ? "−" : "+") + size;
}
