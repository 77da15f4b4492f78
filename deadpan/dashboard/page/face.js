// The lines of a face in, and the picture they were found in where it is shown; a drawing out.

import { colours } from "./chart.js";

export function drawFace(canvas, face, picture) {
  const px = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * px) || canvas.height !== Math.round(height * px)) {
    canvas.width = Math.round(width * px);
    canvas.height = Math.round(height * px);
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(px, 0, 0, px, 0, 0);
  ctx.clearRect(0, 0, width, height);
  const aspect = picture ? picture.height / picture.width : face?.aspect ?? 0.75;
  const scale = Math.min(width, height / aspect);
  const [left, top] = [(width - scale) / 2, (height - scale * aspect) / 2];
  const colour = colours();
  if (picture) ctx.drawImage(picture, left, top, scale, scale * aspect);
  ctx.strokeStyle = colour("line");
  ctx.lineWidth = 1;
  ctx.strokeRect(left + 0.5, top + 0.5, scale - 1, scale * aspect - 1);
  ctx.lineJoin = ctx.lineCap = "round";
  for (const [name, points] of Object.entries(face?.strokes ?? {})) {
    const isFine = name === "face" || name.startsWith("nos");
    ctx.beginPath();
    points.forEach(({ x, y }, n) => ctx[n ? "lineTo" : "moveTo"](left + x * scale, top + y * scale));
    if (picture) {             // light in a dark rim stands out from whatever is behind it
      ctx.strokeStyle = "#000a";
      ctx.lineWidth = isFine ? 2.6 : 3.4;
      ctx.stroke();
    }
    ctx.strokeStyle = picture ? "#fff" : colour(name === "face" ? "soft" : "ink");
    ctx.lineWidth = isFine ? 1 : 1.6;
    ctx.stroke();
  }
}
