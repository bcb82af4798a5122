// The head of every page: where one can go, whether what is shown is live, and the way out.
import { h } from './dom.js';
import { Part } from './part.js';
import { icon } from './icons.js';
import { openHelp } from './help.js';
import { nextTheme, theme } from './theme.js';
import { connection } from '../live/follow.js';
import { session } from '../live/session.js';
import { post } from '../live/api.js';

const kPlaces = [
  ['/console/tenants', 'Tenants', ['tenants-page', 'run-page', 'new-workspace-page']],
  ['/console/engines', 'Engines', ['engines-page']],
  ['/console/operations', 'Operations', ['operations-page']],
];

const kModes = {
  live: ['live', 'Live', 'Changes are shown as they happen.'],
  polling: ['polling', 'Every 2 s', 'The live stream cannot be had; the host is asked every two seconds.'],
  offline: ['offline', 'Offline', 'The host cannot be reached. What you see may be old.'],
};

class ConnectionState extends Part {
  begin() {
    connection.addEventListener('change', (this.changed = () => this.draw()));
  }
  end() {
    connection.removeEventListener('change', this.changed);
  }
  view() {
    const [name, word, says] = kModes[connection.mode];
    return h('span', { class: 'connection is-' + connection.mode, role: 'status', title: says }, icon(name), h('span', {}, word));
  }
}
customElements.define('connection-state', ConnectionState);

class ThemeSwitch extends Part {
  view() {
    const now = theme();
    const name = { auto: 'auto', dark: 'moon', light: 'sun' }[now] ?? 'auto';
    const act = () => (nextTheme(), this.draw());
    return h('button', { type: 'button', class: 'quiet', onclick: act, 'aria-label': 'Colours: ' + now, title: 'Colours: ' + now + '. Press to change.' }, icon(name));
  }
}
customElements.define('theme-switch', ThemeSwitch);

async function signOut() {
  await post('/api/auth/logout', {}).catch(() => {});
  session.end('');
}

/** @param {string} [page] the tag of the page that is shown */
export const header = (page) =>
  h('header', { class: 'head' },
    h('a', { class: 'brand', href: '/console/tenants' }, h('span', { class: 'mark', 'aria-hidden': 'true' }), 'Tenantry'),
    h('nav', { 'aria-label': 'Pages' },
      kPlaces.map(([to, word, pages]) => h('a', { href: to, 'aria-current': pages.includes(page) ? 'page' : null }, word))),
    h('div', { class: 'head-end' },
      h('connection-state', {}),
      h('theme-switch', {}),
      h('button', { type: 'button', class: 'quiet', onclick: openHelp, 'aria-label': 'Keys and help', title: 'Keys and help (?)' }, icon('keys')),
      h('button', { type: 'button', class: 'quiet', onclick: signOut, 'aria-label': 'Sign out', title: 'Sign out ' + session.email }, icon('out'))));
