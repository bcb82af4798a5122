// What was commanded: when, by whom, what, why, and what it covered.
import { h } from '../parts/dom.js';
import { Part } from '../parts/part.js';
import { get } from '../live/api.js';
import { kVerbs } from '../model/verbs.js';
import { moment } from '../model/times.js';

const kPage = 100;

class OperationsPage extends Part {
  operations = null;
  more = false;

  begin() {
    this.load(0);
  }

  async load(skip) {
    try {
      const { operations } = await get('/api/operations?limit=' + kPage + '&skip=' + skip);
      const known = new Set(skip ? this.operations.map((one) => one.id) : []);
      this.operations = [...(skip ? this.operations : []), ...operations.filter((one) => !known.has(one.id))];
      this.more = operations.length === kPage;
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
    }
    this.draw();
  }

  view() {
    return [
      h('div', { class: 'page-head' }, h('h1', {}, 'Operations'), h('span', { class: 'grow' }),
        h('button', { type: 'button', onclick: () => this.load(0) }, 'Look again')),
      this.problem ? h('p', { class: 'form-problem', role: 'alert' }, this.problem.message, ' ', this.problem.nextAction) : null,
      this.operations === null ? h('p', { class: 'muted' }, 'Loading …')
        : this.operations.length === 0 ? h('section', { class: 'empty' }, h('h2', {}, 'Nothing was commanded yet'))
        : h('div', { class: 'table operations', role: 'table', 'aria-label': 'Operations' },
            h('div', { class: 'row heads', role: 'row' }, ['When', 'What', 'Tenant', 'Who', 'Scope', 'Reason'].map((word) => h('span', { role: 'columnheader' }, word))),
            this.operations.map((one) => this.row(one))),
      this.more ? h('p', {}, h('button', { type: 'button', onclick: () => this.load(this.operations.length) }, 'Show more')) : null];
  }

  row(one) {
    return h('div', { class: 'row', role: 'row', key: one.id, title: one.id },
      h('time', { role: 'cell', datetime: one.created_at }, moment(one.created_at)),
      h('span', { role: 'cell' }, h('strong', {}, kVerbs[one.verb]?.label ?? one.verb), one.step ? h('span', { class: 'muted' }, ' ' + one.step) : null),
      h('span', { role: 'cell' }, h('a', { href: '/console/tenants/' + encodeURIComponent(one.tenant_id) }, one.tenant)),
      h('span', { role: 'cell' }, one.actor_email ?? one.actor),
      h('span', { role: 'cell', class: 'muted' }, scope(one.scope)),
      h('span', { role: 'cell' }, one.reason));
  }
}
customElements.define('operations-page', OperationsPage);

function scope(given) {
  const words = { verify: 'verify', run: 'run', undo: 'undo', left_behind: 'leave behind' };
  return Object.entries(words).filter(([name]) => given?.[name]?.length > 0).map(([name, word]) => word + ' ' + given[name].length).join(', ');
}
