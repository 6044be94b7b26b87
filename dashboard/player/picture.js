// Draws the curve on a canvas: segments, line and band, gaps, faces, axis of time.

const STRIP_PX = 24;
const LANE_PX = 30;
const FACES_PX = 40;
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
    this.strip = figures.segments.length ? STRIP_PX : 0;
    this.top = this.strip + (curve || figures.markers.length ? LANE_PX : 20);
    this.floor = this.height - AXIS_PX;
    this.facesTop = curve ? this.floor - FACES_PX : this.top;
    this.bottom = curve ? this.facesTop - 18 : this.floor;
    this.first = Math.max(0, figures.placeFrom(zoom.from) - 1);
    this.after = Math.min(figures.at.length, figures.placeFrom(zoom.until) + 1);
    this.#segments();
    this.#gaps();
    if (curve) {
      this.most = figures.highest() < 0.5 ? 0.5 : 1;
      this.#levels(false);
      this.#usual();
      this.#band(curve.low, curve.high, palette.band);
      this.#lines();
      this.#line();
      this.#levels(true);
    }
    this.#faces();
    this.#axis();
  }

  #segments() {
    const { pen, palette } = this;
    this.figures.segments.forEach(([from, until, title], index) => {
      const [left, width] = this.#column(from, until, index % 2 ? "transparent" : palette.segment);
      pen.fillStyle = palette.rule;
      pen.fillRect(left, 2, Math.max(0, width - 1), this.strip - 4);
      pen.fillStyle = palette.ink;
      this.#text(title, left + 6, this.strip / 2, width - 12);
    });
  }

  #gaps() {
    const { pen, palette } = this;
    for (const [from, until, kind, name] of this.figures.gaps) {
      const [left, width] = this.#column(from, until, kind === "unseen" ? palette.unseen : this.#hatch(kind));
      pen.fillStyle = palette.quiet;
      this.#text(name, left + 6, this.bottom - 10, width - 12);
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

  #levels(named) {
    const { pen, palette } = this;
    pen.fillStyle = named ? palette.quiet : palette.rule;
    for (let share = 0; share <= this.most; share += 0.25) {
      const y = Math.round(this.yOf(share)) - 0.5;
      if (named && share) this.#text(`${100 * share} %`, 4, y + 9, 60, true);
      if (!named) pen.fillRect(0, y, this.width, 1);
    }
  }

  /** The usual range, in grey behind the band of the curve. */
  #usual() {
    const { pen, figures, palette } = this;
    if (!figures.usual) return;
    pen.globalAlpha = 0.2;
    this.#band(figures.usual.low, figures.usual.high, palette.quiet);
    pen.globalAlpha = 1;
  }

  #band(low, high, look) {
    const { pen } = this;
    const lows = this.#runs(low);
    pen.fillStyle = look;
    this.#runs(high).forEach((upper, number) => {
      const lower = lows[number];
      this.#trace(upper, (bound) => this.yOf(bound));
      for (let place = lower.length - 2; place >= 0; place -= 2) pen.lineTo(lower[place], this.yOf(lower[place + 1]));
      pen.fill();
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
    const most = figures.faces.reduce((highest, count) => (count > highest ? count : highest), 1);
    const yOf = (count) => this.floor - (count / most) * (this.floor - this.facesTop);
    const half = (figures.window_s / this.zoom.span) * this.width * 0.5;
    pen.fillStyle = palette.faces;
    pen.globalAlpha = 0.25;
    for (const run of this.#runs(figures.faces)) {
      // From the first window's beginning to the last one's end.
      const [left, right] = [run[0] - half, run.at(-2) + half];
      this.#trace([left, 0, left, run[1], ...run, right, run.at(-1), right, 0], yOf);
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.fillStyle = palette.quiet;
    this.#text(`Faces in view, up to ${most}`, 4, this.facesTop - 8, this.width - 8);
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
        this.#text(text, left, this.floor + 13, room);
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

  /** Text, cut to a width; none where not even its beginning would fit. */
  #text(text, x, y, width, halo = false) {
    const { pen } = this;
    let shown = text;
    if (pen.measureText(shown).width > width) {
      const letters = Math.floor((text.length * width) / pen.measureText(text).width) - 1;
      if (letters < 3) return;
      shown = `${text.slice(0, letters).trimEnd()}…`;
    }
    if (halo) {
      [pen.strokeStyle, pen.lineWidth] = [this.paper, 3];
      pen.strokeText(shown, x, y);
    }
    pen.fillText(shown, x, y);
  }
}
