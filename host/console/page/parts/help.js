// What the keys and the signs mean.
import { h } from './dom.js';
import { Dialog } from './dialog.js';
import { badge } from './icons.js';
import { kSteps } from '../model/states.js';

const kKeys = [
  ['/', 'search'],
  ['j  k', 'next and previous row or step'],
  ['Enter', 'open it'],
  ['c', 'continue: go on from the first failed step'],
  ['r', 'retry every failed step, or the one that is selected'],
  ['n', 'new workspace'],
  ['g t   g e   g o', 'to the tenants, engines, operations'],
  ['Esc', 'close, or leave the search'],
  ['?', 'this help'],
];

class HelpDialog extends Dialog {
  heading() {
    return 'Keys and signs';
  }
  body() {
    return h('div', { class: 'help' },
      h('section', {}, h('h3', {}, 'Keys'),
        h('dl', { class: 'pairs' }, kKeys.map(([key, does]) => [
          h('dt', {}, key.split(/\s+/).map((one) => [h('kbd', {}, one), ' '])), h('dd', {}, does)]))),
      h('section', {}, h('h3', {}, 'States of a step'),
        h('dl', { class: 'pairs' }, Object.values(kSteps).map((look) => [h('dt', {}, badge(look)), h('dd', {}, look.says)]))));
  }
}
customElements.define('help-dialog', HelpDialog);

export const openHelp = () => Dialog.open(new HelpDialog());
