// When each step waited and ran, and when those to come will probably run: one row for each, on a common axis.
import { h } from './dom.js';
import { Part } from './part.js';
import { icon } from './icons.js';
import { axis } from '../model/axis.js';
import { timeline } from '../model/timeline.js';
import { stepLook, stepSays } from '../model/states.js';
import { duration } from '../model/times.js';

class RunTimeline extends Part {
  view() {
    const { status, attempts, chosen } = this.given;
    const now = this.given.now || Date.parse(status.completed_at ?? '') || Date.now();
    const { from, to, rows } = timeline(status, attempts, now);
    const { percent, cuts, marks } = axis(rows.flatMap((row) => row.segments), from, to);
    const byId = new Map(status.steps.map((step) => [step.id, step]));
    return h('section', { class: 'card timeline', 'aria-label': 'Timeline' },
      h('h2', {}, 'Timeline'),
      h('div', { class: 'timeline-axis', 'aria-hidden': 'true' }, marks.map((mark) =>
        h('span', { key: mark.millis, style: { left: mark.percent + '%' } }, mark.millis === 0 ? '0' : duration(mark.millis)))),
      h('ol', {}, rows.map((row) => this.row(row, byId.get(row.id), percent, row.id === chosen))),
      h('div', { class: 'timeline-over' }, cuts.map((cut, i) =>
        h('span', { key: i, class: 'timeline-cut', style: { left: cut.percent + '%' }, title: 'Nothing was done for ' + duration(cut.millis) },
          h('span', { class: 'only-read' }, 'Nothing was done for ' + duration(cut.millis))))),
      this.given.now && status.run_id ? h('div', { class: 'timeline-over', 'aria-hidden': 'true' },
        h('span', { class: 'timeline-now', style: { left: percent(now) + '%' } })) : null,
      h('p', { class: 'legend', 'aria-hidden': 'true' },
        [['waiting', 'waited'], ['running', 'running'], ['good', 'attempt that did it'], ['bad', 'attempt that failed'], ['foreseen', 'expected']].map(([kind, word]) =>
          h('span', {}, h('span', { class: 'segment segment-' + kind }), word))));
  }

  row(row, step, percent, isChosen) {
    const look = stepLook(step);
    return h('li', { key: row.id, class: 'timeline-row hue-' + look.hue + (isChosen ? ' is-chosen' : '') },
      h('button', { type: 'button', class: 'timeline-label', onclick: () => this.tell('choose', row.id), 'aria-pressed': isChosen ? 'true' : 'false',
                    title: step.title }, icon(look.icon), h('span', { class: 'clip' }, step.title),
        h('span', { class: 'timeline-says' }, step.duration_ms !== null && step.state !== 'running' && !step.undo ? duration(step.duration_ms) : stepSays(step))),
      h('span', { class: 'timeline-track' }, row.segments.map((one, i) =>
        h('span', { key: i, class: 'segment segment-' + one.kind, title: one.says + ', ' + duration(one.to - one.from),
                    style: { left: percent(one.from) + '%', width: Math.max(0, percent(one.to) - percent(one.from)) + '%' } }))));
  }
}
customElements.define('run-timeline', RunTimeline);
