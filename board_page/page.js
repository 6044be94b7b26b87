"use strict";
const EVERY_MS = 2000, SOONEST_MS = 10000, SLOWER = 1.5, LONGEST_WAIT_MS = 30000, OVER_MS = 300000;
/** What a visitor would go by: the order of the stages, their places and states. Figures and ages move all the time. */
const places = (board) => JSON.stringify([board.over, board.stages.map(({ id, rank, state }) => [id, rank, state])]);
/**
 * How long to wait before asking again, milliseconds: sooner after a change of places, longer the more often there was
 * none or nothing answered, and never all at once. A big screen asks for every update.
 * @param {{quiet: number, failed: number, kiosk: boolean, over: boolean}} state answers in a row without a change of places,
 *   requests in a row that failed, and whether the session is over.
 * @param {number} chance 0..1.
 */
function wait_ms({ quiet, failed, kiosk, over }, chance) {
  const soonest = kiosk ? EVERY_MS : SOONEST_MS;
  let wait = kiosk ? EVERY_MS : SOONEST_MS * SLOWER ** quiet;
  if (failed) wait = soonest * 2 ** (failed - 1);
  wait = over && !failed ? OVER_MS : Math.min(LONGEST_WAIT_MS, wait);
  return wait * (0.85 + 0.3 * chance);
}
const $ = (id) => document.getElementById(id);
const QUERY = new URLSearchParams(location.search);
const KIOSK = QUERY.get("kiosk") === "1";
const SOURCE = `${location.pathname.replace(/\/+$/, "")}/live.json`;
const OLD_S = 10, LATE_S = 120, GLIDE_MS = 600, SOON_MS = 5400e3;
const rows = new Map();
let shown = null, madeAt = 0, failed = 0, timer = 0, etag = "", missing = false, quiet = 0;

// The visitor's language: the first that is there of those the browser names.
const asked = [QUERY.get("lang"), ...(navigator.languages ?? [])].filter(Boolean);
const LOCALE = asked.find((one) => WORDS[one.slice(0, 2).toLowerCase()]) ?? "en";
const LANGUAGE = LOCALE.slice(0, 2).toLowerCase();
const words = WORDS[LANGUAGE];
const number = new Intl.NumberFormat(LOCALE);
const plural = new Intl.PluralRules(LOCALE);
const list = new Intl.ListFormat(LOCALE, { type: "unit", style: "short" });
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "always", style: "short" });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "numeric", minute: "2-digit" });
const collapsed = (s) => (s < 90 ? [Math.round(s), "second"] : s < 5400 ? [Math.round(s / 60), "minute"] : [Math.round(s / 3600), "hour"]);
const ago = (s) => { const [n, unit] = collapsed(s); return relative.format(-n, unit); };
const length = (s) => { const [n, unit] = collapsed(s); return new Intl.NumberFormat(LOCALE, { style: "unit", unit, unitDisplay: "short" }).format(n); };
/** The text of a key, "section.key" or one with plural forms, with its gaps filled in. */
function say(key, gaps = {}) {
  let text = key.split(".").reduce((found, part) => found[part], words);
  if (typeof text === "object") text = text[plural.select(gaps.n)] ?? text.other;
  const filled = text.replace(/\{(\w+)\}/g, (_, name) => (typeof gaps[name] === "number" ? number.format(gaps[name]) : gaps[name]));
  return text.startsWith("{") ? filled.charAt(0).toLocaleUpperCase(LOCALE) + filled.slice(1) : filled;
}

const make = (name, kind, parent) => {
  const one = document.createElement(name);
  if (kind) one.className = kind;
  return parent.appendChild(one);
};
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function row(id) {
  if (rows.has(id)) return rows.get(id);
  const li = document.createElement("li");
  const one = { li, close: make("span", "close", li), rank: make("span", "rank", li) };
  one.name = make("span", "name", li);
  one.lines = [make("span", "more", li), make("span", "more next", li)];
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  one.line = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
  li.append(svg);
  const figure = make("span", "figure", li);
  one.figure = make("span", "", figure);
  one.trend = make("small", "", figure);
  one.bar = make("span", "bar", li);
  one.bar.setAttribute("aria-hidden", "true");
  one.interval = make("i", "", one.bar);
  rows.set(id, one);
  return one;
}

/** A line through what is known; where nothing is, it is broken. */
function line(values) {
  const last = Math.max(values.length - 1, 1);
  let drawn = "", on = false;
  values.forEach((value, at) => {
    if (value !== null) drawn += `${on ? "L" : "M"}${(100 * at) / last} ${100 - value}${on ? "" : "h.01"}`;
    on = value !== null;
  });
  return drawn;
}

const key = (kind) => kind.replace(/ /g, "_");
const note = ([kind, title, n, before]) => say(`note.${key(kind)}`, { title, n, before });
/** What stands in the place of a figure where there is none, or none that is fresh. */
const state = (stage) => say(`state.${key(stage.state)}`, { length: stage.age_s === null ? "" : length(stage.age_s) });
const is_link = (directions) => /^https:\/\/[^\s"'<>]+$/.test(directions);

/** What is on, or why there is no figure; then how to get there, and what comes next. */
function lines_of(stage, gone) {
  const next = stage.coming_at_ms && stage.coming_at_ms - shown.as_of_ms < SOON_MS ? say("coming", { time: clock.format(stage.coming_at_ms), title: stage.coming }) : "";
  const way = is_link(stage.directions) ? "" : stage.directions;
  return [
    [gone && state(stage), stage.playing, ...(gone ? [] : stage.notes.map(note))],
    [way, next],
  ].map((parts) => parts.filter(Boolean).join(" · "));
}

function fill(one, stage, above, below) {
  const { figure, over_5_min: trend } = stage;
  const heads = stage.state === "heads only";
  const gone = !heads && stage.state !== "live";
  const first = stage.tied && above?.rank !== stage.rank, last = stage.tied && below?.rank !== stage.rank;
  one.li.className = [gone && "gone", stage.tied && "tied", first && "first", last && "last"].filter(Boolean).join(" ");
  one.close.hidden = !first;
  put(one.close, first ? say("too_close") : "");
  put(one.rank, stage.rank === null || stage.tied ? "" : number.format(stage.rank));
  if (stage.rank === null || stage.tied) one.rank.removeAttribute("aria-label");
  else one.rank.setAttribute("aria-label", say("place", { n: stage.rank }));
  put(one.name, stage.title);
  lines_of(stage, gone).forEach((text, at) => {
    put(one.lines[at], text);
    one.lines[at].hidden = !text;
  });
  if (is_link(stage.directions) && !KIOSK) {
    const link = make("a", "", one.lines[1]);
    link.href = stage.directions;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.textContent = say("map");
    one.lines[1].hidden = false;
  }
  const arrow = { up: "▲", down: "▼" }[figure === null || gone ? "" : trend?.[0]];
  put(one.figure, heads && stage.faces !== null ? number.format(stage.faces) : figure === null ? "–" : number.format(figure));
  put(one.trend, heads ? say("faces_unit", { n: stage.faces ?? 0 }) : arrow ? `${arrow} ${number.format(Math.abs(trend[1]))}` : "");
  one.trend.className = arrow ? trend[0] : "";
  one.line.setAttribute("d", line(stage.sparkline));
  one.bar.hidden = figure === null;
  if (figure !== null) {
    one.interval.style.insetInlineStart = `${stage.low}%`;
    one.interval.style.width = `${stage.high - stage.low}%`;
  }
}

/** How many columns a big screen has, and what of a row does not fit there. */
function arrange() {
  const count = shown?.stages.length ?? 0;
  const upright = innerHeight > innerWidth;
  const columns = upright ? (count > 16 ? 2 : 1) : count > 24 ? 3 : count > 5 ? 2 : 1;
  document.documentElement.style.setProperty("--columns", columns);
  document.documentElement.style.setProperty("--rows", Math.max(5, Math.ceil(count / columns)));
  if (!KIOSK) return;
  for (const { li, lines } of rows.values()) {
    for (const one of lines) one.hidden = !one.textContent;
    for (const one of [...lines].reverse()) if (li.scrollHeight > li.clientHeight + 1) one.hidden = true;
  }
}

/** The answer: the first line of the page, whatever there is to say. */
function answer(s, old) {
  const when = shown.over ? "end" : old ? "then" : "now";
  const live = shown.stages.filter((stage) => stage.rank !== null);
  const leading = live.filter((stage) => stage.rank === live[0].rank).map((stage) => stage.title);
  if (shown.mode === "head count") return say("heads");
  if (!live.length) return shown.stages.some((stage) => stage.state === "stale") ? say("stale_all") : say(`none.${when}`, { ago: ago(s) });
  const most = innerWidth < 600 ? 2 : 3;
  const named = leading.length > most + 1 ? [...leading.slice(0, most), say("more", { n: leading.length - most })] : leading;
  const kind = live.length === 1 ? "only" : leading.length > 1 ? "no_leader" : "leader";
  return say(`${kind}.${when}`, { stages: list.format(named), ago: ago(s) });
}

/** Rows glide from where they stand to where they belong. */
function show(board) {
  const stages = $("stages");
  const before = new Map([...rows.values()].map(({ li }) => [li, li.getBoundingClientRect()]));
  const ids = new Set(board.stages.map((stage) => stage.id));
  for (const [id, { li }] of rows) if (!ids.has(id)) { li.remove(); rows.delete(id); }
  board.stages.forEach((stage, at) => {
    const one = row(stage.id);
    fill(one, stage, board.stages[at - 1], board.stages[at + 1]);
    if (stages.children[at] !== one.li) stages.insertBefore(one.li, stages.children[at] ?? null);
  });
  arrange();
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) for (const [li, was] of before) {
    for (const glide of li.getAnimations()) glide.cancel();
    const now = li.getBoundingClientRect();
    const [x, y] = [was.x - now.x, was.y - now.y];
    if (li.isConnected && (x || y)) li.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], { duration: GLIDE_MS, easing: "ease" });
  }
  put($("festival"), board.title);
  const faces = board.stages.reduce((sum, stage) => sum + (stage.faces ?? 0), 0);
    const scorers = board.scorers.length > 1 && board.mode !== "head count" && say("scorers", { scorers: list.format(board.scorers) });
  const counts = [say("stages", { n: board.stages.length }), say("faces", { n: faces }), board.simulated && say("simulated"), scorers];
  put($("counts"), `· ${counts.filter(Boolean).join(" · ")}`);
}

/** How old the picture is, by the server's clock and this page's stopwatch; a phone's clock may be wrong. */
function tell() {
  if (!shown) {
    put($("answer"), say(missing ? "not_found" : failed ? "no_answer" : "looking"));
    return;
  }
  const s = Math.max(0, (performance.now() - madeAt) / 1000);
  const offline = navigator.onLine === false;
  const late = s > LATE_S && !shown.over;
  const trouble = offline || late || (s > OLD_S && failed > 0);
  put($("age"), shown.over ? "" : `· ${ago(s)}`);
  put($("answer"), answer(s, trouble));
  document.title = `${$("answer").textContent} · ${shown.title}`;
  $("trouble").hidden = !trouble;
  // An alert is read out whenever it changes: what changes every second is hidden from that.
  put($("why"), !trouble ? "" : say(offline ? "offline" : failed > 0 ? "unanswered" : "no_news"));
  put($("since"), trouble ? say("picture_of", { ago: ago(s) }) : "");
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) {
    quiet = 0; // whoever comes back sees soon what goes on
    return;
  }
  try {
    const reply = await fetch(SOURCE, { cache: "no-cache", credentials: "omit", signal: AbortSignal.timeout?.(8000) });
    missing = reply.status === 404;
    if (missing) failed += 5;
    else {
      if (!reply.ok) throw new Error(String(reply.status));
      const made = reply.headers.get("etag");
      if (shown && made && made === etag) quiet += 1;
      else {
        const board = await reply.json();
        etag = made;
        const now = Date.parse(reply.headers.get("date")) + 1000 * Number(reply.headers.get("age") ?? 0);
        madeAt = performance.now() - Math.max(0, Number.isNaN(now) ? 0 : now - board.as_of_ms);
        quiet = shown && places(board) === places(shown) ? quiet + 1 : 0;
        show((shown = board));
      }
      failed = 0;
    }
  } catch {
    failed += 1;
  }
  tell();
  timer = setTimeout(look, wait_ms({ quiet, failed, kiosk: KIOSK, over: Boolean(shown?.over) }, Math.random()));
}

document.documentElement.classList.toggle("kiosk", KIOSK);
document.documentElement.lang = LOCALE;
document.documentElement.dir = words.direction;
for (const id of ["privacy", "scale", "arrows", "steady_board"]) put($(id), say(id));
$("stages").setAttribute("aria-label", say("stages_list"));
document.title = say("title");
document.addEventListener("visibilitychange", look);
addEventListener("online", look);
addEventListener("offline", tell);
addEventListener("resize", arrange);
setInterval(tell, 1000);
tell();
look();
