// Which part of the session is in view.

const SHORTEST_WINDOWS = 20;

class Zoom {
  constructor(fromS, untilS) {
    Object.assign(this, { fromS, untilS, from: fromS, until: untilS });
  }

  /** Sets what there is to look at; what is in view stays, as far as it is still there. */
  cover(fromS, untilS, windowS) {
    const whole = this.whole;
    Object.assign(this, { fromS, untilS, shortest: Math.min(SHORTEST_WINDOWS * windowS, untilS - fromS) });
    if (whole) [this.from, this.until] = [fromS, untilS];
    else this.show(this.from, this.until - this.from);
  }

  get span() {
    return this.until - this.from;
  }

  get whole() {
    return this.from <= this.fromS && this.until >= this.untilS;
  }

  show(from, span) {
    const length = Math.min(Math.max(span, this.shortest), this.untilS - this.fromS);
    this.from = Math.min(Math.max(from, this.fromS), this.untilS - length);
    this.until = this.from + length;
  }

  /** Brings a stretch `times` as close; the second that is looked at stays where it is. */
  closer(times, second) {
    const span = Math.min(Math.max(this.span / times, this.shortest), this.untilS - this.fromS);
    const part = (second - this.from) / this.span;
    this.show(second - part * span, span);
  }

  /** Where a second lies in view, 0 at the left edge, 1 at the right. */
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
