// The engines: what serves new runs, what only finishes old ones, and what was refused and why.
import { h } from '../parts/dom.js';
import { Part } from '../parts/part.js';
import { icon } from '../parts/icons.js';
import { get } from '../live/api.js';
import { duration } from '../model/times.js';
import '../parts/step_graph.js';

const kAgain = 3000;
const kLooks = {
  active: ['good', 'completed', 'Active', 'New runs use it.'],
  draining: ['wait', 'waiting', 'Draining', 'Only runs that began on it.'],
  refused: ['bad', 'failed', 'Refused', 'The file was not loaded.'],
};

class EnginesPage extends Part {
  engines = null;
  opened = '';

  begin() {
    this.load();
    this.timer = setInterval(() => this.load(), kAgain);
  }
  end() {
    clearInterval(this.timer);
  }

  async load() {
    try {
      this.engines = await get('/api/engines?state=all');
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
    }
    this.draw();
  }

  view() {
    return [
      h('div', { class: 'page-head' }, h('h1', {}, 'Engines'), h('span', { class: 'count' }, this.engines?.length ?? '')),
      this.problem ? h('p', { class: 'form-problem', role: 'alert' }, this.problem.message, ' ', this.problem.nextAction) : null,
      this.engines === null ? h('p', { class: 'muted' }, 'Loading …') : h('ul', { class: 'engines' }, this.engines.map((one) => this.engine(one)))];
  }

  engine(one) {
    const [hue, name, word, says] = kLooks[one.state];
    const key = one.state + one.file + (one.generation ?? '');
    const badge = h('span', { class: 'badge hue-' + hue, title: says }, icon(name), h('span', {}, word));
    if (one.state === 'refused')
      return h('li', { key, class: 'card' }, h('div', { class: 'panel-head' }, h('h2', {}, one.file), badge),
        h('p', { class: 'says' }, one.reason), h('ul', { class: 'plain' }, (one.errors ?? []).map((error) => h('li', {}, h('code', {}, error.pointer), ' ', error.message))));
    const open = this.opened === key;
    const { runtime } = one;
    return h('li', { key, class: 'card' },
      h('div', { class: 'panel-head' }, h('h2', {}, one.title, ' ', h('span', { class: 'muted' }, one.version)), badge),
      h('p', { class: 'facts' }, [
        h('code', {}, one.engine), 'file ' + one.file, 'generation ' + one.generation,
        runtime.isolation === 'process' ? (runtime.pid ? 'process ' + runtime.pid : 'no process at the moment') : 'inside the host',
        runtime.restarts > 0 ? runtime.restarts + ' restarts' : '', runtime.serving ? '' : 'takes no calls',
        one.steps.length + ' steps, about ' + duration(one.steps.reduce((sum, step) => sum + step.expected_ms, 0)) + ' of work',
      ].filter(Boolean).map((fact) => h('span', {}, fact))),
      runtime.last_end ? h('p', { class: 'says hue-wait' }, 'Its last process ended: ' + runtime.last_end) : null,
      h('p', {}, h('button', { type: 'button', 'aria-expanded': open ? 'true' : 'false', onclick: () => ((this.opened = open ? '' : key), this.draw()) },
        open ? 'Hide the steps' : 'Show the steps'), ' ', h('a', { href: '/console/tenants?engine=' + one.engine }, 'Its tenants')),
      open ? h('step-graph', { steps: one.steps.map((step) => ({ ...step, state: 'pending', attempt: 0 })), chosen: '' }) : null);
  }
}
customElements.define('engines-page', EnginesPage);
