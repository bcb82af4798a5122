// The list of workspaces: narrowed by what the address says, and live.
import { h } from '../parts/dom.js';
import { Part } from '../parts/part.js';
import { icon } from '../parts/icons.js';
import { keys } from '../parts/keys.js';
import { go } from '../parts/moving.js';
import { get } from '../live/api.js';
import { follow } from '../live/follow.js';
import { applyToRow } from '../live/apply.js';
import { kStatuses } from '../model/states.js';
import { kVerbs } from '../model/verbs.js';
import { tenantRow } from '../parts/tenant_row.js';
import { openVerb } from '../parts/verb_dialog.js';
import { openBatch } from '../parts/batch_dialog.js';
import { notify } from '../parts/notices.js';

const kPage = 200;
/** What can be asked of all that a status finds. */
const kBulk = { FAILED: ['continue', 'retry'], PARTIAL: ['continue', 'retry'], CANCELLED: ['continue', 'rollback'], IN_PROGRESS: ['pause', 'cancel'],
                COMPLETED: ['verify'], NOT_STARTED: ['start'] };

class TenantsPage extends Part {
  /** @type {any[]|null} null: not known yet */
  rows = null;
  more = false;
  problem = null;
  /** Events since what is shown was asked for: the answer may be older than they are. */
  heard = [];

  begin() {
    keys(this, {
      '/': () => this.querySelector('#search').select(),
      j: () => this.move(1),
      k: () => this.move(-1),
      c: () => this.command('continue'),
      r: () => this.command('retry'),
    });
    this.tick = setInterval(() => this.draw(), 30000);
    this.watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.loadMore());
    this.unfollow = follow('/api/events', { load: () => this.load(), hear: (event) => this.hear(event) });
  }

  end() {
    clearInterval(this.tick);
    clearTimeout(this.later);
    this.watcher.disconnect();
    this.unfollow();
  }

  give(props) {
    const before = this.given.search;
    super.give(props);
    if (this.ready && before !== props.search) this.load();
  }

  get filter() {
    const query = new URLSearchParams(this.given.search);
    return { status: query.get('status') ?? '', engine: query.get('engine') ?? '', q: query.get('q') ?? '' };
  }

  setFilter(change) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...this.filter, ...change })) if (value) query.set(name, value);
    go('/console/tenants' + (query.size > 0 ? '?' + query : ''), true);
  }

  path(skip, limit) {
    const query = new URLSearchParams({ skip: String(skip), limit: String(limit) });
    for (const [name, value] of Object.entries(this.filter)) if (value) query.set(name, value);
    return '/api/iam/tenants?' + query;
  }

  /** Only the newest answer counts. */
  async load() {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const heard = (this.heard = []);
    try {
      const rows = await get(this.path(0, kPage), asking.signal);
      const known = new Map((this.rows ?? []).map((row) => [row.id, row]));
      this.rows = rows.map((row) => keep(known.get(row.id), row));
      this.more = rows.length === kPage;
      this.problem = null;
      heard.forEach((event) => this.apply(event));
    } catch (problem) {
      if (asking.signal.aborted) return;
      this.problem = problem;
      if (problem.status === 0) throw problem;
    } finally {
      if (!asking.signal.aborted) this.draw();
    }
  }

  async loadMore() {
    if (!this.more || this.loading) return;
    this.loading = true;
    const rows = await get(this.path(this.rows.length, kPage)).catch(() => []);
    const known = new Set(this.rows.map((row) => row.id));
    this.rows = [...this.rows, ...rows.filter((row) => !known.has(row.id))];
    this.more = rows.length === kPage;
    this.loading = false;
    this.draw();
  }

  /** One event of any run. */
  hear(event) {
    if (!event.run || !this.rows) return;
    this.heard.push(event);
    this.apply(event);
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => ((this.frame = 0), this.draw()));
  }

  apply(event) {
    const at = this.rows.findIndex((row) => row.id === event.tenant_id);
    const changed = at >= 0 ? applyToRow(this.rows[at], event) : null;
    const { status } = this.filter;
    if (changed && (!status || changed.status === status)) this.rows = this.rows.with(at, changed);
    else if (changed) this.rows = this.rows.toSpliced(at, 1);
    else if (!this.later) this.later = setTimeout(() => ((this.later = 0), this.load().catch(() => {})), 500);
  }

  move(by) {
    const links = [...this.querySelectorAll('.tenant-name')];
    const at = links.indexOf(document.activeElement);
    (links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by] ?? links[at])?.focus();
  }

  command(verb) {
    const id = document.activeElement?.closest('.row')?.dataset.tenant;
    const row = this.rows?.find((one) => one.id === id);
    if (row) openVerb({ tenant: row, verb }).then((done) => done && this.load());
    else notify('Choose a workspace first, with j and k.', 'bad');
  }

  search(event) {
    const q = event.target.value.trim();
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.setFilter({ q }), 150);
  }

  view() {
    const { status, engine, q } = this.filter;
    const bulk = this.rows?.length > 0 ? kBulk[status] ?? [] : [];
    return [
      h('div', { class: 'page-head' },
        h('h1', {}, 'Tenants'),
        h('span', { class: 'count', role: 'status' }, this.rows ? this.rows.length + (this.more ? '+' : '') : ''),
        h('span', { class: 'grow' }),
        bulk.map((verb) => h('button', { key: verb, type: 'button', onclick: () => openBatch({ verb, filter: { status, engine, text: q } }) },
          kVerbs[verb].label.replace(' all', '') + ' all …')),
        h('a', { class: 'button primary', href: '/console/new' }, icon('plus'), 'New workspace')),
      h('div', { class: 'filters' },
        h('div', { class: 'chips', role: 'group', 'aria-label': 'Status' },
          kStatuses.map(([word, label]) => h('button', { type: 'button', 'aria-pressed': word === status ? 'true' : 'false', onclick: () => this.setFilter({ status: word }) }, label))),
        h('div', { class: 'search' }, icon('search'),
          h('input', { id: 'search', type: 'search', 'aria-label': 'Search by name', placeholder: 'Name', autocomplete: 'off', value: this.typed(q),
                       oninput: (event) => this.search(event), onkeydown: (event) => event.key === 'Escape' && event.target.blur() }),
          h('kbd', { 'aria-hidden': 'true' }, '/')),
        engine ? h('button', { type: 'button', class: 'chosen', onclick: () => this.setFilter({ engine: '' }) }, 'engine: ' + engine, icon('close')) : null),
      this.problem ? h('p', { class: 'form-problem', role: 'alert' }, this.problem.message, ' ', this.problem.nextAction) : null,
      this.rows === null ? h('p', { class: 'muted' }, this.problem ? '' : 'Loading …') : this.rows.length === 0 ? this.empty() : this.table(),
    ];
  }

  /** What is being typed is not overwritten by what was searched for before. */
  typed(q) {
    const input = this.querySelector('#search');
    return input && document.activeElement === input ? input.value : q;
  }

  table() {
    const now = Math.floor(Date.now() / 30000);
    return h('div', { class: 'table', role: 'table', 'aria-label': 'Tenants' },
      h('div', { class: 'row heads', role: 'row' },
        ['Name', 'State', 'Progress', 'Engine', 'Country', 'Made'].map((word) => h('span', { role: 'columnheader' }, word))),
      this.rows.map((row) => tenantRow(row, now)),
      this.more ? h('p', { class: 'muted end-of-list' }, 'Loading more …') : null);
  }

  empty() {
    const narrowed = this.filter.status || this.filter.engine || this.filter.q;
    return h('section', { class: 'empty' },
      h('h2', {}, narrowed ? 'Nothing matches' : 'No workspace yet'),
      narrowed ? h('button', { type: 'button', onclick: () => this.setFilter({ status: '', engine: '', q: '' }) }, 'Show all')
               : h('a', { class: 'button primary', href: '/console/new' }, 'Make the first one'));
  }

  shown() {
    this.watcher.disconnect();
    const end = this.querySelector('.end-of-list');
    if (end) this.watcher.observe(end);
  }
}
customElements.define('tenants-page', TenantsPage);

/** The row as it was if nothing changed, so that it need not be drawn again; what only events say is kept. */
function keep(before, row) {
  if (!before || before.run_id !== row.run_id) return row;
  const merged = { ...before, ...row };
  return Object.keys(merged).every((name) => JSON.stringify(merged[name]) === JSON.stringify(before[name])) ? before : merged;
}
