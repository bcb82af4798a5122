// The head of a run: how far it is, when it will be done, and what can be done with it.
import { h } from './dom.js';
import { badge, icon } from './icons.js';
import { progressBar } from './progress.js';
import { isOver, runLook } from '../model/states.js';
import { barOf, kVerbs, nextVerb, whyNot } from '../model/verbs.js';
import { clock, duration, left, moment } from '../model/times.js';

const kIcons = { start: 'right', continue: 'right', retry: 'polling', pause: 'paused', resume: 'right', cancel: 'cancelled',
                 kill: 'failed', verify: 'search', rollback: 'undo', deprovision: 'close' };

/** @param {any} tenant @param {any} status @param {number} end expected @param {number} now @param {(verb: string) => void} command */
export const runHead = (tenant, status, end, now, command) =>
  h('section', { class: 'run-head', 'aria-label': 'The run' },
    h('div', { class: 'page-head' },
      h('a', { class: 'back', href: '/console/tenants' }, 'Tenants'), h('span', { class: 'muted', 'aria-hidden': 'true' }, '/'),
      h('h1', {}, tenant.name),
      badge(runLook(status.state), 'large'),
      status.verifying ? h('span', { class: 'badge hue-busy' }, icon('search'), h('span', {}, 'Verifying')) : null,
      status.deprovisioning ? h('span', { class: 'badge hue-wait' }, icon('undo'), h('span', {}, 'Being removed')) : null,
      status.condition ? h('span', { class: 'badge hue-' + (status.condition === 'InSync' ? 'good' : 'wait') },
        icon(status.condition === 'InSync' ? 'completed' : 'unknown'), h('span', {}, status.condition === 'InSync' ? 'In sync' : 'Drifted')) : null),
    h('div', { class: 'run-progress' },
      progressBar(status.progress, runLook(status.state).hue, 'Progress of the run'),
      h('p', { class: 'facts' }, facts(tenant, status, end, now).filter(Boolean).map((fact) => h('span', {}, fact)))),
    h('div', { class: 'verbs', role: 'group', 'aria-label': 'Commands' }, barOf(status).map((verb) => button(status, verb, command))));

const facts = (tenant, status, end, now) => [
  status.steps_completed + ' of ' + status.total_steps + ' steps',
  status.run_id && !isOver(status.state) && status.state !== 'paused' ? left(end - now) : '',
  status.completed_at ? 'took ' + duration(Date.parse(status.completed_at) - Date.parse(status.started_at)) : '',
  status.started_at ? 'started ' + moment(status.started_at, now) : '',
  status.completed_at ? 'ended ' + clock(status.completed_at) : '',
  status.engine + ' ' + (status.engine_version ?? ''),
  tenant.server ? 'on ' + tenant.server : '',
  status.epoch > 1 ? 'epoch ' + status.epoch : '',
];

/** Why it cannot be had is said to everybody, so the button stays where it is and can be reached. */
function button(status, verb, command) {
  const why = whyNot(status, verb);
  const rule = kVerbs[verb];
  const main = verb === nextVerb(status);
  const key = { continue: ' (c)', retry: ' (r)' }[verb] ?? '';
  return h('button', { key: verb, type: 'button', class: main ? 'primary' : rule.danger ? 'careful' : '', 'data-verb': verb,
                       'aria-disabled': why ? 'true' : null, title: why || rule.does + key, 'aria-description': why || null,
                       onclick: () => command(verb) }, icon(kIcons[verb]), rule.label);
}
