// Describes elements, and brings the document in line with the description by touching only what differs: focus,
// selection and scrolling survive every change.

/**
 * @typedef {{tag: string, props: Record<string, any>, children: Array<Description|string>}} Description
 * @typedef {Description|string|number|null|undefined|false|Array<any>} Content
 */

const kSvg = 'http://www.w3.org/2000/svg';
/** @type {WeakMap<Node, Description>} */
const drawn = new WeakMap();
/** @type {WeakMap<Node, Record<string, Function>>} */
const listening = new WeakMap();

/** @param {Content[]} content */
const flat = (content) =>
  content.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false && one !== '').map((one) =>
    typeof one === 'object' ? one : String(one));

/**
 * Props: attributes, `on<event>` listeners, `style` as an object, `key` to know an element among its siblings, `memo`:
 * while it is the same, the element is not looked at again.
 * @param {string} tag @param {Record<string, any>|null} [props] @param {...Content} content
 * @returns {Description}
 */
export const h = (tag, props, ...content) => ({ tag, props: props ?? {}, children: flat(content) });

/** Makes the children of `parent` those that are described. @param {Element} parent @param {Content} content */
export function patch(parent, content) {
  const wanted = flat([content]);
  const nodes = match(parent, wanted);
  const kept = new Set(nodes);
  for (const node of [...parent.childNodes]) if (!kept.has(node)) node.remove();
  let at = parent.firstChild;
  wanted.forEach((one, i) => {
    const node = nodes[i] ?? create(one, parent);
    if (node === at) at = at.nextSibling;
    if (!nodes[i]) update(node, one);  // our elements begin when they are inserted, and want to know what with
    if (node.parentNode !== parent || node.nextSibling !== at) parent.insertBefore(node, at);
    if (nodes[i]) update(node, one);
  });
}

/** The node that each description can take over. */
function match(parent, wanted) {
  const keyed = new Map();
  const rest = [];
  for (const node of parent.childNodes) {
    const key = drawn.get(node)?.props.key;
    if (key === undefined) rest.push(node);
    else keyed.set(key, node);
  }
  return wanted.map((one) => {
    const key = one.props?.key;
    if (key !== undefined) {
      const node = keyed.get(key);
      return node && drawn.get(node).tag === one.tag ? node : undefined;
    }
    const at = rest.findIndex((node) => (typeof one === 'string' ? node.nodeType === 3 : drawn.get(node)?.tag === one.tag));
    return at < 0 ? undefined : rest.splice(at, 1)[0];
  });
}

function create(one, parent) {
  if (typeof one === 'string') return document.createTextNode(one);
  const inSvg = one.tag === 'svg' || parent.namespaceURI === kSvg;
  return inSvg ? document.createElementNS(kSvg, one.tag) : document.createElement(one.tag);
}

function update(node, one) {
  if (typeof one === 'string') {
    if (node.data !== one) node.data = one;
    return;
  }
  const before = drawn.get(node);
  if (before && one.props.memo !== undefined && before.props.memo === one.props.memo) return;
  drawn.set(node, one);
  if (node.give) return node.give(one.props, before?.props);
  const old = before?.props ?? {};
  for (const name in old) if (!(name in one.props)) set(node, name, undefined, old[name]);
  for (const name in one.props) if (one.props[name] !== old[name] || name === 'value') set(node, name, one.props[name], old[name]);
  patch(node, one.children);
  if (one.tag === 'select') set(node, 'value', one.props.value);  // its options were not there before
}

/** Sets one attribute, property, style or listener. */
export function set(node, name, value, before) {
  if (name === 'key' || name === 'memo') return;
  if (name === 'style') {
    for (const rule in before ?? {}) if (!value || !(rule in value)) node.style.removeProperty(rule);
    for (const rule in value ?? {}) node.style.setProperty(rule, value[rule]);
  } else if (name.startsWith('on')) {
    listen(node, name.slice(2), value);
  } else if (name === 'value' || name === 'checked' || name === 'open') {
    if (name === 'open' && node.localName !== 'details') return;
    if (node[name] !== (value ?? '')) node[name] = value ?? '';
  } else if (value === undefined || value === null || value === false) {
    node.removeAttribute(name);
  } else {
    node.setAttribute(name, value === true ? '' : value);
  }
}

function listen(node, event, handler) {
  let handlers = listening.get(node);
  if (!handlers) listening.set(node, (handlers = {}));
  if (!(event in handlers)) node.addEventListener(event, (what) => handlers[event]?.(what));
  handlers[event] = handler;
}
