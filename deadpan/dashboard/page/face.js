// The lines of a face in, a drawing of it out.

import { colours } from "./chart.js";

export function drawFace(canvas, face) {
  const px = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * px) || canvas.height !== Math.round(height * px)) {
    canvas.width = Math.round(width * px);
    canvas.height = Math.round(height * px);
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(px, 0, 0, px, 0, 0);
  ctx.clearRect(0, 0, width, height);
  const aspect = face?.aspect ?? 0.75;
  const scale = Math.min(width, height / aspect);
  const [left, top] = [(width - scale) / 2, (height - scale * aspect) / 2];
  const colour = colours();
  ctx.strokeStyle = colour("line");
  ctx.strokeRect(left + 0.5, top + 0.5, scale - 1, scale * aspect - 1);
  ctx.lineJoin = ctx.lineCap = "round";
  for (const [name, points] of Object.entries(face?.strokes ?? {})) {
    ctx.beginPath();
    points.forEach(({ x, y }, n) => ctx[n ? "lineTo" : "moveTo"](left + x * scale, top + y * scale));
    ctx.strokeStyle = colour(name === "face" ? "soft" : "ink");
    ctx.lineWidth = name === "face" || name.startsWith("nos") ? 1 : 1.6;
    ctx.stroke();
  }
}
