/** Adapter: the event socket. Comes back by itself and asks for what it has not seen. */

export const VOLATILE = new Set(["transcript.partial", "health"]);
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const STEADY_MS = 5_000;
const SILENCE_MS = 10_000;
const UNREACHABLE = 4000;

/** Any answer at all shows that the line is there. */
export async function reachable() {
  try {
    await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5_000) });
    return true;
  } catch {
    return false;
  }
}

/**
 * Hands every stored event to `onEvent` once, in order, however often the socket is lost.
 *
 * `onLink` hears {state: "connecting" | "open" | "waiting" | "refused", code, waitMs}.
 */
export class EventFeed {
  constructor({ after, callId = null, onEvent, onLink, random = Math.random,
    makeSocket = (url) => new WebSocket(url), probe = reachable }) {
    Object.assign(this, { after, callId, onEvent, onLink, random, makeSocket, probe });
    this.failures = 0;
    this.socket = null;
    this.timer = null;
    this.watch = null;
    this.openedAt = null;
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
    this.openedAt = null;
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.openedAt = performance.now();
      this.onLink({ state: "open" });
      this.listenForSilence();
    };
    socket.onmessage = (message) => {
      if (this.socket === socket) this.take(JSON.parse(message.data));
    };
    socket.onclose = (close) => {
      if (this.socket === socket) this.lost(close.code);
    };
  }

  take(event) {
    this.listenForSilence();
    if (!VOLATILE.has(event.type)) {
      if (event.seq <= this.after) return;
      this.after = event.seq;
    }
    this.onEvent(event);
  }

  /** A pulled cable closes nothing: after some silence ask whether the server is still there. */
  listenForSilence() {
    clearTimeout(this.watch);
    this.watch = setTimeout(async () => {
      const socket = this.socket;
      const there = await this.probe();
      if (socket === null || this.socket !== socket) return;
      if (there) this.listenForSilence();
      else {
        this.lost(UNREACHABLE);
        socket.close();
      }
    }, SILENCE_MS);
  }

  lost(code) {
    clearTimeout(this.watch);
    this.socket = null;
    if (this.openedAt !== null && performance.now() - this.openedAt > STEADY_MS) this.failures = 0;
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
