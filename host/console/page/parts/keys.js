// Keys of a page: single ones, or two one after the other ("g t"). Not while something is typed or a dialog is open.

/** @param {HTMLElement} owner the keys count while it is in the document @param {Record<string, (event: KeyboardEvent) => void>} map */
export function keys(owner, map) {
  let first = '';
  let firstAt = 0;
  const pressed = (event) => {
    if (!owner.isConnected) return document.removeEventListener('keydown', pressed);
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    const pair = Date.now() - firstAt < 1200 ? first + ' ' + event.key : '';
    const act = map[pair] ?? map[event.key];
    first = event.key;
    firstAt = Date.now();
    if (!act) return;
    event.preventDefault();
    act(event);
  };
  document.addEventListener('keydown', pressed);
}

const isTyping = (element) =>
  element instanceof HTMLElement && (element.isContentEditable || /^(input|textarea|select)$/.test(element.localName)) &&
  !(element instanceof HTMLInputElement && /^(checkbox|radio|button)$/.test(element.type));
