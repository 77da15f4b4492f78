// A memory and a stretch of time in; the lanes over it, drawn, out: sarcasm, sentiment, evidence, pitch. uPlot draws lines.

import { after } from "./memory.js";

const AXIS_PX = 44;
const ON = 0.6;
const OFF = 0.4;
const MOVED = 0.05;          // what a revision must change for it to be shown
const SETTLING_MS = 4000;    // as long as it stays prominent
const NARROW_S = 2;          // so near to the left edge a time would touch what stands there
const ROW_PX = 38;
const WHOLE = 0.2;           // the contribution of which a bar is as long as it can be

export function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

function chart(element, { series, range, splits, values, draw, height, distr }) {
  const colour = (name) => () => colours()(name);
  const axis = { stroke: colour("soft"), grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const plot = new uPlot({
    width: 600, height, padding: [6, 0, 0, 0], legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, sync: { key: "time" }, y: false },
    scales: { x: { time: false }, y: { range: () => range, distr: distr ?? 1 } },
    axes: [
      { ...axis, size: 20, gap: 2, values: (plot, at) => at.map((t) => (t < plot.scales.x.min + NARROW_S ? "" : clock(t))), space: 70 },
      { ...axis, size: AXIS_PX, gap: 4, splits: () => splits, filter: (_, at) => at, values: (_, at) => at.map(values) },
    ],
    series: [{}, ...series.map(({ stroke, ...rest }) => ({ points: { show: false }, spanGaps: false, ...rest, stroke: colour(stroke) }))],
    hooks: { draw: [draw ?? (() => {})] },
  }, [[], ...series.map(() => [])], element);
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height })).observe(element);
  plot.setSize({ width: element.clientWidth, height });
  return plot;
}

export function clock(t) {
  const whole = Math.max(0, Math.round(t * 10) / 10);
  const rest = whole % 60;
  return `${Math.floor(whole / 60)}:${(Number.isInteger(rest) ? String(rest) : rest.toFixed(1)).padStart(Number.isInteger(rest) ? 2 : 4, "0")}`;
}

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
    this.#evidence(ticks, from, end);
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

  // A row for each modality: what stands behind it (solid, hatched, hollow), and bars for what it did to the answer.
  #evidence(ticks, from, to) {
    const canvas = this.evidence;
    const px = devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * px) || canvas.height !== Math.round(height * px)) {
      canvas.width = Math.round(width * px);
      canvas.height = Math.round(height * px);
    }
    const ctx = canvas.getContext("2d");
    const colour = colours();
    ctx.setTransform(px, 0, 0, px, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const x = (t) => AXIS_PX + ((t - from) / (to - from)) * (width - AXIS_PX);
    const names = Object.keys(ticks.at(-1)?.estimate.modalities ?? {});
    ctx.save();
    ctx.beginPath();
    ctx.rect(AXIS_PX, 0, width - AXIS_PX, height);
    ctx.clip();
    names.forEach((name, row) => {
      const middle = row * ROW_PX + ROW_PX / 2;
      let began = null;
      ticks.forEach((tick, n) => {
        const reading = tick.estimate.modalities[name];
        if (!reading) return;
        const [a, b] = [x(ticks[n - 1]?.t ?? tick.t - 0.2), x(tick.t)];
        const high = Math.max(-1, Math.min(1, reading.contribution / WHOLE)) * (ROW_PX / 2 - 2);
        if (Math.abs(high) >= 1) {
          ctx.globalAlpha = tick.final ? 1 : 0.5;
          ctx.fillStyle = colour("sarcasm");
          ctx.fillRect(a, middle - Math.max(0, high), Math.max(1, b - a - 0.6), Math.abs(high));
          ctx.globalAlpha = 1;
        }
        began ??= a;
        const next = ticks[n + 1]?.estimate.modalities[name]?.status;
        if (next === reading.status) return;
        ground(ctx, colour, reading.status, began, b, middle);
        began = null;
      });
    });
    ctx.restore();
    ctx.fillStyle = colour("soft");
    ctx.font = "11px system-ui";
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    names.forEach((name, row) => ctx.fillText(name, AXIS_PX - 6, row * ROW_PX + ROW_PX / 2));
  }
}

function ground(ctx, colour, status, a, b, middle) {
  ctx.strokeStyle = colour("soft");
  if (status === "ok") {
    ctx.fillStyle = colour("soft");
    ctx.fillRect(a, middle - 1, b - a, 2);
  } else if (status === "stale") {
    ctx.save();
    ctx.beginPath();
    ctx.rect(a, middle - 8, b - a, 16);
    ctx.clip();
    ctx.beginPath();
    for (let x = a - (a % 6) - 18; x < b; x += 6) {
      ctx.moveTo(x, middle + 8);
      ctx.lineTo(x + 16, middle - 8);
    }
    ctx.stroke();
    ctx.restore();
  } else if (status === "absent") {
    ctx.setLineDash([2, 5]);
    ctx.beginPath();
    ctx.moveTo(a, middle);
    ctx.lineTo(b, middle);
    ctx.stroke();
    ctx.setLineDash([]);
  }
}
