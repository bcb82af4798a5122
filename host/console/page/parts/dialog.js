// A dialog over the page: Escape and the button close it, and focus goes back to where it was.
import { h } from './dom.js';
import { Part } from './part.js';
import { icon } from './icons.js';

/** Subclasses have heading() and body(). Opened by open(), gone when closed. */
export class Dialog extends Part {
  /** @template {Dialog} T @param {T} dialog @returns {Promise<any>} what close() was called with; undefined: dismissed */
  static open(dialog) {
    document.body.append(dialog);
    return new Promise((settled) => (dialog.settled = settled));
  }

  view() {
    return h('dialog', { 'aria-labelledby': 'dialog-heading', onclose: () => this.finish(), onclick: (event) => this.clicked(event) },
      h('div', { class: 'dialog-head' },
        h('h2', { id: 'dialog-heading' }, this.heading()),
        h('button', { type: 'button', class: 'quiet', 'aria-label': 'Close', onclick: () => this.close() }, icon('close'))),
      this.body());
  }

  shown() {
    const dialog = this.querySelector('dialog');
    if (!dialog.open) dialog.showModal();
  }

  clicked(event) {
    if (event.target === event.currentTarget) this.close();
  }

  close(result) {
    this.result = result;
    this.querySelector('dialog').close();
  }

  finish() {
    this.remove();
    this.settled(this.result);
  }
}
