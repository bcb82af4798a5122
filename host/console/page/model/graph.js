// Where the steps of a run go on a plane: in layers, each step behind everything it waits for. Lines that pass a layer
// get room of their own in it, so that none runs behind a step.

const kLane = 0.28;  // room of a line that passes, in steps

/**
 * @param {{id: string, after: string[]}[]} steps in topological order
 * @returns {{layers: number, width: number, places: Map<string, {layer: number, middle: number}>,
 *   edges: {from: string, to: string, through: {layer: number, middle: number}[]}[]}}
 *   `middle` is across the layers, in steps; all are within `width`.
 */
export function layOut(steps) {
  const layerOf = new Map();
  for (const step of steps)
    layerOf.set(step.id, Math.max(-1, ...step.after.map((id) => layerOf.get(id) ?? -1)) + 1);
  const layers = [];
  const links = [];
  for (const step of steps) (layers[layerOf.get(step.id)] ??= []).push({ id: step.id, size: 1 });
  const edges = direct(steps).map(({ from, to }) => {
    const lanes = [];
    for (let layer = layerOf.get(from) + 1; layer < layerOf.get(to); ++layer) {
      const id = from + '>' + to + '@' + layer;
      layers[layer].push({ id, size: kLane });
      lanes.push(id);
    }
    const chain = [from, ...lanes, to];
    for (let i = 1; i < chain.length; ++i) links.push({ from: chain[i - 1], to: chain[i] });
    return { from, to, lanes };
  });
  order(layers, links);
  const sizeOf = (layer) => layer.reduce((sum, one) => sum + one.size, 0);
  const width = Math.max(1, ...layers.map(sizeOf));
  const places = new Map();
  layers.forEach((layer, i) => {
    let at = (width - sizeOf(layer)) / 2;
    for (const one of layer) {
      places.set(one.id, { layer: i, middle: at + one.size / 2 });
      at += one.size;
    }
  });
  return { layers: layers.length, width, places,
           edges: edges.map(({ from, to, lanes }) => ({ from, to, through: lanes.map((id) => places.get(id)) })) };
}

/** Without edges that others imply: they hide the shape. */
function direct(steps) {
  const before = new Map();
  const edges = [];
  for (const step of steps) {
    const known = new Set();
    for (const id of step.after) for (const far of before.get(id) ?? []) known.add(far);
    for (const id of step.after) if (!known.has(id)) edges.push({ from: id, to: step.id });
    before.set(step.id, new Set([...known, ...step.after]));
  }
  return edges;
}

/** A few sweeps in which each goes to the middle of its neighbours: fewer crossings. */
function order(layers, links) {
  const at = new Map();
  const number = (layer) => layer.forEach((one, k) => at.set(one.id, (k + 0.5) / layer.length));
  layers.forEach(number);
  const middle = (id, here, there) => {
    const near = links.filter((link) => link[here] === id).map((link) => at.get(link[there]));
    return near.length === 0 ? at.get(id) : near.reduce((sum, one) => sum + one, 0) / near.length;
  };
  for (let sweep = 0; sweep < 6; ++sweep) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const wish = new Map(layer.map((one) => [one.id, down ? middle(one.id, 'to', 'from') : middle(one.id, 'from', 'to')]));
      layer.sort((a, b) => wish.get(a.id) - wish.get(b.id));
      number(layer);
    }
  }
}
