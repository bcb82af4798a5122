// The fields that a JSON Schema asks for. Whoever owns the document hears of each change; what the host finds wrong is
// shown at the field it points to.
import { h } from './dom.js';
import { icon } from './icons.js';
import { fieldsOf, itemFields, valueAt } from '../model/forms.js';

/**
 * @typedef {{document: any, problems: {pointer: string, message: string}[], name: string, change: (pointer: string, value: any) => void,
 *   choices?: Record<string, [string, string][]>}} Form
 * @param {any} schema @param {Form} form @param {string[]} [leaveOut] names of members
 */
export const schemaFields = (schema, form, leaveOut = []) =>
  fieldsOf(schema).filter((field) => !leaveOut.includes(field.name)).map((field) => draw(field, form));

const idOf = (form, field) => form.name + field.pointer.replaceAll('/', '-');
const problemsAt = (form, field) => form.problems.filter((one) => one.pointer === field.pointer);

function draw(field, form) {
  if (field.kind === 'group') return group(field, form, field.fields.map((one) => draw(one, form)));
  if (field.kind === 'items') return group(field, form, items(field, form));
  const id = idOf(form, field);
  const wrong = problemsAt(form, field);
  const described = [field.hint ? id + '-hint' : '', wrong.length > 0 ? id + '-wrong' : ''].filter(Boolean).join(' ') || null;
  const about = { id, name: field.pointer, 'aria-describedby': described, 'aria-invalid': wrong.length > 0 ? 'true' : null, required: field.required || null };
  const label = h('label', { for: id }, field.title, field.required ? h('span', { class: 'muted' }, ' required') : null);
  const flag = field.kind === 'flag';
  return h('div', { key: field.pointer, class: 'field field-' + field.kind + (wrong.length > 0 ? ' is-wrong' : '') },
    flag ? null : label, input(field, form, about), flag ? label : null,
    field.hint ? h('p', { id: id + '-hint', class: 'hint' }, field.hint) : null,
    wrong.length > 0 ? h('p', { id: id + '-wrong', class: 'wrong' }, icon('failed'), wrong.map((one) => one.message).join('; ')) : null);
}

function input(field, form, about) {
  const value = valueAt(form.document, field.pointer);
  const { schema, kind, name } = field;
  const change = (next) => form.change(field.pointer, next);
  const text = (event) => change(event.target.value === '' ? undefined : event.target.value);
  const choices = form.choices?.[name] ?? (kind === 'choice' ? schema.enum.filter((one) => one !== null).map((one) => [one, String(one)]) : null);
  if (choices)
    return h('select', { ...about, value: value ?? schema.default ?? '', onchange: text },
      field.required && value !== undefined ? null : h('option', { value: '' }, field.required ? 'Choose …' : '(default)'), choices.map(([one, word]) => h('option', { value: one }, word)));
  if (kind === 'flag')
    return h('input', { ...about, type: 'checkbox', required: null, checked: value ?? schema.default ?? false, onchange: (event) => change(event.target.checked) });
  if (kind === 'number')
    return h('input', { ...about, type: 'number', step: 'any', min: schema.minimum, max: schema.maximum, value: value ?? '', placeholder: shown(schema.default),
                        oninput: (event) => change(event.target.value === '' ? undefined : Number(event.target.value)) });
  if (kind === 'lines')
    return h('textarea', { ...about, rows: '3', value: (value ?? []).join('\n'), placeholder: 'one in each line',
                           oninput: (event) => change(nonEmpty(event.target.value.split('\n'))) });
  if (kind === 'map')
    return h('textarea', { ...about, rows: '2', value: entries(value), placeholder: 'name=value, one in each line',
                           oninput: (event) => change(fromEntries(event.target.value)) });
  if (kind === 'long') return h('textarea', { ...about, rows: '3', value: value ?? '', oninput: text });
  return h('input', { ...about, type: kind === 'secret' ? 'password' : schema.format === 'email' ? 'email' : 'text', maxlength: schema.maxLength,
                 autocomplete: kind === 'secret' ? 'new-password' : 'off', value: value ?? '', placeholder: shown(schema.default), oninput: text });
}

const group = (field, form, content) =>
  h('fieldset', { key: field.pointer, class: 'field-group' }, h('legend', {}, field.title), field.hint ? h('p', { class: 'hint' }, field.hint) : null,
    content, problemsAt(form, field).map((one) => h('p', { class: 'wrong' }, icon('failed'), one.message)));

function items(field, form) {
  const list = valueAt(form.document, field.pointer) ?? [];
  const change = (next) => form.change(field.pointer, next.length > 0 ? next : undefined);
  return [
    list.map((_, i) => h('div', { key: 'item' + i, class: 'item' },
      itemFields(field, i).map((one) => draw(one, form)),
      h('button', { type: 'button', class: 'quiet', 'aria-label': 'Remove ' + field.title + ' ' + (i + 1), onclick: () => change(list.toSpliced(i, 1)) }, icon('close')))),
    h('button', { key: 'add', type: 'button', onclick: () => change([...list, {}]) }, icon('plus'), 'Add')];
}

const shown = (value) => (value === undefined || value === null ? null : String(value));
const nonEmpty = (lines) => (lines.every((line) => line.trim() === '') ? undefined : lines.filter((line, i) => line.trim() !== '' || i === lines.length - 1));
const entries = (map) => Object.entries(map ?? {}).map(([name, value]) => name + (value === null ? '' : '=' + value)).join('\n');

function fromEntries(text) {
  const lines = text.split('\n').filter((line, i, all) => line !== '' || i === all.length - 1).filter(Boolean);
  if (lines.length === 0) return undefined;
  return Object.fromEntries(lines.map((line) => (line.includes('=') ? [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] : [line, null])));
}
