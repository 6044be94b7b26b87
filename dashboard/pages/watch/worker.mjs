/* Looks at one picture after another, apart from the page, so that the film never stutters. Pictures stay in this browser. */
import * as ort from "./ort.mjs";
import { fromRgba, loaded } from "./scoring.mjs";

const TICK_MS = 250;
const HEADER = 8;
let scorer = null;

async function start() {
  const [runtime, models] = await Promise.all(["./ort.wasm", "./models"].map(async (name) => {
    const answer = await fetch(name);
    if (!answer.ok) throw new Error(`${name} cannot be had`);
    return new Uint8Array(await answer.arrayBuffer());
  }));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = runtime;
  const length = Number(new DataView(models.buffer).getBigUint64(0)), at = HEADER + length;
  const about = JSON.parse(new TextDecoder().decode(models.subarray(HEADER, at)));
  const between = at + about.files.detector;
  scorer = await loaded(ort, about, models.subarray(at, between), models.subarray(between, between + about.files.scorer));
}

self.addEventListener("message", async ({ data: { rgba, width, height, tag } }) => {
  try {
    const seen = await scorer.look(fromRgba(new Uint8Array(rgba), width, height));
    self.postMessage({ kind: "seen", tag, seen });
  } catch (problem) {
    self.postMessage({ kind: "failed", tag, line: String(problem) });
  }
});

start().then(() => {
  self.postMessage({ kind: "ready" });
  // A page's own timers are slowed down when it is not in front; a worker's are not.
  setInterval(() => self.postMessage({ kind: "tick" }), TICK_MS);
}, (problem) => self.postMessage({ kind: "failed", line: String(problem) }));
