// The player: a recording, its curve, and one playhead for both. What is data is shown as text only.

const STEP_S = 5;
const FINE_STEP_S = 1;
// Going back within so many seconds of a part's beginning leads to the part before.
const BACK_GRACE_S = 2;
const ZOOM_STEP = 2;
// From so many pixels a window on, in a closer look, the curve is drawn raw.
const RAW_FROM_PX = 1.5;
const DRAG_FROM_PX = 8;
const SCALE_GAP_PX = 8;
const TOLD_EVERY_MS = 250;
const FIRST_PICTURE_S = 0.001;
const KEYS = {
  " ": "play", ArrowLeft: "earlier", ArrowRight: "later", Home: "first", End: "last", PageUp: "back", p: "back",
  PageDown: "on", n: "on", "+": "closer", "=": "closer", "-": "wider", 0: "whole", Escape: "noTip",
};

/** A piece of a line as the picture draws it, for the legend; of a range, which has no dashes, a pale bar. */
function stroke(colour, dash) {
  const [svg, line] = ["svg", "line"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
  const drawn = dash ? { "stroke-width": 2, "stroke-dasharray": dash.join(" ") } : { "stroke-width": 8, opacity: 0.3 };
  const look = { x2: 26, y1: 4, y2: 4, stroke: colour, ...drawn };
  for (const [name, value] of Object.entries(look)) line.setAttribute(name, value);
  svg.ariaHidden = "true";
  svg.append(line);
  return svg;
}

class Player {
  constructor(root) {
    this.root = root;
    for (const part of root.querySelectorAll("[data-is]")) this[part.dataset.is] = part;
    this.buttons = {};
    for (const button of root.querySelectorAll("[data-do]")) this.buttons[button.dataset.do] = button;
    this.picture = new Picture(this.canvas);
    this.zoom = new Zoom();
    this.pointers = new Map();
    this.goal = null;
    this.ending = new AbortController();
    this.#listen();
    new ResizeObserver(() => this.figures && this.redraw()).observe(this.plot);
    this.lists = new MutationObserver(() => this.#gather());
    this.lists.observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-markers"] });
  }

  /** Takes what the page gives, on its first run and on each that differs. */
  update(data, tell) {
    this.tell = tell;
    this.palette = data.palette;
    this.notes = data.markers;
    const stoodAtTheEnd = !this.figures || this.second >= this.figures.until_s - this.figures.window_s;
    const figures = (this.figures = new Figures(data));
    this.zoom.cover(figures);
    [this.slider.ariaValueMin, this.slider.ariaValueMax] = [Math.floor(figures.from_s), Math.floor(figures.until_s)];
    this.convert = data.convert;
    this.#setVideo(data.video, data.no_video);
    if (!data.video && data.convert) this.#offer();
    this.listed = null;
    this.#gather();
    this.buttons.note.hidden = !data.notes;
    const asked = data.start_s !== this.asked ? data.start_s : null;
    this.asked = data.start_s;
    const follows = data.live && stoodAtTheEnd ? figures.until_s : null;
    const stands = asked ?? follows ?? this.second ?? Math.max(0, figures.from_s);
    this.seek(stands, asked !== null || this.second === undefined);
    this.redraw();
  }

  close() {
    this.ending.abort();
    this.lists.disconnect();
    this.#setVideo(null, "");
  }

  // Where it stands.

  get playing() {
    return !this.video.paused && !this.video.ended;
  }

  /** Of the plot as it was drawn last: to ask the browser between two changes makes it lay the page out each time. */
  get width() {
    return this.picture.width ?? this.plot.clientWidth;
  }

  get curve() {
    const { figures, zoom } = this;
    const raw = !zoom.whole && (figures.window_s / zoom.span) * this.width >= RAW_FROM_PX;
    return raw ? figures.raw : figures.smooth;
  }

  xOf(second) {
    return this.zoom.part(second) * this.width;
  }

  secondAt(x) {
    return this.zoom.from + (x / this.width) * this.zoom.span;
  }

  /** Goes to a second of the session at once; the recording follows. */
  seek(second, moveVideo = true) {
    this.second = Math.min(Math.max(second, this.figures.from_s), this.figures.until_s);
    if (moveVideo && this.url) {
      this.goal = this.second - this.startsS;
      this.#chase();
    }
    this.#stand();
    this.#tellNow();
    this.#speak();
  }

  /** Sends the recording on once it has arrived: dragging asks for many seconds. */
  #chase = () => {
    if (!this.video.seeking) this.#go();
  };

  #go() {
    const { video, goal } = this;
    if (goal === null || video.readyState < 1) return;
    const inside = goal >= 0 && goal <= video.duration;
    this.beside.hidden = inside;
    if (!inside) video.pause();
    // At 0 some browsers show no picture before it plays; a little later they do.
    video.currentTime = Math.min(Math.max(goal, FIRST_PICTURE_S), video.duration);
    this.goal = null;
  }

  #tick = (now) => {
    if (!this.playing) return;
    if (this.goal === null && !this.video.seeking) {
      const wasInView = this.zoom.contains(this.second);
      this.second = Math.min(this.startsS + this.video.currentTime, this.figures.until_s);
      this.#stand(wasInView);
      if (now - this.toldAt > TOLD_EVERY_MS) this.#tellNow(now);
    }
    requestAnimationFrame(this.#tick);
  };

  #stand(follow = true) {
    if (follow && !this.zoom.contains(this.second)) {
      this.zoom.follow(this.second);
      this.redraw();
    }
    this.playhead.hidden = !this.zoom.contains(this.second);
    this.playhead.style.transform = `translateX(${this.xOf(this.second)}px)`;
  }

  #tellNow(now = 0) {
    const told = this.figures.said(this.second, this.curve);
    this.toldAt = now;
    this.when.textContent = this.figures.position(this.second);
    this.said.textContent = told.figure;
    this.seen.textContent = told.seen;
    this.part.textContent = told.part;
  }

  /** Not while it plays: nobody who listens is to be talked over. */
  #speak() {
    this.slider.ariaValueNow = Math.round(this.second);
    this.slider.ariaValueText = this.figures.sentence(this.second, this.curve);
  }

  // The recording.

  #setVideo(given, reason) {
    const url = given?.url ?? null;
    const { play, mute, full } = this.buttons;
    this.startsS = given?.starts_s ?? 0;
    this.why.textContent = reason;
    if (url === this.url) return;
    this.url = url;
    if (url) this.video.src = url;
    else this.video.removeAttribute("src");
    this.video.load();
    for (const one of [this.screen, play, mute, full]) one.hidden = !url;
  }

  play() {
    if (this.playing) return this.video.pause();
    if (!this.url) return;
    this.#go(); // a recording that is still on its way to its end would stop there
    this.video.play().catch(() => {}); // its own error says why
  }

  #played = () => {
    const { playing } = this;
    this.root.classList.toggle("playing", playing);
    this.buttons.play.ariaLabel = playing ? gettext("Pause") : gettext("Play");
    if (!playing) return this.#speak();
    this.beside.hidden = true;
    requestAnimationFrame(this.#tick);
  };

  mute() {
    const muted = (this.video.muted = !this.video.muted);
    this.root.classList.toggle("muted", muted);
    this.buttons.mute.ariaLabel = muted ? gettext("Sound on") : gettext("Sound off");
  }

  // Parts and markers.

  #stops() {
    const { segments, markers } = this.figures;
    if (segments.length) return segments.map(([from]) => from);
    return markers.map((marker) => marker.at_s).sort((one, other) => one - other);
  }

  on() {
    const next = this.#stops().find((at) => at > this.second + 0.5);
    if (next !== undefined) this.seek(next);
  }

  back() {
    const stops = this.#stops();
    const last = stops.findLast((at) => at < this.second - BACK_GRACE_S) ?? stops[0];
    if (last !== undefined) this.seek(last);
  }

  /** Markers come with the curve, and from lists that may come after it. */
  #gather() {
    const lists = [...document.querySelectorAll("[data-markers]")].map((list) => list.dataset.markers);
    const listed = lists.join();
    if (listed === this.listed) return;
    this.listed = listed;
    this.figures.markers = [...lists.flatMap((list) => JSON.parse(list)), ...this.notes];
    this.#setMarkers();
    this.buttons.back.hidden = this.buttons.on.hidden = !this.#stops().length;
    this.redraw();
  }

  #setMarkers() {
    let number = 0;
    this.markers.replaceChildren(...this.figures.markers.map(({ at_s: second, kind, name, title }) => {
      const button = document.createElement("button");
      button.className = kind;
      button.textContent = kind === "note" ? "i" : (number += 1);
      const told = [gettext("{what} at {time}", { what: name, time: this.figures.position(second) }), title];
      button.ariaLabel = [...(kind === "note" ? [] : [number]), ...told].join(": ");
      button.onclick = () => this.seek(second);
      button.onpointerenter = button.onfocus = () => this.#tip(second, told);
      button.onpointerleave = button.onblur = () => this.noTip();
      return button;
    }));
  }

  /** From left to right, none over another; a marker out of view is not shown. */
  #placeMarkers() {
    const placed = this.figures.markers.map(({ at_s: second }, index) => [second, this.markers.children[index]]);
    let free = 0;
    for (const [second, button] of placed.sort((one, other) => one[0] - other[0])) {
      button.hidden = !this.zoom.contains(second);
      if (button.hidden) continue;
      const left = Math.min(Math.max(this.xOf(second) - MARKER_PX / 2, free), this.width - MARKER_PX);
      button.style.left = `${left}px`;
      free = left + MARKER_PX + 2;
    }
    this.markers.style.top = `${this.picture.strip + 2}px`;
  }

  // Drawing.

  redraw() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      const { figures, zoom, palette, plot } = this;
      const [width, height, style] = [plot.clientWidth, plot.clientHeight, getComputedStyle(this.root)];
      const [font, paper] = [style.fontFamily, style.getPropertyValue("--st-background-color")];
      if (!width) return;
      this.picture.width = width;
      const { curve } = this;
      this.picture.draw({ figures, zoom, curve, palette, width, height, font, paper });
      plot.dataset.curve = curve === figures.smooth ? "smooth" : "raw";
      this.#legend();
      this.#scale();
      this.#parts();
      this.buttons.whole.hidden = this.reach.hidden = this.buttons.wider.disabled = zoom.whole;
      this.buttons.closer.disabled = zoom.span <= zoom.shortest;
      this.inview.style.left = `${(100 * (zoom.from - zoom.from_s)) / zoom.length}%`;
      this.inview.style.width = `${(100 * zoom.span) / zoom.length}%`;
      this.#placeMarkers();
      this.#stand(false);
      this.#tellNow();
    });
  }

  #legend() {
    const key = (name, colour, dash) => {
      const span = document.createElement("span");
      span.textContent = name;
      if (colour) span.prepend(stroke(colour, dash));
      return span;
    };
    const lines = this.picture.looks().map(({ line, colour, dash }) => key(line.name, colour, dash));
    const { usual, words } = this.figures;
    const curve = key(words[this.plot.dataset.curve], (lines.length || usual) && this.palette.curve, []);
    const range = usual ? [key(usual.name, this.palette.quiet)] : [];
    this.name.replaceChildren(...(this.curve ? [curve, ...lines, ...range] : []));
  }

  /** The labels of both axes, beside the plot. */
  #scale() {
    const { picture, figures, curve } = this;
    const label = (text, top, name = "") => {
      const span = document.createElement("span");
      [span.textContent, span.className, span.style.top] = [text, name, `${top}px`];
      return span;
    };
    const shares = curve ? picture.levels.map((share) => label(`${Math.round(100 * share)} %`, picture.yOf(share))) : [];
    const faces = label(String(figures.most_faces), picture.facesTop, "count");
    faces.append(document.createElement("br"), ngettext("face", "faces", figures.most_faces));
    this.scale.replaceChildren(...shares, faces);
    // In some languages "faces" is a long word.
    const wide = faces.offsetWidth + SCALE_GAP_PX;
    if (wide > this.scale.clientWidth) this.root.style.setProperty("--scale", `${wide}px`);
  }

  /** The names that have no room in the picture, by the numbers that stand there. */
  #parts() {
    const named = new Map(this.picture.short.map(([from, , title, number]) => [number, [from, title]]).reverse());
    const shown = JSON.stringify([...named]);
    if (shown === this.partsShown) return;
    this.partsShown = shown;
    this.parts.hidden = !named.size;
    this.parts.replaceChildren(...[...named].sort(([one], [other]) => one - other).map(([number, [from, title]]) => {
      const [item, button, strong] = ["li", "button", "strong"].map((name) => document.createElement(name));
      button.type = "button";
      button.dataset.seek = from;
      strong.textContent = number;
      button.append(strong, ` ${title}`);
      item.append(button);
      return item;
    }));
  }

  zoomBy(times, second = this.second) {
    this.zoom.closer(times, this.zoom.contains(second) ? second : this.zoom.from + this.zoom.span / 2);
    this.redraw();
  }

  show(from, span) {
    this.zoom.show(from, span);
    this.redraw();
  }

  // Pointing.

  #hover(x) {
    const second = this.secondAt(x);
    const { figures } = this;
    const told = figures.said(second, this.curve);
    const beside = figures.beside(second, this.plot.dataset.curve);
    const clock = gettext("{time} by the clock", { time: figures.wallClock(second) });
    this.#tip(second, [figures.position(second), told.figure, ...beside, told.seen, told.part, clock]);
    this.pointed.hidden = false;
    this.pointed.style.transform = `translateX(${x}px)`;
  }

  #tip(second, lines) {
    this.tip.textContent = lines.filter(Boolean).join("\n");
    this.tip.hidden = false;
    const [x, wide] = [this.xOf(second), this.tip.offsetWidth + 14];
    const left = x + wide > this.width ? x - wide : x + 14;
    this.tip.style.transform = `translateX(${Math.max(0, left)}px)`;
  }

  noTip() {
    this.tip.hidden = this.pointed.hidden = true;
  }

  #in({ clientX, clientY }) {
    const box = this.plot.getBoundingClientRect();
    return { x: Math.min(Math.max(clientX - box.left, 0), box.width), y: clientY - box.top };
  }

  #down = (event) => {
    if (event.button || event.target.closest("button")) return;
    const { x, y } = this.#in(event);
    this.plot.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, x);
    this.drag = this.pointers.size > 1 ? null : { x, onStrip: y < this.picture.strip, moving: false };
    // A finger may be about to scroll: it seeks where it lifts, or once it moves along the curve.
    if (this.drag && event.pointerType !== "touch" && !this.drag.onStrip) this.#scrub(x);
  };

  #move = (event) => {
    const { x } = this.#in(event);
    const before = [...this.pointers.values()];
    if (!this.pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch" && !event.target.closest("button")) this.#hover(x);
      return;
    }
    this.pointers.set(event.pointerId, x);
    if (before.length === 2) this.#pinch(before, [...this.pointers.values()]);
    else if (this.drag?.moving || (this.drag && Math.abs(x - this.drag.x) >= DRAG_FROM_PX)) this.#scrub(x);
  };

  #pinch(before, after) {
    const apart = ([one, other]) => Math.max(20, Math.abs(one - other));
    const middle = ([one, other]) => (one + other) / 2;
    const held = this.secondAt(middle(before));
    this.zoom.closer(apart(after) / apart(before), held);
    this.show(held - (middle(after) / this.width) * this.zoom.span, this.zoom.span);
  }

  #scrub(x) {
    this.drag.moving = true;
    this.seek(this.secondAt(x));
    this.#hover(x);
  }

  #up = (event) => {
    if (!this.pointers.delete(event.pointerId)) return;
    const { drag, figures } = this;
    this.drag = null;
    if (event.pointerType === "touch") this.noTip();
    if (!drag || drag.moving || event.type === "pointercancel") return;
    const second = this.secondAt(drag.x);
    const index = drag.onStrip ? figures.stretchAt(figures.segments, second) : -1;
    this.seek(index >= 0 ? figures.segments[index][0] : second);
  };

  #wheel = (event) => {
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const along = sideways && (event.deltaX || event.deltaY);
    // A pinch on a trackpad is a wheel with Ctrl.
    if (event.ctrlKey || event.metaKey) this.zoomBy(Math.exp(-event.deltaY / 200), this.secondAt(this.#in(event).x));
    else if (along && !this.zoom.whole) this.show(this.secondAt(along), this.zoom.span);
    else return;
    event.preventDefault();
  };

  #reached = (event) => {
    if (event.type === "pointerdown") this.reach.setPointerCapture(event.pointerId);
    if (!this.reach.hasPointerCapture(event.pointerId)) return;
    const { from_s, length, span } = this.zoom;
    const box = this.reach.getBoundingClientRect();
    this.show(from_s + ((event.clientX - box.left) / box.width) * length - span / 2, span);
  };

  // Keys and buttons: each does what it is named by.

  earlier(step) { this.seek(this.second - step); }
  later(step) { this.seek(this.second + step); }
  first() { this.seek(this.figures.from_s); }
  last() { this.seek(this.figures.until_s); }
  closer() { this.zoomBy(ZOOM_STEP); }
  wider() { this.zoomBy(1 / ZOOM_STEP); }
  whole() { this.show(this.zoom.from_s, this.zoom.length); }
  full() { this.video.requestFullscreen(); }

  #key = (event) => {
    const name = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const pressed = event.key === " " && event.target.closest("button");
    if (!name || pressed || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // the page has keys of its own
    this[name](event.shiftKey ? FINE_STEP_S : STEP_S);
  };

  async link() {
    const second = Math.floor(this.second);
    const address = new URL(window.location.href);
    address.searchParams.set("t", second);
    // Pages may copy on safe addresses only; elsewhere the viewer does.
    const copied = await navigator.clipboard?.writeText(address.href).then(() => true, () => false);
    const where = this.figures.position(second);
    this.status.textContent = copied
      ? gettext("The link to {time} is copied.", { time: where })
      : gettext("The link to {time} is {address}", { time: where, address: address.href });
  }

  note() { this.tell(Math.floor(this.second)); }

  /** Whatever names a second on the page leads there. */
  #asked = (event) => {
    const named = event.composedPath().find((part) => part.dataset?.seek);
    if (!named || event.ctrlKey || event.metaKey || event.shiftKey) return; // those open links elsewhere
    event.preventDefault();
    this.seek(Number(named.dataset.seek));
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.root.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  };

  #listen() {
    const { signal } = this.ending;
    const on = (target, names, doing) =>
      names.split(" ").forEach((name) => target.addEventListener(name, doing, { signal, passive: false }));
    for (const [name, button] of Object.entries(this.buttons)) on(button, "click", () => this[name]());
    on(this.root, "keydown", this.#key);
    on(document, "click", this.#asked);
    on(this.plot, "pointerdown", this.#down);
    on(this.plot, "pointermove", this.#move);
    on(this.plot, "pointerup pointercancel", this.#up);
    on(this.plot, "pointerleave", () => this.noTip());
    on(this.plot, "wheel", this.#wheel);
    on(this.reach, "pointerdown pointermove", this.#reached);
    on(this.video, "click", () => this.play());
    on(this.video, "loadedmetadata seeked", this.#chase);
    // Of a codec it does not know, a browser may play the sound of a file alone.
    on(this.video, "loadedmetadata", () => this.video.videoWidth || this.#fail(this.video.dataset.unplayable));
    on(this.video, "play pause ended", this.#played);
    on(this.video, "error", () => {
      const { lost, unplayable } = this.video.dataset;
      this.#fail(this.video.error.code === MediaError.MEDIA_ERR_NETWORK ? lost : unplayable);
    });
  }

  /** Goes on without the recording, and says what would help. */
  #fail(reason) {
    if (!this.url) return;
    this.#setVideo(null, reason);
    if (this.convert && reason === this.video.dataset.unplayable) this.#offer();
  }

  /** How to make a copy that every browser plays. */
  #offer() {
    const code = document.createElement("code");
    code.textContent = this.convert;
    this.why.append(" ", this.video.dataset.convert, " ", code);
  }
}

// The page runs anew, and with it this: the player in a place on the page stays the same.
const players = new WeakMap();

export default function show({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".player");
  if (!players.has(root)) players.set(root, new Player(root));
  const player = players.get(root);
  player.update(data, (second) => setTriggerValue("noted", second));
  return () => {
    player.close();
    players.delete(root);
  };
}
