/** Adapter: plain requests to the server, with the session's token and a few patient repeats. */

import { t } from "./language.js";

const CSRF = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const WORTH_REPEATING = new Set([408, 425, 429, 500, 502, 503, 504]);

export class RequestFailed extends Error {
  constructor(status, message, code = "") {
    super(message);
    this.status = status; // 0: the server was not reached
    this.code = code;
  }
}

const AUTO_OPEN = "mimamori.auto-open";

/** Whether a call opens by itself when it begins: this browser's own choice, made on the list. */
export function opensByItself() {
  return localStorage.getItem(AUTO_OPEN) !== "off";
}

export function setOpensByItself(wanted) {
  localStorage.setItem(AUTO_OPEN, wanted ? "on" : "off");
}

export function callPath(callId, rest = "") {
  return `/v1/calls/${encodeURIComponent(callId)}${rest}`;
}

export async function read(path, { timeoutMs = 10_000 } = {}) {
  const response = await request("GET", path, undefined, timeoutMs);
  return { body: await bodyOf(response), serverNow: Date.parse(response.headers.get("Date") ?? "") || Date.now() };
}

/** Send something that may safely arrive twice; repeats what a moment later may work. Returns the answer's body, if any. */
export async function send(method, path, body, { attempts = 3, timeoutMs = 5_000, onRepeat = () => {} } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await request(method, path, body, timeoutMs);
      return response.status === 204 ? null : await bodyOf(response);
    } catch (error) {
      const final = error.status !== 0 && !WORTH_REPEATING.has(error.status);
      if (final || attempt >= attempts) throw error;
      onRepeat(attempt);
      await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** attempt));
    }
  }
}

/** Send something once while the page goes away; nobody is left to be told what became of it. */
export function sendWhileLeaving(method, path, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": CSRF };
  fetch(path, { method, headers, body: JSON.stringify(body), credentials: "same-origin", keepalive: true }).catch(() => {});
}

async function request(method, path, body, timeoutMs) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = CSRF;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch {
    throw unreachable();
  }
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/** The line may be lost in the middle of an answer, and what stands before the server may answer in its place. */
async function bodyOf(response) {
  try {
    return await response.json();
  } catch {
    throw unreachable();
  }
}

function unreachable() {
  return new RequestFailed(0, t("サーバーに届きませんでした"), "unreachable");
}

async function refusalOf(response) {
  try {
    const { code = "", message = "" } = await response.json();
    return new RequestFailed(response.status, message, code);
  } catch {
    return new RequestFailed(response.status, "");
  }
}
