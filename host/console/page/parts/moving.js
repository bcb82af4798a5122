// Going from page to page without loading anything again.

const moved = new EventTarget();

export const onMove = (act) => {
  moved.addEventListener('move', act);
  window.addEventListener('popstate', act);
};

/** @param {string} to @param {boolean} [replace] the address only says more exactly where we are */
export function go(to, replace = false) {
  if (to === location.pathname + location.search) return;
  const elsewhere = new URL(to, location.href).pathname !== location.pathname;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  moved.dispatchEvent(new Event('move'));
  if (!elsewhere) return;
  window.scrollTo(0, 0);
  document.getElementById('main')?.focus({ preventScroll: true });
}

/** Links to pages of the console are followed in place, unless another tab was asked for. */
export function takeLinks(within) {
  within.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href]');
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (link.origin !== location.origin || !link.pathname.startsWith('/console') || link.target) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
