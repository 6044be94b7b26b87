// Draws the curve on a canvas: segments, line and band, gaps, faces, axis of time.

// Names of segments: a line of them, or two where one has no room.
const STRIP_PX = 24;
const TALL_STRIP_PX = 38;
// A segment narrower than this shows its number alone.
const NAMED_FROM_PX = 58;
const NARROW_PX = 16;
const LANE_PX = 30;
const FACES_PX = 36;
const SHORTEST_GAP_PX = 4;
const AXIS_PX = 22;
const MARKER_PX = 24;
// How lines beside the curve are dashed: never told by colour alone.
const DASHES = { expression: [[], [9, 3], [3, 3]], baseline: [[6, 5]], earlier: [[2, 4]] };
const STEPS_S = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];

/**
 * A line no finer than the screen, as runs of x, y, x, y, ...: of all points in a column of pixels the first, the lowest,
 * the highest and the last, so that no peak is lost. Where points have no value a new run begins.
 */
function runsOf(at, values, first, after, xOf) {
  const ratio = window.devicePixelRatio || 1;
  const runs = [];
  let [run, column, left] = [null, null, 0];
  const close = () => {
    if (column?.length > 1) {
      for (const value of [Math.min(...column), Math.max(...column), column.at(-1)]) run.push(left, value);
    }
    column = null;
  };
  for (let place = first; place < after; place += 1) {
    const x = xOf(at[place]);
    if (Number.isNaN(values[place])) {
      close();
      run = null;
    } else if (column && Math.floor(x * ratio) === Math.floor(left * ratio)) {
      column.push(values[place]);
    } else {
      close();
      if (!run) runs.push((run = []));
      run.push(x, values[place]);
      [column, left] = [[values[place]], x];
    }
  }
  close();
  return runs;
}

class Picture {
  constructor(canvas) {
    this.canvas = canvas;
  }

  xOf(second) {
    return this.zoom.part(second) * this.width;
  }

  yOf(share) {
    return this.bottom - (share / this.most) * (this.bottom - this.top);
  }

  /** Draws what is in view on `width` x `height` CSS pixels of `paper`. */
  draw(view) {
    Object.assign(this, view, { most: 1 });
    const { canvas, curve, figures, palette, zoom } = this;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(this.width * ratio);
    canvas.height = Math.round(this.height * ratio);
    const pen = (this.pen = canvas.getContext("2d"));
    pen.scale(ratio, ratio);
    pen.font = `12px ${this.font}`;
    pen.textBaseline = "middle";
    this.#nameSegments();
    this.top = this.strip + (curve || figures.markers.length ? LANE_PX : 20);
    this.floor = this.height - AXIS_PX;
    this.facesTop = curve ? this.floor - FACES_PX : this.top;
    this.bottom = curve ? this.facesTop - 12 : this.floor;
    this.first = Math.max(0, figures.placeFrom(zoom.from) - 1);
    this.after = Math.min(figures.at.length, figures.placeFrom(zoom.until) + 1);
    this.#segments();
    this.#gaps();
    if (curve) {
      this.levels = figures.levels[curve === figures.smooth ? "smooth" : "raw"];
      this.most = this.levels.at(-1);
      this.#levels();
      this.#usual();
      this.#band(curve.low, curve.high, palette.band, palette.edge);
      this.#lines();
      this.#line();
    }
    this.#faces();
    this.#axis();
  }

  /** Finds room for the names: as long as the whole session is in view, so that nothing moves in a closer look. */
  #nameSegments() {
    const { figures, zoom, width, font } = this;
    const known = [figures, zoom.length, width, font, document.fonts.status];
    if (known.every((one, place) => one === this.named?.[place])) return;
    this.named = known;
    const room = ([from, until]) => ((until - from) / zoom.length) * this.width - 10;
    const cut = (named) => (one) => this.#wrapped(this.#nameOf(one, named), room(one)).cut;
    this.numbered = figures.segments.some(cut(false));
    this.short = this.numbered ? figures.segments.filter(cut(true)) : [];
    const tall = figures.segments.some((one) => this.#wrapped(this.#nameOf(one), room(one)).lines.length > 1);
    this.strip = figures.segments.length ? (tall ? TALL_STRIP_PX : STRIP_PX) : 0;
  }

  #nameOf([, , title, number], numbered = this.numbered) {
    return numbered ? `${number} ${title}` : title;
  }

  /** A text in at most two lines of a width, and whether it had to be cut. */
  #wrapped(text, width) {
    const { pen } = this;
    const fits = (part) => pen.measureText(part).width <= width;
    if (fits(text)) return { lines: [text], cut: false };
    if (width < NAMED_FROM_PX) return { lines: [], cut: true };
    const words = text.split(" ");
    let first = 1;
    while (first < words.length && fits(words.slice(0, first + 1).join(" "))) first += 1;
    const lines = [words.slice(0, first).join(" "), words.slice(first).join(" ")].filter(Boolean);
    if (lines.every(fits)) return { lines, cut: false };
    return { lines: lines.map((line) => this.#shortened(line, width)), cut: true };
  }

  #shortened(text, width) {
    const { pen } = this;
    if (pen.measureText(text).width <= width) return text;
    let letters = Math.floor((text.length * width) / pen.measureText(text).width);
    while (letters > 1 && pen.measureText(`${text.slice(0, letters).trimEnd()}…`).width > width) letters -= 1;
    return `${text.slice(0, letters).trimEnd()}…`;
  }

  /** Lines of text, one under another, their middle at `y`. */
  #written(lines, x, y) {
    lines.forEach((line, place) => this.pen.fillText(line, x, y + 14 * (place - (lines.length - 1) / 2)));
  }

  #segments() {
    const { pen, palette } = this;
    this.figures.segments.forEach((one, index) => {
      const [left, width] = this.#column(one[0], one[1], index % 2 ? "transparent" : palette.segment);
      if (width < 1) return;
      pen.fillStyle = palette.rule;
      pen.fillRect(left, 2, Math.max(0, width - 1), this.strip - 4);
      pen.fillStyle = palette.ink;
      const { lines } = this.#wrapped(this.#nameOf(one), width - 10);
      if (lines.length) return this.#written(lines, left + 5, this.strip / 2);
      const number = String(one[3]);
      pen.font = `${width < NARROW_PX ? 9 : 12}px ${this.font}`;
      const long = pen.measureText(number).width;
      if (long < width) pen.fillText(number, left + (width - 1 - long) / 2, this.strip / 2);
      pen.font = `12px ${this.font}`;
    });
  }

  /** Stretches without a figure. Those that a bridge spans are no event. */
  #gaps() {
    const { pen, palette } = this;
    for (const [from, until, kind, name] of this.figures.gaps) {
      if (kind !== "excluded" && until - from <= this.figures.bridge_s) continue;
      const [left, width] = this.#column(from, until, kind === "unseen" ? palette.unseen : this.#hatch(kind));
      if (width < SHORTEST_GAP_PX) continue;
      pen.fillStyle = palette.quiet;
      for (const edge of [left, left + width - 1]) pen.fillRect(edge, this.strip, 1, this.floor - this.strip);
      const { lines, cut } = this.#wrapped(name, width - 12);
      if (!cut) this.#written(lines, left + 6, this.top + 6 + 7 * lines.length);
    }
  }

  /** Fills a stretch of time; gives its left edge and width. */
  #column(from, until, look) {
    const [left, right] = [from, until].map((second) => Math.min(Math.max(this.xOf(second), 0), this.width));
    this.pen.fillStyle = look;
    this.pen.fillRect(left, this.strip, right - left, this.floor - this.strip);
    return [left, right - left];
  }

  #hatch(kind) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = kind === "withheld" ? this.palette.withheld : this.palette.unseen;
    pen.lineWidth = 2;
    const [from, until] = kind === "withheld" ? [8, 0] : [0, 8];
    for (const shift of [-8, 0, 8]) {
      pen.moveTo(shift, from);
      pen.lineTo(shift + 8, until);
    }
    pen.stroke();
    return this.pen.createPattern(tile, "repeat");
  }

  #levels() {
    const { pen } = this;
    pen.strokeStyle = this.palette.grid;
    pen.lineWidth = 1;
    pen.setLineDash([1, 3]);
    for (const share of this.levels) {
      const y = Math.round(this.yOf(share)) - 0.5;
      pen.beginPath();
      pen.moveTo(0, y);
      pen.lineTo(this.width, y);
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  /** The usual range, in grey behind the band of the curve. */
  #usual() {
    const { pen, figures, palette } = this;
    if (!figures.usual) return;
    pen.globalAlpha = 0.2;
    this.#band(figures.usual.low, figures.usual.high, palette.quiet);
    pen.globalAlpha = 1;
  }

  #band(low, high, look, edge = "") {
    const { pen } = this;
    const lows = this.#runs(low);
    pen.fillStyle = look;
    this.#runs(high).forEach((upper, number) => {
      const lower = lows[number];
      this.#trace(upper, (bound) => this.yOf(bound));
      for (let place = lower.length - 2; place >= 0; place -= 2) pen.lineTo(lower[place], this.yOf(lower[place + 1]));
      pen.fill();
      if (!edge) return;
      // The band's own colour is too pale to be seen by everybody.
      [pen.strokeStyle, pen.lineWidth] = [edge, 0.6];
      for (const bounds of [upper, lower]) {
        this.#trace(bounds, (bound) => this.yOf(bound));
        pen.stroke();
      }
    });
  }

  #line() {
    const { pen, curve, figures } = this;
    pen.strokeStyle = pen.fillStyle = this.palette.curve;
    pen.lineWidth = curve === figures.smooth ? 1.75 : 1.25;
    pen.lineJoin = "round";
    for (const run of this.#runs(curve.share)) {
      this.#trace(run, (share) => this.yOf(share));
      if (run.length === 2) pen.arc(run[0], this.yOf(run[1]), 1, 0, 7); // a line of one point has no length
      pen.stroke();
    }
    // Over gaps of a second or two: thin, as it is no figure.
    pen.lineWidth = 0.75;
    for (let place = 0; place < curve.bridges.length; place += 2) {
      pen.beginPath();
      for (const at of [curve.bridges[place], curve.bridges[place + 1]]) {
        pen.lineTo(this.xOf(figures.at[at]), this.yOf(curve.share[at]));
      }
      pen.stroke();
    }
  }

  #lines() {
    const { pen, figures, curve } = this;
    pen.lineWidth = 1.4;
    for (const { line, colour, dash } of this.looks()) {
      pen.strokeStyle = colour;
      pen.setLineDash(dash);
      for (const run of this.#runs(curve === figures.smooth ? line.smooth : line.raw)) {
        this.#trace(run, (share) => this.yOf(share));
        pen.stroke();
      }
    }
    pen.setLineDash([]);
  }

  /** Each line beside the curve with its colour and its dashes. */
  looks() {
    const { figures, palette } = this;
    const met = { expression: 0, baseline: 0, earlier: 0 };
    return figures.lines.map((line) => {
      const number = met[line.kind]++;
      const colour = { expression: palette.beside[number], baseline: palette.quiet, earlier: palette.ink }[line.kind];
      return { line, colour, dash: DASHES[line.kind][number] };
    });
  }

  #faces() {
    const { pen, figures, palette } = this;
    const yOf = (count) => this.floor - (count / figures.most_faces) * (this.floor - this.facesTop);
    const half = (figures.window_s / this.zoom.span) * this.width * 0.5;
    pen.fillStyle = palette.faces;
    pen.globalAlpha = 0.25;
    for (const run of this.#runs(figures.faces)) {
      // From the first window's beginning to the last one's end.
      const [left, right] = [run[0] - half, run.at(-2) + half];
      this.#trace([left, 0, left, run[1], ...run, right, run.at(-1), right, 0], yOf);
      pen.fill();
      [pen.globalAlpha, pen.strokeStyle, pen.lineWidth] = [1, palette.faces, 1];
      this.#trace([left, run[1], ...run, right, run.at(-1)], yOf);
      pen.stroke();
      pen.globalAlpha = 0.25;
    }
    pen.globalAlpha = 1;
  }

  #axis() {
    const { pen, palette, figures, zoom } = this;
    pen.fillStyle = palette.quiet;
    pen.fillRect(0, this.floor, this.width, 1);
    const room = clockText(zoom.until).length * 8 + 34;
    const step = STEPS_S.find((seconds) => (seconds / zoom.span) * this.width >= room) || STEPS_S.at(-1);
    // In seconds of what was shown, which stood still between two pieces of it; before the first and after the last
    // they count on.
    const pieces = figures.shown.length ? figures.shown : [[0, 0, 0]];
    let free = 0;
    pieces.forEach(([begins, ends, ahead], number) => {
      const from = number ? Math.max(begins, zoom.from) : zoom.from;
      const until = number < pieces.length - 1 ? Math.min(ends, zoom.until) : zoom.until;
      for (let tick = Math.ceil((from + ahead) / step) * step; tick <= until + ahead; tick += step) {
        const x = this.xOf(tick - ahead);
        pen.fillRect(Math.round(x), this.floor, 1, 4);
        const text = clockText(tick);
        const long = pen.measureText(text).width;
        const left = Math.min(Math.max(x - long / 2, 2), this.width - long - 2);
        if (left < free) continue;
        pen.fillText(text, left, this.floor + 13);
        free = left + long + 8;
      }
    });
  }

  #runs(values) {
    return runsOf(this.figures.at, values, this.first, this.after, (second) => this.xOf(second));
  }

  #trace(run, yOf) {
    this.pen.beginPath();
    for (let place = 0; place < run.length; place += 2) this.pen.lineTo(run[place], yOf(run[place + 1]));
  }
}
