const LEAVING = /\/withdraw\/[^/]*$/.test(HERE);
const FEWEST = 2, MOST = 3, LARGEST_SIDE = 1280, HINT_SIDE = 480, HINT_EVERY_MS = 2000;
const photos = [];
let stream = null, timer = 0, busy = false, sending = false;

const show = (id) => {
  for (const one of ["loading", "problem", "join", "done", "leave", "left"]) $(one).hidden = one !== id;
  window.scrollTo(0, 0);
};
const fail = (text) => { closeCamera(); $("problem-text").textContent = text; show("problem"); };

async function ask(path, options) {
  let answer;
  try { answer = await fetch(path, { cache: "no-store", ...options }); }
  catch { throw new Error(gettext("There is no connection. Try again.")); }
  const text = await answer.text();
  let said = {};
  try { said = JSON.parse(text); } catch { said = { problem: text.trim() }; }
  if (!answer.ok) throw new Error(said.problem || gettext("Something is wrong with this server."));
  return said;
}

/** A picture as a JPEG of at most so many pixels a side. */
async function jpeg(source, width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
}
const check = (blob) => ask(`${HERE}/photo`, { method: "POST", body: blob, headers: { "Content-Type": "image/jpeg" } });

function ready() {
  const missing = [];
  if (!$("consent").checked) missing.push(gettext("your consent"));
  if (!$("adult").checked) missing.push(gettext("that you are of age"));
  if (!$("name").value.trim()) missing.push(gettext("your name"));
  if (photos.length < FEWEST) missing.push(photos.length ? gettext("one more photo") : gettext("two photos"));
  $("missing").textContent = missing.length && !sending ? gettext("Still missing: {things}.", { things: missing.join(", ") }) : "";
  $("missing").className = "";
  $("send").disabled = missing.length > 0 || sending;
  $("open").hidden = stream !== null || photos.length >= MOST || !navigator.mediaDevices;
  $("pick-label").hidden = photos.length >= MOST;
}

function add(blob) {
  if (photos.length >= MOST) return;
  photos.push(blob);
  const item = document.createElement("li"), image = document.createElement("img"), off = document.createElement("button");
  image.alt = gettext("Photo {number}", { number: photos.length });
  image.src = URL.createObjectURL(blob);
  off.type = "button";
  off.textContent = gettext("Remove");
  off.addEventListener("click", () => {
    photos.splice(photos.indexOf(blob), 1);
    URL.revokeObjectURL(image.src);
    item.remove();
    ready();
  });
  item.append(image, off);
  $("taken").append(item);
  if (photos.length >= MOST) closeCamera();
  ready();
}

function hint(text, good) {
  $("hint").textContent = text;
  $("hint").className = good ? "good" : "";
  document.querySelector(".view").classList.toggle("good", good);
  $("take").disabled = !good;
}

async function look() {
  const video = $("video");
  if (stream && !busy && video.videoWidth) {
    busy = true;
    try {
      const said = await check(await jpeg(video, video.videoWidth, video.videoHeight, HINT_SIDE));
      if (stream) hint(said.problem || gettext("Good. Hold still and take the photo."), !said.problem);
    } catch (problem) {
      if (stream) hint(problem.message, false);
    }
    busy = false;
  }
  if (stream) timer = setTimeout(look, HINT_EVERY_MS);
}

async function openCamera() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 } }, audio: false });
  } catch {
    $("picked").textContent = gettext("The camera cannot be used here: choose photos instead.");
    return;
  }
  $("video").srcObject = stream;
  await $("video").play();
  $("camera").hidden = false;
  hint(gettext("Looking for your face …"), false);
  ready();
  look();
}

function closeCamera() {
  clearTimeout(timer);
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  $("camera").hidden = true;
  ready();
}

async function take() {
  const video = $("video");
  $("take").disabled = true;
  const blob = await jpeg(video, video.videoWidth, video.videoHeight, LARGEST_SIDE);
  try {
    const said = await check(blob);
    if (said.problem) hint(said.problem, false);
    else add(blob);
  } catch (problem) {
    hint(problem.message, false);
  }
}

async function pick() {
  const lines = [];
  for (const file of $("pick").files) {
    if (photos.length >= MOST) break;
    $("picked").textContent = gettext("Looking at {name} …", { name: file.name });
    try {
      const image = await createImageBitmap(file, { imageOrientation: "from-image" });
      const blob = await jpeg(image, image.width, image.height, LARGEST_SIDE);
      const said = await check(blob);
      if (said.problem) lines.push(`${file.name}: ${said.problem}`);
      else add(blob);
    } catch (problem) {
      lines.push(`${file.name}: ${problem instanceof DOMException ? gettext("This is no photo that can be read.") : problem.message}`);
    }
  }
  $("pick").value = "";
  $("picked").textContent = lines.join(" ");
  $("picked").className = lines.length ? "bad" : "";
}

const base64 = (blob) => new Promise((done) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.readAsDataURL(blob);
});

async function send(event) {
  event.preventDefault();
  if ($("send").disabled) return;
  sending = true;
  ready();
  try {
    const said = await ask(HERE, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        name: $("name").value.trim(),
        note: $("note").value.trim(),
        mail: $("mail").value.trim(),
        notice: $("join").dataset.notice,
        consent: $("consent").checked,
        adult: $("adult").checked,
        keeps_photo: $("keeps-photo").checked,
        joins_expressions: $("joins").checked,
        photos: await Promise.all(photos.map(base64)),
      }),
    });
    closeCamera();
    const address = new URL(HERE.replace(/\/join\/[^/]*$/, `/withdraw/${said.withdraw}`), location.href).href;
    $("withdraw-link").href = address;
    $("withdraw-link").textContent = address;
    $("done-text").textContent = said.text;
    photos.length = 0;
    $("taken").replaceChildren();
    show("done");
  } catch (problem) {
    sending = false;
    ready();
    $("missing").textContent = problem.message;
    $("missing").className = "bad";
  }
}

async function leave() {
  $("leave-now").disabled = true;
  try {
    const said = await ask(HERE, { method: "POST" });
    for (const line of said.receipt) {
      const item = document.createElement("li");
      item.textContent = line;
      $("receipt").append(item);
    }
    show("left");
  } catch (problem) {
    fail(problem.message);
  }
}

async function checkIn() {
  $("check-in").disabled = true;
  try {
    $("arrive-text").textContent = (await ask(`${HERE}/check-in`, { method: "POST" })).text;
    $("check-in").hidden = true;
  } catch (problem) {
    $("check-in").disabled = false;
    $("arrive-text").textContent = problem.message;
  }
}

async function start() {
  const about = await ask(`${HERE}/about`);
  document.title = `${about.title} · Houselights`;
  if (LEAVING) {
    $("leave-text").textContent = about.text;
    $("leave-now").addEventListener("click", leave);
    $("check-in").addEventListener("click", checkIn);
    $("arrive").hidden = !about.check_in;
    show("leave");
    return;
  }
  $("title").textContent = about.title;
  $("lead").textContent = about.lead;
  $("consent-text").textContent = about.consent;
  $("photo-text").textContent = about.photo;
  $("joins-text").textContent = about.joins;
  $("joins-label").hidden = !about.joins;
  if (about.joins) $("apart").textContent = gettext("What faces show is joined with you only if you agree to that above.");
  $("join").dataset.notice = about.notice;
  $("note-label").hidden = !about.greets;
  $("mail-label").hidden = !about.mails;
  for (const line of about.lines) {
    const item = document.createElement("li");
    item.textContent = line;
    $("notice").append(item);
  }
  $("open").addEventListener("click", openCamera);
  $("take").addEventListener("click", take);
  $("pick").addEventListener("change", pick);
  $("join").addEventListener("submit", send);
  for (const id of ["consent", "adult", "name"]) $(id).addEventListener("input", ready);
  $("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText($("withdraw-link").href);
    $("copy").textContent = gettext("Copied");
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) closeCamera(); });
  show("join");
  ready();
}
start().catch((problem) => fail(problem.message));
