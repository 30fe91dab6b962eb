/** Glue: how long the call is kept, and to whom it is given, on the review page. */

export class ReviewRecords {
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
