// The figures behind the curve, as packing.py packs them, and the words for any second.

const SHARE_PARTS = 50000;
const NOTHING = 0xffff;
const NO_COVERAGE = 0xff;
const SMALL_ROOM = 20;

function unpacked(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Kind(bytes.buffer);
}

function sharesOf(text) {
  return Float32Array.from(unpacked(text, Uint16Array), (part) => (part === NOTHING ? NaN : part / SHARE_PARTS));
}

function curveOf(packed) {
  if (!packed) return packed;
  const [share, low, high] = [packed.share, packed.low, packed.high].map(sharesOf);
  return { share, low, high, bridges: unpacked(packed.bridges, Uint32Array) };
}

/** Seconds as people read them on a player, as audience/time.py writes them. */
function clockText(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const text = hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  return seconds <= -1 ? `-${text}` : text;
}

/** A share in percent, halves to even as Python rounds. */
function percent(share) {
  const value = Math.round(share * SHARE_PARTS) / (SHARE_PARTS / 100);
  const rounded = Math.round(value);
  return value % 1 === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

/** A share that is the end of a range (audience/disclosure.py) in words; else nothing. */
function rangeText(share, low, high) {
  if (!low && share && high === share) return gettext("under 1 in 5");
  return high === 1 && share < 1 && low === share ? gettext("over 4 in 5") : "";
}

class Figures {
  constructor(data) {
    Object.assign(this, data);
    this.faces = Float32Array.from(unpacked(data.faces, Uint16Array), (count) => (count === NOTHING ? NaN : count));
    this.coverage = unpacked(data.coverage, Uint8Array);
    this.smooth = curveOf(data.smooth);
    this.raw = curveOf(data.raw) || this.smooth;
    this.most_faces = this.faces.reduce((most, count) => (count > most ? count : most), 1);
    this.lines = data.lines.map((line) => ({ ...line, smooth: sharesOf(line.smooth), raw: sharesOf(line.raw) }));
    this.usual = data.usual && { ...data.usual, low: sharesOf(data.usual.low), high: sharesOf(data.usual.high) };
    const places = data.at ? unpacked(data.at, Uint32Array) : this.faces.keys();
    /** The middle of every window that was sent, seconds since the session began. */
    this.at = Float64Array.from(places, (place) => this.axis_from_s + (place + 0.5) * this.window_s);
    this.clock = new Intl.DateTimeFormat(LOCALE === "en" ? "en-GB" : LOCALE, { timeStyle: "medium", timeZone: data.zone });
  }

  /** The place of the first window whose middle is not before a second. */
  placeFrom(second) {
    let [low, high] = [0, this.at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at[middle] < second) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The place of the window that is nearest to a second. */
  placeAt(second) {
    const after = Math.min(this.placeFrom(second), this.at.length - 1);
    return after > 0 && second - this.at[after - 1] < this.at[after] - second ? after - 1 : after;
  }

  stretchAt(stretches, second) {
    return stretches.findIndex(([from, until]) => second >= from && second < until);
  }

  segmentTitle(second) {
    const index = this.stretchAt(this.segments, second);
    return index < 0 ? "" : this.segments[index][2];
  }

  /** A second as it is looked up: in what was shown, else in the session. */
  position(second) {
    const piece = this.shown[this.stretchAt(this.shown, Math.min(second, this.until_s - this.window_s / 2))];
    if (piece) return clockText(Math.max(0, second + piece[2]));
    return this.shown.length ? gettext("{time} of the session", { time: clockText(second) }) : clockText(second);
  }

  wallClock(second) {
    return this.clock.format(this.began_ms + second * 1000);
  }

  /** What is known at a second, in words. */
  said(second, curve) {
    const place = this.placeAt(second);
    const [faces, coverage, share] = [this.faces[place], this.coverage[place], curve ? curve.share[place] : NaN];
    const known = faces > 0 && coverage !== NO_COVERAGE;
    const seen = known ? gettext("{share} % of the faces expected", { share: coverage }) : "";
    const part = this.segmentTitle(second);
    if (Number.isNaN(share)) {
      const gap = this.gaps[this.stretchAt(this.gaps, second)];
      const why = gap ? gap[3] : curve ? gettext("no figure") : ngettext("{count} face in view", "{count} faces in view", faces);
      return { figure: why[0].toUpperCase() + why.slice(1), sentence: why, seen, part };
    }
    const range = rangeText(share, curve.low[place], curve.high[place]);
    if (range) {
      const told = this.#counted(range, faces);
      return { figure: told[0].toUpperCase() + told.slice(1), sentence: told, seen, part };
    }
    const figure = this.#counted(`${percent(share)} %`, faces);
    const ends = { figure, low: percent(curve.low[place]), high: percent(curve.high[place]) };
    const sentence = gettext("{figure}, between {low} and {high}", ends);
    return { figure: gettext("{figure} ({low} to {high} %)", ends), sentence, seen, part };
  }

  #counted(share, faces) {
    const values = { share, doing: this.words.doing };
    return ngettext("{share} of {count} face {doing}", "{share} of {count} faces {doing}", faces, values);
  }

  /** What the other lines the curve say at a second; `level` is "smooth" or "raw". */
  beside(second, level) {
    const place = this.placeAt(second);
    const known = this.lines.filter((line) => !Number.isNaN(line[level][place]));
    const few = this.faces[place] <= SMALL_ROOM;
    const said = known.map((line) => {
      const share = percent(line[level][place]);
      const range = few && line.kind === "expression" && { 20: "≤ ", 80: "≥ " }[share];
      return `${line.name}: ${range || ""}${share} %`;
    });
    const { usual } = this;
    if (usual && !Number.isNaN(usual.low[place])) {
      const ends = { name: usual.name, low: percent(usual.low[place]), high: percent(usual.high[place]) };
      said.push(gettext("{name}: {low} to {high} %", ends));
    }
    return said;
  }

  /** What is known at a second as one sentence, for those who hear it. */
  sentence(second, curve) {
    const told = this.said(second, curve);
    const values = { time: this.position(second), what: told.sentence, segment: told.part };
    return told.part ? gettext("{time}, {what}, in “{segment}”", values) : `${values.time}, ${values.what}`;
  }
}
