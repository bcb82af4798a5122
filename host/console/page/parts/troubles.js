// What went wrong in a run, and the next thing to do: before anything else on the page.
import { h } from './dom.js';
import { icon } from './icons.js';
import { clock } from '../model/times.js';

/** @param {any} status @param {(step: string) => void} choose */
export function troubles(status, choose) {
  const title = (id) => status.steps.find((step) => step.id === id)?.title ?? id;
  const blocked = status.steps.filter((step) => step.blocked_by).length;
  const items = status.errors.map((error) =>
    h('li', { key: error.step, class: 'trouble hue-' + (waits(status, error.step) ? 'wait' : 'bad') },
      icon(waits(status, error.step) ? 'waiting' : 'failed'),
      h('div', {},
        h('p', {}, h('button', { type: 'button', class: 'link', onclick: () => choose(error.step) }, title(error.step)), ' ',
          h('code', {}, error.code)),
        h('p', { class: 'says' }, error.error),
        h('p', { class: 'next' }, nextOf(status, error)))));
  for (const drift of status.drift ?? [])
    items.push(h('li', { key: 'drift ' + drift.step, class: 'trouble hue-wait' }, icon('unknown'),
      h('div', {}, h('p', {}, h('button', { type: 'button', class: 'link', onclick: () => choose(drift.step) }, title(drift.step)), ' is not as it was left'),
        h('ul', { class: 'says' }, drift.differences.map((one) => h('li', {}, typeof one === 'string' ? one : difference(one)))))));
  if (status.left_behind?.length > 0)
    items.push(h('li', { key: 'left', class: 'trouble hue-left' }, icon('skipped'),
      h('div', {}, h('p', {}, 'Left behind: ' + status.left_behind.map(title).join(', ')))));
  if (items.length === 0) return null;
  return h('section', { class: 'troubles', 'aria-label': 'What went wrong' }, h('ul', {}, items),
    blocked > 0 ? h('p', { class: 'muted' }, blocked + (blocked === 1 ? ' step is' : ' steps are') + ' blocked by this.') : null);
}

/** What fails and is tried again asks nothing of anybody. */
function nextOf(status, error) {
  const step = status.steps.find((one) => one.id === error.step);
  if (!step || !waits(status, error.step)) return error.next_action;
  const tries = ' (' + step.attempt + ' of ' + step.max_attempts + ' attempts used)';
  return step.due_at ? 'It is tried again by itself at ' + clock(step.due_at) + tries + '.' : 'It is being tried again' + tries + '.';
}

const waits = (status, id) => ['waiting', 'ready', 'running'].includes(status.steps.find((step) => step.id === id)?.state);

const difference = (one) => Object.entries(one).map(([name, value]) => name + ': ' + (typeof value === 'object' ? JSON.stringify(value) : value)).join(', ');
