// The run of one workspace: all its steps, what they are at, what went wrong, and what can be done about it.
import { h } from '../parts/dom.js';
import { Part } from '../parts/part.js';
import { keys } from '../parts/keys.js';
import { get } from '../live/api.js';
import { follow } from '../live/follow.js';
import { applyToStatus, attemptOf } from '../live/apply.js';
import { isOver, runLook, stepLook } from '../model/states.js';
import { expectedEnd } from '../model/timeline.js';
import { nextVerb, whyNot } from '../model/verbs.js';
import { runHead } from '../parts/run_head.js';
import { troubles } from '../parts/troubles.js';
import { openVerb } from '../parts/verb_dialog.js';
import { notify } from '../parts/notices.js';
import '../parts/step_graph.js';
import '../parts/run_timeline.js';
import '../parts/step_panel.js';

const kLines = 300;

class RunPage extends Part {
  /** @type {any} the overview; null: not known yet */
  all = null;
  problem = null;
  /** Events since what is shown was asked for: the answer may be older than they are. */
  heard = [];
  /** The log of the whole run, for the panel that is drawn first; null: it asks for its own. */
  log = null;
  /** The chosen step; empty: whichever matters most. */
  chosen = '';

  begin() {
    keys(this, {
      j: () => this.move(1),
      k: () => this.move(-1),
      c: () => this.command(nextVerb(this.all?.status ?? { allowed_verbs: [] }) === 'start' ? 'start' : 'continue'),
      r: () => this.command('retry', this.chosen && this.step?.state === 'failed' ? this.step : null),
      Escape: () => this.choose(''),
    });
    this.base = '/api/provisioning/tenants/' + encodeURIComponent(this.given.tenant);
    this.clock = setInterval(() => this.all && !isOver(this.all.status.state) && this.all.status.run_id && this.draw(), 1000);
    this.unfollow = follow(this.base + '/events', { load: () => this.load(), hear: (event) => this.hear(event) });
  }

  end() {
    clearInterval(this.clock);
    clearTimeout(this.later);
    this.unfollow();
  }

  async load() {
    const heard = (this.heard = []);
    try {
      const all = await get(this.base + '/overview' + (this.all ? '' : '?logs=' + kLines));
      this.log = !this.all && all.logs?.length < kLines ? all.logs : null;
      for (const event of heard) all.status = applyToStatus(all.status, event);
      this.say(all.status);
      this.all = all;
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
      if (problem.status === 404 || problem.status === 410) this.unfollow();
      if (problem.status === 0) throw problem;
    } finally {
      this.draw();
      this.log = null;
    }
  }

  hear(event) {
    if (!this.all) return;
    this.heard.push(event);
    const status = applyToStatus(this.all.status, event);
    this.say(status);
    const attempt = attemptOf(this.all.status, event);
    this.all = { ...this.all, status, attempts: attempt ? [...this.all.attempts, attempt] : this.all.attempts };
    // What an event does not say (attempts, errors, a new run) is asked for when things have settled.
    const tells = event.run_id !== this.all.status.run_id || /^run\.|failed|waiting|unknown|drift|left_behind/.test(event.type);
    if (tells && !this.later) this.later = setTimeout(() => ((this.later = 0), this.load().catch(() => {})), 400);
    if (!this.frame) this.frame = requestAnimationFrame(() => ((this.frame = 0), this.draw()));
  }

  /** For those who listen: what changed for the better or the worse. */
  say(status) {
    const before = this.all?.status;
    if (!before) return;
    if (before.state !== status.state) return notify('The run is ' + runLook(status.state).word.toLowerCase() + '.');
    const was = new Map(before.steps.map((step) => [step.id, step.state]));
    const news = status.steps.filter((step) => was.get(step.id) !== step.state && ['completed', 'exists', 'skipped', 'failed', 'unknown'].includes(step.state));
    if (news.length > 0) notify(news.map((step) => step.title + ': ' + stepLook(step).word.toLowerCase()).join('. ') + '.');
  }

  get step() {
    const { steps } = this.all.status;
    const find = (...states) => steps.find((step) => states.includes(step.state));
    return steps.find((step) => step.id === this.chosen) ?? find('failed', 'unknown') ?? find('running', 'waiting') ??
      find('ready') ?? (this.all.status.state ? steps[steps.length - 1] : steps[0]);
  }

  choose(id) {
    this.chosen = id;
    this.draw();
  }

  move(by) {
    const { steps } = this.all.status;
    const at = steps.indexOf(this.step);
    const next = steps[Math.max(0, Math.min(steps.length - 1, at + by))];
    this.choose(next.id);
    this.querySelector('.graph-step[aria-pressed=true]')?.focus();
  }

  /** @param {string} verb @param {any} [step] */
  async command(verb, step, more = {}) {
    const { status, tenant } = this.all;
    const refused = step ? '' : whyNot(status, verb);
    if (refused) return notify(refused, 'bad');
    const done = await openVerb({ tenant, verb, step: step?.id, stepTitle: step?.title, steps: status.steps, ...more });
    if (!done) return;
    if (done.steps) this.all = { ...this.all, status: done };
    await this.load().catch(() => {});
  }

  view() {
    if (!this.all || this.problem?.status === 410)
      return this.problem ? h('section', { class: 'empty' }, h('h1', {}, this.problem.status === 410 ? 'This workspace is gone' : 'It cannot be shown'),
        h('p', { role: 'alert' }, this.problem.message, ' ', this.problem.nextAction), h('p', {}, h('a', { href: '/console/tenants' }, 'To the tenants')))
        : h('p', { class: 'muted' }, 'Loading …');
    const { tenant, status, attempts } = this.all;
    const step = this.step;
    const now = Date.now();
    document.title = tenant.name + ' · ' + runLook(status.state).word + ' · Tenantry';
    const choose = (event) => this.choose(event.detail);
    return [
      runHead(tenant, status, expectedEnd(status, attempts, now), now, (verb) => this.command(verb)),
      troubles(status, (id) => this.choose(id)),
      h('step-graph', { steps: status.steps, chosen: step.id, onchoose: choose }),
      h('div', { class: 'run-columns' },
        h('run-timeline', { status, attempts, now: isOver(status.state) || !status.run_id ? 0 : now, chosen: step.id, onchoose: choose }),
        h('step-panel', { key: step.id, class: 'card', base: this.base, tenant, status, step, log: this.log, attempts: attempts.filter((one) => one.step === step.id),
                          oncommand: (event) => this.command(event.detail.verb, step, event.detail.more) })),
    ];
  }
}
customElements.define('run-page', RunPage);
