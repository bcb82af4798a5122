// One command for every workspace that a filter finds: first what it would do to each, then what came of it.
import { h } from './dom.js';
import { Dialog } from './dialog.js';
import { icon } from './icons.js';
import { get, post } from '../live/api.js';
import { kVerbs } from '../model/verbs.js';

const kAgain = 500;
const kShown = 500;

class BatchDialog extends Dialog {
  /** What it would do to each. */
  preview = null;
  /** How far it is, once it was agreed to. */
  batch = null;
  problem = null;

  begin() {
    this.send(true);
  }

  get filter() {
    return Object.fromEntries(Object.entries(this.wish.filter).filter(([, value]) => value));
  }

  async send(onlyAsked) {
    if (this.busy) return;
    const reason = this.querySelector('#reason')?.value.trim();
    const body = { verb: this.wish.verb, filter: this.filter, validate_only: onlyAsked };
    if (reason) body.reason = reason;
    this.busy = true;
    this.draw();
    try {
      const answer = await post('/api/batches', body);
      if (onlyAsked) this.preview = answer;
      else await this.watch(answer);
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
    }
    this.busy = false;
    this.draw();
  }

  async watch(batch) {
    for (this.batch = batch; this.ready && this.batch.state !== 'finished';) {
      this.draw();
      await new Promise((go) => setTimeout(go, kAgain));
      this.batch = await get('/api/batches/' + encodeURIComponent(batch.id) + '?limit=' + kShown);
    }
  }

  heading() {
    return kVerbs[this.wish.verb].label + ' · all that match';
  }

  body() {
    const { label, does } = kVerbs[this.wish.verb];
    return h('form', { class: 'scope', method: 'dialog', onsubmit: (event) => (event.preventDefault(), this.batch || this.send(false)) },
      h('p', {}, does),
      this.problem ? h('p', { class: 'form-problem', role: 'alert' }, this.problem.message, ' ', this.problem.nextAction) : null,
      h('p', { role: 'status' }, this.says()),
      h('ul', { class: 'batch', tabindex: '0', 'aria-label': 'Workspaces' }, this.items().map(([hue, name, word, says]) =>
        h('li', { class: 'hue-' + hue }, icon(name), h('span', {}, word), ' ', h('span', { class: 'muted' }, says)))),
      this.batch ? null : [h('label', { for: 'reason' }, 'Reason (kept with each operation)'), h('input', { id: 'reason', maxlength: '1000', autocomplete: 'off' })],
      h('div', { class: 'dialog-end' },
        h('button', { type: 'button', onclick: () => this.close(Boolean(this.batch)) }, this.batch ? 'Close' : 'Leave it'),
        this.batch ? null : h('button', { type: 'submit', class: 'primary', 'aria-disabled': this.busy || !this.preview?.would ? 'true' : null },
          this.busy ? 'Asking …' : label + ': ' + (this.preview?.would ?? 0) + ' workspaces')));
  }

  says() {
    const { batch, preview } = this;
    if (batch) return batch.done + ' accepted, ' + batch.refused + ' refused' + (batch.waiting > 0 ? ', ' + batch.waiting + ' still to come.' : '.');
    if (preview) return preview.would + ' of ' + preview.total + ' can.' + (preview.refused > 0 ? ' The others say why not.' : '');
    return this.problem ? '' : 'Asking the host what this would do to each …';
  }

  /** Hue, icon, name and what is said of each. */
  items() {
    const names = new Map((this.preview?.items ?? []).map((item) => [item.tenant_id, item.name]));
    if (this.batch?.items)
      return this.batch.items.map((item) => [
        { waiting: 'wait', done: 'good', refused: 'bad' }[item.state], { waiting: 'waiting', done: 'completed', refused: 'failed' }[item.state],
        names.get(item.tenant_id) ?? item.tenant_id, item.error?.message ?? { waiting: 'still to come', done: 'accepted' }[item.state] ?? '']);
    return (this.preview?.items ?? []).slice(0, kShown).map((item) =>
      item.would ? ['good', 'completed', item.name, scope(item.scope)] : ['bad', 'failed', item.name, item.error?.message ?? '']);
  }
}
customElements.define('batch-dialog', BatchDialog);

function scope(given) {
  const words = { verify: 'looks at', run: 'runs', undo: 'takes back' };
  return Object.entries(words).filter(([name]) => given?.[name]?.length > 0).map(([name, word]) => word + ' ' + given[name].length).join(', ');
}

/** @param {{verb: string, filter: Record<string, string>}} wish */
export function openBatch(wish) {
  const dialog = new BatchDialog();
  dialog.wish = wish;
  return Dialog.open(dialog);
}
