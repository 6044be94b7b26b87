const RETRY_MS = 3000, UNREAD_MS = 1000;
const cards = new Map();
let arrivedAt = 0;

const make = (name, kind, parent, text) => {
  const one = document.createElement(name);
  if (kind) one.className = kind;
  if (text) one.textContent = text;
  return parent.appendChild(one);
};
const initials = (name) => name.split(/\s+/).map((part) => [...part][0] || "").slice(0, 2).join("").toUpperCase();
const LANGUAGE = document.documentElement.lang;
const clock = (ms) => new Date(ms).toLocaleTimeString(LANGUAGE, { hour: "2-digit", minute: "2-digit" });

async function say(id, verdict) {
  const card = cards.get(id);
  if (!card) return;
  for (const button of card.querySelectorAll("button")) button.disabled = true;
  try {
    const answer = await fetch(`${HERE}/${id}/${verdict}`, { method: "POST" });
    if (!answer.ok) throw new Error();
    remove(id);
  } catch {
    for (const button of card.querySelectorAll("button")) button.disabled = false;
    state(gettext("This was not taken: try again."), true);
  }
}

function state(text, bad) {
  $("state").textContent = text;
  $("state").className = bad ? "bad" : "";
}

function remove(id) {
  cards.get(id)?.remove();
  cards.delete(id);
  $("nobody").hidden = cards.size > 0;
}

function add(one) {
  if (cards.has(one.id)) return;
  const card = document.createElement("article");
  card.dataset.id = one.id;
  if (one.photo) {
    const face = make("img", "face", card);
    face.src = `data:image/jpeg;base64,${one.photo}`;
    face.alt = "";
  } else {
    make("span", "face", card, initials(one.name)).setAttribute("aria-hidden", "true");
  }
  make("h2", "", card, one.name);
  if (one.note) make("p", "note", card, one.note);
  make("p", "since", card, gettext("Seen at {time} at {place}. Checked in at {checked_in}, on the list since {day}.", {
    time: clock(one.at_ms), place: one.where, checked_in: clock(one.checked_in_ms), day: new Date(one.since_ms).toLocaleDateString(LANGUAGE),
  }));
  const buttons = make("div", "buttons", card);
  for (const [verdict, text, key, kind] of [["welcomed", gettext("Welcomed"), gettext("Enter"), "first"], ["not-this-person", gettext("Not this person"), "N", ""]]) {
    const button = make("button", kind, buttons, text);
    button.type = "button";
    make("kbd", "", button, key);
    button.addEventListener("click", () => say(one.id, verdict));
  }
  cards.set(one.id, card);
  arrivedAt = Date.now();
  $("cards").prepend(card);
  $("nobody").hidden = true;
}

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button")) return;
  if (Date.now() - arrivedAt < UNREAD_MS) return; // meant for the card before
  const first = $("cards").firstElementChild;
  if (first && event.key === "Enter") say(first.dataset.id, "welcomed");
  if (first && event.key.toLowerCase() === "n") say(first.dataset.id, "not-this-person");
});

function connect() {
  const source = new EventSource(`${HERE}/events`);
  source.addEventListener("open", () => state(gettext("Watching the entrance."), false));
  source.addEventListener("error", () => {
    for (const id of [...cards.keys()]) remove(id);
    state(gettext("The connection is lost; trying again."), true);
    // A browser tries again by itself only where there was no answer at all.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
  });
  source.addEventListener("cards", (event) => {
    const now = JSON.parse(event.data);
    for (const id of [...cards.keys()]) if (!now.some((one) => one.id === id)) remove(id);
    for (const one of now) add(one);
  });
}
connect();
