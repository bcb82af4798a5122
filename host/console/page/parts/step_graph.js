// The graph of a run: every step, also those to come, with what it waits for. From left to right if there is room,
// else from top to bottom. Lines are SVG; steps are buttons.
import { h } from './dom.js';
import { Part } from './part.js';
import { icon } from './icons.js';
import { layOut } from '../model/graph.js';
import { isOk, stepLook, stepSays, kWaits } from '../model/states.js';
import { duration } from '../model/times.js';

const kHeight = 60;
const kGap = 14;  // between steps of a layer

class StepGraph extends Part {
  room = 0;

  begin() {
    this.sizes = new ResizeObserver(([entry]) => {
      const room = Math.floor(entry.contentRect.width) - 8;
      if (room !== this.room) (this.room = room), this.draw();
    });
    this.sizes.observe(this);
  }
  end() {
    this.sizes.disconnect();
  }

  /** The shape only changes with another version of the engine. */
  get shape() {
    const signature = this.given.steps.map((step) => step.id + '<' + step.after).join();
    if (signature !== this.signature) (this.signature = signature), (this.laidOut = layOut(this.given.steps));
    return this.laidOut;
  }

  view() {
    if (this.room <= 0) return null;
    const { steps, chosen } = this.given;
    const shape = this.shape;
    const plane = planeOf(shape, this.room);
    const byId = new Map(steps.map((step) => [step.id, step]));
    const line = (edge) => {
      const state = byId.get(edge.from)?.state ?? '';
      return h('path', { key: edge.from + '>' + edge.to, d: plane.line(edge),
                         class: 'graph-edge ' + (isOk(state) ? 'is-ok' : state === 'failed' ? 'is-bad' : '') });
    };
    const narrow = plane.box.width < 120;
    return h('figure', { class: 'graph' + (narrow ? ' is-narrow' : ''), 'aria-label': 'Steps of the run', role: 'group',
                         tabindex: plane.width > this.room ? '0' : null },
      h('div', { class: 'graph-plane', style: { width: plane.width + 'px', height: plane.height + 'px' } },
        h('svg', { width: String(plane.width), height: String(plane.height), 'aria-hidden': 'true' }, shape.edges.map(line)),
        steps.map((step) => this.box(step, plane, step.id === chosen, narrow))));
  }

  /** A graph that is wider than the page begins where it is interesting. */
  shown() {
    const figure = this.querySelector('.graph');
    const { chosen } = this.given;
    if (!figure || figure.scrollWidth <= figure.clientWidth || chosen === this.inSight) return;
    this.inSight = chosen;
    const box = this.querySelector('[aria-pressed=true]')?.getBoundingClientRect();
    const frame = figure.getBoundingClientRect();
    if (box) figure.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  }

  box(step, plane, isChosen, narrow) {
    const look = stepLook(step);
    const says = stepSays(step);
    const more = step.state === 'running' && step.progress > 0 ? Math.floor(step.progress) + ' %'
      : step.attempt > 1 && !isOk(step.state) ? step.attempt + ' of ' + step.max_attempts
      : step.duration_ms && isOk(step.state) && !step.undo ? duration(step.duration_ms) : '';
    const waits = step.wait_reason ? ', waits ' + (kWaits[step.wait_reason] ?? step.wait_reason) : '';
    const { x, y } = plane.at(step.id);
    return h('button', {
      key: step.id, type: 'button', class: 'graph-step hue-' + look.hue + ' is-' + step.state,
      style: { transform: 'translate(' + x + 'px,' + y + 'px)', width: plane.box.width + 'px', height: plane.box.height + 'px' },
      'data-step': step.id, 'aria-pressed': isChosen ? 'true' : 'false', title: step.title + ': ' + says + waits + '. ' + look.says,
      onclick: () => this.tell('choose', step.id),
    }, icon(look.icon), h('span', { class: 'graph-title' }, step.title), h('span', { class: 'graph-state' }, says, more && !narrow ? ' · ' + more : ''),
      step.state === 'running' ? h('span', { class: 'graph-progress', style: { width: step.progress + '%' } }) : null);
  }
}
customElements.define('step-graph', StepGraph);

/** Where things are in pixels. */
function planeOf(shape, room) {
  const lying = { width: 152, height: kHeight };
  const gap = shape.layers > 1 ? Math.min(64, (room - shape.layers * lying.width) / (shape.layers - 1)) : 0;
  if (gap >= 18) return lie(shape, lying, gap);
  const wide = Math.floor(room / shape.width) - kGap;
  if (wide >= 78) return stand(shape, { width: Math.min(172, wide), height: kHeight }, 24);
  return lie(shape, lying, 24);
}

function lie(shape, box, gap) {
  const unit = box.height + kGap;
  const x = (layer) => layer * (box.width + gap);
  const at = (id) => ({ x: x(shape.places.get(id).layer), y: shape.places.get(id).middle * unit - unit / 2 });
  const line = (edge) => {
    const middle = (id) => shape.places.get(id).middle * unit - kGap / 2;
    let path = 'M' + (at(edge.from).x + box.width) + ' ' + middle(edge.from);
    let from = { x: at(edge.from).x + box.width, y: middle(edge.from) };
    const to = (there) => {
      const bend = (there.x - from.x) / 2;
      path += `C${from.x + bend} ${from.y} ${there.x - bend} ${there.y} ${there.x} ${there.y}`;
      from = there;
    };
    for (const lane of edge.through) {
      to({ x: x(lane.layer), y: lane.middle * unit - kGap / 2 });
      path += 'H' + (from.x + box.width);
      from = { x: from.x + box.width, y: from.y };
    }
    to({ x: at(edge.to).x, y: middle(edge.to) });
    return path;
  };
  return { box, at, line, width: shape.layers * (box.width + gap) - gap, height: shape.width * unit - kGap };
}

function stand(shape, box, gap) {
  const unit = box.width + kGap;
  const y = (layer) => layer * (box.height + gap);
  const at = (id) => ({ x: shape.places.get(id).middle * unit - unit / 2, y: y(shape.places.get(id).layer) });
  const line = (edge) => {
    const middle = (id) => shape.places.get(id).middle * unit - kGap / 2;
    let from = { x: middle(edge.from), y: at(edge.from).y + box.height };
    let path = 'M' + from.x + ' ' + from.y;
    const to = (there) => {
      const bend = (there.y - from.y) / 2;
      path += `C${from.x} ${from.y + bend} ${there.x} ${there.y - bend} ${there.x} ${there.y}`;
      from = there;
    };
    for (const lane of edge.through) {
      to({ x: lane.middle * unit - kGap / 2, y: y(lane.layer) });
      path += 'V' + (from.y + box.height);
      from = { x: from.x, y: from.y + box.height };
    }
    to({ x: middle(edge.to), y: at(edge.to).y });
    return path;
  };
  return { box, at, line, width: shape.width * unit - kGap, height: shape.layers * (box.height + gap) - gap };
}
