// Short messages about what just happened: seen in a corner, and read aloud.
import { h } from './dom.js';
import { Part } from './part.js';
import { icon } from './icons.js';

const kShown = 6000;
const notices = new EventTarget();
let next = 0;

/** @param {string} text @param {'good'|'bad'|'quiet'} [kind] quiet: only read aloud */
export const notify = (text, kind = 'quiet') => notices.dispatchEvent(new CustomEvent('notice', { detail: { text, kind, id: ++next } }));

/** @param {import('../live/api.js').Problem} problem */
export const notifyProblem = (problem) => notify([problem.message, problem.nextAction].filter(Boolean).join(' '), 'bad');

class NoticeList extends Part {
  shownNow = [];
  begin() {
    notices.addEventListener('notice', (this.heard = (event) => this.add(event.detail)));
  }
  end() {
    notices.removeEventListener('notice', this.heard);
  }
  add(notice) {
    this.shownNow = [...this.shownNow, notice].slice(-4);
    this.draw();
    setTimeout(() => this.remove(notice), notice.kind === 'bad' ? 3 * kShown : kShown);
  }
  remove(notice) {
    this.shownNow = this.shownNow.filter((one) => one !== notice);
    this.draw();
  }
  view() {
    return h('div', { class: 'notices', role: 'status', 'aria-live': 'polite' },
      this.shownNow.map((notice) =>
        h('p', { key: notice.id, class: notice.kind === 'quiet' ? 'only-read' : 'notice hue-' + notice.kind },
          notice.kind === 'quiet' ? null : icon(notice.kind === 'good' ? 'completed' : 'failed'), h('span', {}, notice.text),
          notice.kind === 'quiet' ? null
            : h('button', { type: 'button', class: 'quiet', 'aria-label': 'Dismiss', onclick: () => this.remove(notice) }, icon('close')))));
  }
}
customElements.define('notice-list', NoticeList);
