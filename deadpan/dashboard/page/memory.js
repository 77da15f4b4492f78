// Messages in, what is known of any moment of the session out. It holds half an hour, and two minutes of what is drawn.

const KEEP_S = 1800;
const KEEP_SKETCHES_S = 120;
const MOST_BODIES = 40_000;
const S = 1e9;

export class Memory {
  constructor() {
    this.begin(null);
  }

  begin(session) {
    this.session = session;
    this.ticks = [];          // {t, first, final, estimate, settledMs}: by time, one a tick
    this.tones = [];          // {t, hz, db}: by time
    this.outlines = [];       // {t, face}
    this.utterances = [];     // {id, start, end, words, tentative, verdict}
    this.marks = [];          // {t, note}
    this.bodies = [];
    this.health = null;
    this.welcome = null;
    this.offsets = [];        // {ms, offset}: how far our clock is ahead of the session's
    this.received = 0;
  }

  take(body, text, nowMs) {
    if (body.session !== this.session) this.begin(body.session);
    this.received += 1;
    this.#set(body, nowMs);
    if (body.type !== "sketch") {
      this.bodies.push(text);
      if (this.bodies.length > MOST_BODIES) this.bodies.shift();
    }
    switch (body.type) {
      case "welcome": this.welcome = body; break;
      case "health": this.health = body; break;
      case "estimate": this.#estimate(body, nowMs); break;
      case "transcript": this.#transcript(body); break;
      case "utterance": this.#utterance(body); break;
      case "sketch": this.#sketch(body); break;
    }
  }

  // The session's time, in seconds, at a moment of our clock. The quickest of the last minute's messages tells.
  nowS(nowMs) {
    return this.offsets.length ? nowMs / 1000 - this.offset : 0;
  }

  get startS() {
    const first = [this.ticks[0]?.t, this.utterances[0]?.start].filter((each) => each !== undefined);
    return first.length ? Math.min(...first) : 0;
  }

  tickAt(t) {
    return lastUpTo(this.ticks, t);
  }

  outlineAt(t) {
    const found = lastUpTo(this.outlines, t);
    return found && t - found.t < 1 ? found : null;
  }

  toneAt(t) {
    const found = lastUpTo(this.tones, t);
    return found && t - found.t < 1 ? found : null;
  }

  latencyMs() {
    const late = this.ticks.slice(-300).map((tick) => tick.latencyMs).filter((each) => each !== undefined).sort((a, b) => a - b);
    return late.length ? { median: late[late.length >> 1], worst: late[Math.floor(late.length * 0.95)] } : null;
  }

  #set(body, nowMs) {
    const offset = nowMs / 1000 - body.published_ns / S;
    this.offsets = this.offsets.filter((each) => nowMs - each.ms < 60_000 && each.offset < offset);
    this.offsets.push({ ms: nowMs, offset });   // ascending, so the first is the least that is still of this minute
    this.offset = this.offsets[0].offset;
  }

  #estimate(body, nowMs) {
    const t = body.end_ns / S;
    let tick = this.ticks.at(-1)?.t < t ? undefined : this.ticks.findLast((each) => each.t === t);
    if (!tick) {
      tick = { t };
      const at = this.ticks.findLastIndex((each) => each.t < t) + 1;
      this.ticks.splice(at, 0, tick);
    }
    if (body.revision === 0) {
      tick.first = body;
      tick.latencyMs = body.latency_ms;
    }
    if (body.final) {
      tick.final = body;
      tick.settledMs = nowMs;
    }
    tick.estimate = tick.final ?? tick.first ?? body;
    while (this.ticks.length && t - this.ticks[0].t > KEEP_S) this.ticks.shift();
  }

  // A speech process that was restarted counts from 0 again: the same number later is another utterance.
  #spoken(id, start) {
    let spoken = this.utterances.findLast((each) => each.id === id && !(start > each.end));
    if (!spoken) {
      spoken = { id, start, revision: -1 };
      this.utterances.push(spoken);
      while (this.utterances.length > 1 && start - this.utterances[0].start > KEEP_S) this.utterances.shift();
    }
    return spoken;
  }

  #transcript(body) {
    const spoken = this.#spoken(body.utterance_id, body.start_ns / S);
    if (body.revision < spoken.revision || spoken.verdict) return;
    Object.assign(spoken, {
      revision: body.revision, start: body.start_ns / S, end: body.end_ns / S,
      words: body.committed, tentative: body.tentative, isFinal: body.final, version: this.received,
    });
    if (body.final && !body.committed.length) this.utterances = this.utterances.filter((each) => each !== spoken);
  }

  #utterance(body) {
    Object.assign(this.#spoken(body.utterance_id, body.start_ns / S), {
      start: body.start_ns / S, end: body.end_ns / S,
      words: body.words, tentative: [], isFinal: true, verdict: body, version: this.received,
    });
  }

  #sketch(body) {
    const start = body.start_ns / S;
    if (body.face) {
      this.outlines.push({ t: start, face: body.face });
      while (start - this.outlines[0].t > KEEP_SKETCHES_S) this.outlines.shift();
    }
    if (body.voice) {
      const step = (body.end_ns / S - start) / body.voice.tones.length;
      body.voice.tones.forEach((tone, n) => this.tones.push({ t: start + n * step, hz: tone.pitch_hz, db: tone.loudness_db }));
      while (start - this.tones[0].t > KEEP_SKETCHES_S) this.tones.shift();
    }
  }
}

// The place of the first that is later than t, in a row ordered by time.
export function after(row, t) {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row[middle].t > t) high = middle;
    else low = middle + 1;
  }
  return low;
}

function lastUpTo(row, t) {
  return row[after(row, t + 1e-6) - 1] ?? null;
}
