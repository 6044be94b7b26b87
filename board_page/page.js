"use strict";
const $ = (id) => document.getElementById(id);
const KIOSK = new URLSearchParams(location.search).get("kiosk") === "1";
const SOURCE = `${location.pathname.replace(/\/+$/, "")}/live.json`;
const EVERY_MS = 2000, LONGEST_WAIT_MS = 30000, OLD_S = 10, LATE_S = 120, PER_COLUMN = 10;
const rows = new Map();
let shown = null, madeAt = 0, failed = 0, timer = 0, etag = "";

const make = (name, kind, parent) => {
  const one = document.createElement(name);
  if (kind) one.className = kind;
  return parent.appendChild(one);
};
const ago = (s) => (s < 90 ? `${Math.round(s)} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`);
const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function row(id) {
  if (rows.has(id)) return rows.get(id);
  const li = document.createElement("li");
  const one = { li, rank: make("span", "rank", li) };
  const words = make("span", "", li);
  one.name = make("span", "name", words);
  one.lines = [make("span", "more", words), make("span", "more", words)];
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
  one.is = [make("i", "", one.bar), make("i", "", one.bar)];
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

/** What stands in the place of a figure where there is none, or none that is fresh. */
function state(stage) {
  if (stage.state === "stale") return `no news for ${ago(stage.age_s)}`;
  if (stage.state === "too few") return "too few faces to say (20 or fewer)";
  if (stage.state === "left out") return "left out for now";
  return stage.state === "silent" ? "no camera" : "";
}

function fill(one, stage) {
  const { figure, over_5_min: trend } = stage;
  const heads = stage.state === "heads only";
  const gone = !heads && stage.state !== "live";
  one.li.className = gone ? "gone" : "";
  put(one.rank, stage.rank === null ? "" : `${stage.rank}${stage.tied ? "=" : ""}`);
  put(one.name, stage.title);
  // Where there is no figure, why not comes first.
  const lines = gone ? [state(stage), stage.playing] : [stage.playing, stage.why];
  lines.filter(Boolean).concat("", "").slice(0, 2).forEach((text, at) => {
    put(one.lines[at], text);
    one.lines[at].hidden = !text;
  });
  const arrow = { up: "▲", down: "▼" }[figure === null || gone ? "" : trend?.[0]];
  put(one.figure, heads ? `${stage.faces ?? "–"}` : figure === null ? "–" : `${figure}`);
  put(one.trend, heads ? "faces" : arrow ? `${arrow} ${Math.abs(trend[1])}` : trend && !gone ? "steady" : "");
  one.trend.className = arrow ? trend[0] : "";
  one.line.setAttribute("d", line(stage.sparkline));
  one.bar.hidden = figure === null;
  if (figure !== null) {
    one.is[0].style.width = `${stage.low}%`;
    one.is[1].style.left = `${stage.low}%`;
    one.is[1].style.width = `${stage.high - stage.low}%`;
  }
}

/** Rows glide from where they stood to where they stand now. */
function show(board) {
  const list = $("stages");
  const before = new Map([...rows.values()].map(({ li }) => [li, li.getBoundingClientRect()]));
  const ids = new Set(board.stages.map((stage) => stage.id));
  for (const [id, { li }] of rows) if (!ids.has(id)) { li.remove(); rows.delete(id); }
  board.stages.forEach((stage, at) => {
    const one = row(stage.id);
    fill(one, stage);
    if (list.children[at] !== one.li) list.insertBefore(one.li, list.children[at] ?? null);
  });
  document.documentElement.style.setProperty("--rows", Math.min(board.stages.length, Math.max(PER_COLUMN, Math.ceil(board.stages.length / 3))));
  for (const [li, was] of before) {
    const now = li.getBoundingClientRect();
    const [x, y] = [was.x - now.x, was.y - now.y];
    if (!li.isConnected || (!x && !y)) continue;
    li.style.transition = "none";
    li.style.transform = `translate(${x}px, ${y}px)`;
    void li.offsetTop; // the start of the glide is laid out before its end is set
    li.style.transition = li.style.transform = "";
  }
  put(document.querySelector("h1"), board.title);
  document.title = board.title;
  const faces = board.stages.reduce((sum, stage) => sum + (stage.faces ?? 0), 0);
  const told = [
    board.simulated && "Simulated.",
    board.over && "It is over; this is how it ended.",
    `${count(board.stages.length, "stage")}, ${count(faces, "face")} in view.`,
    board.caution,
  ];
  put($("told"), told.filter(Boolean).join(" "));
}

/** How old the picture is, by the server's clock and this page's stopwatch; a phone's clock may be wrong. */
function tell() {
  if (!shown) return;
  const s = Math.max(0, (performance.now() - madeAt) / 1000);
  put($("age"), shown.over ? "" : `${ago(s)} ago`);
  const offline = navigator.onLine === false;
  const late = s > LATE_S && !shown.over;
  const trouble = offline || late || (s > OLD_S && failed > 0);
  $("trouble").hidden = !trouble;
  // An alert is read out whenever it changes: what changes every second is hidden from that.
  put($("why"), !trouble ? "" : offline ? "You are offline." : failed > 0 ? "No answer." : "No news.");
  put($("since"), trouble ? `This is the picture of ${ago(s)} ago.` : "");
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(SOURCE, { cache: "no-cache", credentials: "omit", signal: AbortSignal.timeout?.(8000) });
    if (answer.status === 404) {
      put($("told"), "There is no board of that name.");
      failed += 5;
    } else {
      if (!answer.ok) throw new Error(String(answer.status));
      const made = answer.headers.get("etag");
      if (!shown || made !== etag || !made) {
        const board = await answer.json();
        etag = made;
        const now = Date.parse(answer.headers.get("date")) + 1000 * Number(answer.headers.get("age") ?? 0);
        madeAt = performance.now() - Math.max(0, Number.isNaN(now) ? 0 : now - board.as_of_ms);
        show((shown = board));
      }
      failed = 0;
    }
  } catch {
    failed += 1;
    if (!shown) put($("told"), "No answer yet. Trying again …");
  }
  tell();
  // Not all at once, and less often while nothing answers.
  timer = setTimeout(look, Math.min(LONGEST_WAIT_MS, EVERY_MS * 2 ** Math.min(failed, 4)) * (0.85 + 0.3 * Math.random()));
}

document.documentElement.classList.toggle("kiosk", KIOSK);
document.addEventListener("visibilitychange", look);
addEventListener("online", look);
addEventListener("offline", tell);
setInterval(tell, 1000);
look();
