// The operator's table. What is data is shown as text only. Rows, and so what has focus, stay when it is drawn again.

function made(name, text = "", className = "") {
  const one = document.createElement(name);
  one.textContent = text;
  if (className) one.className = className;
  return one;
}

function button(text, label, className = "") {
  const one = made("button", text, className);
  one.type = "button";
  if (label) one.ariaLabel = label;
  return one;
}

/** Sets what an element says where it says something else: what has not changed is left alone. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

class Row {
  constructor(table) {
    this.table = table;
    this.element = made("tr");
    this.check = made("input");
    this.check.type = "checkbox";
    this.check.onchange = () => table.choose(this.id, this.check.checked);
    const choose = made("td", "", "choose");
    const label = made("label");
    label.append(this.check);
    choose.append(label);
    this.name = button("", "", "name");
    this.name.onclick = () => table.ask("open", [this.id]);
    const head = made("th");
    head.scope = "row";
    head.append(this.name);
    this.cameras = made("td", "", "cameras");
    this.faces = made("td", "", "faces");
    this.cue = made("td", "", "cue");
    this.buttons = made("td", "", "buttons");
    this.first = button("", "");
    this.second = button("", "");
    this.first.onclick = () => table.ask("start", [this.id]);
    this.second.onclick = () => table.ask(this.second.dataset.wish, [this.id]);
    this.buttons.append(this.first, this.second);
    this.element.append(choose, head, this.cameras, this.faces, this.cue, this.buttons);
  }

  update(row) {
    const { words, bad, states, signs, language } = this.table.data;
    this.id = row.id;
    this.row = row;
    this.needs = row.cameras.some(({ state }) => bad.includes(state)) || this.table.alerted.has(row.id);
    this.text = [row.name, row.id, ...row.cameras.flatMap(({ named }) => named.map(([id]) => id))].join(" ").toLowerCase();
    this.check.ariaLabel = filled(words.choose, { stage: row.name });
    say(this.name, row.name);
    this.name.title = filled(words.open_on, { stage: row.name });
    this.faces.dataset.label = words.faces_after;
    say(this.faces, row.faces === null ? "" : row.faces.toLocaleString(language));
    this.cue.className = `cue ${row.cue}`;
    say(this.cue, row.cue ? filled(words[row.cue], { position: row.text, time: row.text }) : "");
    this.buttons.hidden = !row.cue;
    say(this.first, words.start);
    this.first.ariaLabel = filled(words.start_on, { stage: row.name });
    const wish = row.cue === "paused" ? "resume" : "pause";
    this.second.dataset.wish = wish;
    this.second.disabled = row.cue === "waiting";
    say(this.second, words[wish]);
    this.second.ariaLabel = filled(words[`${wish}_on`], { stage: row.name });
    const drawn = JSON.stringify([language, row.cameras]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const groups = row.cameras.map((group) => this.#group(group, signs, states, words));
    this.cameras.replaceChildren(...(groups.length ? groups : [made("span", words.no_camera, "quiet")]));
  }

  #group({ state, count, seen_s, named }, signs, states, words) {
    const group = made("span", "", "group");
    const sign = made("span", signs[state], "sign");
    sign.ariaHidden = "true";
    const chip = made("span", "", `state ${state}`);
    chip.append(sign, ` ${named.length ? states[state] : `${count} ${states[state]}`}`);
    group.append(chip);
    if (!named.length && state !== "expected" && state !== "ended") group.append(made("small", ago(seen_s, words)));
    for (const [id, seen, why] of named) {
      const one = made("span", `${id} `, "camera");
      if (why) one.title = why;
      one.append(made("small", ago(seen, words)));
      group.append(" ", one);
    }
    return group;
  }
}

function ago(seconds, words) {
  if (seconds === null) return words.never;
  if (seconds < 120) return filled(words.seconds, { seconds });
  if (seconds < 7200) return filled(words.minutes, { minutes: Math.round(seconds / 60) });
  return filled(words.hours, { hours: Math.round(seconds / 3600) });
}

class Table {
  rows = new Map();
  taken = new Set();

  constructor(root) {
    for (const part of root.querySelectorAll("[data-is]")) this[part.dataset.is] = part;
    this.search.oninput = () => this.#show();
    this.needs.onchange = () => {
      this.#show();
      this.setNeeds(this.needs.checked);
    };
    this.all = made("input");
    this.all.type = "checkbox";
    this.all.onchange = () => {
      for (const { id, element } of this.rows.values()) if (!element.hidden) this.#take(id, this.all.checked);
      this.#show();
    };
  }

  update(data, ask, setNeeds) {
    const first = !this.data, anew = this.data?.language !== data.language;
    Object.assign(this, { data, ask, setNeeds });
    this.alerted = new Set(data.alerts.filter(({ state }) => state === "on").map(({ stage }) => stage));
    if (first) this.needs.checked = data.needs;
    if (anew) this.#dress();
    this.#alerts();
    const ids = new Set(data.rows.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
      this.taken.delete(id);
    }
    data.rows.forEach((row, place) => {
      if (!this.rows.has(row.id)) this.rows.set(row.id, new Row(this));
      const { element } = this.rows.get(row.id);
      this.rows.get(row.id).update(row);
      if (this.body.children[place] !== element) this.body.insertBefore(element, this.body.children[place] ?? null);
    });
    this.#show();
  }

  choose(id, on) {
    this.#take(id, on);
    this.#show();
  }

  #take(id, on) {
    if (on) this.taken.add(id);
    else this.taken.delete(id);
  }

  #dress() {
    const { words } = this.data;
    this.caption.textContent = words.caption;
    this.search.placeholder = this.search.ariaLabel = words.search;
    this.needsText.textContent = words.needs;
    this.all.ariaLabel = words.choose_all;
    const label = made("label");
    label.append(this.all);
    const choose = made("td", "", "choose");
    choose.append(label);
    const heads = [words.stage, words.cameras, words.faces, words.now].map((text, place) => {
      const head = made("th", text, ["", "", "faces", ""][place]);
      head.scope = "col";
      return head;
    });
    this.head.replaceChildren(choose, ...heads, made("td"));
  }

  /** Hides the rows that are not asked for, and says how many are shown and chosen. */
  #show() {
    const { words } = this.data;
    const wanted = this.search.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of this.rows.values()) {
      const fits = wanted.every((word) => row.text.includes(word)) && (row.needs || !this.needs.checked);
      row.element.hidden = !fits;
      row.check.checked = this.taken.has(row.id);
      if (fits) shown += 1;
    }
    const count = this.rows.size;
    this.shown.hidden = shown === count;
    say(this.shown, filled(words.shown, { shown, count }));
    this.none.hidden = shown > 0 || !count;
    say(this.none, this.needs.checked && !this.search.value ? words.nothing : words.none);
    this.search.parentElement.hidden = count < 2;
    const visible = [...this.rows.values()].filter(({ element }) => !element.hidden);
    this.all.checked = visible.length > 0 && visible.every(({ id }) => this.taken.has(id));
    this.#bulk();
  }

  #bulk() {
    const { words, rows, language } = this.data;
    this.chosen.hidden = !this.taken.size;
    if (this.chosen.hidden || this.chosen.lang !== language) this.chosen.replaceChildren();
    if (this.chosen.hidden) return;
    if (!this.chosen.children.length) {
      const wishes = ["start", "pause", "resume"].map((wish) => [wish, words[wish]]);
      const buttons = [...wishes, ["open", words.commands]].map(([wish, text]) => {
        const one = button(text, "");
        one.dataset.wish = wish;
        one.onclick = () => this.ask(wish, [...this.taken]);
        return one;
      });
      const clear = button(words.clear, "", "plain");
      clear.onclick = () => {
        this.taken.clear();
        this.#show();
        this.search.focus();
      };
      const count = made("strong");
      count.role = "status";
      this.chosen.lang = language;
      this.chosen.replaceChildren(count, ...buttons, clear);
    }
    say(this.chosen.querySelector("strong"), filled(words.chosen, { count: this.taken.size }));
    const cues = rows.filter(({ id }) => this.taken.has(id)).map(({ cue }) => cue);
    for (const one of this.chosen.querySelectorAll("button[data-wish]")) {
      const { wish } = one.dataset;
      one.hidden = wish !== "open" && !cues.some(Boolean);
      one.disabled = (wish === "pause" && !cues.includes("running")) || (wish === "resume" && !cues.includes("paused"));
    }
  }

  #alerts() {
    const { alerts, words, language } = this.data;
    const drawn = JSON.stringify([language, alerts]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const focused = this.alerts.getRootNode().activeElement?.dataset?.alert;
    const open = alerts.filter(({ state }) => state === "on");
    const lines = alerts.map((alert) => {
      if (alert.more) return made("p", filled(words.more, { count: alert.more }), "quiet");
      const { id, state, state_name, text, facts } = alert;
      const line = made("div", "", `alert ${state}`);
      const said = made("p");
      said.append(made("span", state_name, "state"), " ", made("strong", text), " ", made("small", facts));
      const answer = button(words.answer, filled(words.answer_on, { alert: text }));
      answer.dataset.alert = id;
      answer.onclick = () => this.ask("answer", [id]);
      line.append(said, answer);
      return line;
    });
    if (open.length > 1) {
      const all = button(filled(words.answer_all, { count: open.length }), "", "all");
      all.onclick = () => this.ask("answer", open.map(({ id }) => id));
      lines.unshift(all);
    }
    this.alerts.replaceChildren(...lines);
    if (focused) this.alerts.querySelector(`[data-alert="${CSS.escape(focused)}"]`)?.focus();
  }
}

// The page runs anew, and with it this: the table in a place on the page keeps what was typed and chosen.
const tables = new WeakMap();

export default function show({ data, parentElement, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".table");
  if (!tables.has(root)) tables.set(root, new Table(root));
  const ask = (wish, ids) => setTriggerValue("asked", { do: wish, ids });
  tables.get(root).update(data, ask, (only) => setStateValue("needs", only));
}
