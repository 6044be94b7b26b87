// The segment table. What is data is shown as text only; whatever has `data-seek` is heard of by the player.

const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH] = [130, 30];

function made(name, text = "", className = "") {
  const one = document.createElement(name);
  one.textContent = text;
  if (className) one.className = className;
  return one;
}

/** A small curve on the scale of all rows, broken where there is no figure. */
function sparkline(values, highest) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
  svg.ariaHidden = "true";
  let points = [];
  const close = () => {
    if (!points.length) return;
    const line = document.createElementNS(SVG, "polyline");
    line.setAttribute("points", (points.length === 1 ? [points[0], points[0]] : points).join(" "));
    svg.append(line);
    points = [];
  };
  values.forEach((value, place) => {
    if (value === null) return close();
    const x = 2 + (place / Math.max(1, values.length - 1)) * (WIDE - 4);
    points.push(`${x.toFixed(1)},${(HIGH - 2 - (value / highest) * (HIGH - 4)).toFixed(1)}`);
  });
  close();
  return svg;
}

class Table {
  sorted = { column: -1, down: true };

  constructor(root) {
    for (const part of root.querySelectorAll("[data-is]")) this[part.dataset.is] = part;
    this.root = root;
  }

  update(data) {
    this.data = data;
    this.root.style.setProperty("--curve", data.colour);
    this.caption.textContent = data.caption;
    this.#head();
    this.#rows();
  }

  /** The order shown, the highest first, the lowest first, and round again. */
  sort(column) {
    const again = this.sorted.column === column;
    if (column < 0 || (again && !this.sorted.down)) this.sorted = { column: -1, down: true };
    else this.sorted = { column, down: !again };
    this.#head();
    this.#rows();
    this.head.querySelectorAll("button")[column + 1].focus();
  }

  #head() {
    const { column, down } = this.sorted;
    const cells = this.data.columns.map((name, place) => {
      const cell = made("th", "", this.#kind(place - 1));
      cell.scope = "col";
      const button = made("button", name);
      button.type = "button";
      button.onclick = () => this.sort(place - 1);
      if (place && place - 1 === column) cell.ariaSort = down ? "descending" : "ascending";
      cell.append(button);
      return cell;
    });
    const curve = made("th", gettext("Curve"), "spark");
    curve.scope = "col";
    this.head.replaceChildren(cells[0], curve, ...cells.slice(1));
  }

  #kind(column) {
    return column === 3 ? "coverage" : "";
  }

  #rows() {
    const { column, down } = this.sorted;
    const rows = [...this.data.rows];
    const value = (row) => row.cells[column].value;
    if (column >= 0) {
      // Rows without a figure come last either way.
      rows.sort((one, other) => {
        if (value(one) === null || value(other) === null) return (value(one) === null) - (value(other) === null);
        return (value(one) - value(other)) * (down ? -1 : 1);
      });
    }
    this.body.replaceChildren(...rows.map((row) => this.#row(row)));
  }

  #row({ title, when, seek, href, spark, cells }) {
    const row = made("tr");
    const head = made("th");
    head.scope = "row";
    const name = made(href ? "a" : "span", title || gettext("untitled"));
    if (href) {
      row.dataset.seek = name.dataset.seek = seek;
      name.href = href;
    }
    head.append(name, made("small", when));
    const picture = made("td", "", "spark");
    picture.append(sparkline(spark, this.data.highest));
    const [, , faces, coverage] = cells;
    const told = cells.map((cell, column) => {
      const one = made("td", "", [this.#kind(column), cell.value === null ? "none" : ""].join(" ").trim());
      one.append(cell.text);
      if (cell.small) one.append(made("small", cell.small));
      if (cell === faces && coverage.text) one.append(made("small", gettext("{share} seen", { share: coverage.text }), "too"));
      return one;
    });
    row.append(head, picture, ...told);
    return row;
  }
}

// The page runs anew, and with it this: the table in a place on the page keeps its order.
const tables = new WeakMap();

export default function show({ data, parentElement }) {
  const root = parentElement.querySelector(".segments");
  if (!tables.has(root)) tables.set(root, new Table(root));
  tables.get(root).update(data);
}
