// What a JSON Schema asks for, as the fields of a form; and what was filled in, as the document it describes.

/**
 * @typedef {{pointer: string, name: string, title: string, hint: string, required: boolean, kind: string, schema: any,
 *   fields?: Field[]}} Field
 * kinds: text, secret, long, number, flag, choice, lines, map, group, items
 */

/** @param {any} schema @param {string} [pointer] @returns {Field[]} */
export function fieldsOf(schema, pointer = '') {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, raw]) => {
    const member = resolved(raw, schema);
    return field(member, pointer + '/' + name.replaceAll('~', '~0').replaceAll('/', '~1'), name, required.has(name));
  });
}

function field(schema, pointer, name, required) {
  const base = { pointer, name, title: schema.title ?? name.replaceAll('_', ' '), hint: schema.description ?? '', required, schema };
  const kind = kindOf(schema, name);
  if (kind === 'group') return { ...base, kind, fields: fieldsOf(schema, pointer) };
  return { ...base, kind };
}

/** Nullable and referenced schemas, as what they stand for. */
function resolved(schema, root) {
  if (schema.$ref?.startsWith('#/$defs/')) return { ...root.$defs?.[schema.$ref.slice(8)], ...schema, $ref: undefined };
  const some = (schema.anyOf ?? schema.oneOf)?.find((one) => one.type !== 'null');
  return some ? { ...some, ...schema, anyOf: undefined, oneOf: undefined } : schema;
}

export const typeOf = (schema) => (Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type);

function kindOf(schema, name) {
  if (schema.enum) return 'choice';
  const type = typeOf(schema);
  if (type === 'boolean') return 'flag';
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'object') return schema.properties ? 'group' : 'map';
  if (type === 'array') return typeOf(resolved(schema.items ?? {}, schema)) === 'object' ? 'items' : 'lines';
  if (schema.writeOnly || /password|secret|token/.test(name)) return 'secret';
  return (schema.maxLength ?? 0) > 500 ? 'long' : 'text';
}

/** The fields of one member of a list. @param {Field} field @param {number} index */
export const itemFields = (field, index) => fieldsOf(resolved(field.schema.items, field.schema), field.pointer + '/' + index);

/** Sets the member at a pointer; undefined takes it away, and with it what is then empty. */
export function withValue(document, pointer, value) {
  const [, name, ...rest] = pointer.split('/');
  const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
  const copy = Array.isArray(document) ? [...document] : { ...document };
  const index = Array.isArray(copy) ? Number(key) : key;
  if (rest.length > 0) {
    const inner = withValue(copy[index] ?? (/^\d+$/.test(rest[0]) ? [] : {}), '/' + rest.join('/'), value);
    if (inner === undefined) delete copy[index];
    else copy[index] = inner;
  } else if (value === undefined) {
    delete copy[index];
  } else {
    copy[index] = value;
  }
  return Object.keys(copy).length === 0 && !Array.isArray(copy) ? undefined : copy;
}

export function valueAt(document, pointer) {
  let at = document;
  for (const name of pointer.split('/').slice(1)) {
    if (at === undefined || at === null) return undefined;
    at = at[name.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return at;
}
