// A place and a scale in, a chart of lines over time out, by uPlot; and how times and colours are written.

export const AXIS_PX = 44;
const LABEL_PX = 15;         // half the width of a time: so near to an edge there is no room for it

export function colours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

export function chart(element, { series, range, splits, values, draw, height, distr }) {
  const colour = (name) => () => colours()(name);
  const axis = { stroke: colour("soft"), grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const plot = new uPlot({
    width: 600, height, padding: [6, 0, 0, 0], legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, sync: { key: "time" }, y: false },
    scales: { x: { time: false }, y: { range: () => range, distr: distr ?? 1 } },
    axes: [
      { ...axis, size: 20, gap: 2, values: (plot, at) => at.map((t) => (fits(plot, t) ? clock(t) : "")), space: 70 },
      { ...axis, size: AXIS_PX, gap: 4, splits: () => splits, filter: (_, at) => at, values: (_, at) => at.map(values) },
    ],
    series: [{}, ...series.map(({ stroke, ...rest }) => ({ points: { show: false }, spanGaps: false, ...rest, stroke: colour(stroke) }))],
    hooks: { draw: [draw ?? (() => {})] },
  }, [[], ...series.map(() => [])], element);
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height })).observe(element);
  plot.setSize({ width: element.clientWidth, height });
  return plot;
}

function fits(plot, t) {
  const x = plot.valToPos(t, "x");
  return x > LABEL_PX && x < plot.bbox.width / devicePixelRatio - LABEL_PX;
}

export function clock(t) {
  const whole = Math.max(0, Math.round(t * 10) / 10);
  const rest = whole % 60;
  return `${Math.floor(whole / 60)}:${(Number.isInteger(rest) ? String(rest) : rest.toFixed(1)).padStart(Number.isInteger(rest) ? 2 : 4, "0")}`;
}
