// Runs in the page and says what is wrong with it for people who cannot see it well, or use no mouse (WCAG 2.2 AA, as far
// as a page can tell): names, labels and roles, landmarks and headings, order of the focus, contrast, size of what is
// pressed, and whether it has to be scrolled sideways.
const problems = [];
const complain = (element, what) => problems.push(what + ': <' + element.localName + (element.className && element.className.baseVal === undefined ? ' class="' + element.className + '"' : '') + '> "' + element.textContent.trim().slice(0, 40) + '"');
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const isHidden = (element) => element.closest('[aria-hidden=true], .only-read, .skip-link') !== null;

// ---- names ----
const textOf = (id) => document.getElementById(id)?.textContent.trim() ?? '';
function nameOf(element) {
  const by = element.getAttribute('aria-labelledby');
  if (by) return by.split(' ').map(textOf).join(' ').trim();
  if (element.getAttribute('aria-label')) return element.getAttribute('aria-label');
  if (element.labels?.length) return [...element.labels].map((label) => label.textContent.trim()).join(' ');
  return element.textContent.trim() || element.getAttribute('title') || '';
}
for (const element of document.querySelectorAll('a[href], button, input, select, textarea, dialog, summary, [role=table], [role=progressbar], [role=group], nav, figure'))
  if (isSeen(element) && !isHidden(element) && !nameOf(element)) complain(element, 'has no name');
for (const input of document.querySelectorAll('input, select, textarea'))
  if (isSeen(input) && !input.labels?.length && !input.getAttribute('aria-label')) complain(input, 'has no label');
for (const element of document.querySelectorAll('[aria-labelledby], [aria-describedby]'))
  for (const id of ((element.getAttribute('aria-labelledby') ?? '') + ' ' + (element.getAttribute('aria-describedby') ?? '')).split(' ').filter(Boolean))
    if (!document.getElementById(id)) complain(element, 'refers to nothing (' + id + ')');

// ---- structure ----
const ids = new Map();
for (const element of document.querySelectorAll('[id]')) ids.set(element.id, (ids.get(element.id) ?? 0) + 1);
for (const [id, times] of ids) if (times > 1) problems.push('the id ' + id + ' is there ' + times + ' times');
if (!document.documentElement.lang) problems.push('the page does not say its language');
if (!document.title) problems.push('the page has no title');
if (document.querySelectorAll('main').length !== 1) problems.push('there is not one main');
if (document.querySelectorAll('h1').length !== 1) problems.push('there is not one h1 but ' + document.querySelectorAll('h1').length);
let level = 0;
for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
  if (!isSeen(heading) || heading.closest('dialog')) continue;
  const own = Number(heading.localName[1]);
  if (level > 0 && own > level + 1) complain(heading, 'comes after h' + level);
  level = own;
}
for (const row of document.querySelectorAll('[role=row]'))
  if (!row.closest('[role=table]') || [...row.children].some((cell) => !/^(cell|columnheader)$/.test(cell.getAttribute('role') ?? ''))) complain(row, 'is a row of something else than cells');
if (!document.querySelector('[aria-live], [role=status]')) problems.push('changes are not announced');
for (const element of document.querySelectorAll('[tabindex]')) if (element.tabIndex > 0) complain(element, 'has an order of its own');

// ---- landmarks ----
const seenOnes = (selector) => [...document.querySelectorAll(selector)].filter(isSeen);
const kLandmarks = 'main, header, nav, footer, aside, dialog, [role=status], [role=alert], .skip-link';
for (const landmark of ['main', 'body > console-app > header', 'nav']) {
  const names = seenOnes(landmark).map(nameOf);
  if (landmark === 'nav' && new Set(names).size !== names.length) problems.push('two of nav have the same name');
}
const loose = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (loose.nextNode()) {
  const at = loose.currentNode.parentElement;
  if (loose.currentNode.data.trim() && isSeen(at) && !at.closest(kLandmarks + ', noscript, script')) complain(at, 'is in no landmark');
}
if (document.querySelector('nav a[href]') && !document.querySelector('nav [aria-current=page]') && !/nothing/.test(location.pathname)) problems.push('no place of the navigation is the current one');
const skip = document.querySelector('.skip-link');
if (!skip || !document.querySelector(skip.getAttribute('href'))) problems.push('the skip link leads to nothing');

// ---- roles and what they need ----
const kRoles = new Set(['alert', 'cell', 'columnheader', 'group', 'img', 'progressbar', 'row', 'status', 'table', 'switch', 'list', 'listitem', 'none', 'presentation', 'dialog']);
const kNeeds = { progressbar: ['aria-valuenow', 'aria-valuemin', 'aria-valuemax'], switch: ['aria-checked'] };
const kYesNo = { 'aria-invalid': /^(true|false|grammar|spelling)$/, 'aria-pressed': /^(true|false|mixed)$/, 'aria-expanded': /^(true|false)$/,
                 'aria-disabled': /^(true|false)$/, 'aria-hidden': /^(true|false)$/, 'aria-current': /^(page|step|location|date|time|true|false)$/, 'aria-live': /^(off|polite|assertive)$/ };
for (const element of document.querySelectorAll('[role]')) {
  const role = element.getAttribute('role');
  if (!kRoles.has(role)) complain(element, 'has the unknown role ' + role);
  for (const need of kNeeds[role] ?? [])
    if (!element.hasAttribute(need) && !(need === 'aria-valuenow' && element.hasAttribute('aria-valuetext'))) complain(element, 'is a ' + role + ' without ' + need);
}
for (const [name, values] of Object.entries(kYesNo))
  for (const element of document.querySelectorAll('[' + name + ']')) if (!values.test(element.getAttribute(name))) complain(element, 'has a ' + name + ' that means nothing');
for (const list of document.querySelectorAll('ul, ol'))
  if ([...list.children].some((one) => one.localName !== 'li')) complain(list, 'is a list of something else than items');
for (const item of document.querySelectorAll('li')) if (!/^(ul|ol)$/.test(item.parentElement.localName)) complain(item, 'is an item of no list');
for (const picture of document.querySelectorAll('svg, img'))
  if (isSeen(picture) && picture.closest('[aria-hidden=true]') === null && !picture.getAttribute('aria-label') && !picture.getAttribute('alt') && !picture.querySelector('title')) complain(picture.parentElement, 'has a picture that is neither named nor hidden');
for (const wrong of document.querySelectorAll('[aria-invalid=true]')) if (isSeen(wrong) && !wrong.getAttribute('aria-describedby')) complain(wrong, 'does not say what is wrong with it');

// ---- focus ----
const kFocusable = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex]';
for (const element of document.querySelectorAll('[aria-hidden=true]'))
  if (element.matches(kFocusable) || element.querySelector(kFocusable)) complain(element, 'is hidden from those who listen, but can have the focus');
for (const element of document.querySelectorAll('a[href], button, summary'))
  if (element.querySelector('a[href], button, input, select, textarea, summary')) complain(element, 'holds something else that can be pressed');
for (const element of document.querySelectorAll('a:not([href])')) if (isSeen(element)) complain(element, 'is a link to nowhere');
for (const scrolled of document.querySelectorAll('main *, dialog *')) {
  const style = getComputedStyle(scrolled);
  const hides = scrolled.scrollHeight > scrolled.clientHeight + 1 && /auto|scroll/.test(style.overflowY) || scrolled.scrollWidth > scrolled.clientWidth + 1 && /auto|scroll/.test(style.overflowX);
  if (hides && isSeen(scrolled) && scrolled.clientHeight > 0 && !scrolled.matches(kFocusable) && !scrolled.querySelector(kFocusable)) complain(scrolled, 'can be scrolled, but not with keys');
}
// Who reads from the top meets things in the order in which the focus does, within each part of the page.
for (const part of document.querySelectorAll('header, form, .verbs, .filters')) {
  let before = null;
  for (const element of part.querySelectorAll('a[href], button, input, select, textarea')) {
    if (!isSeen(element) || element.closest('.only-read')) continue;
    const box = element.getBoundingClientRect();
    if (before && box.left < before.right && (box.bottom <= before.top || (box.right <= before.left && box.top < before.bottom))) complain(element, 'has the focus after what is below or right of it');
    before = box;
  }
}
const open = document.querySelector('dialog[open]');
if (open && !open.contains(document.activeElement)) problems.push('the focus is not in the dialog that is open');
if (open && !open.matches(':modal')) problems.push('what is behind the dialog can be reached');

// ---- what is pressed is called by what is written on it ----
for (const element of document.querySelectorAll('a[href], button')) {
  const label = element.getAttribute('aria-label');
  const written = element.textContent.trim().toLowerCase();
  if (isSeen(element) && label && written && !label.toLowerCase().includes(written)) complain(element, 'is called otherwise than what is written on it');
}
for (const [type, word] of [['email', 'username'], ['password', 'current-password']])
  if (document.querySelector('sign-in-page') && document.querySelector('input[type=' + type + ']')?.autocomplete !== word) problems.push('the browser is not told what goes into the field for ' + type);
if (/user-scalable=no|maximum-scale/.test(document.querySelector('meta[name=viewport]')?.content ?? '')) problems.push('the page may not be made larger');

// ---- contrast ----
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
function rgba(color) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}
const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
function ground(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const color = rgba(getComputedStyle(at).backgroundColor);
    if (color[3] > 0) layers.push(color);
    if (color[3] > 0.99) break;
  }
  return layers.reverse().reduce((below, top) => over(top, below), rgba(getComputedStyle(document.documentElement).backgroundColor).slice(0, 3));
}
const light = (color) => {
  const [r, g, b] = color.map((one) => (one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function contrast(front, back) {
  const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}
const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const judged = new Set();
let lowest = 99;
while (words.nextNode()) {
  const element = words.currentNode.parentElement;
  if (!words.currentNode.data.trim() || judged.has(element) || element.closest('noscript, script, .only-read, .skip-link, option') || !isSeen(element)) continue;
  judged.add(element);
  const style = getComputedStyle(element);
  const back = ground(element);
  const front = over(rgba(style.color), back);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
  const found = contrast(front, back);
  lowest = Math.min(lowest, found);
  if (found < (large ? 3 : 4.5)) complain(element, 'has a contrast of ' + found.toFixed(2));
}
// What is only drawn: icons, edges of what can be pressed or filled in.
for (const icon of document.querySelectorAll('svg.icon'))
  if (isSeen(icon) && contrast(over(rgba(getComputedStyle(icon).color), ground(icon)), ground(icon)) < 3) complain(icon.parentElement, 'has an icon that is hard to see');
for (const input of document.querySelectorAll('input:not([type=checkbox]), select, textarea'))
  if (isSeen(input) && contrast(rgba(getComputedStyle(input).borderTopColor).slice(0, 3), ground(input.parentElement)) < 3) complain(input, 'has an edge that is hard to see');

// ---- size, and room ----
for (const element of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
  if (!isSeen(element) || element.closest('.only-read, .skip-link')) continue;
  const box = element.getBoundingClientRect();
  const inline = getComputedStyle(element).display === 'inline' || element.classList.contains('link') || element.classList.contains('tenant-name');
  if (!inline && (box.width < 24 || box.height < 24) && element.type !== 'checkbox') complain(element, 'is only ' + Math.round(box.width) + ' by ' + Math.round(box.height));
}
// How well the focus is seen where it is now; 0: not at all.
const focused = document.activeElement;
let focusContrast = 99;
if (focused && focused !== document.body) {
  const style = getComputedStyle(focused);
  const rings = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 ? [style.outlineColor] : [];
  for (const shadow of style.boxShadow.match(/(?:rgba?|color|oklch|oklab|hsl)\([^)]*\)/g) ?? []) rings.push(shadow);
  focusContrast = Math.max(0, ...rings.map((ring) => contrast(over(rgba(ring), ground(focused.parentElement ?? focused)), ground(focused.parentElement ?? focused))));
}
const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
if (wide > 0) problems.push('the page has to be scrolled sideways by ' + wide);
return { problems, lowest_contrast: Math.round(lowest * 100) / 100, texts: judged.size, focus_contrast: Math.round(focusContrast * 100) / 100 };
