const KEPT = `houselights-taps ${HERE}`;
const EVERY_MS = 3000, LONGEST_WAIT_MS = 30000, LASTS_MS = 24 * 3600e3, MOST_AT_ONCE = 50, MOST_GUESTS = 20, ASK_AFTER_MS = 60000;
const SEXES = [["female", gettext("Woman or girl")], ["male", gettext("Man or boy")], ["", gettext("Rather not say")]];
const AGES = { "under 15": gettext("under 15"), "15 to 24": gettext("15 to 24"), "25 to 44": gettext("25 to 44"), "45 to 64": gettext("45 to 64"), "65 and over": gettext("65 and over") };
const tiles = new Map();
let server = null, waiting = read(), failed = 0, ended = "", timer = 0, sending = false, lastMs = 0, uncoveredMs = 0, refused = "", atOnce = MOST_AT_ONCE;

/* What was tapped and not sent yet is kept on this device, so that neither a lost connection nor closing the page loses it. */
function read() {
  try { return JSON.parse(localStorage.getItem(KEPT) ?? "[]").filter((tap) => tap.action.startsWith("privacy") || Date.now() - tap.tapped_ms < LASTS_MS); }
  catch { return []; }
}
function keep() {
  try {
    if (waiting.length) localStorage.setItem(KEPT, JSON.stringify(waiting));
    else localStorage.removeItem(KEPT);
  } catch { /* a browser that keeps nothing keeps it as long as the page is open */ }
}
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The state after one tap; the same rules as the server's. */
function after(state, { action, person_id, guests }) {
  const others = state.in.filter((one) => one !== person_id);
  return {
    "set on": () => ({ ...state, set_on: true }),
    "set off": () => ({ ...state, set_on: false, in: [], guests: [] }),
    "in": () => ({ ...state, in: [...others, person_id] }),
    "out": () => ({ ...state, in: others }),
    "guests": () => ({ ...state, guests }),
    "privacy on": () => ({ ...state, private: true }),
    "privacy off": () => ({ ...state, private: false }),
  }[action]();
}
const state = () => waiting.reduce(after, server.state);

function tap(...actions) {
  for (const action of actions) {
    lastMs = Math.max(Date.now(), lastMs + 1); // two taps are never at the same time
    waiting.push({ id: newId(), tapped_ms: lastMs, ...action });
  }
  refused = "";
  keep();
  show();
  look();
}
const withSet = (action) => (state().set_on ? [action] : [{ action: "set on" }, action]);

function tile(member) {
  if (tiles.has(member.id)) return tiles.get(member.id);
  const item = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.className = "member";
  const [face, name, now] = ["face", "name", "state"].map((kind) => {
    const one = document.createElement("span");
    one.className = kind;
    return button.appendChild(one);
  });
  face.setAttribute("aria-hidden", "true");
  if (member.photo) {
    const image = document.createElement("img");
    image.alt = "";
    image.src = `${HERE}/faces/${member.id}`;
    image.addEventListener("error", () => { face.textContent = initials(member.name); });
    face.append(image);
  } else face.textContent = initials(member.name);
  name.textContent = member.name;
  button.addEventListener("click", () => {
    const there = state().in.includes(member.id);
    tap(...(there ? [{ action: "out", person_id: member.id }] : withSet({ action: "in", person_id: member.id })));
  });
  item.append(button);
  const one = { item, button, now };
  tiles.set(member.id, one);
  return one;
}
const initials = (name) => name.split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const guestCount = ({ guests }) => guests.reduce((sum, { count }) => sum + count, 0);
const guestText = ({ sex, ages, count }) => {
  const who = SEXES.find(([value]) => value === sex && value)?.[1] ?? gettext("Guest");
  return `${count > 1 ? `${count} × ` : ""}${who}${ages ? `, ${AGES[ages] ?? ages}` : ""}`;
};

function show() {
  if (!server) return;
  const now = state();
  $("main").hidden = Boolean(ended);
  put($("home"), server.title);
  $("set").setAttribute("aria-pressed", String(Boolean(now.set_on)));
  put($("tv"), now.set_on ? gettext("TV is on") : gettext("TV is off"));
  for (const member of server.members) {
    const one = tile(member), there = now.in.includes(member.id);
    one.button.setAttribute("aria-pressed", String(there));
    put(one.now, there ? gettext("watching") : gettext("not here"));
    if (!one.item.isConnected) $("members").append(one.item);
  }
  const ids = new Set(server.members.map((member) => member.id));
  for (const [id, { item }] of tiles) if (!ids.has(id)) { item.remove(); tiles.delete(id); }
  const guests = JSON.stringify(now.guests);
  if ($("guests").dataset.shown !== guests) {
    $("guests").dataset.shown = guests;
    $("guests").replaceChildren(...now.guests.map((guest, at) => {
      const item = document.createElement("li"), button = document.createElement("button"), left = document.createElement("i");
      button.type = "button";
      button.append(guestText(guest), left);
      left.textContent = gettext("has left");
      button.setAttribute("aria-label", gettext("{guest}: has left", { guest: guestText(guest) }));
      button.addEventListener("click", () => {
        const fewer = state().guests.map((one, place) => (place === at ? { ...one, count: one.count - 1 } : one));
        tap({ action: "guests", guests: fewer.filter((one) => one.count > 0) });
      });
      item.append(button);
      return item;
    }));
  }
  $("add-guest").disabled = guestCount(now) >= MOST_GUESTS;
  document.body.classList.toggle("private", now.private);
  $("privacy").setAttribute("aria-pressed", String(now.private));
  put($("privacy").querySelector("span"), now.private
    ? gettext("is on: nothing is measured, and what a camera saw is dropped. It holds until you end it: tap here.")
    : gettext("is off. Tap it, and nothing is measured until you end it."));
  tell(now);
}

/** One line of news: trouble first, then what waits, then whether somebody is missing. */
function tell(now) {
  const uncovered = now.set_on && !now.private && !now.in.length && !now.guests.length;
  uncoveredMs = uncovered ? uncoveredMs || Date.now() : 0;
  const asks = uncovered && Date.now() - uncoveredMs >= ASK_AFTER_MS;
  const offline = failed > 1 || navigator.onLine === false;
  const held = ngettext(
    "No connection. One tap waits here and is sent as soon as there is one.",
    "No connection. {count} taps wait here and are sent as soon as there is one.", waiting.length);
  put($("news"), ended || refused
    || (offline && waiting.length ? held : "")
    || (offline ? gettext("No connection. Go on tapping: it is sent later.") : "")
    || (asks ? gettext("The TV is on. Who is watching?") : "")
    || (now.private ? gettext("Privacy is on.") : now.set_on ? gettext("Tap your face when you come, and again when you go.") : gettext("Tap your face to begin.")));
  $("news").className = ended || refused || offline ? "bad" : asks ? "ask" : "";
}

async function ask(path, options) {
  const answer = await fetch(path, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout?.(8000), ...options });
  const text = await answer.text();
  if (answer.status === 404) return { ended: gettext("This link is not valid any more. Ask whoever gave it to you for another.") };
  if (answer.status === 413 || answer.status === 422) return { problem: JSON.parse(text).problem };
  if (!answer.ok) throw new Error(String(answer.status));
  return JSON.parse(text);
}

async function look() {
  clearTimeout(timer);
  if (ended || sending || (document.hidden && !waiting.length)) return;
  sending = true;
  const sent = waiting.slice(0, atOnce);
  try {
    const body = JSON.stringify({ sent_ms: Date.now(), taps: sent.map(({ id, tapped_ms, action, person_id = "", guests = [] }) => ({ id, tapped_ms, action, person_id, guests })) });
    const said = sent.length
      ? await ask(`${HERE}/taps`, { method: "POST", headers: { "Content-Type": "application/json" }, body })
      : await ask(`${HERE}/state.json`);
    failed = 0;
    if (said.ended) {
      ended = said.ended;
      waiting = [];
    } else if (!said.problem) {
      server = said;
      refused = said.refused?.[0]?.problem ?? refused;
      atOnce = MOST_AT_ONCE;
    }
    // The server takes taps one by one, and those it refuses it would refuse again. Where it cannot read them together,
    // they are sent alone, so that one does not take the others with it.
    if (said.problem && sent.length > 1) atOnce = 1;
    else {
      refused = said.problem ?? refused;
      const done = new Set(sent.map(({ id }) => id));
      waiting = waiting.filter(({ id }) => !done.has(id));
      keep();
    }
  } catch { failed += 1; }
  sending = false;
  if (server) show();
  else { put($("news"), ended || gettext("No connection yet. Trying again …")); $("main").hidden = true; }
  if (ended) { $("set").hidden = true; $("news").className = "bad"; $("main").hidden = true; return; }
  const wait = waiting.length && !failed ? 0 : Math.min(LONGEST_WAIT_MS, EVERY_MS * 2 ** Math.min(failed, 4));
  timer = setTimeout(look, wait * (0.85 + 0.3 * Math.random()));
}

function choices(fieldset, name, options) {
  for (const [value, text] of options) {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, { type: "radio", name, value });
    label.append(input, text);
    $(fieldset).append(label);
  }
}
choices("sexes", "sex", SEXES);
choices("ages", "ages", [...Object.entries(AGES), ["", gettext("Rather not say")]]);
const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value ?? "";

$("set").addEventListener("click", () => server && tap({ action: state().set_on ? "set off" : "set on" }));
$("privacy").addEventListener("click", () => tap({ action: state().private ? "privacy off" : "privacy on" }));
$("add-guest").addEventListener("click", () => { $("guest").querySelector("form").reset(); $("guest").showModal(); });
$("cancel").addEventListener("click", () => $("guest").close());
$("add").addEventListener("click", () => {
  if (guestCount(state()) >= MOST_GUESTS) return $("guest").close(); // another device added some meanwhile
  const [sex, ages] = [chosen("sex"), chosen("ages")];
  const guests = state().guests.map((one) => ({ ...one }));
  const same = guests.find((one) => one.sex === sex && one.ages === ages);
  if (same) same.count += 1;
  else guests.push({ sex, ages, count: 1 });
  $("guest").close();
  tap(...withSet({ action: "guests", guests }));
});
document.addEventListener("visibilitychange", look);
addEventListener("online", look);
addEventListener("offline", show);
setInterval(() => server && show(), 5000);
look();
