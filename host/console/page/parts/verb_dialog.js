// Asks before a command is given: first the host says what it would do, then a person decides.
import { h } from './dom.js';
import { Dialog } from './dialog.js';
import { notify } from './notices.js';
import { command } from '../live/api.js';
import { kVerbs } from '../model/verbs.js';

const kParts = [
  ['verify', 'Looked at first'],
  ['run', 'Will run'],
  ['undo', 'Will be taken back'],
  ['left_behind', 'Cannot be taken back, and stays'],
  ['keep', 'Stays as it is'],
];

const kPlan = [
  ['would_create', 'Would make something'],
  ['would_change', 'Would change something'],
  ['already_there', 'Is there already'],
  ['cannot_know', 'Cannot say before it runs'],
];

class VerbDialog extends Dialog {
  preview = null;
  problem = null;
  busy = false;

  begin() {
    this.ask();
  }

  get wanted() {
    const { step, downstream, force } = this.wish;
    const body = {};
    if (step) body.step = step;
    if (downstream) body.include_downstream = true;
    if (force) body.force = true;
    return body;
  }

  async ask() {
    try {
      this.preview = await command(this.wish.tenant.id, this.wish.verb, { ...this.wanted, validate_only: true });
      this.problem = null;
      this.draw();
      if (this.wish.verb === 'start') this.plan = (await command(this.wish.tenant.id, 'plan', {})).steps;
    } catch (problem) {
      this.problem = problem;
    }
    this.draw();
  }

  async act(event) {
    event.preventDefault();
    if (this.busy || !this.preview) return;
    this.busy = true;
    this.draw();
    const reason = this.querySelector('#reason')?.value.trim();
    try {
      const answer = await command(this.wish.tenant.id, this.wish.verb, reason ? { ...this.wanted, reason } : this.wanted);
      notify(kVerbs[this.wish.verb].label + ': accepted for ' + this.wish.tenant.name + '.', 'good');
      this.close(answer);
    } catch (problem) {
      this.problem = problem;
      this.busy = false;
      this.draw();
    }
  }

  heading() {
    const { verb, stepTitle, tenant } = this.wish;
    return kVerbs[verb].label + (stepTitle ? ' “' + stepTitle + '”' : '') + ' · ' + tenant.name;
  }

  body() {
    const rule = kVerbs[this.wish.verb];
    const runs = this.preview?.scope?.run?.length ?? 0;
    return h('form', { class: 'scope', method: 'dialog', onsubmit: (event) => this.act(event) },
      h('p', {}, rule.does),
      this.wish.force ? h('p', { class: 'hue-bad form-problem' }, rule.careful) : null,
      this.problem ? h('p', { class: 'form-problem', role: 'alert' }, this.problem.message, ' ', this.problem.nextAction) : null,
      !this.preview && !this.problem ? h('p', { class: 'muted' }, 'Asking the host what this would do …') : null,
      this.preview ? this.scope() : null,
      rule.reason ? [h('label', { for: 'reason' }, 'Reason (kept with the operation)'), h('input', { id: 'reason', maxlength: '1000', autocomplete: 'off' })] : null,
      h('div', { class: 'dialog-end' },
        h('button', { type: 'button', onclick: () => this.close() }, 'Leave it'),
        h('button', { type: 'submit', class: rule.danger ? 'danger' : 'primary', 'aria-disabled': !this.preview || this.busy ? 'true' : null },
          this.busy ? 'Sending …' : rule.label + (runs > 0 ? ': run ' + runs + (runs === 1 ? ' step' : ' steps') : ''))));
  }

  /** Of a start every step says for itself what it would do. */
  get parts() {
    if (!this.plan) return [kParts, this.preview.scope ?? {}];
    const would = (word) => this.plan.filter((step) => step.would === word).map((step) => step.id);
    return [kPlan, Object.fromEntries(kPlan.map(([word]) => [word, would(word)]))];
  }

  scope() {
    const [parts, scope] = this.parts;
    const title = (id) => this.wish.steps?.find((step) => step.id === id)?.title ?? id;
    return h('div', { class: 'scope-parts' }, parts.filter(([name]) => scope[name]?.length > 0).map(([name, label]) =>
      h('details', { key: name, class: 'scope-' + name, open: name !== 'keep' && scope[name].length < 13 },
        h('summary', {}, label, ' ', h('strong', {}, scope[name].length)),
        h('ul', {}, scope[name].map((id) => h('li', {}, title(id)))))));
  }

  shown() {
    super.shown();
    if (!this.preview || this.focused) return;
    this.focused = true;
    this.querySelector('button[type=submit]').focus();
  }
}
customElements.define('verb-dialog', VerbDialog);

/**
 * @param {{tenant: any, verb: string, step?: string, stepTitle?: string, downstream?: boolean, steps?: any[]}} wish
 * @returns {Promise<any>} the status answer; undefined: it was left
 */
export function openVerb(wish) {
  const dialog = new VerbDialog();
  dialog.wish = wish;
  return Dialog.open(dialog);
}
