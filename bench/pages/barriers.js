// What stands in people's way on the page as it is drawn now: text that is cut off, lies outside of the window or on
// other text, and what shows no focus. Looks into components, too. Gives lists of one line each.

async ({ focus }) => {
  const SLACK = 1.5;
  const roots = [document];
  for (const root of roots) {
    for (const one of root.querySelectorAll("*")) if (one.shadowRoot) roots.push(one.shadowRoot);
  }
  // Text that is scrolled under the bar at the top is hidden by it: everything is looked at as it opens.
  for (const root of roots) {
    for (const one of root.querySelectorAll("*")) if (one.scrollTop > 0) one.scrollTop = 0;
  }
  const parentOf = (one) => one.parentElement ?? one.getRootNode().host ?? null;
  const styles = new Map();
  const style = (one) => styles.get(one) ?? styles.set(one, getComputedStyle(one)).get(one);
  const name = (one) => {
    const key = [...one.classList].find((each) => each.startsWith("st-key-") || each.startsWith("hl-"));
    const id = one.closest("[data-testid]")?.dataset.testid;
    return `${one.tagName.toLowerCase()}${key ? `.${key}` : ""}${id ? ` in ${id}` : ""}`;
  };
  // Only for those who hear the page: one pixel, or cut to nothing.
  const heardOnly = (one) => {
    const { clipPath, clip, width, height, opacity } = style(one);
    const tiny = parseFloat(width) <= 2 && parseFloat(height) <= 2;
    return tiny || /inset\((50|100)%/.test(clipPath) || /rect\(0px,? 0px,? 0px/.test(clip) || Number(opacity) === 0;
  };

  const texts = [];
  for (const root of roots) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { currentNode: node } = walker;
      const element = node.parentElement;
      if (!node.data.trim() || !element || /^(SCRIPT|STYLE|NOSCRIPT|TITLE|OPTION)$/.test(element.tagName)) continue;
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const above = [];
      for (let one = element; one; one = parentOf(one)) above.push(one);
      if (above.some(heardOnly) || above.some((one) => one.tagName === "svg")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const moves = above.some((one) => ["fixed", "sticky"].includes(style(one).position));
      for (const rect of range.getClientRects()) {
        // A panel that is pushed out of the window to the left is closed.
        if (rect.width >= 2 && rect.height >= 2 && rect.right > 0) texts.push({ node, element, above, rect, moves });
      }
    }
  }

  const clipped = new Set();
  const seen = [];
  for (const { node, element, above, rect, moves } of texts) {
    const said = node.data.trim().replace(/\s+/g, " ").slice(0, 40);
    let { left, right, top, bottom } = rect;
    let scrolls = false;
    for (const one of above) {
      const { overflowX, overflowY } = style(one);
      if (one === document.documentElement || one === document.body) continue;
      const box = one.getBoundingClientRect();
      const inner = { left: box.left + one.clientLeft, top: box.top + one.clientTop };
      Object.assign(inner, { right: inner.left + one.clientWidth, bottom: inner.top + one.clientHeight });
      if (!one.clientWidth) continue;
      if (["auto", "scroll"].includes(overflowX)) scrolls ||= one.scrollWidth > one.clientWidth + 1;
      const cutX = ["hidden", "clip"].includes(overflowX) && !scrolls;
      if (cutX && (right > inner.right + SLACK || left < inner.left - SLACK)) clipped.add(`“${said}” cut in ${name(element)}`);
      if (["hidden", "clip"].includes(overflowY)) {
        const left_over = Math.min(bottom, inner.bottom) - Math.max(top, inner.top);
        const scrolled = above.slice(0, above.indexOf(one)).some((each) => /auto|scroll/.test(style(each).overflowY));
        if (!scrolled && left_over > 0 && left_over < 0.75 * (bottom - top)) clipped.add(`“${said}” cut in ${name(element)}`);
      }
      if (overflowX !== "visible") [left, right] = [Math.max(left, inner.left), Math.min(right, inner.right)];
      if (overflowY !== "visible") [top, bottom] = [Math.max(top, inner.top), Math.min(bottom, inner.bottom)];
    }
    if (!scrolls && (rect.right > innerWidth + SLACK || rect.left < -SLACK)) clipped.add(`“${said}” outside in ${name(element)}`);
    if (right - left > 2 && bottom - top > 2 && !moves) seen.push({ node, element, said, left, right, top, bottom });
  }

  const overlapping = new Set();
  seen.sort((one, other) => one.top - other.top);
  seen.forEach((one, place) => {
    for (const other of seen.slice(place + 1)) {
      if (other.top > one.bottom - 2) break;
      if (one.node === other.node || one.element === other.element) continue;
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      const smaller = Math.min(one.bottom - one.top, other.bottom - other.top);
      if (across > 2 && down > 0.3 * smaller) overlapping.add(`“${one.said}” on “${other.said}” in ${name(other.element)}`);
    }
  });

  const unfocused = new Set();
  const before = document.activeElement;
  // React draws the ring of some fields a moment later.
  const shown = () => new Promise((done) => setTimeout(done, 120));
  for (const root of roots) {
    for (const one of root.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")) {
      if (!focus || !one.checkVisibility({ visibilityProperty: true }) || one.disabled || one.type === "file") continue;
      if (one.tagName === "CANVAS") continue; // it draws its focus itself
      if (one.getBoundingClientRect().right <= 0) continue;
      const looks = () => {
        const told = [];
        for (let each = one, up = 0; each && up < 5; each = parentOf(each), up += 1) {
          const { outline, boxShadow, borderColor, backgroundColor, textDecoration } = getComputedStyle(each);
          told.push(outline, boxShadow, borderColor, backgroundColor, textDecoration);
        }
        const next = one.nextElementSibling && getComputedStyle(one.nextElementSibling);
        const last = one.previousElementSibling && getComputedStyle(one.previousElementSibling);
        return [...told, next?.outline, next?.boxShadow, last?.outline, last?.boxShadow].join("|");
      };
      document.activeElement?.blur?.();
      const without = looks();
      one.focus({ focusVisible: true, preventScroll: true });
      if (root.activeElement === one && looks() === without) await shown();
      if (root.activeElement === one && looks() === without) unfocused.add(name(one));
    }
  }
  before?.focus?.({ preventScroll: true });
  const lines = (found) => [...found].slice(0, 30);
  return { clipped: lines(clipped), overlapping: lines(overlapping), unfocused: lines(unfocused) };
}
