// A new workspace: who it is for, which engine makes it, and what that engine wants to know.
import { h } from '../parts/dom.js';
import { Part } from '../parts/part.js';
import { go } from '../parts/moving.js';
import { notify } from '../parts/notices.js';
import { schemaFields } from '../parts/schema_form.js';
import { get, post } from '../live/api.js';
import { withValue } from '../model/forms.js';
import { countries } from '../model/countries.js';

class NewWorkspacePage extends Part {
  engines = null;
  schema = null;
  tenant = {};
  parameters = {};
  problem = null;
  busy = false;
  /** Made already: what is left is the start. */
  made = null;

  async begin() {
    try {
      [this.engines, this.schema] = await Promise.all([get('/api/engines?state=active'), get(new URL('../schemas/create_tenant.schema.json', import.meta.url).pathname)]);
      if (this.engines.length > 0) this.tenant.engine = this.engines[0].engine;
    } catch (problem) {
      this.problem = problem;
    }
    this.draw();
  }

  get engine() {
    return this.engines.find((one) => one.engine === this.tenant.engine);
  }

  /** What the host found wrong with the tenant, or once that is made with the parameters. */
  problemsOf(part) {
    const errors = this.problem?.errors ?? [];
    if (part === 'tenant') return this.made ? [] : errors;
    return this.made ? errors.map((one) => ({ ...one, pointer: one.pointer.replace(/^\/parameters/, '') })) : [];
  }

  async submit(event) {
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    this.draw();
    try {
      this.made ??= (await post('/api/iam/tenants', this.tenant)).tenant;
      await post('/api/provisioning/tenants/' + this.made.id + '/start', { parameters: this.parameters });
      notify(this.made.name + ' is being provisioned.', 'good');
      return go('/console/tenants/' + this.made.id);
    } catch (problem) {
      this.problem = problem;
      this.busy = false;
      this.draw();
      (this.querySelector('[aria-invalid=true]') ?? this.querySelector('.form-problem')).focus();
    }
  }

  form(name, problems) {
    const change = (pointer, value) => {
      this[name] = withValue(this[name], pointer, value) ?? {};
      this.draw();
    };
    return { name, document: this[name], problems, change };
  }

  view() {
    if (!this.engines) return h('p', { class: 'muted', role: this.problem ? 'alert' : null }, this.problem?.message ?? 'Loading …');
    if (this.engines.length === 0)
      return h('section', { class: 'empty' }, h('h1', {}, 'No engine is loaded'), h('p', {}, 'Put one into an engine directory of the host; ', h('a', { href: '/console/engines' }, 'Engines'), ' says what was refused and why.'));
    const about = this.form('tenant', this.problemsOf('tenant'));
    about.choices = { engine: this.engines.map((one) => [one.engine, one.title + ' ' + one.version]), country_code: countries() };
    return [
      h('div', { class: 'page-head' }, h('h1', {}, 'New workspace')),
      h('form', { class: 'form', novalidate: true, onsubmit: (event) => this.submit(event) },
        this.problem ? h('p', { class: 'form-problem', role: 'alert', tabindex: '-1' }, this.problem.message, ' ', this.problem.nextAction) : null,
        this.made ? h('p', { class: 'muted' }, this.made.name + ' was made; it is started as soon as the parameters are accepted. ',
          h('a', { href: '/console/tenants/' + this.made.id }, 'Leave it for later')) : null,
        h('fieldset', { class: 'card', disabled: this.made !== null || null }, h('legend', {}, 'The workspace'), schemaFields(this.schema, about, ['labels', 'category', 'server'])),
        h('details', { class: 'card' }, h('summary', {}, 'Where and how it is filed'), schemaFields({ ...this.schema, properties: rest(this.schema) }, about)),
        h('fieldset', { class: 'card parameters' }, h('legend', {}, 'Parameters of ' + (this.engine?.title ?? this.tenant.engine)),
          schemaFields(this.engine?.request_schema ?? {}, this.form('parameters', this.problemsOf('parameters')))),
        h('div', { class: 'form-end' },
          h('a', { class: 'button', href: '/console/tenants' }, 'Leave'),
          h('button', { type: 'submit', class: 'primary', 'aria-disabled': this.busy ? 'true' : null },
            this.busy ? 'Asking the engine …' : this.made ? 'Start' : 'Make and start')))];
  }
}
customElements.define('new-workspace-page', NewWorkspacePage);

const rest = (schema) => Object.fromEntries(['server', 'category', 'labels'].filter((name) => name in schema.properties).map((name) => [name, schema.properties[name]]));
