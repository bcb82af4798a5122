// Where the steps of a run go on a plane: in layers, each step behind everything it waits for.

/**
 * @param {{id: string, after: string[]}[]} steps in topological order
 * @returns {{layers: number, width: number, places: Map<string, {layer: number, slot: number}>, edges: {from: string, to: string}[]}}
 *   `slot` counts from 0 within `width`, in halves, so that smaller layers are in the middle.
 */
export function layOut(steps) {
  const layerOf = new Map();
  for (const step of steps)
    layerOf.set(step.id, Math.max(-1, ...step.after.map((id) => layerOf.get(id) ?? -1)) + 1);
  const edges = direct(steps);
  const layers = [];
  for (const step of steps) (layers[layerOf.get(step.id)] ??= []).push(step.id);
  order(layers, edges);
  const width = Math.max(1, ...layers.map((layer) => layer.length));
  const places = new Map();
  layers.forEach((layer, i) =>
    layer.forEach((id, k) => places.set(id, { layer: i, slot: (width - layer.length) / 2 + k })));
  return { layers: layers.length, width, places, edges };
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

/** A few sweeps in which each step goes to the middle of its neighbours: fewer crossings. */
function order(layers, edges) {
  const at = new Map();
  const number = (layer) => layer.forEach((id, k) => at.set(id, (k + 0.5) / layer.length));
  layers.forEach(number);
  const middle = (id, here, there) => {
    const near = edges.filter((edge) => edge[here] === id).map((edge) => at.get(edge[there]));
    return near.length === 0 ? at.get(id) : near.reduce((sum, one) => sum + one, 0) / near.length;
  };
  for (let sweep = 0; sweep < 4; ++sweep) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      const wish = new Map(layer.map((id) => [id, down ? middle(id, 'to', 'from') : middle(id, 'from', 'to')]));
      layer.sort((a, b) => wish.get(a) - wish.get(b));
      number(layer);
    }
  }
}
