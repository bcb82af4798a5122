// Shows the page that the address names, within the frame that all pages share.
import { h } from './parts/dom.js';
import { Part } from './parts/part.js';
import { session } from './live/session.js';
import { header } from './parts/header.js';
import { applyTheme } from './parts/theme.js';
import { go, onMove, takeLinks } from './parts/moving.js';
import { keys } from './parts/keys.js';
import { openHelp } from './parts/help.js';
import './parts/notices.js';
import './pages/sign_in.js';
import './pages/tenants.js';
import './pages/new_workspace.js';
import './pages/run.js';
import './pages/engines.js';
import './pages/operations.js';

/** @type {[RegExp, string, string][]} */
const kPages = [
  [/^\/(console\/?|console\/tenants\/?)?$/, 'tenants-page', 'Tenants'],
  [/^\/console\/tenants\/([^/]+)$/, 'run-page', 'Run'],
  [/^\/console\/new$/, 'new-workspace-page', 'New workspace'],
  [/^\/console\/engines$/, 'engines-page', 'Engines'],
  [/^\/console\/operations$/, 'operations-page', 'Operations'],
];

function pageAt(path) {
  for (const [pattern, tag, title] of kPages) {
    const found = pattern.exec(path);
    if (found) return { tag, title, id: found[1] && tag === 'run-page' ? decodeURIComponent(found[1]) : '' };
  }
  return null;
}

class ConsoleApp extends Part {
  begin() {
    session.addEventListener('change', () => this.draw());
    onMove(() => this.draw());
    takeLinks(this);
    keys(this, { '?': openHelp, 'g t': () => go('/console/tenants'), 'g e': () => go('/console/engines'),
                 'g o': () => go('/console/operations'), n: () => go('/console/new') });
  }

  view() {
    if (!session.token) return [h('sign-in-page', {}), h('notice-list', {})];
    const page = pageAt(location.pathname);
    document.title = (page?.title ?? 'Not found') + ' · Tenantry';
    return [
      header(page?.tag),
      h('main', { id: 'main', tabindex: '-1' },
        page ? h(page.tag, { key: page.tag + page.id, tenant: page.id, search: location.search })
             : h('section', { class: 'empty' }, h('h1', {}, 'There is no such page'), h('p', {}, h('a', { href: '/console/tenants' }, 'To the tenants')))),
      h('notice-list', {}),
    ];
  }
}

applyTheme();
customElements.define('console-app', ConsoleApp);
