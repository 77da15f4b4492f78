"use strict";
// What was found in a recording, drawn: lanes over a shared axis of time, a cursor, and what is known at the cursor.
(() => {
  const found = JSON.parse(document.getElementById("found").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const peaks = bytes(found.peaks);
  const pitchHz = new Uint16Array(bytes(found.pitch_hz).buffer);
  const { end_s: ends, duration_s: whole, utterances } = found;
  const lanes = document.getElementById("lanes"), overview = document.getElementById("whole");
  const now = document.getElementById("now"), items = [...document.querySelectorAll("li.said")];
  const canvas = lanes.appendChild(document.createElement("canvas"));
  const pointer = lanes.appendChild(document.createElement("canvas")); // over the lanes, so that they stay as they are
  const GUTTER = 74, RIGHT = 68, SHORTEST_S = Math.min(2, whole), FIRST_LOOK_S = 120;
  const loudest = Math.max(1, ...peaksOf(peaks));
  let from = 0, to = Math.min(whole, FIRST_LOOK_S), cursor = utterances.length ? Math.max(0, utterances[0].end_s - 0.1) : 0, player = null;

  function* peaksOf(values) { for (let first = 0; first < values.length; first += 1000) yield Math.max(...values.slice(first, first + 1000)); }
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const signed = (value) => (value === null ? "–" : (value < 0 ? "−" : "+") + Math.abs(value / 100).toFixed(2));
  const share = (value) => (value === null ? "–" : (value / 100).toFixed(2));
  const clock = (s, digits = 0) => {
    const rest = (s % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
    const minutes = Math.floor(s / 60);
    return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
  };

  // Each lane: its name, its height, and how it is drawn between two heights.
  const plan = [
    ["Said", 26, drawUtterances],
    ["Sound", peaks.length ? 44 : 0, drawWave],
    ["Pitch", pitchHz.some((hz) => hz > 0) ? 56 : 0, drawPitch],
    ["Sarcasm", 92, drawSarcasm],
    ["Sentiment", 104, drawSentiment],
    ...Object.keys(found.modalities).map((name) => [name, 34, (g, top, height) => drawModality(g, name, top, height)]),
  ].filter(([, height]) => height);
  const GAP = 8, AXIS = 22;
  const voiced = pitchHz.filter((hz) => hz > 0).sort(); // numbers, in order of size
  const register = [voiced[Math.floor(voiced.length * 0.02)] * 0.8, voiced[Math.floor(voiced.length * 0.98)] * 1.25];
  const tall = plan.reduce((sum, [, height]) => sum + height + GAP, 0) + AXIS;

  const x = (s) => GUTTER + ((s - from) / (to - from)) * (canvas.clientWidth - GUTTER - RIGHT);
  const seconds = (px) => from + ((px - GUTTER) / (canvas.clientWidth - GUTTER - RIGHT)) * (to - from);
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const tickAt = (s) => clamp(Math.ceil(s * found.tick_hz - 1e-6) - 1, 0, ends.length - 1);

  function fitted(target, height) {
    const scale = window.devicePixelRatio || 1, width = target.clientWidth;
    target.width = width * scale; target.height = height * scale; target.style.height = `${height}px`;
    const g = target.getContext("2d");
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, width, height);
    g.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    return g;
  }

  function draw() {
    const g = fitted(canvas, tall), width = canvas.clientWidth, right = width - RIGHT;
    let top = 0;
    for (const [name, height, paint] of plan) {
      g.fillStyle = colour("soft"); g.textAlign = "left"; g.textBaseline = "middle";
      g.fillText(name[0].toUpperCase() + name.slice(1), 0, top + height / 2);
      g.save();
      g.beginPath(); g.rect(GUTTER, top - 1, right - GUTTER + RIGHT, height + 2); g.clip();
      paint(g, top, height);
      g.restore();
      top += height + GAP;
    }
    axis(g, top, right);
    point();
  }

  function point() {
    const g = fitted(pointer, tall);
    g.fillStyle = colour("ink"); g.fillRect(Math.round(x(cursor)), 0, 1, tall - AXIS);
    drawWhole();
    tell();
  }

  function axis(g, top, right) {
    const step = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((each) => (to - from) / each <= 12) || 7200;
    g.fillStyle = colour("soft"); g.textAlign = "center"; g.textBaseline = "top"; g.strokeStyle = colour("line");
    for (let s = Math.ceil(from / step) * step; s <= to + 1e-9; s += step) {
      g.beginPath(); g.moveTo(x(s), top - 2); g.lineTo(x(s), top + 3); g.stroke();
      g.fillText(clock(s, step < 1 ? 1 : 0), x(s), top + 6);
    }
    g.beginPath(); g.moveTo(GUTTER, top - 2); g.lineTo(right, top - 2); g.stroke();
  }

  function rule(g, y, dashed) {
    g.strokeStyle = colour("line"); g.lineWidth = 1; g.setLineDash(dashed ? [3, 3] : []);
    g.beginPath(); g.moveTo(GUTTER, y); g.lineTo(canvas.clientWidth - RIGHT, y); g.stroke(); g.setLineDash([]);
  }

  function mark(g, text, y, ink = "soft") {
    g.fillStyle = colour(ink); g.textAlign = "left"; g.textBaseline = "middle";
    g.fillText(text, canvas.clientWidth - RIGHT + 6, y);
  }

  function clipped(g, top, height, paint) {
    g.save(); g.beginPath(); g.rect(GUTTER, top - 1, canvas.clientWidth - GUTTER - RIGHT, height + 2); g.clip(); paint(); g.restore();
  }

  // The ticks in sight, thinned where there are more than pixels: of a run on one pixel the outermost values are kept.
  function line(g, values, y, ink, width, dash = []) {
    g.strokeStyle = colour(ink); g.lineWidth = width; g.setLineDash(dash); g.lineJoin = "round"; g.beginPath();
    const first = Math.max(0, tickAt(from) - 1), last = Math.min(ends.length - 1, tickAt(to) + 1);
    const stride = Math.max(1, Math.floor((last - first) / (2 * canvas.clientWidth)));
    let open = false;
    for (let tick = first; tick <= last; tick += stride) {
      let value = values[tick];
      for (let near = tick + 1; near < Math.min(tick + stride, last + 1); near += 1) {
        if (values[near] !== null && (value === null || Math.abs(values[near]) > Math.abs(value))) value = values[near];
      }
      if (value === null) { open = false; continue; }
      if (open) g.lineTo(x(ends[tick]), y(value)); else g.moveTo(x(ends[tick]), y(value));
      open = true;
    }
    g.stroke(); g.setLineDash([]);
  }

  function drawUtterances(g, top, height) {
    clipped(g, top, height, () => {
      for (const each of utterances) {
        const left = x(each.start_s), width = Math.max(2, x(each.end_s) - left - 1);
        g.fillStyle = colour("band"); g.strokeStyle = each.sarcasm >= 60 ? colour("sarcasm") : colour("line");
        g.lineWidth = each.sarcasm >= 60 ? 2 : 1;
        g.fillRect(left, top + 1, width, height - 2); g.strokeRect(left, top + 1, width, height - 2);
        if (width < 44) continue; // no room for a word
        g.save(); g.beginPath(); g.rect(left, top, width - 4, height); g.clip();
        g.fillStyle = colour("ink"); g.textAlign = "left"; g.textBaseline = "middle";
        g.fillText(fitting(g, each.text, width - 10), left + 5, top + height / 2);
        g.restore();
      }
    });
  }

  function fitting(g, text, width) {
    if (g.measureText(text).width <= width) return text;
    let end = text.length;
    while (end > 0 && g.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
    return `${text.slice(0, end).trimEnd()}…`;
  }

  function drawWave(g, top, height) {
    clipped(g, top, height, () => {
      const middle = top + height / 2, right = canvas.clientWidth - RIGHT;
      g.fillStyle = colour("wave");
      for (let px = GUTTER; px < right; px += 1) {
        const first = Math.floor(seconds(px) / found.step_s), last = Math.max(first + 1, Math.floor(seconds(px + 1) / found.step_s));
        let peak = 0;
        for (let step = first; step < last && step < peaks.length; step += 1) peak = Math.max(peak, peaks[step]);
        const half = Math.max(0.5, (peak / loudest) * (height / 2));
        g.fillRect(px, middle - half, 1, 2 * half);
      }
    });
  }

  function drawPitch(g, top, height) {
    const [low, high] = register;
    const y = (hz) => top + height * (1 - Math.log(hz / low) / Math.log(high / low));
    rule(g, top + height);
    clipped(g, top, height, () => {
      g.fillStyle = colour("ink");
      const first = Math.max(0, Math.floor(from / found.step_s)), last = Math.min(pitchHz.length, Math.ceil(to / found.step_s));
      const size = clamp(x(from + found.step_s) - x(from), 1.5, 4);
      const stride = Math.max(1, Math.floor((last - first) / (2 * canvas.clientWidth)));
      for (let step = first; step < last; step += stride) {
        if (pitchHz[step]) g.fillRect(x(step * found.step_s), y(pitchHz[step]) - size / 2, size, size);
      }
    });
    mark(g, `${Math.round(high)} Hz`, top + 6); mark(g, `${Math.round(low)} Hz`, top + height - 5);
  }

  function drawSarcasm(g, top, height) {
    const y = (value) => top + height * (1 - value / 100);
    rule(g, y(0)); rule(g, y(60), true);
    clipped(g, top, height, () => {
      g.fillStyle = colour("sarcastic");
      found.on.forEach(([start_s, end_s]) => g.fillRect(x(start_s), top, x(end_s) - x(start_s), height));
      line(g, found.sarcasm, y, "sarcasm", 2);
    });
    mark(g, "on: 0.6", y(60)); mark(g, "1", y(100) + 6); mark(g, "0", y(0) - 5);
  }

  function drawSentiment(g, top, height) {
    const y = (value) => top + height / 2 - (value / 100) * (height / 2);
    rule(g, y(0));
    clipped(g, top, height, () => {
      line(g, found.literal, y, "said", 1.75, [6, 3]);
      line(g, found.delivered, y, "heard", 1.75, [1.5, 3]);
      line(g, found.intended, y, "meant", 2);
    });
    mark(g, "– – said", top + height * 0.18, "said"); mark(g, "· · heard", top + height * 0.42, "heard");
    mark(g, "— meant", top + height * 0.66, "meant");
  }

  function drawModality(g, name, top, height) {
    const { contribution, status } = found.modalities[name], ink = { face: "face", voice: "heard", text: "said" }[name] || "soft";
    const middle = top + height / 2, most = Math.max(10, ...found.largest);
    rule(g, middle);
    clipped(g, top, height, () => {
      const first = tickAt(from), last = tickAt(to);
      const stride = Math.max(1, Math.floor((last - first) / canvas.clientWidth));
      for (let tick = first; tick <= last; tick += stride) {
        const left = x(ends[tick] - 1 / found.tick_hz), width = Math.max(1, stride * (x(ends[tick]) - left) + 0.3);
        const tall = (Math.abs(contribution[tick]) / most) * (height / 2);
        g.fillStyle = colour(ink);
        if (contribution[tick]) g.fillRect(left, contribution[tick] > 0 ? middle - tall : middle, width, tall);
        if (status[tick] !== "o") { g.fillStyle = colour("line"); g.fillRect(left, middle - 1.5, width, 3); }
      }
    });
    if (name === Object.keys(found.modalities)[0]) { mark(g, "▲ raises", top + 6); mark(g, "▼ lowers", top + height - 3); }
  }

  function drawWhole() {
    const g = fitted(overview, 34), width = overview.clientWidth - GUTTER - RIGHT, at = (s) => GUTTER + (s / whole) * width;
    g.fillStyle = colour("band"); g.fillRect(GUTTER, 4, width, 26);
    g.fillStyle = colour("wave");
    utterances.forEach((each) => {
      g.fillStyle = colour(each.sarcasm >= 60 ? "sarcasm" : "wave");
      g.fillRect(at(each.start_s), 12, Math.max(1, at(each.end_s) - at(each.start_s)), 10);
    });
    g.strokeStyle = colour("ink"); g.lineWidth = 1.5;
    g.strokeRect(at(from), 4, Math.max(3, at(to) - at(from)), 26);
    g.fillStyle = colour("ink"); g.fillRect(at(cursor), 4, 1.5, 26);
  }

  function tell() {
    const tick = tickAt(cursor), spoken = utterances.findIndex((each) => each.start_s <= cursor && cursor < each.end_s);
    const at = (values) => values[tick] ?? null; // a recording of no time has no estimate
    const parts = [["at", clock(cursor, 1)], ["sarcasm", share(at(found.sarcasm))], ["said", signed(at(found.literal))],
      ["heard", signed(at(found.delivered))], ["meant", signed(at(found.intended))]];
    const words = { o: "ok", s: "stale", a: "absent", "-": "off" };
    Object.entries(found.modalities).forEach(([name, each]) => parts.push([name, words[each.status[tick]] || "?"]));
    now.replaceChildren(...parts.map(([name, value]) => {
      const span = document.createElement("span"), strong = document.createElement("b");
      strong.textContent = value; span.append(`${name} `, strong);
      return span;
    }));
    const cues = found.cues[tick];
    if (cues) now.append(Object.assign(document.createElement("span"), { textContent: cues }));
    items.forEach((item, index) => item.classList.toggle("current", index === spoken));
    lanes.setAttribute("aria-valuemax", whole.toFixed(1)); lanes.setAttribute("aria-valuenow", cursor.toFixed(1));
    lanes.setAttribute("aria-valuetext", `${clock(cursor, 1)}, sarcasm ${share(at(found.sarcasm))}`);
  }

  function look(start, length) {
    const span = clamp(length, SHORTEST_S, whole);
    from = clamp(start, 0, whole - span); to = from + span;
    draw();
  }

  function move(s, follow = true) {
    cursor = clamp(s, 0, whole);
    if (player && follow) player.currentTime = cursor;
    if (cursor < from || cursor > to) look(cursor - (to - from) / 2, to - from); else point();
  }

  function beside(direction) {
    const starts = utterances.map((each) => each.start_s);
    const next = direction > 0 ? starts.find((s) => s > cursor + 0.01) : starts.filter((s) => s < cursor - 0.01).pop();
    move(next ?? (direction > 0 ? whole : 0));
  }

  lanes.addEventListener("keydown", (event) => {
    const keys = {
      ArrowRight: () => (event.shiftKey ? beside(1) : move(cursor + 0.2)),
      ArrowLeft: () => (event.shiftKey ? beside(-1) : move(cursor - 0.2)),
      Home: () => move(0), End: () => move(whole),
      "+": () => look(cursor - (to - from) / 4, (to - from) / 2), "=": () => look(cursor - (to - from) / 4, (to - from) / 2),
      "-": () => look(cursor - (to - from), (to - from) * 2),
      " ": () => player && (player.paused ? player.play() : player.pause()),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); keys[event.key]();
  });
  canvas.addEventListener("pointerdown", (event) => { lanes.focus(); canvas.setPointerCapture(event.pointerId); move(seconds(event.offsetX)); });
  canvas.addEventListener("pointermove", (event) => event.buttons && move(seconds(event.offsetX)));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey) return;
    event.preventDefault();
    const at = seconds(event.offsetX), length = clamp((to - from) * (event.deltaY > 0 ? 1.25 : 0.8), SHORTEST_S, whole);
    look(at - ((at - from) / (to - from)) * length, length);
  }, { passive: false });
  const drag = (event) => {
    const width = overview.clientWidth - GUTTER - RIGHT, s = ((event.offsetX - GUTTER) / width) * whole;
    look(s - (to - from) / 2, to - from);
  };
  overview.addEventListener("pointerdown", (event) => { overview.setPointerCapture(event.pointerId); drag(event); });
  overview.addEventListener("pointermove", (event) => event.buttons && drag(event));
  items.forEach((item, index) => item.querySelector("button").addEventListener("click", () => move(utterances[index].start_s)));

  const hints = document.getElementById("hints");
  hints.hidden = !document.querySelector(".hint");
  hints.addEventListener("click", () => {
    const shown = document.body.classList.toggle("unhinted");
    hints.setAttribute("aria-pressed", String(!shown));
  });
  document.getElementById("open").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (!file) return;
    player = document.createElement("video");
    player.controls = true; player.src = URL.createObjectURL(file);
    player.addEventListener("timeupdate", () => move(player.currentTime, false));
    document.getElementById("player").replaceChildren(player);
  });
  const linked = () => {
    const at = /^#t=([\d.]+)$/.exec(location.hash);
    if (at) move(Number(at[1]));
  };
  window.addEventListener("hashchange", linked);
  window.addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
  linked();
})();
