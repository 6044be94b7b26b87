/* Finds the one face of a picture and scores it, as edge_lambda does for a camera: the same network files, the same sizes,
   crop and thresholds (edge_lambda/browser_models.py sends them). A test holds the two side by side.

   A picture is { data, width, height }: bytes of blue, green and red, row by row. */

/** A picture out of the RGBA bytes of a canvas. */
export function fromRgba(rgba, width, height) {
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from + 2];
    data[to + 1] = rgba[from + 1];
    data[to + 2] = rgba[from];
  }
  return { data, width, height };
}

/* Weights of source pixels for each target pixel along one side, as OpenCV computes them: [first, weights] a target. */

function byArea(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, target) => {
    const begin = target * scale, end = begin + scale, width = Math.min(scale, from - begin);
    let last = Math.min(Math.floor(end), from - 1);
    const first = Math.min(Math.ceil(begin), last);
    const weights = [];
    if (first - begin > 1e-3) weights.push((first - begin) / width);
    for (let at = first; at < last; at += 1) weights.push(1 / width);
    if (end - last > 1e-3) weights.push(Math.min(end - last, 1, width) / width);
    return [first - begin > 1e-3 ? first - 1 : first, weights];
  });
}

function linear(from, to) {
  return Array.from({ length: to }, (_, target) => {
    const at = (target + 0.5) * (from / to) - 0.5, first = Math.floor(at);
    return [first, [1 - (at - first), at - first]];
  });
}

function cubic(from, to) {
  const A = -0.75;
  return Array.from({ length: to }, (_, target) => {
    const at = (target + 0.5) * (from / to) - 0.5, first = Math.floor(at), x = at - first;
    const near = (t) => ((A + 2) * t - (A + 3)) * t * t + 1;
    const far = (t) => ((A * t - 5 * A) * t + 8 * A) * t - 4 * A;
    const three = [far(x + 1), near(x), near(1 - x)];
    return [first - 1, [...three, 1 - three[0] - three[1] - three[2]]];
  });
}

/** A picture in another size; beyond its edge its outermost pixels go on. */
export function resized(picture, width, height, kernel) {
  const across = kernel(picture.width, width), down = kernel(picture.height, height);
  const between = new Float32Array(width * picture.height * 3), last = picture.width - 1;
  for (let x = 0; x < width; x += 1) {
    const [first, weights] = across[x];
    const places = weights.map((_, tap) => 3 * Math.min(last, Math.max(0, first + tap)));
    for (let y = 0; y < picture.height; y += 1) {
      const row = 3 * y * picture.width, to = 3 * (y * width + x);
      let blue = 0, green = 0, red = 0;
      for (let tap = 0; tap < weights.length; tap += 1) {
        const at = row + places[tap], weight = weights[tap];
        blue += weight * picture.data[at];
        green += weight * picture.data[at + 1];
        red += weight * picture.data[at + 2];
      }
      between[to] = blue;
      between[to + 1] = green;
      between[to + 2] = red;
    }
  }
  const data = new Uint8ClampedArray(width * height * 3), length = 3 * width;
  for (let y = 0; y < height; y += 1) {
    const [first, weights] = down[y];
    const rows = weights.map((_, tap) => length * Math.min(picture.height - 1, Math.max(0, first + tap)));
    for (let at = 0; at < length; at += 1) {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap += 1) sum += weights[tap] * between[rows[tap] + at];
      data[y * length + at] = sum;
    }
  }
  return { data: new Uint8Array(data.buffer), width, height };
}

function padded(picture, multiple) {
  const width = Math.ceil(picture.width / multiple) * multiple, height = Math.ceil(picture.height / multiple) * multiple;
  if (width === picture.width && height === picture.height) return picture;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < picture.height; y += 1) {
    data.set(picture.data.subarray(3 * y * picture.width, 3 * (y + 1) * picture.width), 3 * y * width);
  }
  return { data, width, height };
}

function overlap(one, other) {
  const across = Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left);
  const down = Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top);
  const shared = Math.max(0, across) * Math.max(0, down);
  return shared / (one.width * one.height + other.width * other.height - shared);
}

/** Faces in the network's output for one picture: boxes and landmarks in its pixels, the most certain first. */
function decoded(cells, width, height, about) {
  const count = cells.length / 16, found = [];
  const sigmoid = (value) => 1 / (1 + Math.exp(-value));
  let cell = 0;
  for (const side of about.strides) {
    for (let y = 0; y < height; y += side) {
      for (let x = 0; x < width; x += side, cell += 1) {
        const value = (row) => cells[row * count + cell];
        const confidence = Math.sqrt(sigmoid(value(0)) * sigmoid(value(1)));
        if (confidence < about.certain) continue;
        const w = Math.exp(value(4)) * side, h = Math.exp(value(5)) * side / about.taller;
        const landmarks = [0, 1, 2, 3, 4].map((one) => [x + value(6 + 2 * one) * side, y + value(7 + 2 * one) * side]);
        found.push({ left: x + value(2) * side - w / 2, top: y + value(3) * side - h / 2, width: w, height: h, confidence, landmarks });
      }
    }
  }
  return found.sort((one, other) => other.confidence - one.confidence);
}

/** How frontal a face is, 0..1; see edge_lambda.crops.frontality. */
function frontality({ landmarks: [[x1, y1], [x2, y2], [nx, ny]] }) {
  const across = x2 - x1, down = y2 - y1, distance = Math.hypot(across, down);
  if (distance === 0) return 0;
  const n = ((nx - x1) * across + (ny - y1) * down) / distance ** 2;
  return Math.max(0, 1 - Math.abs(2 * n - 1)) * Math.max(0, across / distance);
}

/** The square around a face that the scorer sees. */
export function cropped(picture, face, { scale, down, size }) {
  const side = Math.max(1, Math.round(face.height * scale));
  const left = Math.floor(face.left + face.width / 2 - side / 2 + 0.5);
  const top = Math.floor(face.top + face.height * (0.5 + down) - side / 2 + 0.5);
  const data = new Uint8Array(side * side * 3);
  const within = (at, length) => Math.min(length - 1, Math.max(0, at));
  for (let y = 0; y < side; y += 1) {
    const row = within(top + y, picture.height) * picture.width;
    for (let x = 0; x < side; x += 1) {
      const from = 3 * (row + within(left + x, picture.width)), to = 3 * (y * side + x);
      for (let part = 0; part < 3; part += 1) data[to + part] = picture.data[from + part];
    }
  }
  return resized({ data, width: side, height: side }, size, size, side > size ? byArea : linear);
}

/** Mean gray level of a picture, 0..255. */
function brightness({ data }) {
  let sum = 0;
  for (let at = 0; at < data.length; at += 3) sum += 0.114 * data[at] + 0.587 * data[at + 1] + 0.299 * data[at + 2];
  return sum / (data.length / 3);
}

/** Finds and scores one face. Made with `loaded`. */
export class FaceScorer {
  constructor(ort, about, detector, scorer) {
    Object.assign(this, { ort, about, detector, scorer });
  }

  /** The faces that are certain at the first look; a camera looks at doubtful ones again, here they are not measured. */
  async faces(picture) {
    const about = this.about.detector;
    const enlarge = Math.min(about.max_enlarged, Math.sqrt(about.small_pixels / (picture.width * picture.height)));
    const width = Math.round(picture.width * enlarge), height = Math.round(picture.height * enlarge);
    const larger = enlarge > 1 ? resized(picture, width, height, cubic) : picture;
    const fitted = padded(larger, about.multiple);
    const images = new this.ort.Tensor("uint8", fitted.data, [1, fitted.height, fitted.width, 3]);
    const outputs = await this.detector.run({ [this.detector.inputNames[0]]: images });
    const kept = [];
    for (const face of decoded(outputs[this.detector.outputNames[0]].data, fitted.width, fitted.height, about)) {
      const x = face.left + face.width / 2, y = face.top + face.height / 2;
      if (x < 0 || y < 0 || x >= larger.width || y >= larger.height) continue;
      if (kept.every((other) => overlap(face, other) <= about.one_face)) kept.push(face);
    }
    const wide = picture.width / larger.width, high = picture.height / larger.height;
    return kept.map((face) => ({
      ...face,
      left: face.left * wide, top: face.top * high, width: face.width * wide, height: face.height * high,
      landmarks: face.landmarks.map(([x, y]) => [x * wide, y * high]),
    }));
  }

  /** Scores the largest face: { faces, face, light, scores }. `scores` is null where it cannot be read, and `why` says why. */
  async look(picture) {
    const faces = await this.faces(picture);
    const face = faces.reduce((largest, one) => (largest && largest.height >= one.height ? largest : one), null);
    const seen = { faces: faces.length, face, light: brightness(picture), scores: null };
    if (!face) return { ...seen, why: "none" };
    const about = this.about.scorer, crop = cropped(picture, face, about.crop);
    seen.light = brightness(crop);
    if (face.height < about.smallest_px) return { ...seen, why: "small" };
    if (frontality(face) < about.least_frontality) return { ...seen, why: "profile" };
    const crops = new this.ort.Tensor("uint8", crop.data, [1, about.crop.size, about.crop.size, 3]);
    const { confidences, covered } = await this.scorer.run({ crops });
    if (covered.data[0] >= about.covered_from) return { ...seen, why: "covered" };
    return { ...seen, scores: Object.fromEntries(about.expressions.map((name, at) => [name, confidences.data[at]])) };
  }
}

/** A FaceScorer, out of onnxruntime-web, the constants and the bytes of both models. */
export async function loaded(ort, about, detector, scorer) {
  const options = { executionProviders: ["wasm"] };
  return new FaceScorer(
    ort, about, await ort.InferenceSession.create(detector, options), await ort.InferenceSession.create(scorer, options),
  );
}
