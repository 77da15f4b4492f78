// The server's pictures of the camera in, those of the last two seconds out. They are asked for only while they are looked at.

const KEEP_S = 2;            // an outline comes later than its picture
const STALE_S = 1;
const REST_MS = 500;         // before the next question, when there was no picture

export class Pictures {
  // `stance` says what is to be done now: ask, hold what there is, or forget.
  constructor(stance) {
    this.pictures = [];       // {t, image}: by time
    this.isAllowed = document.documentElement.dataset.picture === "asked";   // the server says so
    this.isWanted = true;
    if (this.isAllowed) this.#follow(stance);
  }

  toggle() {
    this.isWanted = !this.isWanted;
    if (!this.isWanted) this.#forget();
  }

  // The picture of a moment; null where none is held that is of it.
  at(t) {
    const found = this.pictures.findLast((each) => each.t <= t + 1e-3);
    return found && t - found.t < STALE_S ? found.image : null;
  }

  async #follow(stance) {
    while (this.isAllowed) {
      const now = this.isWanted && !document.hidden ? stance() : "forget";
      const isGiven = now === "ask" && await this.#ask();
      if (now === "forget" || (now === "ask" && !isGiven)) this.#forget();
      if (!isGiven) await new Promise((done) => setTimeout(done, REST_MS));
    }
  }

  async #ask() {
    try {
      const answer = await fetch("/picture");
      this.isAllowed = ![403, 404].includes(answer.status);   // it may be another server by now
      if (answer.status !== 200) return false;
      const t = Number(answer.headers.get("Picture-Pts-Ns")) / 1e9;
      const image = await createImageBitmap(await answer.blob());
      if (this.pictures.at(-1)?.t >= t) this.#forget();        // of another session
      this.pictures.push({ t, image });
      this.#forget(t - KEEP_S);
      return this.isWanted;
    } catch {
      return false;            // the server has gone; it is asked again
    }
  }

  #forget(untilS = Infinity) {
    while (this.pictures.length && this.pictures[0].t < untilS) this.pictures.shift().image.close();
  }
}
