/** Glue: breaks proposed after a call that reached the third level. */

export class Breaks {
  /** Ask the server which proposals wait. */
  async read() {}

  /** Take one event of any call of the section. */
  hear(_event) {}
}
