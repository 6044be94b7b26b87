// Which part of the session is in view: from `from` until `until`, of `from_s` until `until_s`.

const SHORTEST_WINDOWS = 20;

class Zoom {
  from = -Infinity;
  until = Infinity;
  from_s = -Infinity;
  until_s = Infinity;

  /** Sets what there is to look at; what is in view stays, as far as it is still there. */
  cover({ from_s, until_s, window_s }) {
    const { whole, from, span } = this;
    const length = until_s - from_s;
    Object.assign(this, { from_s, until_s, length, shortest: Math.min(SHORTEST_WINDOWS * window_s, length) });
    this.show(whole ? from_s : from, whole ? length : span);
  }

  get span() {
    return this.until - this.from;
  }

  get whole() {
    return this.from <= this.from_s && this.until >= this.until_s;
  }

  show(from, span) {
    const shown = Math.min(Math.max(span, this.shortest), this.length);
    this.from = Math.min(Math.max(from, this.from_s), this.until_s - shown);
    this.until = this.from + shown;
  }

  /** Brings what is in view `times` as close; `second` stays in place. */
  closer(times, second) {
    const span = Math.min(Math.max(this.span / times, this.shortest), this.length);
    this.show(second - this.part(second) * span, span);
  }

  /** Where a second lies in view: 0 is the left edge, 1 the right. */
  part(second) {
    return (second - this.from) / this.span;
  }

  contains(second) {
    return second >= this.from && second <= this.until;
  }

  /** Moves on so far that a second is in view, with most of the room after it. */
  follow(second) {
    if (!this.contains(second)) this.show(second - this.span / 10, this.span);
  }
}
