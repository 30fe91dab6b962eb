/** Glue: a live call's sound in the browser. The socket's frames go to the worklet; nothing is kept. */

import { callPath, send } from "./api.js";
import { reachable } from "./events.js";
import { t } from "./language.js";

const HEAD_BYTES = 5;
const ALIVE_MS = 10_000;
const LAST_WORDS_MS = 500; // what is stored when the call ends is still heard
const SILENCE_MS = 3_000; // a telephone sends sound all the time, though nobody speaks
const WORKLET = new URL("./listen-worklet.js", import.meta.url);

/** Words for the close codes of the sound socket; what is not here may be tried again. */
const FINAL = new Map([
  [4401, () => t("サインインが切れました。サインインし直してください。")],
  [4403, () => t("この通話の音声を聞く権限がありません。")],
  [4404, () => t("この通話は見つからないか、聞く権限がありません。")],
  [4409, () => t("この通話は終了しています。")],
  [4410, () => t("通話から抜けました。")],
]);
const NOT_HERE = 4503; // the telephone's own line to the server is away
const PIECE_MS = 70; // what the server gathers before it sends
const AGAIN_MS = [500, 1_000, 2_000, 5_000];

/**
 * Hear one call. Make it and `start()` it in the click itself, or the browser keeps it silent.
 *
 * onState(state, message): "connecting", "listening", "silent" (nothing arrives, or nothing may sound), "ended", "lost"
 * (comes back by itself), "refused".
 * onCounts({received, played, underruns, skipped, peak, waitingMs, behindMs, atMs, muted, droppedMs, tracks}): four
 * times a second; behindMs is about how long ago what sounds now reached the server.
 */
export class SoundOfCall {
  constructor(callId, { onState = () => {}, onCounts = () => {} } = {}) {
    Object.assign(this, { callId, onState, onCounts });
    this.tracks = [];
    this.muted = new Set(); // by the track's name: it stays over a reconnection
    this.volume = 1;
    this.context = null;
    this.loudness = null;
    this.node = null;
    this.socket = null;
    this.droppedMs = 0;
    this.attempts = 0;
    this.over = false;
    this.aliveAt = 0;
    this.received = 0; // samples, of all tracks
    this.heardAt = 0;
    this.silent = false;
    this.halted = false; // by the browser, which wants another press
  }

  async start() {
    if (!window.isSecureContext) {
      this.stop("refused", t("暗号化されていない接続(http)では、音声を再生できません。httpsのアドレスで開いてください。"));
      return;
    }
    this.onState("connecting", "");
    try {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.context.onstatechange = () => this.noticeHalt();
      const resumed = this.context.resume(); // belongs to the click
      this.loudness = this.context.createGain();
      this.loudness.gain.value = this.volume;
      this.loudness.connect(this.context.destination);
      await this.context.audioWorklet.addModule(WORKLET);
      await resumed;
    } catch {
      this.stop("refused", t("このブラウザーでは音声を再生できません。"));
      return;
    }
    if (!this.over) this.connect();
  }

  /** To be called at each click and key on the page. */
  wake() {
    if (this.halted) this.context.resume();
  }

  /** A tablet takes the sound away for another page or its own telephone, and gives it back for a press. */
  noticeHalt() {
    const runs = this.context.state === "running";
    if (this.over || runs !== this.halted || this.node === null) return;
    this.halted = !runs;
    this.heardAt = performance.now();
    if (runs) this.onState("listening", "");
    else this.onState("silent", t("ブラウザーが音を止めています。画面を一度押してください。"));
  }

  /** Silence one track, "caller" or "operator", or let it be heard again. */
  mute(track, muted) {
    if (muted) this.muted.add(track);
    else this.muted.delete(track);
    const index = this.tracks.indexOf(track);
    if (index >= 0) this.node?.port.postMessage({ type: "mute", track: index, muted });
  }

  /** 1 is as it came; 0 is nothing. */
  setVolume(volume) {
    this.volume = volume;
    if (this.loudness) this.loudness.gain.value = volume;
  }

  /** How long the browser itself takes from a sample to the ear. */
  get outputMs() {
    return 1_000 * (this.context.outputLatency || this.context.baseLatency || 0);
  }

  stop(state = "ended", message = "") {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.again);
    this.socket?.close(1000);
    this.retire();
    this.context?.close();
    this.onState(state, message);
  }

  connect() {
    const address = new URL(callPath(this.callId, "/sound"), location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.hear(JSON.parse(data));
      else this.play(data);
    });
    socket.addEventListener("close", ({ code }) => this.closed(socket, code));
    this.socket = socket;
  }

  hear(message) {
    if (message.type === "sound") this.begin(message.tracks);
    else if (message.type === "dropped") this.droppedMs = message.dropped_ms;
    else if (message.type === "ended") this.node?.port.postMessage({ type: "ended" });
  }

  begin(tracks) {
    this.retire();
    this.tracks = tracks;
    this.attempts = 0;
    this.received = 0;
    this.heardAt = performance.now();
    this.silent = false;
    this.node = new AudioWorkletNode(this.context, "call-player", {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { tracks: tracks.length },
    });
    this.node.port.onmessage = ({ data }) => {
      const behindMs = Math.round(data.waitingMs + this.outputMs + PIECE_MS);
      this.onCounts({ ...data, behindMs, droppedMs: this.droppedMs, tracks: this.tracks });
      this.stayAlive(); // timers of a hidden page are slowed down, the sound is not
      this.noticeSilence(data.received.reduce((sum, samples) => sum + samples, 0));
    };
    for (const track of this.muted) this.mute(track, true);
    this.node.connect(this.loudness);
    this.onState("listening", "");
  }

  /** A player without a place would go on playing nothing, and tell of it. */
  retire() {
    if (!this.node) return;
    this.node.port.onmessage = null;
    this.node.port.postMessage({ type: "ended" });
    this.node.disconnect();
    this.node = null;
  }

  /** A pulled cable closes nothing: where no sound comes, ask whether the server is still there. */
  async noticeSilence(received) {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const now = performance.now();
    if (received !== this.received) {
      this.received = received;
      this.heardAt = now;
      if (this.silent) this.onState("listening", "");
      this.silent = false;
    } else if (now - this.heardAt > SILENCE_MS) {
      this.heardAt = now; // ask again after as long
      if (!this.silent) this.onState("silent", noSound());
      this.silent = true;
      if ((await reachable()) || this.over || socket !== this.socket || !this.silent) return;
      this.socket = null;
      socket.close();
      this.comeBack();
    }
  }

  play(frame) {
    const head = new DataView(frame, 0, HEAD_BYTES);
    const mulaw = new Uint8Array(frame.slice(HEAD_BYTES));
    this.node?.port.postMessage({ type: "sound", track: head.getUint8(0), positionMs: head.getUint32(1), mulaw }, [
      mulaw.buffer,
    ]);
  }

  stayAlive() {
    if (performance.now() - this.aliveAt < ALIVE_MS || this.socket?.readyState !== WebSocket.OPEN) return;
    this.aliveAt = performance.now();
    this.socket.send("alive");
  }

  closed(socket, code) {
    if (this.over || socket !== this.socket) return;
    if (code === 1000) this.again = setTimeout(() => this.stop("ended", t("通話が終わりました。")), LAST_WORDS_MS);
    else if (FINAL.has(code)) this.stop("refused", FINAL.get(code)());
    else this.comeBack(code === NOT_HERE ? noSound() : undefined);
  }

  comeBack(message = t("音声が途切れました。つなぎ直しています。")) {
    const wait = AGAIN_MS[Math.min(this.attempts, AGAIN_MS.length - 1)];
    this.attempts += 1;
    this.silent = false;
    this.onState("lost", message);
    this.again = setTimeout(() => this.connect(), wait);
  }
}

function noSound() {
  return t("音が届いていません。届きしだい聞こえます。");
}

/** 「加わる」 and 「抜ける」: being at a call without hearing it. The server forgets who is silent for 30 s. */
export class AtCall {
  constructor(callId, { onRefused = () => {} } = {}) {
    Object.assign(this, { callId, onRefused, timer: 0, saidAt: 0 });
  }

  async join() {
    clearInterval(this.timer);
    await send("POST", callPath(this.callId, "/joined"));
    this.goOn();
  }

  /** Somebody of this name is there already, perhaps this very page before it was loaded again. */
  async resume() {
    this.goOn();
    await this.sayAgain();
  }

  /** Ends the sound on all of this person's screens, too. */
  async leave() {
    this.forget();
    await send("DELETE", callPath(this.callId, "/joined"));
  }

  forget() {
    clearInterval(this.timer);
    this.timer = 0;
  }

  /** Timers of a hidden page are slowed down: whatever still runs there says so as well. */
  stayAlive() {
    if (this.timer && performance.now() - this.saidAt > ALIVE_MS) this.sayAgain();
  }

  goOn() {
    clearInterval(this.timer);
    this.saidAt = performance.now();
    this.timer = setInterval(() => this.stayAlive(), ALIVE_MS / 4);
  }

  async sayAgain() {
    this.saidAt = performance.now();
    try {
      await send("POST", callPath(this.callId, "/joined"), { again: true }, { attempts: 1 });
    } catch (error) {
      if (![401, 403, 404, 409].includes(error.status) || !this.timer) return; // the next one may arrive
      this.forget();
      this.onRefused(error);
    }
  }
}
