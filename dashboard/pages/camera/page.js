const EVERY_MS = 1000, PATIENCE_MS = 6000, LONGEST_WAIT_MS = 8000, MIDDLE_MS = 500, LOW_BATTERY = 0.2;
const SIZES = [[1280, 0.75], [1280, 0.6], [960, 0.6], [640, 0.6]];
const TILTED_DEG = 8, FLAT = 5;
const SLOW_MS = 900, QUICK_MS = 350, TRIES_BEFORE_MORE = 12, HINTS_AFTER = 2;
const PAGE = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/* What the page says: whole sentences, each in one place. */
const SAYS = {
  asking: gettext("Allow this page to use the camera."),
  ready: gettext("Point the camera at the audience, then press Start."),
  starting: gettext("Starting …"),
  counting: gettext("Sending. Keep this page in front and the phone still."),
  stopped: gettext("Stopped. Nothing is sent."),
  insecure: gettext("Browsers give a page the camera only over https. Open the link with https that the page Operate shows under “Phone camera”."),
  refused: gettext("The camera is not allowed. Allow it in the browser's settings for this page, then try again."),
  none: gettext("No camera was found. Connect one, then try again."),
  taken: gettext("Another app is using the camera. Close it, then try again."),
  lost: gettext("The camera was taken away, by a call or another app. End that, then try again."),
  broken: gettext("The camera cannot be opened. Close other apps that use it, then try again."),
  another: gettext("Another phone or window has become this camera. Press Start to take it back."),
  offline: (time) => gettext("No connection since {time}. It is tried again and again; pictures taken meanwhile are not kept.", { time }),
  away: (from, until) => gettext("Nothing was sent from {from} to {until}, while this page was not in front.", { from, until }),
  awake: gettext("The screen may go dark: set it to stay on, or nothing is sent any more."),
  battery: (share) => gettext("The battery is at {share} %: plug the phone in.", { share }),
  dark: gettext("Too dark: turn a light towards the audience, or move closer."),
  blurred: gettext("Out of focus or shaken: wipe the lens, and lean the phone on something steady."),
  far: gettext("The faces are small: move closer, or choose a place further in front."),
  tilted: gettext("The phone is tilted: turn it until the picture is level."),
  nobody: gettext("No face is found: check where the camera points."),
  faces: (count) => ngettext("{count} face", "{count} faces", count),
  heads: gettext("One small picture a second goes to the server of this session, which counts faces, and keeps no picture. Nothing is stored on this phone."),
  again: gettext("Try again"), start: gettext("Start"), stop: gettext("Stop"),
};
const AT = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
const canvas = document.createElement("canvas");
let stream = null, sending = false, began = false, ended = "", timer = 0, inFlight = null, lock = null, charge = null;
let size = 0, quick = 0, tripMs = null, failed = 0, sinceMs = 0, hiddenMs = 0, away = "", kinds = [], seen = {}, facing = "environment";
let lockFailed = false, tilt = 0;

const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const clock = (ms) => AT.format(new Date(ms));

function say(text, kind) {
  put($("state"), text);
  $("state").className = kind ?? "";
}

/** One line for each thing that whoever puts the phone up can mend. */
function hints() {
  const lines = [...(sending ? kinds.filter((kind) => seen[kind] >= HINTS_AFTER).map((kind) => SAYS[kind]) : [])];
  if (stream && Math.abs(tilt) > TILTED_DEG) lines.push(SAYS.tilted);
  if (away) lines.push(away);
  if (sending && lockFailed) lines.push(SAYS.awake);
  if (charge && !charge.charging && charge.level <= LOW_BATTERY) lines.push(SAYS.battery(Math.round(100 * charge.level)));
  if ($("hints").dataset.shown === lines.join("\n")) return;
  $("hints").dataset.shown = lines.join("\n");
  $("hints").replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
}

function buttons() {
  put($("go"), sending ? SAYS.stop : stream ? SAYS.start : SAYS.again);
  $("go").className = sending ? "stop" : "";
  $("go").hidden = Boolean(ended);
}

/** Ends for good: the link or the session is over. */
function end(text) {
  ended = text;
  halt();
  closeCamera();
  $("view").hidden = $("other").hidden = $("about").hidden = true;
  say(text, "");
  buttons();
}

function closeCamera() {
  if (stream) for (const track of stream.getTracks()) { track.onended = null; track.stop(); }
  stream = $("video").srcObject = null;
}

async function openCamera() {
  closeCamera();
  if (!navigator.mediaDevices?.getUserMedia) { say(SAYS.insecure, "bad"); return; }
  say(SAYS.asking);
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: facing }, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 15, max: 30 } },
      audio: false,
    });
  } catch (problem) {
    say(SAYS[{ NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "none", OverconstrainedError: "none", NotReadableError: "taken" }[problem.name] ?? "broken"], "bad");
    buttons();
    return;
  }
  stream.getVideoTracks()[0].onended = () => { halt(); closeCamera(); say(SAYS.lost, "bad"); buttons(); };
  $("video").srcObject = stream;
  try { await $("video").play(); } catch { /* a browser that plays only after a tap: Start is one */ }
  $("other").hidden = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput").length < 2;
  if (!sending) say(SAYS.ready);
  buttons();
}

async function keepAwake() {
  try {
    lock = await navigator.wakeLock.request("screen");
    lockFailed = false;
  } catch { lockFailed = !document.hidden; }
}

function begin() {
  sending = true;
  began = false;
  failed = 0;
  away = "";
  [kinds, seen] = [[], {}];
  say(SAYS.starting);
  buttons();
  keepAwake();
  $("video").play().catch(() => {});
  next(0);
}

/** Stops sending on this side. */
function halt() {
  sending = false;
  clearTimeout(timer);
  inFlight?.abort();
  lock?.release().catch(() => {});
  lock = null;
  $("faces").hidden = true;
  hints();
}

function stop() {
  halt();
  say(SAYS.stopped);
  buttons();
  fetch(`${HERE}/stop?page=${PAGE}`, { method: "POST", credentials: "omit", cache: "no-store", keepalive: true }).catch(() => {});
}

function next(ms) {
  clearTimeout(timer);
  if (sending) timer = setTimeout(send, ms);
}

/** The picture that the camera shows now, as a small JPEG. */
function picture() {
  const video = $("video"), [side, quality] = SIZES[size];
  const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}

/** Smaller pictures where the network is slow, larger ones again where it has been quick for a while. */
function adapt(tookMs) {
  if (tookMs > SLOW_MS) { size = Math.min(SIZES.length - 1, size + 1); quick = 0; return; }
  quick = tookMs < QUICK_MS ? quick + 1 : 0;
  if (quick >= TRIES_BEFORE_MORE) { size = Math.max(0, size - 1); quick = 0; }
}

/** Sends one picture; at most one is on its way, so none ever waits. */
async function send() {
  if (!sending || !stream || document.hidden) return;
  if (!$("video").videoWidth) return next(200);
  const takenMs = performance.now();
  let wait = EVERY_MS;
  try {
    const jpeg = await picture();
    inFlight = new AbortController();
    const patience = setTimeout(() => inFlight?.abort(), PATIENCE_MS);
    const sentMs = performance.now();
    const query = `page=${PAGE}&began=${began ? 0 : 1}&age_ms=${Math.round(sentMs - takenMs)}&trip_ms=${Math.round(tripMs ?? 0)}`;
    let answer, said = {};
    try {
      answer = await fetch(`${HERE}/picture?${query}`, { method: "POST", body: jpeg, headers: { "Content-Type": "image/jpeg" }, credentials: "omit", cache: "no-store", signal: inFlight.signal });
      said = await answer.json().catch(() => ({}));
    } finally { clearTimeout(patience); inFlight = null; }
    if (!sending) return;
    if (answer.status === 404 || answer.status === 410) return end(said.problem);
    if (answer.status === 409) { halt(); say(SAYS.another, "bad"); buttons(); return; }
    if (!answer.ok) throw new Error(said.problem || "");
    const tookMs = performance.now() - sentMs;
    // The shortest of late: what the network takes by itself, without the picture and without the server's own time.
    tripMs = Math.min((tripMs ?? Infinity) + 5, Math.max(0, tookMs - said.took_ms));
    [began, failed, sinceMs] = [true, 0, 0];
    adapt(tookMs);
    show(said);
    // The pictures are to lie in the middle of the server's seconds: then each second has exactly one.
    const shift = (MIDDLE_MS - said.phase_ms + 1500) % 1000 - 500;
    wait = EVERY_MS + Math.max(-250, Math.min(250, shift)) - (performance.now() - takenMs);
  } catch (problem) {
    if (!sending) return;
    failed += 1;
    $("faces").hidden = failed > 1;
    sinceMs ||= Date.now();
    size = Math.min(SIZES.length - 1, size + 1);
    if (problem instanceof Error && problem.message && !(problem instanceof TypeError) && problem.name === "Error") say(problem.message, "bad");
    else if (failed > 1 || navigator.onLine === false) say(SAYS.offline(clock(sinceMs)), "bad");
    wait = Math.min(LONGEST_WAIT_MS, EVERY_MS * 2 ** Math.min(failed - 1, 4)) * (0.85 + 0.3 * Math.random());
  }
  next(Math.max(0, wait));
}

function show({ faces, hints: found, problem }) {
  if (problem) say(problem, "bad");
  else if (faces === null) say(SAYS.starting);
  else say(SAYS.counting, "good");
  kinds = faces === 0 && !found.includes("dark") ? [...found, "nobody"] : found;
  seen = Object.fromEntries(kinds.map((kind) => [kind, (seen[kind] ?? 0) + 1]));
  $("faces").hidden = faces === null;
  put($("faces"), SAYS.faces(faces ?? 0));
  hints();
}

document.addEventListener("visibilitychange", () => {
  if (ended) return;
  if (document.hidden) {
    hiddenMs = sending ? Date.now() : 0;
    clearTimeout(timer);
    inFlight?.abort();
    return;
  }
  if (hiddenMs && sending) away = SAYS.away(clock(hiddenMs), clock(Date.now()));
  hiddenMs = 0;
  hints();
  if (sending) {
    keepAwake();
    $("video").play().catch(() => {});
    next(0);
  }
});
/* Which way is down, in the plane of the screen: how far the phone leans from upright or from lying on its side. One that
   lies flat leans nowhere. An iPhone tells a page only after one more question, which is not asked. */
addEventListener("devicemotion", ({ accelerationIncludingGravity: down }) => {
  if (!down || down.x === null) return;
  const deg = Math.hypot(down.x, down.y) < FLAT ? 0 : Math.atan2(down.x, down.y) * 180 / Math.PI;
  const from = deg - 90 * Math.round(deg / 90), was = Math.abs(tilt) > TILTED_DEG;
  tilt += 0.1 * (from - tilt); // a tap on the phone is no tilt
  if ((Math.abs(tilt) > TILTED_DEG) !== was) hints();
});
addEventListener("online", () => { if (sending && failed) next(0); });
addEventListener("offline", () => { if (sending) { sinceMs ||= Date.now(); say(SAYS.offline(clock(sinceMs)), "bad"); } });
addEventListener("pagehide", () => { if (sending) stop(); });
$("go").addEventListener("click", async () => {
  if (sending) return stop();
  if (!stream) return openCamera();
  begin();
});
$("other").addEventListener("click", async () => {
  facing = facing === "environment" ? "user" : "environment";
  await openCamera();
});

async function start() {
  try {
    const answer = await fetch(`${HERE}/about`, { credentials: "omit", cache: "no-store" });
    const about = await answer.json();
    if (answer.status === 404 || answer.status === 410) return end(about.problem);
    if (answer.ok) {
      put($("title"), about.title);
      put($("place"), `${about.camera} · ${about.stage}`);
      if (about.measures === "head count") put($("about"), SAYS.heads);
    }
  } catch { /* the first picture finds out */ }
  navigator.getBattery?.().then((battery) => {
    charge = battery;
    for (const kind of ["levelchange", "chargingchange"]) battery.addEventListener(kind, hints);
    hints();
  }).catch(() => {});
  await openCamera();
  buttons();
}
start();
