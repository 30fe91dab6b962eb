/** Adapter: the event socket. Comes back by itself and asks for what it has not seen. */

export const VOLATILE = new Set(["transcript.partial", "health"]);
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const SILENCE_MS = 20_000;

/**
 * Hands every stored event to `onEvent` once, in order, however often the socket is lost.
 *
 * `onLink` hears {state: "connecting" | "open" | "waiting" | "refused", code, waitMs}.
 */
export class EventFeed {
  constructor({ after, callId = null, onEvent, onLink, random = Math.random, makeSocket = (url) => new WebSocket(url) }) {
    Object.assign(this, { after, callId, onEvent, onLink, random, makeSocket });
    this.failures = 0;
    this.socket = null;
    this.timer = null;
    this.watch = null;
    this.stopped = false;
    this.wake = () => {
      if (!this.stopped && this.socket === null) this.connect();
    };
  }

  start() {
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.connect();
  }

  stop() {
    this.stopped = true;
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    this.socket?.close(1000);
  }

  address() {
    const url = new URL("/v1/events", window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("after", String(this.after));
    if (this.callId !== null) url.searchParams.set("call_id", this.callId);
    return url.href;
  }

  connect() {
    clearTimeout(this.timer);
    this.onLink({ state: this.failures === 0 ? "connecting" : "waiting", waitMs: 0 });
    const socket = this.makeSocket(this.address());
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.onLink({ state: "open" });
    };
    socket.onmessage = (message) => {
      if (this.socket === socket) this.take(JSON.parse(message.data));
    };
    socket.onclose = (close) => {
      if (this.socket === socket) this.lost(close.code);
    };
  }

  take(event) {
    this.failures = 0;
    if (VOLATILE.has(event.type)) {
      // A heartbeat was heard on this socket: from now on its absence means that the line is dead.
      if (event.type === "health") this.expectMore();
    } else {
      if (event.seq <= this.after) return;
      this.after = event.seq;
      if (this.watch !== null) this.expectMore();
    }
    this.onEvent(event);
  }

  expectMore() {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => {
      const socket = this.socket;
      this.lost(4000);
      socket?.close();
    }, SILENCE_MS);
  }

  lost(code) {
    clearTimeout(this.watch);
    this.watch = null;
    this.socket = null;
    if (this.stopped) return;
    if (code === 4401 || code === 4403 || code === 4404) {
      this.stopped = true;
      this.onLink({ state: "refused", code });
      return;
    }
    // 4408 says "too slow, come back": nothing is wrong with the server, so the first wait is enough.
    if (code !== 4408) this.failures += 1;
    const ceiling = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.max(0, this.failures - 1));
    const waitMs = Math.round(ceiling * (0.5 + this.random() / 2));
    this.onLink({ state: "waiting", code, waitMs });
    this.timer = setTimeout(() => this.connect(), waitMs);
  }
}
