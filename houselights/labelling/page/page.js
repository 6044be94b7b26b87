const AHEAD = new Map();
let state = null, busy = false;

const picture = (face) => `${HERE}/faces/${face}`;
const shown = (says) => says[0].toUpperCase() + says.slice(1);
const make = (name, parent, text) => {
  const one = document.createElement(name);
  if (text) one.textContent = text;
  return parent.appendChild(one);
};

async function ask(path, options) {
  let answer;
  try { answer = await fetch(`${HERE}/${path}`, { cache: "no-store", ...options }); }
  catch { throw new Error("The command has ended: start it again, and open the address that it prints."); }
  let said = {};
  try { said = await answer.json(); } catch { /* said below */ }
  if (!answer.ok) throw new Error(said.problem || "Something went wrong: load the page again.");
  return said;
}

/** Sends one thing at a time, so that a key pressed twice labels one face. */
async function send(path, options, last) {
  if (busy) return;
  busy = true;
  enable();
  try {
    state = await ask(path, options);
    $("problem").hidden = true;
    $("last").textContent = last;
  } catch (problem) {
    $("problem").textContent = problem.message;
    $("problem").hidden = false;
  }
  busy = false;
  if (state) draw();
}
const say = (says) => {
  if (state && state.next.length)
    send("says", { method: "POST", body: JSON.stringify({ face: state.next[0], says }) }, `Labelled: ${shown(says)}.`);
};
const undo = () => { if (state && state.done) send("undo", { method: "POST" }, "Taken back."); };

function enable() {
  for (const button of document.querySelectorAll("#choices button")) button.disabled = busy;
  for (const id of ["undo", "undo-last"]) $(id).disabled = busy || !state || !state.done;
}

function draw() {
  $("count").textContent = `${state.done} of ${state.total} · ${state.rater}`;
  $("bar").value = state.total ? state.done / state.total : 1;
  const [face, ...others] = state.next;
  $("rate").hidden = !face;
  $("done").hidden = Boolean(face);
  if (face) $("face").src = picture(face);
  for (const old of [...AHEAD.keys()]) if (!state.next.includes(old)) AHEAD.delete(old);
  for (const next of others) if (!AHEAD.has(next)) { const image = new Image(); image.src = picture(next); AHEAD.set(next, image); }
  if (!$("choices").childElementCount) {
    for (const { says, key } of state.choices) {
      const button = make("button", $("choices"), shown(says));
      button.type = "button";
      button.dataset.says = says;
      if (key === "0" || key === "X") button.className = "apart";
      make("kbd", button, key);
      button.addEventListener("click", () => say(says));
    }
  }
  enable();
  if (!face) agree();
}

function agree() {
  $("agreements").replaceChildren();
  for (const one of state.agreements) {
    make("h2", $("agreements"), `With ${one.other}`);
    const kappa = one.kappa === null ? "cannot be computed (both always say the same)" : one.kappa.toFixed(2);
    make("p", $("agreements"), `You agree on ${one.same} of ${one.faces} faces. Cohen's kappa: ${kappa}; 1 is full agreement, 0 is chance.`);
    if (!one.disputed.length) continue;
    const advice = make("p", $("agreements"), "You disagree on these, the most frequent confusion first. A third person decides best: run the command with their name and ");
    make("code", advice, "--disputed");
    advice.append(".");
    const list = make("ul", $("agreements"));
    for (const { face, mine, theirs } of one.disputed) {
      const item = make("li", list), image = make("img", item);
      image.src = picture(face);
      image.alt = "A face on which you disagree";
      image.loading = "lazy";
      make("span", item, `you: ${shown(mine)}`);
      make("span", item, `${one.other}: ${shown(theirs)}`);
    }
  }
}

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.metaKey || event.altKey) return;
  const key = event.key.toUpperCase();
  if (key === "U" || key === "BACKSPACE" || (event.ctrlKey && key === "Z")) { event.preventDefault(); undo(); return; }
  if (event.ctrlKey || !state) return;
  const choice = state.choices.find((one) => one.key === key);
  if (choice) say(choice.says);
});
$("undo").addEventListener("click", undo);
$("undo-last").addEventListener("click", undo);
send("state", {}, "");
