// Sends recordings to the server in the parts it asks for. See routes.py for what is said.

const INCOMING = "/incoming";
// After a cut: so long until the next try, longer each time.
const TRY_AGAIN_MS = [500, 1000, 2000, 4000, 8000];
// The server answers in the page's language, which need not be the browser's.
const LANGUAGE = { "Accept-Language": LOCALE };
const SHOWN_EVERY_MS = 250;
// Answers after which trying again would change nothing.
const FINAL = [400, 403, 404, 405, 413, 415, 416, 422];

/** One file on its way. */
class Send {
  constructor(file, session, queue) {
    Object.assign(this, { file, session, queue, count: 0, line: gettext("waits"), problem: "", over: false, began: null });
  }

  get share() {
    return this.file.size ? this.count / this.file.size : 0;
  }

  async run() {
    const { name, size, lastModified } = this.file;
    const form = { file: { name, size, modified_ms: lastModified }, session: this.session };
    const headers = { "Content-Type": "application/json", ...LANGUAGE };
    let answer = await this.#try(() => fetch(INCOMING, { method: "POST", headers, body: JSON.stringify(form) }));
    if (!answer) return;
    this.address = `${INCOMING}/${answer.id}`;
    this.queue.began(answer.id);
    this.began = performance.now();
    this.before = answer.count ?? 0;
    while (answer?.wanted) {
      this.count = answer.count;
      const [from, until] = answer.wanted;
      const part = this.file.slice(from, until);
      const said = { "Content-Range": `bytes ${from}-${until - 1}/${size}`, ...LANGUAGE };
      answer = await this.#try(() => fetch(this.address, { method: "PATCH", headers: said, body: part }), part);
    }
    if (answer) this.#end(gettext("has arrived"));
  }

  /** What the server answers in the end; null where it refuses. After a cut it is asked how far it is. */
  async #try(ask, part) {
    for (let tries = 0; !this.over; tries += 1) {
      try {
        const response = await ask();
        const answer = await response.json();
        if (response.ok) {
          this.line = "";
          return answer;
        }
        if (FINAL.includes(response.status)) {
          this.#end("", answer.problem);
          return null;
        }
        this.line = answer.problem;
      } catch {
        if (part && !(await readable(part))) {
          this.#end("", gettext("This file was moved or changed meanwhile: choose it again to continue."));
          return null;
        }
        this.line = gettext("The connection is cut: this continues by itself.");
      }
      this.queue.changed();
      await new Promise((done) => setTimeout(done, TRY_AGAIN_MS[Math.min(tries, TRY_AGAIN_MS.length - 1)]));
      if (this.address) {
        ask = () => fetch(this.address, { headers: LANGUAGE });
        part = null;
      }
    }
    return null;
  }

  #end(line, problem = "") {
    Object.assign(this, { line, problem, over: true });
    if (!problem) this.count = this.file.size;
    this.queue.changed();
  }

  /** How far it is, in words. */
  words() {
    if (this.problem || this.line) return this.problem || this.line;
    const took_s = (performance.now() - this.began) / 1000;
    const rate = (this.count - this.before) / Math.max(took_s, 0.1);
    const left_s = (this.file.size - this.count) / Math.max(rate, 1);
    const speed = (rate / 1e6).toLocaleString(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    const sent = `${Math.floor(100 * this.share)} %, ${speed} MB/s`;
    if (took_s < 3) return sent;
    return left_s < 90
      ? gettext("{sent}, {seconds} s left", { sent, seconds: Math.ceil(left_s) })
      : gettext("{sent}, {minutes} min left", { sent, minutes: Math.round(left_s / 60) });
  }
}

async function readable(part) {
  try {
    await part.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

/** All files of this window, one after another. It outlives the page's place in it: people look at other pages. */
class Queue {
  sends = [];
  show = () => {};
  tell = () => {};

  constructor() {
    window.addEventListener("beforeunload", (event) => this.sends.some((send) => !send.over) && event.preventDefault());
  }

  add(files, session) {
    for (const file of files) {
      const own = files.length > 1 ? { ...session, title: "", started_ms: null } : session;
      this.sends.push(new Send(file, own, this));
    }
    this.changed();
    this.#go();
  }

  drop(send) {
    this.sends = this.sends.filter((one) => one !== send);
    this.changed();
  }

  began(id) {
    this.tell(id);
    this.changed();
  }

  changed() {
    this.show();
  }

  async #go() {
    if (this.going) return;
    this.going = true;
    const timer = setInterval(() => this.show(), SHOWN_EVERY_MS);
    for (let next; (next = this.sends.find((send) => !send.over)); ) await next.run();
    clearInterval(timer);
    this.sends = this.sends.filter((send) => send.problem);
    this.going = false;
    this.show();
  }
}

const queue = (globalThis.houselightsUploads ??= new Queue());

function part(name, text, ...inside) {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...inside);
  return made;
}

function line(send) {
  const item = part("li", "", part("strong", send.file.name), ` ${send.words()}`);
  if (send.problem) {
    item.className = "problem";
    const button = part("button", gettext("Dismiss"));
    button.type = "button";
    button.addEventListener("click", () => queue.drop(send));
    item.append(button);
  } else {
    const bar = part("span", "", document.createElement("i"));
    bar.className = "bar";
    bar.firstChild.style.width = `${100 * send.share}%`;
    item.append(bar);
  }
  return item;
}

const places = new WeakMap();

export default function show({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".bring");
  if (!places.has(root)) {
    const parts = {};
    for (const one of root.querySelectorAll("[data-is]")) parts[one.dataset.is] = one;
    places.set(root, parts);
    const take = (files) => parts.session !== null && queue.add([...files], parts.session);
    parts.input.addEventListener("change", () => {
      take(parts.input.files);
      parts.input.value = "";
    });
    for (const name of ["dragover", "dragleave", "drop"]) {
      parts.drop.addEventListener(name, (event) => {
        event.preventDefault();
        parts.drop.classList.toggle("over", name === "dragover" && parts.session !== null);
        if (name === "drop") take(event.dataTransfer.files);
      });
    }
  }
  const parts = places.get(root);
  parts.session = data.session;
  parts.input.disabled = data.session === null;
  parts.drop.classList.toggle("shut", data.session === null);
  parts.call.textContent = data.call;
  parts.more.textContent = data.more;
  queue.tell = (id) => setTriggerValue("began", id);
  queue.show = () => parts.sends.replaceChildren(...queue.sends.map(line));
  queue.show();
  return () => {
    queue.show = () => {};
    queue.tell = () => {};
    places.delete(root);
  };
}
