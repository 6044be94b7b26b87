// The next slide by a tap, along a recording that plays or a clock.

const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds)), hours = Math.floor(whole / 3600);
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

class Tap {
  taps = [];
  began = null;

  constructor(root) {
    this.root = root;
    for (const part of root.querySelectorAll("[data-is]")) this[part.dataset.is] = part;
    this.next.onclick = () => this.#tap();
    this.undo.onclick = () => this.#undo();
    this.use.onclick = () => this.send(this.taps);
    this.start.onclick = () => this.#start();
    root.onkeydown = (event) => {
      if (event.key !== " " || event.target === this.video) return;
      event.preventDefault();
      if (!event.repeat) this.#tap();
    };
    // A key that is let go of would press the button that has the focus, too.
    root.onkeyup = (event) => event.key === " " && event.preventDefault();
    setInterval(() => root.isConnected && this.#tick(), 200);
  }

  update(data, send) {
    this.send = send;
    const titles = JSON.stringify([data.titles, data.url]);
    this.data = data;
    if (titles !== this.known) {
      this.known = titles;
      this.taps = [];
      this.began = null;
      this.video.hidden = !data.url;
      this.start.hidden = Boolean(data.url);
      if (data.url) this.video.src = data.url;
    }
    this.#show();
  }

  #now() {
    if (this.data.url) return this.video.currentTime;
    return this.began === null ? 0 : (performance.now() - this.began) / 1000;
  }

  #start() {
    this.began = performance.now();
    this.taps = [0];
    this.#show();
    this.next.focus();
  }

  #tap() {
    if (this.next.disabled) return;
    const now = Math.round(10 * this.#now()) / 10;
    // Who went back in the recording taps anew from there.
    while (this.taps.length && this.taps.at(-1) >= now) this.taps.pop();
    this.taps.push(now);
    this.#show();
  }

  #undo() {
    this.taps.pop();
    if (!this.data.url && !this.taps.length) this.began = null;
    this.#show();
  }

  #tick() {
    this.time.textContent = clock(this.#now());
  }

  #show() {
    const { titles, url } = this.data, count = this.taps.length;
    this.#tick();
    this.shown.textContent = count
      ? gettext("{number} of {all}: {title}", { number: count, all: titles.length, title: titles[count - 1] })
      : "";
    this.next.disabled = count >= titles.length || (!url && this.began === null);
    this.next.textContent = count < titles.length
      ? gettext("Next: {title}", { title: titles[count] })
      : gettext("All slides are set");
    this.start.disabled = this.began !== null;
    this.undo.disabled = !count;
    this.use.disabled = !count;
    if (url) this.says.textContent = gettext("Play the recording, and tap or press the space bar as each slide comes up.");
    else if (this.began === null) this.says.textContent = gettext("Start the clock with the first slide, then tap at each next one.");
    else this.says.textContent = gettext("Tap or press the space bar as the next slide comes up.");
  }
}

const taps = new WeakMap();

export default function show({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".tap");
  if (!taps.has(root)) taps.set(root, new Tap(root));
  taps.get(root).update(data, (tapped) => setTriggerValue("tapped", tapped));
}
