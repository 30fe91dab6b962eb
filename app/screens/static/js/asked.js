/** Adapter: how one thing of a call stands: asked for, while events of it go on coming that may be newer than an answer. */

import { read } from "./api.js";

const AGAIN_MS = 3_000;

export class Asked {
  /** @param take told the answer's body, and the events that were heard since it was asked for */
  constructor(path, take) {
    this.path = path;
    this.take = take;
    this.latest = null; // the question whose answer counts
    this.listening = new Set(); // what was heard since each question that is on its way
  }

  /** Note an event of the call. */
  hear(event) {
    for (const heard of this.listening) heard.push(event);
  }

  /** Ask, again after a while where the server is away; who asks anew takes the place of who asked before. */
  async read() {
    clearTimeout(this.again);
    const mine = (this.latest = {});
    let answer;
    try {
      answer = await this.during(() => read(this.path));
    } catch (error) {
      if (mine === this.latest && (error.status === 0 || error.status >= 500)) this.again = setTimeout(() => this.read(), AGAIN_MS);
      return;
    }
    if (mine === this.latest) this.take(answer.found.body, answer.heard);
  }

  /** Return what `ask` brings, and the events that were heard until it came. */
  async during(ask) {
    const heard = [];
    this.listening.add(heard);
    try {
      return { found: await ask(), heard };
    } finally {
      this.listening.delete(heard);
    }
  }
}
