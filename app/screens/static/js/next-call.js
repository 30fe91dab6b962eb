/** Glue: after the call. The operator's next one must not begin unseen behind the last one's record. */

import { read } from "./api.js";

const ASK_EVERY_MS = 2_000;

/** Call `onNext(callId)` once, when this operator has a call that began after `call`: one whose line was lost ends late, maybe in the midst of the next. */
export function watchForNext(call, onNext) {
  const ask = async () => {
    try {
      const { body } = await read("/v1/calls?state=live&limit=5");
      const next = body.calls.find((one) => one.call_id !== call.call_id && Date.parse(one.started_at) > Date.parse(call.started_at));
      if (next) return onNext(next.call_id);
    } catch {
      // Asked again in a moment.
    }
    return setTimeout(ask, ASK_EVERY_MS); // never two questions at once: the server may be slow
  };
  setTimeout(ask, ASK_EVERY_MS);
}
