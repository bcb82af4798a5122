// Icons, drawn with lines so that they take the colour of their text. Always beside a word, so hidden from readers.
import { h } from './dom.js';

const circle = 'M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5z';
const kPaths = {
  pending: ['M8 1.75a6.25 6.25 0 1 1 0 12.5a6.25 6.25 0 1 1 0-12.5z'],
  ready: [circle, 'M8 6.9a1.1 1.1 0 1 1 0 2.2a1.1 1.1 0 1 1 0-2.2z'],
  running: ['M8 1.75a6.25 6.25 0 0 1 6.25 6.25', 'M14.25 8a6.25 6.25 0 1 1-9.4-5.4'],
  waiting: [circle, 'M8 4.5v3.7l2.4 1.5'],
  completed: [circle, 'M5.1 8.3l2 2 3.8-4.3'],
  exists: [circle, 'M5.2 6.6h5.6M5.2 9.4h5.6'],
  skipped: ['M3 3.5l4.5 4.5L3 12.5M8.5 3.5l4.5 4.5-4.5 4.5'],
  failed: ['M5.3 1.75h5.4l3.55 3.55v5.4l-3.55 3.55H5.3L1.75 10.7V5.3z', 'M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4'],
  cancelled: [circle, 'M3.7 3.7l8.6 8.6'],
  unknown: [circle, 'M6.2 6.2c.1-2.3 3.7-2.3 3.7-.1c0 1.5-1.9 1.5-1.9 2.9M8 11.3v.1'],
  paused: [circle, 'M6.3 5.6v4.8M9.7 5.6v4.8'],
  undo: ['M5.5 2.5L2.25 5.75 5.5 9', 'M2.5 5.75h7a4 4 0 0 1 0 8H6'],
  partial: [circle, 'M8 1.75v12.5M8 4h4.4M8 6.7h6M8 9.3h6M8 12h4.4'],
  plus: ['M8 2.5v11M2.5 8h11'],
  search: ['M7 2.25a4.75 4.75 0 1 1 0 9.5a4.75 4.75 0 1 1 0-9.5z', 'M10.5 10.5l3.5 3.5'],
  right: ['M6 3l5 5-5 5'],
  close: ['M3.5 3.5l9 9M12.5 3.5l-9 9'],
  sun: ['M8 5a3 3 0 1 1 0 6a3 3 0 1 1 0-6z', 'M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M13 3l-1.1 1.1M4.1 11.9L3 13'],
  moon: ['M13.5 9.7A6 6 0 1 1 6.3 2.5a4.8 4.8 0 0 0 7.2 7.2z'],
  auto: [circle, 'M8 1.75v12.5', 'M8 4h4.4M8 6h5.9M8 8h6.2M8 10h5.9M8 12h4.4'],
  live: ['M8 6.5a1.5 1.5 0 1 1 0 3a1.5 1.5 0 1 1 0-3z', 'M4.8 4.8a4.5 4.5 0 0 0 0 6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4M2.7 2.7a7.5 7.5 0 0 0 0 10.6M13.3 2.7a7.5 7.5 0 0 1 0 10.6'],
  polling: ['M2.5 8a5.5 5.5 0 0 1 9.6-3.7L13.5 6M13.5 2.5V6H10', 'M13.5 8a5.5 5.5 0 0 1-9.6 3.7L2.5 10M2.5 13.5V10H6'],
  offline: ['M2 2l12 12', 'M4.8 6.5a4.5 4.5 0 0 0 .5 4.9M11.2 4.8a4.5 4.5 0 0 1 .9 5M2.7 4.4a7.5 7.5 0 0 0 0 8.9'],
  out: ['M6 2.5H2.75v11H6', 'M10 4.5L13.5 8 10 11.5M13 8H6'],
  keys: ['M1.5 4h13v8.5h-13z', 'M4 6.8h.1M6.7 6.8h.1M9.3 6.8h.1M12 6.8h.1M4.5 9.8h7'],
};

/** @param {string} name @param {string} [more] classes */
export const icon = (name, more = '') =>
  h('svg', { class: 'icon icon-' + name + (more ? ' ' + more : ''), viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    (kPaths[name] ?? kPaths.unknown).map((d) => h('path', { d })));

/** @param {import('../model/states.js').Look} look */
export const badge = (look, more = '') =>
  h('span', { class: 'badge hue-' + look.hue + (more ? ' ' + more : ''), title: look.says }, icon(look.icon), h('span', {}, look.word));
