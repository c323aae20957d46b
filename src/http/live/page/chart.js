// @ts-check
// oxlint-disable-next-line import/no-absolute-path, import/default -- the path of a URL, at which the server has the library
import uPlot from '/live/uplot.js';

const HEIGHT = 160;
/** Seconds shown in a chart. */
const SPAN = 300;

/**
 * A line of a chart.
 * @typedef {object} Line
 * @property {string} label
 * @property {string} colour name of the CSS variable with the colour
 */

/** A chart of the last minutes. It adapts to its element's width and to the page's colours. */
export class Chart {
  #element;
  #lines;
  /** @type {number[]} */
  #times = [];
  /** @type {(number | null)[][]} */
  #values;
  /** @type {uPlot | undefined} */
  #plot;

  /**
   * @param {HTMLElement} element contains the chart
   * @param {readonly Line[]} lines
   */
  constructor(element, lines) {
    this.#element = element;
    this.#lines = lines;
    this.#values = lines.map(() => []);
    this.#draw();
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
  }

  /**
   * Adds one point to each line.
   * @param {number} time seconds since 1970
   * @param {readonly (number | null)[]} values in the order of the lines
   */
  add(time, values) {
    this.#times.push(time);
    this.#values.forEach((line, index) => line.push(values[index] ?? null));
    while (this.#times.length > SPAN) {
      this.#times.shift();
      for (const line of this.#values) line.shift();
    }
  }

  /** Removes all points. */
  clear() {
    this.#times = [];
    this.#values = this.#lines.map(() => []);
  }

  /** Draws the added points. */
  show() {
    this.#plot?.setData([this.#times, ...this.#values]);
    this.#element.dataset['points'] = String(this.#times.length);
  }

  #size() {
    return { width: Math.max(this.#element.clientWidth, 100), height: HEIGHT };
  }

  #draw() {
    const style = getComputedStyle(document.body);
    /** @param {string} name */
    const colour = (name) => resolveColour(style.getPropertyValue(name));
    const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 } };
    this.#plot?.destroy();
    this.#plot = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_plot, _least, greatest) => [0, Math.max(greatest ?? 0, 1) * 1.1] } },
        axes: [axis, { ...axis, size: 56 }],
        series: [
          {},
          ...this.#lines.map(({ label, colour: name }) => ({
            label,
            stroke: colour(name),
            width: 2,
            points: { show: false },
          })),
        ],
      },
      [this.#times, ...this.#values],
      this.#element,
    );
  }
}

/**
 * Converts a colour for a canvas: CSS resolves `light-dark()` in a property but not in a variable.
 * @param {string} text a CSS colour
 */
function resolveColour(text) {
  const probe = document.createElement('span');
  probe.style.color = text;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
