/** Glue: covered words made readable, with a reason, on the review page. */

export class ReviewUnmask {
  /**
   * @param callId the call that is reviewed
   * @param api `{ read, send, callPath }` of api.js
   * @param sound where the reader is: `atMs`, `seek(ms)`, `listen((atMs) => …)`; whole again by `reload()`
   */
  constructor({ callId, api, sound }) {
    this.callId = callId;
    this.api = api;
    this.sound = sound;
  }
}
