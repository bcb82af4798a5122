// The graph of a run: every step, also those to come, with what it waits for. From left to right if there is room,
// else from top to bottom. Lines are SVG; steps are buttons.
import { h } from './dom.js';
import { Part } from './part.js';
import { icon } from './icons.js';
import { layOut } from '../model/graph.js';
import { isOk, stepLook, stepSays, kWaits } from '../model/states.js';
import { duration } from '../model/times.js';

const kBox = { width: 148, height: 54 };
const kGap = { along: 30, across: 14 };

class StepGraph extends Part {
  room = 0;

  begin() {
    this.sizes = new ResizeObserver(([entry]) => {
      const room = Math.floor(entry.contentRect.width);
      if (room !== this.room) (this.room = room), this.draw();
    });
    this.sizes.observe(this);
  }
  end() {
    this.sizes.disconnect();
  }

  /** The shape only changes with another engine version. */
  get shape() {
    const signature = this.given.steps.map((step) => step.id + '<' + step.after).join();
    if (signature !== this.signature) (this.signature = signature), (this.laidOut = layOut(this.given.steps));
    return this.laidOut;
  }

  view() {
    const { steps, chosen } = this.given;
    const shape = this.shape;
    const lying = shape.layers * (kBox.width + kGap.along) - kGap.along;
    const across = lying <= this.room || shape.width * (kBox.width + kGap.across) > this.room;
    const at = (id) => {
      const { layer, slot } = shape.places.get(id);
      return across ? { x: layer * (kBox.width + kGap.along), y: slot * (kBox.height + kGap.across) }
                    : { x: slot * (kBox.width + kGap.across), y: layer * (kBox.height + kGap.along) };
    };
    const width = across ? lying : shape.width * (kBox.width + kGap.across) - kGap.across;
    const height = across ? shape.width * (kBox.height + kGap.across) - kGap.across : shape.layers * (kBox.height + kGap.along) - kGap.along;
    const spread = across && width < this.room ? Math.min(1.25, this.room / width) : 1;
    const byId = new Map(steps.map((step) => [step.id, step]));
    const line = (edge) => {
      const from = at(edge.from);
      const to = at(edge.to);
      const state = byId.get(edge.from)?.state ?? '';
      return h('path', { key: edge.from + '>' + edge.to, d: across ? lyingCurve(from, to, spread) : standingCurve(from, to),
                         class: 'graph-edge ' + (isOk(state) ? 'is-ok' : state === 'failed' ? 'is-bad' : '') });
    };
    return h('figure', { class: 'graph', 'aria-label': 'Steps of the run', role: 'group', tabindex: width > this.room ? '0' : null },
      h('div', { class: 'graph-plane', style: { width: width * spread + 'px', height: height + 'px' } },
        h('svg', { width: String(width * spread), height: String(height), 'aria-hidden': 'true' }, shape.edges.map(line)),
        steps.map((step) => this.box(step, at(step.id), spread, step.id === chosen))));
  }

  box(step, { x, y }, spread, isChosen) {
    const look = stepLook(step.state);
    const says = stepSays(step);
    const more = step.state === 'running' && step.progress > 0 ? Math.floor(step.progress) + ' %'
      : step.attempt > 1 && !isOk(step.state) ? 'attempt ' + step.attempt + '/' + step.max_attempts
      : step.duration_ms && isOk(step.state) ? duration(step.duration_ms) : '';
    const waits = step.wait_reason ? ', waits ' + (kWaits[step.wait_reason] ?? step.wait_reason) : '';
    return h('button', {
      key: step.id, type: 'button', class: 'graph-step hue-' + look.hue + ' is-' + step.state + (step.optional ? ' is-optional' : ''),
      style: { transform: 'translate(' + x * spread + 'px,' + y + 'px)' }, 'data-step': step.id,
      'aria-pressed': isChosen ? 'true' : 'false', title: step.title + ': ' + says + waits + '. ' + look.says,
      onclick: () => this.tell('choose', step.id),
    }, icon(look.icon), h('span', { class: 'graph-title' }, step.title), h('span', { class: 'graph-state' }, says, more ? ' · ' + more : ''),
      step.state === 'running' ? h('span', { class: 'graph-progress', style: { width: step.progress + '%' } }) : null);
  }
}
customElements.define('step-graph', StepGraph);

function lyingCurve(from, to, spread) {
  const x1 = from.x * spread + kBox.width;
  const y1 = from.y + kBox.height / 2;
  const x2 = to.x * spread;
  const y2 = to.y + kBox.height / 2;
  const bend = Math.min(40, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function standingCurve(from, to) {
  const x1 = from.x + kBox.width / 2;
  const y1 = from.y + kBox.height;
  const x2 = to.x + kBox.width / 2;
  const bend = Math.min(40, (to.y - y1) / 2);
  return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${to.y - bend} ${x2} ${to.y}`;
}
