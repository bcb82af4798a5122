// How far something is: a bar with its number.
import { h } from './dom.js';

/** @param {number} percent @param {string} hue @param {string} label */
export const progressBar = (percent, hue, label) =>
  h('span', { class: 'progress hue-' + hue },
    h('span', { class: 'progress-track', role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100',
                'aria-valuenow': String(Math.round(percent)) },
      h('span', { class: 'progress-done', style: { width: percent + '%' } })),
    h('span', { class: 'progress-number', 'aria-hidden': 'true' }, Math.floor(percent) + ' %'));
