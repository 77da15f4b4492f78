// Ticks and a stretch of time in, a row for each modality drawn on a canvas out.

import { AXIS_PX, colours } from "./chart.js";

const ROW_PX = 38;
const WHOLE = 0.2;           // the contribution of which a bar is as long as it can be

// A row for each modality: what stands behind it (solid, hatched, hollow), and bars for what it did to the answer.
export function drawEvidence(canvas, ticks, from, to) {
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
