// One workspace in the list.
import { h } from './dom.js';
import { badge } from './icons.js';
import { progressBar } from './progress.js';
import { isOver, runLook } from '../model/states.js';
import { ago, moment } from '../model/times.js';

const memos = new WeakMap();

/** The same description while row and time are the same. */
export function tenantRow(row, minute) {
  const known = memos.get(row);
  if (known?.minute === minute) return known.drawn;
  const drawn = draw(row);
  memos.set(row, { minute, drawn });
  return drawn;
}

function draw(row) {
  const far = row.total_steps > 0 ? (100 * row.steps_completed) / row.total_steps : undefined;
  const progress = row.status === 'COMPLETED' ? 100 : row.progress ?? far;
  const at = row.current_step && row.status !== 'CANCELLED' ? (isOver(row.state) ? 'at ' : '') + readable(row.current_step) : '';
  const says = row.total_steps > 0 ? [row.steps_completed + ' of ' + row.total_steps, at].filter(Boolean).join(' · ') : '';
  return h('div', { class: 'row', role: 'row', key: row.id, memo: {}, 'data-tenant': row.id },
    h('span', { role: 'cell', class: 'cell-name' },
      h('a', { class: 'tenant-name', href: '/console/tenants/' + encodeURIComponent(row.id) }, row.name)),
    h('span', { role: 'cell' }, badge(runLook(row.state))),
    h('span', { role: 'cell', class: 'cell-progress' },
      progress === undefined ? null : progressBar(progress, runLook(row.state).hue, 'Progress of ' + row.name),
      says ? h('span', { class: 'muted clip' }, says) : null),
    h('span', { role: 'cell', class: 'cell-engine' }, row.engine, row.server ? h('span', { class: 'muted' }, ' · ' + row.server) : null),
    h('span', { role: 'cell', class: 'cell-country' }, row.country_code),
    h('span', { role: 'cell', class: 'muted cell-made', title: moment(row.created_at) }, ago(row.created_at)));
}

/** An id of a step as words: step_8_pos_profile -> pos profile */
const readable = (id) => id.replace(/^step_\d+_/, '').replaceAll('_', ' ');
