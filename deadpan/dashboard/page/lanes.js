// A memory and a stretch of time in; the lanes over it, drawn, out: sarcasm, sentiment, evidence, pitch.

import { chart, colours } from "./chart.js";
import { drawEvidence } from "./evidence.js";
import { after } from "./memory.js";

const ON = 0.6;
const OFF = 0.4;
const MOVED = 0.05;          // what a revision must change for it to be shown
const SETTLING_MS = 4000;    // as long as it stays prominent

export class Lanes {
  constructor(memory, elements) {
    this.memory = memory;
    this.evidence = elements.modalities;
    this.sarcasm = chart(elements.sarcasm, {
      height: 128, range: [0, 1], splits: [0, OFF, ON, 1], values: (at) => String(at),
      series: [
        { stroke: "sarcasm", width: 1.8, dash: [2, 4] },
        { stroke: "sarcasm", width: 2.5, fill: () => colours()("sarcasm-soft") },
      ],
      draw: (plot) => { this.#states(plot); this.#settling(plot); this.#marks(plot); },
    });
    this.sentiment = chart(elements.sentiment, {
      height: 112, range: [-1, 1], splits: [-1, 0, 1], values: (at) => (at > 0 ? `+${at}` : String(at).replace("-", "−")),
      series: [
        { stroke: "said", width: 2, dash: [8, 5] },
        { stroke: "heard", width: 2.2, dash: [2, 4] },
        { stroke: "meant", width: 2.4 },
      ],
      draw: (plot) => this.#marks(plot),
    });
    this.voice = chart(elements.voice, {
      height: 96, range: [40, 500], splits: [100, 200, 400], values: (at) => `${at}`, distr: 3,
      series: [{ stroke: "ink", width: 2.6 }],
      draw: (plot) => { this.#loudness(plot); this.#marks(plot); },
    });
  }

  repaint() {
    for (const plot of [this.sarcasm, this.sentiment, this.voice]) plot.redraw(false, true);
  }

  // What is known from `from` to `to`, on an axis that is `spanS` long.
  draw(from, to, spanS, nowMs) {
    this.nowMs = nowMs;
    const end = from + spanS;
    const ticks = this.memory.ticks.slice(Math.max(0, after(this.memory.ticks, from) - 1), after(this.memory.ticks, to));
    const t = ticks.map((tick) => tick.t);
    const open = ticks.map((tick, n) => (tick.final && !(ticks[n + 1] && !ticks[n + 1].final) ? null : tick.estimate.sarcasm.probability));
    const settled = ticks.map((tick) => (tick.final ? tick.final.sarcasm.probability : null));
    const feeling = (name) => ticks.map((tick) => tick.estimate.sentiment[name]);
    this.ticks = ticks;
    this.#set(this.sarcasm, [t, open, settled], from, end);
    this.#set(this.sentiment, [t, feeling("literal"), feeling("delivered"), feeling("intended")], from, end);
    const tones = this.memory.tones.slice(Math.max(0, after(this.memory.tones, from) - 1), after(this.memory.tones, to));
    this.tones = tones;
    this.#set(this.voice, [tones.map((tone) => tone.t), tones.map((tone) => tone.hz)], from, end);
    drawEvidence(this.evidence, ticks, from, end);
  }

  #set(plot, rows, from, to) {
    plot.batch(() => {
      plot.setData(rows, false);
      plot.setScale("x", { min: from, max: to });
    });
  }

  // Where the state is on, a bar along the top: told by place as well as by colour.
  #states(plot) {
    const { ctx } = plot;
    const { left, top, width } = plot.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, 0, width, plot.ctx.canvas.height);
    ctx.clip();
    ctx.strokeStyle = colours()("soft");
    ctx.globalAlpha = 0.6;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3, 5]);
    for (const level of [ON, OFF]) {
      const y = Math.round(plot.valToPos(level, "y", true)) + 0.5;
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(left + width, y);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    ctx.fillStyle = colours()("sarcasm");
    const px = devicePixelRatio;
    this.ticks?.forEach((tick, n) => {
      if (tick.estimate.sarcasm.state !== "on") return;
      const begins = plot.valToPos(this.ticks[n - 1]?.t ?? tick.t - 0.2, "x", true);
      ctx.fillRect(begins, top - 5 * px, plot.valToPos(tick.t, "x", true) - begins + 0.5, 4 * px);
    });
    ctx.restore();
  }

  // From what was said first to what was settled: prominent at first, then a trace.
  #settling(plot) {
    const { ctx } = plot;
    const px = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colours()("sarcasm");
    for (const tick of this.ticks ?? []) {
      const first = tick.first?.sarcasm.probability;
      const settled = tick.final?.sarcasm.probability;
      if (first == null || settled == null || Math.abs(settled - first) < MOVED) continue;
      const age = (this.nowMs - tick.settledMs) / SETTLING_MS;
      ctx.globalAlpha = Math.max(0.18, 1 - age);
      ctx.lineWidth = px;
      const x = plot.valToPos(tick.t, "x", true);
      if (x < plot.bbox.left) continue;
      const y = plot.valToPos(first, "y", true);
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x, plot.valToPos(settled, "y", true));
      ctx.stroke();
      if (age > 1) continue;
      ctx.beginPath();
      ctx.arc(x, y, 1.6 * px, 0, 7);
      ctx.stroke();
    }
    ctx.restore();
  }

  #loudness(plot) {
    const { ctx } = plot;
    const { top, height, left } = plot.bbox;
    ctx.save();
    ctx.fillStyle = colours()("soft");
    ctx.globalAlpha = 0.45;
    for (const tone of this.tones ?? []) {
      const share = Math.min(1, Math.max(0, (tone.db + 60) / 50));
      const x = plot.valToPos(tone.t, "x", true);
      if (x < left || share === 0) continue;
      const high = share * height * 0.22;
      ctx.fillRect(x, top + height - high, Math.max(1, devicePixelRatio), high);
    }
    ctx.restore();
  }

  #marks(plot) {
    const { ctx } = plot;
    const { left, top, width, height } = plot.bbox;
    const px = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colours()("ink");
    ctx.font = `600 ${11 * px}px system-ui`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.lineWidth = px;
    this.memory.marks.forEach((mark, n) => {
      const x = Math.round(plot.valToPos(mark.t, "x", true)) + 0.5;
      if (x < left || x > left + width) return;
      ctx.setLineDash([5 * px, 3 * px]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      ctx.fillText(String(n + 1), x + 3 * px, top + 11 * px);
    });
    ctx.restore();
  }
}
