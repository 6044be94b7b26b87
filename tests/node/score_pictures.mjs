/* Scores pictures with the watch page's script: node score_pictures.mjs FOLDER_OF_THE_PAGE MODELS PICTURES. Prints JSON. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { pathToFileURL } from "node:url";

const [page, models, pictures] = process.argv.slice(2);
const ort = await import(pathToFileURL(`${page}/runtime/ort.mjs`).href);
const { loaded } = await import(pathToFileURL(`${page}/scoring.mjs`).href);
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmBinary = gunzipSync(readFileSync(`${page}/runtime/ort.wasm.gz`));
const packed = readFileSync(models), length = Number(packed.readBigUInt64BE(0));
const about = JSON.parse(packed.subarray(8, 8 + length)), at = 8 + length, between = at + about.files.detector;
const scorer = await loaded(ort, about, packed.subarray(at, between), packed.subarray(between));
const found = [];
for (const { width, height, bgr } of JSON.parse(readFileSync(pictures))) {
  const began = performance.now();
  const seen = await scorer.look({ data: new Uint8Array(Buffer.from(bgr, "base64")), width, height });
  found.push({ ...seen, ms: performance.now() - began });
}
console.log(JSON.stringify(found));
