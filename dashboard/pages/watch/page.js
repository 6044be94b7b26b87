const FILES = `${HERE.replace(/\/watch\/[^/]*$/, "")}/watch-files`;
const KEPT = `houselights-viewer ${HERE}`;
const SEND_MS = 1500, LONGEST_WAIT_MS = 30000, ACROSS = 1280, DOWN = 720;
const NEAR_PX = 48, LIGHT = 45; // the scorer sees 48 x 48 pixels; under this mean gray a face is mostly noise
const canvas = document.createElement("canvas"), pen = canvas.getContext("2d", { willReadFrequently: true });
let about = null, joined = null, stream = null, worker = null, lock = null;
let mode = "asking"; // then "checking", "watching" or "ended"
let measuring = false, ready = false, busy = false, broken = 0, failures = 0, aheadMs = 0, aheadWithin = Infinity;
let rows = [], counted = 0, sending = false, sendTimer = 0, last = -1, clear = 0, frames = -1;

const show = (...ids) => {
  for (const one of document.querySelectorAll("main > section")) one.hidden = !ids.includes(one.id);
  $("frame").hidden = !stream;
  $("frame").className = ids.includes("checking") ? "" : "away";
  document.body.classList.toggle("wide", ids.includes("watching") && !!about?.shows_film);
};
const news = (text, bad) => { $("news").textContent = text; $("news").className = bad ? "bad" : ""; };
const kept = () => { try { return localStorage.getItem(KEPT) ?? ""; } catch { return ""; } };
const keep = (name) => { try { if (name) localStorage.setItem(KEPT, name); else localStorage.removeItem(KEPT); } catch { /* as long as the page is open */ } };

async function ask(what, form) {
  const answer = await fetch(`${HERE}/${what}`, form && { method: "POST", body: JSON.stringify(form), keepalive: true });
  const said = await answer.json().catch(() => ({ problem: gettext("This server cannot be reached just now.") }));
  return { ok: answer.ok, status: answer.status, ...said };
}

async function open() {
  try { about = await ask("about"); } catch { news(gettext("There is no connection: load this page again."), true); return; }
  if (!about.ok) { news(about.problem, true); show(...(kept() ? ["before"] : [])); return; }
  document.title = $("title").textContent = about.title;
  news(about.film ? gettext("The film: {film}", { film: about.film }) : gettext("A stream that you watch elsewhere"));
  for (const [term, text] of about.points) {
    const pair = document.createElement("div");
    for (const [name, content] of [["dt", term], ["dd", text]]) pair.append(Object.assign(document.createElement(name), { textContent: content }));
    $("points").append(pair);
  }
  $("only-watch").hidden = $("no-camera").hidden = !about.shows_film;
  if (about.problem || !canRun()) {
    news(about.problem || gettext("This browser cannot measure: use a newer one, at an address that begins with https. You can still watch."), true);
    show(...(about.shows_film ? ["watching"] : []));
    if (about.shows_film) watchFilm();
    return;
  }
  show(...(kept() ? ["before", "asking"] : ["asking"]));
}
const canRun = () => typeof WebAssembly === "object" && !!window.Worker && !!navigator.mediaDevices?.getUserMedia;

for (const id of ["consent", "adult", "home"]) $(id).addEventListener("change", () => {
  $("agree").disabled = !["consent", "adult", "home"].every((one) => $(one).checked);
});

$("choice").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("agree").disabled = true;
  const form = { notice: about.notice, consent: $("consent").checked, adult: $("adult").checked, home: $("home").checked };
  try {
    joined = await ask("join", { ...form, viewer: kept() });
    if (!joined.ok && kept()) { keep(""); joined = await ask("join", form); } // the name was of another link
  } catch { joined = { problem: gettext("There is no connection: try again.") }; }
  $("agree").disabled = false;
  if (!joined.viewer) { news(joined.problem, true); return; }
  keep(joined.viewer);
  setClock(joined.now_ms, 0);
  await check();
});

async function check() {
  news(gettext("Your browser asks whether this page may use the camera."));
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false, video: { facingMode: "user", width: { ideal: ACROSS }, height: { ideal: DOWN }, frameRate: { ideal: 15 } },
    });
  } catch {
    news(gettext("The camera cannot be used: allow it for this page, close other programs that use it, and press “Take part” again."), true);
    return;
  }
  mode = "checking";
  show("checking", "checked");
  news(worker ? "" : gettext("Loading what looks at the picture: about 7 MB, once."));
  $("mirror").srcObject = stream;
  await $("mirror").play().catch(() => {});
  stream.getVideoTracks()[0].addEventListener("ended", () => finish(gettext("The camera was taken away"), gettext("Nothing more is measured.")));
  if (!worker) {
    worker = new Worker(`${FILES}/worker.mjs`, { type: "module" });
    worker.addEventListener("message", ({ data }) => heard(data));
    worker.addEventListener("error", () => heard({ kind: "failed" }));
  }
}

function heard({ kind, seen, tag }) {
  if (kind === "ready") { ready = true; news(""); return; }
  if (kind === "failed") {
    busy = false;
    broken += 1;
    if (!ready || broken > 5) news(gettext("This browser cannot look at pictures: use a newer one. You can still watch."), true);
    return;
  }
  if (kind === "tick") { tick(); return; }
  busy = false;
  broken = 0;
  if (mode === "checking") hint(seen);
  if (mode === "watching" && measuring && tag !== null) {
    note(tag, seen.scores);
    state(seen.scores ? "" : seen.why);
  }
}

/* One look for each second of the film, or of the clock; more slowly where a device needs longer. */
function tick() {
  if ($("stream").hidden === false) $("clock").textContent = new Date(Date.now()).toLocaleTimeString(document.documentElement.lang);
  if (!ready || busy || !stream || (mode === "watching" && !measuring)) return;
  const tag = mode === "watching" ? second() : null;
  if (mode === "watching" && (tag === null || tag === last)) return;
  if (mode === "watching") last = tag;
  const mirror = $("mirror"), seen = mirror.getVideoPlaybackQuality?.().totalVideoFrames ?? frames + 1;
  if (document.hidden || !mirror.videoWidth || seen === frames) {
    // An old picture says nothing of now.
    if (mode === "watching") { note(tag, null); state(document.hidden ? "hidden" : "none"); }
    return;
  }
  frames = seen;
  const scale = Math.min(1, Math.sqrt((ACROSS * DOWN) / (mirror.videoWidth * mirror.videoHeight)));
  const width = Math.round(mirror.videoWidth * scale), height = Math.round(mirror.videoHeight * scale);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  pen.drawImage(mirror, 0, 0, width, height);
  const rgba = pen.getImageData(0, 0, width, height).data.buffer;
  busy = true;
  worker.postMessage({ rgba, width, height, tag }, [rgba]);
}

function second() {
  if (about.stream) {
    const at = Math.floor((Date.now() + aheadMs - joined.starts_ms) / 1000);
    return at >= 0 && at <= joined.last_second ? at : null;
  }
  const film = $("film");
  if (film.paused || film.ended || film.seeking || film.readyState < 3) return null;
  return Math.floor(film.currentTime);
}

/* The server's clock, by the answer that took the shortest. */
function setClock(serverMs, tookMs) {
  if (tookMs > aheadWithin) return;
  aheadWithin = Math.max(tookMs, 20);
  aheadMs = serverMs + tookMs / 2 - Date.now();
}

function hint({ faces, face, light, scores, why }) {
  const put = (id, good, text) => { $(id).textContent = text; $(id).className = good ? "good" : "bad"; };
  put("hint-face", faces === 1, !faces ? gettext("No face is seen: look at the camera.") : faces === 1 ? gettext("Your face is seen.") : gettext("Several faces are seen: the nearest one counts."));
  const near = !!face && face.height >= NEAR_PX, lit = !!face && light >= LIGHT;
  if (face) {
    put("hint-size", near, near ? gettext("You are near enough.") : gettext("Too far away: come closer."));
    put("hint-light", lit, lit ? gettext("There is enough light.") : gettext("Too dark: switch on a light that falls on your face."));
  } else for (const id of ["hint-size", "hint-light"]) $(id).textContent = "";
  if (face && why === "profile") put("hint-face", false, gettext("Turn to the camera."));
  if (face && why === "covered") put("hint-face", false, gettext("Your mouth is covered."));
  clear = scores && near && lit ? clear + 1 : 0;
  $("start").disabled = clear < 2;
}

$("start").addEventListener("click", () => {
  mode = "watching";
  measuring = true;
  last = -1;
  show("watching");
  for (const id of ["measuring", "sent", "controls"]) $(id).hidden = false;
  state("waiting");
  if (about.shows_film) watchFilm();
  else { $("stream").hidden = false; $("clock").textContent = new Date().toLocaleTimeString(document.documentElement.lang); }
  navigator.wakeLock?.request("screen").then((one) => { lock = one; }, () => {});
  schedule();
});

function watchFilm() {
  mode = "watching";
  show("watching");
  const film = $("film");
  if (film.src) return;
  film.hidden = false;
  film.src = `${HERE}/film`;
  film.addEventListener("ended", async () => {
    if (!measuring) return;
    await send();
    finish("Thank you for watching", "The camera is off. Your numbers count; you can still take them back.");
  });
  film.addEventListener("error", () => news("This browser cannot play the film.", true));
}
for (const id of ["only-watch", "no-camera"]) $(id).addEventListener("click", () => { release(); news(""); watchFilm(); });

const STATES = {
  "": gettext("Your face is measured."), waiting: gettext("Press play: measuring begins with the film."), none: gettext("Not measured: no face is seen."),
  small: gettext("Not measured: you are too far away."), profile: gettext("Not measured: you are turned away."), covered: gettext("Not measured: your mouth is covered."),
  hidden: gettext("Not measured while this page is out of view."),
};
function state(why) {
  const text = why === "waiting" && about.stream ? gettext("Measuring begins …") : STATES[why] ?? STATES.none;
  if ($("measuring").textContent !== text) $("measuring").textContent = text;
  $("measuring").className = why && why !== "waiting" ? "state bad" : "state";
}

function note(at, scores) {
  rows.push([at, scores ? joined.order.map((name) => Math.round(scores[name] * 1e4) / 1e4) : []]);
  if (rows.length > joined.most_rows) rows.shift();
}

function schedule(wait = SEND_MS) {
  clearTimeout(sendTimer);
  sendTimer = setTimeout(send, wait);
}

async function send() {
  if (sending || !joined) return;
  const some = rows.slice(0, joined.most_rows);
  let wait = SEND_MS;
  if (some.length) {
    sending = true;
    const began = Date.now();
    try {
      const said = await ask("figures", { viewer: joined.viewer, rows: some });
      if (said.status >= 500 || said.status === 429) throw new Error();
      rows = rows.slice(some.length);
      failures = 0;
      if (said.ok) {
        setClock(said.now_ms, Date.now() - began);
        counted += said.counted;
        $("sent").textContent = gettext("Seconds counted so far: {count}", { count: counted.toLocaleString(document.documentElement.lang) });
      } else if (said.status === 404) { sending = false; finish(gettext("This link has ended"), said.problem); return; }
    } catch {
      failures += 1;
      wait = Math.min(LONGEST_WAIT_MS, SEND_MS * 2 ** Math.min(failures, 5));
    }
    sending = false;
  }
  if (mode === "watching" || rows.length) schedule(wait);
}

function release() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  measuring = false;
  $("mirror").srcObject = null;
  lock?.release().catch(() => {});
  lock = null;
}

function finish(title, text, { again = true } = {}) {
  release();
  mode = "ended";
  $("ended-title").textContent = title;
  $("ended-text").textContent = text;
  for (const id of ["measuring", "sent", "controls", "stream"]) $(id).hidden = true;
  $("again").hidden = !again;
  $("take-back-after").hidden = !kept();
  // The film goes on: who stops measuring may watch to the end.
  show("ended", ...(about.shows_film ? ["watching"] : []));
}

$("pause").addEventListener("click", async () => {
  await send();
  finish(gettext("Nothing is measured any more"), gettext("The camera is off. What was sent so far counts; you can still take it back."));
});
$("again").addEventListener("click", () => { $("ended").hidden = true; check(); });

for (const button of document.querySelectorAll(".take-back")) button.addEventListener("click", async () => {
  measuring = false;
  clearTimeout(sendTimer);
  while (sending) await new Promise((done) => { setTimeout(done, 50); });
  rows = [];
  let said;
  try { said = await ask("withdraw", { viewer: kept() }); } catch { said = { problem: gettext("There is no connection: try again.") }; }
  if (!said.ok) { news(said.problem, true); if (said.status === 404) keep(""); return; }
  keep("");
  joined = null;
  counted = 0;
  news("");
  finish(
    said.rows ? gettext("Your numbers were taken back") : gettext("There was nothing left to take back"),
    said.rows ? gettext("Seconds deleted and subtracted from the sums: {count}.", { count: said.rows }) : gettext("What was sent long ago exists only inside the sums, without any link to you."),
    { again: false },
  );
});

addEventListener("pagehide", () => {
  if (joined && rows.length) navigator.sendBeacon(`${HERE}/figures`, JSON.stringify({ viewer: joined.viewer, rows: rows.slice(0, joined.most_rows) }));
});
open();
