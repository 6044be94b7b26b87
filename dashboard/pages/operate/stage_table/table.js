// The operator's table. What is data is shown as text only. Rows, and so what has focus, stay when it is drawn again.
// Of the rows only those of the page shown are drawn; cameras of a stage are asked for when it is opened.

const PAGE = 25, FEW_ALERTS = 3, SEARCH_AFTER_MS = 300;

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
    this.unfold = button("▸", "", "unfold");
    this.unfold.onclick = () => table.open(this.id);
    const head = made("th");
    head.scope = "row";
    const named = made("div", "", "named");
    named.append(this.unfold, this.name);
    head.append(named);
    this.found = made("small", "", "found");
    this.detail = made("tr", "", "detail");
    this.list = made("ul");
    const cell = made("td");
    cell.colSpan = 6;
    cell.append(this.list);
    this.detail.append(cell);
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
    const { bad, states } = this.table.data;
    this.id = row.id;
    this.row = row;
    this.needs = row.cameras.some(([state]) => bad.includes(state)) || this.table.alerted.has(row.id);
    this.text = [row.name, row.id, ...row.cameras.flatMap(([, , , named]) => named.map(([id]) => id))].join(" ").toLowerCase();
    const order = Object.keys(states);
    // The worst state first, and of equal ones the stage with most cameras in it.
    this.worst = row.cameras.length ? order.indexOf(row.cameras[0][0]) * 1e6 - row.cameras[0][1] : 1e9;
  }

  draw() {
    const { words, states, signs, language, open, found } = this.table.data;
    const { row } = this;
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
    const opened = this.table.opened.includes(row.id);
    say(this.unfold, opened ? "▾" : "▸");
    this.unfold.hidden = !row.cameras.length;
    this.unfold.ariaLabel = filled(words.unfold, { stage: row.name });
    this.unfold.ariaExpanded = String(opened);
    this.#fold(opened, open[row.id]);
    const [matching, ids] = (this.table.searched === found.words && found.stages[row.id]) || [0, []];
    const more = matching > ids.length ? ` ${filled(words.others, { count: matching - ids.length })}` : "";
    const shown = ids.join(", ") + more;
    const drawn = JSON.stringify([language, row.cameras, shown]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const groups = row.cameras.map((group) => this.#group(group, signs, states, words));
    this.cameras.replaceChildren(...(groups.length ? groups : [made("span", words.no_camera, "quiet")]));
    say(this.found, shown && filled(words.found, { cameras: shown }));
    if (shown) this.cameras.append(this.found);
  }

  /** Shows or hides the cameras one by one; those of a stage just opened come with the next answer. */
  #fold(opened, detail) {
    this.detail.hidden = !opened;
    if (!opened) {
      this.detail.remove();
      return;
    }
    const { words, states, signs, language } = this.table.data;
    if (this.element.nextSibling !== this.detail) this.element.after(this.detail);
    const drawn = JSON.stringify([language, detail]);
    if (drawn === this.listed) return;
    this.listed = drawn;
    this.list.ariaLabel = filled(words.unfold, { stage: this.row.name });
    const lines = (detail?.lines ?? []).map(({ id, state, seen_s, why, facts }) => {
      const line = made("li");
      line.append(chip(state, signs, states[state]), made("strong", id), made("small", ago(seen_s, words)));
      if (why) line.append(made("span", why, "why"));
      if (facts) line.append(made("span", facts, "facts"));
      return line;
    });
    if (!detail) lines.push(made("li", words.loading, "quiet"));
    else if (detail.more) lines.push(made("li", filled(words.others, { count: detail.more }), "quiet"));
    this.list.replaceChildren(...lines);
  }

  #group([state, count, seen_s, named], signs, states, words) {
    const group = made("span", "", "group");
    const more = count - named.length;
    group.append(chip(state, signs, named.length && !more ? states[state] : `${count} ${states[state]}`));
    if (!named.length && state !== "expected" && state !== "ended") group.append(made("small", ago(seen_s, words)));
    for (const [id, seen] of named) {
      const one = made("span", `${id} `, "camera");
      one.append(made("small", ago(seen, words)));
      group.append(" ", one);
    }
    if (named.length && more) group.append(" ", made("small", filled(words.others, { count: more })));
    return group;
  }
}

/** A state as a sign and words, so that its colour says nothing that they do not. */
function chip(state, signs, text) {
  const one = made("span", "", `state ${state}`);
  const sign = made("span", signs[state], "sign");
  sign.ariaHidden = "true";
  one.append(sign, ` ${text}`);
  return one;
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
  states = new Set();
  opened = [];
  searched = "";
  page = 0;
  allAlerts = false;

  constructor(root) {
    for (const part of root.querySelectorAll("[data-is]")) this[part.dataset.is] = part;
    this.search.oninput = () => {
      this.page = 0;
      this.#show();
      clearTimeout(this.waiting);
      // Cameras and devices are known to the server alone.
      this.waiting = setTimeout(() => this.set("words", this.#typed()), SEARCH_AFTER_MS);
    };
    this.needs.onchange = () => {
      this.page = 0;
      this.#show();
      this.set("needs", this.needs.checked);
    };
    this.order.onchange = () => {
      this.page = 0;
      this.#show(true);
    };
    this.all = made("input");
    this.all.type = "checkbox";
    this.all.onchange = () => {
      for (const { id } of this.#matching()) this.#take(id, this.all.checked);
      this.#show();
    };
    this.previous.onclick = () => this.#turn(-1);
    this.next.onclick = () => this.#turn(1);
  }

  update(data, ask, set) {
    const first = !this.data, anew = this.data?.language !== data.language;
    Object.assign(this, { data, ask, set });
    this.alerted = new Set(data.alerted);
    if (first) {
      this.needs.checked = data.needs;
      this.opened = Object.keys(data.open);
      this.search.value = data.found.words;
    }
    if (anew) this.#dress();
    this.#alerts();
    const ids = new Set(data.rows.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      row.detail.remove();
      this.rows.delete(id);
      this.taken.delete(id);
    }
    data.rows.forEach((row, place) => {
      if (!this.rows.has(row.id)) this.rows.set(row.id, new Row(this));
      const one = this.rows.get(row.id);
      one.place = place;
      one.update(row);
    });
    this.#show();
  }

  /** Opens a stage to its cameras, or closes it. */
  open(id) {
    const before = this.opened.filter((one) => one !== id);
    this.opened = before.length < this.opened.length ? before : [...before, id].slice(-this.data.most_open);
    this.#show();
    this.set("opened", this.opened);
  }

  choose(id, on) {
    this.#take(id, on);
    this.#show();
  }

  #take(id, on) {
    if (on) this.taken.add(id);
    else this.taken.delete(id);
  }

  #typed() {
    return this.search.value.trim().replace(/\s+/g, " ").toLowerCase();
  }

  #turn(by) {
    this.page += by;
    this.#show();
    this.body.closest(".rows").scrollTop = 0;
  }

  #dress() {
    const { words } = this.data;
    this.caption.textContent = words.caption;
    this.search.placeholder = this.search.ariaLabel = words.search;
    this.needsText.textContent = words.needs;
    this.all.ariaLabel = words.choose_all;
    this.totals.ariaLabel = words.by_state;
    this.orderText.textContent = words.order;
    const kept = this.order.value;
    this.order.replaceChildren(new Option(words.by_name, "name"), new Option(words.worst, "worst"));
    this.order.value = kept || "name";
    this.pages.ariaLabel = words.pages;
    this.previous.textContent = words.previous;
    this.next.textContent = words.next;
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

  /** The rows that are asked for, in their order. */
  #matching() {
    const { found } = this.data;
    this.searched = this.#typed();
    const wanted = this.searched.split(" ");
    const answered = this.searched && found.words === this.searched;
    const rows = [...this.rows.values()].filter((row) => {
      const fits = (answered && row.id in found.stages) || wanted.every((word) => row.text.includes(word));
      const inState = !this.states.size || row.row.cameras.some(([state]) => this.states.has(state));
      return fits && inState && (row.needs || !this.needs.checked);
    });
    const worst = this.order.value === "worst";
    return rows.sort((one, other) => (worst && this.#rank(one) - this.#rank(other)) || one.place - other.place);
  }

  /** How urgent a row was when rows were sorted last: they stay where they are while somebody uses them. */
  #rank(row) {
    return this.ranks?.get(row.id) ?? row.worst;
  }

  /** Shows a page of the rows that are asked for, and says how many there are and are chosen. */
  #show(sort = false) {
    const { words } = this.data;
    if (sort || !this.body.matches(":hover, :focus-within")) {
      this.ranks = new Map([...this.rows.values()].map(({ id, worst }) => [id, worst]));
    }
    const matching = this.#matching(), shown = matching.length, count = this.rows.size;
    const last = Math.max(0, Math.ceil(shown / PAGE) - 1);
    this.page = Math.min(Math.max(this.page, 0), last);
    const onPage = matching.slice(this.page * PAGE, (this.page + 1) * PAGE);
    const kept = new Set(onPage);
    for (const row of this.rows.values()) {
      row.check.checked = this.taken.has(row.id);
      if (kept.has(row)) continue;
      row.element.remove();
      row.detail.remove();
    }
    let before = null;
    for (const row of onPage) {
      row.draw();
      const here = before ? before.nextSibling : this.body.firstChild;
      if (row.element !== here) {
        this.body.insertBefore(row.element, here);
        if (!row.detail.hidden) row.element.after(row.detail);
      }
      before = row.detail.hidden ? row.element : row.detail;
    }
    this.shown.hidden = shown === count;
    say(this.shown, filled(words.shown, { shown, count }));
    this.none.hidden = shown > 0 || !count;
    say(this.none, this.needs.checked && !this.search.value ? words.nothing : words.none);
    this.search.parentElement.hidden = count < 2;
    this.pages.hidden = !last;
    this.previous.disabled = this.page === 0;
    this.next.disabled = this.page === last;
    const begin = this.page * PAGE;
    say(this.range, filled(words.page, { first: begin + 1, last: begin + onPage.length, count: shown }));
    this.all.checked = shown > 0 && matching.every(({ id }) => this.taken.has(id));
    this.#states();
    this.#bulk();
  }

  /** All cameras by state, the worst first; a state that is pressed leaves the stages that have it. */
  #states() {
    const { totals, words, states, signs, language } = this.data;
    this.totals.hidden = this.rows.size < 2;
    const drawn = JSON.stringify([language, totals, [...this.states]]);
    if (drawn === this.summed) return;
    this.summed = drawn;
    const focused = this.totals.getRootNode().activeElement?.dataset?.state;
    const shown = new Map(totals);
    for (const state of this.states) if (!shown.has(state)) shown.set(state, 0);
    const buttons = [...shown].map(([state, count]) => {
      const one = button("", "", "total");
      one.dataset.state = state;
      one.ariaPressed = String(this.states.has(state));
      one.title = filled(words.only_state, { state: states[state] });
      one.append(chip(state, signs, `${count.toLocaleString(language)} ${states[state]}`));
      one.onclick = () => {
        if (!this.states.delete(state)) this.states.add(state);
        this.page = 0;
        this.#show(true);
      };
      return one;
    });
    this.totals.replaceChildren(...buttons);
    if (focused) this.totals.querySelector(`[data-state="${focused}"]`)?.focus();
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
    const { alerts, words, language, alerts_on: on, alerts_unanswered: unanswered } = this.data;
    const drawn = JSON.stringify([language, alerts, on, unanswered, this.allAlerts]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const focused = this.alerts.getRootNode().activeElement?.dataset?.alert;
    const lines = (this.allAlerts ? alerts : alerts.slice(0, FEW_ALERTS)).map((alert) => {
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
    if (unanswered > 1) {
      const all = button(filled(words.answer_all, { count: unanswered }), "", "all");
      all.dataset.alert = "all";
      all.onclick = () => this.ask("answer", []);
      lines.unshift(all);
    }
    if (this.allAlerts && on > alerts.length) {
      lines.push(made("p", filled(words.more, { count: on - alerts.length }), "quiet"));
    }
    if (on > FEW_ALERTS) {
      const text = this.allAlerts ? words.few_alerts : filled(words.all_alerts, { count: on });
      const more = button(text, "", "plain");
      more.dataset.alert = "more";
      more.ariaExpanded = String(this.allAlerts);
      more.onclick = () => {
        this.allAlerts = !this.allAlerts;
        this.#alerts();
      };
      lines.push(more);
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
  tables.get(root).update(data, ask, setStateValue);
}
