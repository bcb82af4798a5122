// One command for every workspace that a filter finds: first what it would do to each, then what came of it.
import { h } from './dom.js';
import { Dialog } from './dialog.js';
import { icon } from './icons.js';
import { post } from '../live/api.js';
import { kVerbs } from '../model/verbs.js';

class BatchDialog extends Dialog {
  answer = null;
  problem = null;
  done = false;

  begin() {
    this.send(true);
  }

  async send(validateOnly) {
    const reason = this.querySelector('#reason')?.value.trim();
    const filter = Object.fromEntries(Object.entries(this.wish.filter).filter(([, value]) => value));
    const body = { verb: this.wish.verb, filter, validate_only: validateOnly };
    if (reason) body.reason = reason;
    this.busy = true;
    this.draw();
    try {
      this.answer = await post('/api/batches', body);
      this.done = !validateOnly;
      this.problem = null;
    } catch (problem) {
      this.problem = problem;
    }
    this.busy = false;
    this.draw();
  }

  heading() {
    return kVerbs[this.wish.verb].label + ' all that match';
  }

  body() {
    const items = this.answer?.results ?? [];
    const good = items.filter((item) => !item.error);
    return h('form', { class: 'scope', method: 'dialog', onsubmit: (event) => (event.preventDefault(), this.busy || this.send(false)) },
      h('p', {}, kVerbs[this.wish.verb].does),
      this.problem ? h('p', { class: 'form-problem', role: 'alert' }, this.problem.message, ' ', this.problem.nextAction) : null,
      !this.answer && !this.problem ? h('p', { class: 'muted' }, 'Asking the host what this would do …') : null,
      this.answer ? h('p', { role: 'status' }, this.done ? good.length + ' accepted, ' : good.length + ' can, ', items.length - good.length, this.done ? ' refused.' : ' cannot.') : null,
      h('ul', { class: 'batch' }, items.map((item) => this.item(item))),
      this.done ? null : [h('label', { for: 'reason' }, 'Reason (kept with each operation)'), h('input', { id: 'reason', maxlength: '1000', autocomplete: 'off' })],
      h('div', { class: 'dialog-end' },
        h('button', { type: 'button', onclick: () => this.close(this.done) }, this.done ? 'Close' : 'Leave it'),
        this.done ? null : h('button', { type: 'submit', class: 'primary', 'aria-disabled': this.busy || good.length === 0 ? 'true' : null },
          this.busy ? 'Asking …' : kVerbs[this.wish.verb].label + ' ' + good.length)));
  }

  item(item) {
    const says = item.error?.detail ?? item.error?.message ?? (item.scope ? 'runs ' + item.scope.run.length + ' steps' : item.status ?? '');
    return h('li', { class: item.error ? 'hue-bad' : 'hue-good' }, icon(item.error ? 'failed' : 'completed'),
      h('span', {}, item.name ?? item.tenant_id), ' ', h('span', { class: 'muted' }, says));
  }
}
customElements.define('batch-dialog', BatchDialog);

/** @param {{verb: string, filter: Record<string, string>}} wish */
export function openBatch(wish) {
  const dialog = new BatchDialog();
  dialog.wish = wish;
  return Dialog.open(dialog);
}
