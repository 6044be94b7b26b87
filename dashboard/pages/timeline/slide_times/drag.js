// The beginnings of segments as handles along the curve: dragged, or moved by arrow keys and set by Enter.

const clock = (seconds) => {
  const whole = Math.round(seconds), hours = Math.floor(whole / 3600);
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

class Drag {
  chosen = -1;

  constructor(root) {
    this.root = root;
    for (const part of root.querySelectorAll("[data-is]")) this[part.dataset.is] = part;
  }

  update(data, send) {
    this.send = send;
    const drawn = JSON.stringify(data);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.data = data;
    this.starts = data.segments.map((one) => one.start_s);
    this.root.style.setProperty("--curve", data.colour);
    this.#curve();
    this.#handles();
    this.scale.replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map((part) => {
      const mark = document.createElement("span");
      mark.textContent = clock(part * data.length_s);
      return mark;
    }));
    this.#place();
    this.#say();
  }

  #curve() {
    const { curve, length_s } = this.data;
    const highest = Math.max(0.05, ...curve.map(([, share]) => share ?? 0));
    this.svg.setAttribute("viewBox", "0 0 1000 100");
    let path = "", open = false;
    for (const [at_s, share] of curve) {
      if (share === null) { open = false; continue; }
      path += `${open ? "L" : "M"}${((1000 * at_s) / length_s).toFixed(1)} ${(96 - (92 * share) / highest).toFixed(1)}`;
      open = true;
    }
    this.curve.setAttribute("d", path);
  }

  #handles() {
    const hadFocus = this.handles.contains(this.root.getRootNode().activeElement);
    this.bands.replaceChildren(...this.data.segments.map(() => document.createElement("div")));
    this.handles.replaceChildren(...this.data.segments.map((segment, index) => {
      const handle = document.createElement("button");
      handle.type = "button";
      handle.setAttribute("role", "slider");
      handle.setAttribute("aria-label", gettext("{title} begins", { title: segment.title }));
      handle.classList.toggle("guessed", segment.guessed);
      handle.onfocus = () => this.#choose(index);
      handle.onblur = () => this.#back(index);
      handle.onkeydown = (event) => this.#key(event, index);
      handle.onpointerdown = (event) => this.#grab(event, handle, index);
      return handle;
    }));
    if (hadFocus) this.handles.children[this.chosen]?.focus();
  }

  #limits(index) {
    const { segments, length_s } = this.data;
    return [index ? segments[index - 1].start_s + 0.1 : 0, Math.min(segments[index].end_s, length_s) - 0.1];
  }

  #move(index, at_s) {
    const [low, high] = this.#limits(index);
    this.starts[index] = Math.round(10 * Math.min(high, Math.max(low, at_s))) / 10;
    this.#place();
    this.#say();
  }

  #choose(index) {
    this.chosen = index;
    this.#place();
    this.#say();
  }

  /** What was moved and not set goes back. */
  #back(index) {
    this.starts[index] = this.data.segments[index].start_s;
    this.#place();
  }

  #set(index) {
    this.send({ index, start_s: this.starts[index] });
  }

  #key(event, index) {
    const step = event.shiftKey ? 10 : 1;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      this.#move(index, this.starts[index] + (event.key === "ArrowLeft" ? -step : step));
    } else if (event.key === "Enter") {
      this.#set(index);
    } else if (event.key === "Escape") {
      this.#back(index);
      this.#say();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #grab(event, handle, index) {
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const from = event.clientX, start_s = this.starts[index];
    let moved = false;
    handle.onpointermove = ({ clientX }) => {
      moved ||= Math.abs(clientX - from) > 2;
      if (moved) this.#move(index, start_s + ((clientX - from) / this.stage.clientWidth) * this.data.length_s);
    };
    handle.onpointerup = handle.onpointercancel = () => {
      handle.onpointermove = handle.onpointerup = handle.onpointercancel = null;
      if (moved) this.#set(index);
    };
    event.preventDefault();
  }

  #place() {
    const { segments, length_s } = this.data;
    const percent = (at_s) => `${(100 * Math.min(1, at_s / length_s)).toFixed(3)}%`;
    segments.forEach((segment, index) => {
      const handle = this.handles.children[index], band = this.bands.children[index];
      const touches = index + 1 < segments.length && Math.abs(segments[index + 1].start_s - segment.end_s) < 0.01;
      const end_s = touches ? this.starts[index + 1] : segment.end_s;
      handle.style.left = percent(this.starts[index]);
      handle.setAttribute("aria-valuenow", this.starts[index]);
      handle.setAttribute("aria-valuemin", this.#limits(index)[0]);
      handle.setAttribute("aria-valuemax", this.#limits(index)[1]);
      const time = clock(this.starts[index]);
      handle.setAttribute("aria-valuetext", segment.guessed ? gettext("{time}, draft", { time }) : time);
      handle.classList.toggle("chosen", index === this.chosen);
      band.style.left = percent(this.starts[index]);
      band.style.right = `calc(100% - ${percent(end_s)})`;
      band.classList.toggle("chosen", index === this.chosen);
    });
  }

  #say() {
    const segment = this.data.segments[this.chosen];
    const left = this.data.segments.filter((one) => one.guessed).length;
    if (segment) {
      const values = { title: segment.title, time: clock(this.starts[this.chosen]) };
      const set = this.starts[this.chosen] !== segment.start_s || segment.guessed;
      this.says.textContent = set
        ? gettext("{title} begins at {time} · Enter sets it", values)
        : gettext("{title} begins at {time}", values);
    } else if (left) {
      this.says.textContent = ngettext(
        "{left} of {count} time is a draft: drag it to where it began.",
        "{left} of {count} times are a draft: drag each to where it began.",
        this.data.segments.length,
        { left },
      );
    } else {
      this.says.textContent = gettext(
        "Drag a line to where a slide began, or move it with the arrow keys and press Enter.",
      );
    }
  }
}

const drags = new WeakMap();

export default function show({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".drag");
  if (!drags.has(root)) drags.set(root, new Drag(root));
  drags.get(root).update(data, (moved) => setTriggerValue("moved", moved));
}
