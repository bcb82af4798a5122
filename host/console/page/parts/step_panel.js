// One step of a run: what it is at, what each attempt came to, its log, and what can be done about it alone.
import { h } from './dom.js';
import { Part } from './part.js';
import { badge, icon } from './icons.js';
import { get } from '../live/api.js';
import { isOver, kWaits, stepLook } from '../model/states.js';
import { clock, duration, moment } from '../model/times.js';

class StepPanel extends Part {
  lines = null;

  begin() {
    const { log, step } = this.given;
    if (log) this.lines = log.filter((line) => line.step === step.id);
    else this.loadLog();
  }

  give(props) {
    const before = this.given.step;
    super.give(props);
    if (this.ready && before && (before.state !== props.step.state || before.attempt !== props.step.attempt)) this.loadLog();
  }

  /** All that is there: it is kept over retries. */
  async loadLog() {
    const { base, step, status } = this.given;
    if (!status.run_id) return;
    const answer = await get(base + '/logs?limit=500&step=' + encodeURIComponent(step.id)).catch(() => null);
    if (!answer) return;
    this.lines = answer.logs;
    this.draw();
  }

  view() {
    const { step, status, attempts } = this.given;
    const title = (id) => status.steps.find((one) => one.id === id)?.title ?? id;
    const look = stepLook(step);
    return [
      h('div', { class: 'panel-head' }, h('h2', {}, step.title), badge(look)),
      h('p', { class: 'muted' }, h('code', {}, step.id), step.optional ? ' · optional' : '', step.critical ? ' · critical' : ''),
      h('p', {}, this.says(title)),
      step.message ? h('p', { class: 'says' }, step.message) : null,
      step.failure ? h('div', { class: 'trouble hue-bad' }, icon('failed'), h('div', {},
        h('p', { class: 'says' }, step.failure.error), h('p', {}, h('code', {}, step.failure.code)), h('p', { class: 'next' }, step.failure.next_action))) : null,
      this.verbs(),
      step.after.length > 0 ? h('p', { class: 'muted' }, 'After ', step.after.map(title).join(', ')) : null,
      h('h3', {}, 'Attempts', step.attempt ? h('span', { class: 'muted' }, ' ' + step.attempt + ' of ' + step.max_attempts + ' used') : ''),
      attempts.length === 0 ? h('p', { class: 'muted' }, step.state === 'running' ? 'The first is under way.' : 'None yet.')
        : h('ol', { class: 'attempts' }, [...attempts].reverse().map((one) => this.attempt(one))),
      h('h3', {}, 'Log'),
      this.lines === null || this.lines.length === 0 ? h('p', { class: 'muted' }, 'Nothing yet.')
        : h('ol', { class: 'log', tabindex: '0', 'aria-label': 'Log of the step' }, [...this.lines].reverse().map((line) => this.line(line))),
    ];
  }

  says(title) {
    const { step } = this.given;
    if (step.undo) return stepLook(step).says;
    if (step.blocked_by) return 'Blocked by ' + title(step.blocked_by) + '.';
    if (step.wait_reason) return 'Waits ' + (kWaits[step.wait_reason] ?? step.wait_reason) + (step.due_at ? ', until ' + clock(step.due_at) : '') + '.';
    return stepLook(step).says + (step.duration_ms !== null && step.duration_ms !== undefined ? ' ' + duration(step.duration_ms) + '.' : '');
  }

  verbs() {
    const { step, status } = this.given;
    if (!status.run_id) return null;
    const over = isOver(status.state) && !status.verifying && !status.deprovisioning;
    const stopped = ['failed', 'partial', 'cancelled'].includes(status.state);
    const again = ['failed', 'cancelled', 'unknown', 'skipped'].includes(step.state);
    const rerun = ['completed', 'exists', 'skipped'].includes(step.state);
    const skip = !['running', 'completed', 'exists', 'skipped'].includes(step.state);
    const one = (verb, label, name, why, more) => h('button', {
      key: label, type: 'button', 'data-verb': verb, 'aria-disabled': why ? 'true' : null, title: why || null, 'aria-description': why || null,
      onclick: () => why || this.tell('command', { verb, more }) }, icon(name), label);
    return h('div', { class: 'verbs', role: 'group', 'aria-label': 'Commands for this step' },
      again ? one('retry', 'Retry this step', 'polling', stopped ? '' : 'Retry needs a failed, partial or cancelled run.') : null,
      skip ? one('skip-step', step.optional ? 'Skip' : 'Skip by force', 'skipped', status.verifying || status.deprovisioning ? 'Not while the run is verified or removed.' : '',
        step.optional ? {} : { force: true }) : null,
      rerun ? one('rerun-from', 'Run again', 'polling', over ? '' : 'The run has to be finished.') : null,
      rerun ? one('rerun-from', 'Run again with all after it', 'polling', over ? '' : 'The run has to be finished.', { downstream: true }) : null);
  }

  attempt(one) {
    const good = one.outcome === 'done' || one.outcome === 'already_done';
    const bad = one.failure || one.outcome === 'failed' || one.outcome === 'lost';
    return h('li', { key: one.number, class: 'attempt hue-' + (good ? 'good' : bad ? 'bad' : 'idle') },
      icon(good ? 'completed' : bad ? 'failed' : 'waiting'),
      h('div', {},
        h('p', {}, h('strong', {}, '#' + one.number), ' ', one.op === 'run' ? '' : one.op + ' ', one.outcome.replaceAll('_', ' '),
          h('span', { class: 'muted' }, ' · ' + duration(Date.parse(one.ended_at) - Date.parse(one.started_at)) + ' · ' + moment(one.started_at))),
        one.failure ? h('p', { class: 'says' }, one.failure.error, ' ', h('code', {}, one.failure.code)) : null));
  }

  line(line) {
    return h('li', { key: line.run_id + line.number, class: line.error ? 'hue-bad' : '' },
      h('time', { datetime: line.at, title: line.at }, clock(line.at)), ' ',
      h('span', { class: 'log-what' }, line.level ?? line.status), ' ', h('span', {}, [line.message, line.error].filter(Boolean).join(' — ')));
  }
}
customElements.define('step-panel', StepPanel);
