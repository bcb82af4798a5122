// The way in.
import { h } from '../parts/dom.js';
import { Part } from '../parts/part.js';
import { post } from '../live/api.js';
import { session } from '../live/session.js';

class SignInPage extends Part {
  problem = null;
  busy = false;

  begin() {
    document.title = 'Sign in · Tenantry';
  }

  async submit(event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    this.busy = true;
    this.draw();
    try {
      const email = String(form.get('email'));
      const answer = await post('/api/auth/login', { email, password: String(form.get('password')) });
      session.begin(answer.access_token, email);
    } catch (problem) {
      this.problem = problem;
      this.busy = false;
      this.draw();
      this.querySelector('#password').focus();
    }
  }

  view() {
    const says = this.problem ? [this.problem.message, this.problem.nextAction].filter(Boolean).join(' ') : session.why;
    return h('main', { class: 'sign-in', id: 'main' },
      h('form', { class: 'card', onsubmit: (event) => this.submit(event), 'aria-labelledby': 'sign-in-heading' },
        h('p', { class: 'brand' }, h('span', { class: 'mark', 'aria-hidden': 'true' }), 'Tenantry'),
        h('h1', { id: 'sign-in-heading' }, 'Sign in'),
        h('p', { class: 'form-problem', role: 'alert' }, says),
        h('label', { for: 'email' }, 'E-mail address'),
        h('input', { id: 'email', name: 'email', type: 'email', autocomplete: 'username', required: true }),
        h('label', { for: 'password' }, 'Password'),
        h('input', { id: 'password', name: 'password', type: 'password', autocomplete: 'current-password', required: true }),
        h('button', { type: 'submit', class: 'primary', 'aria-disabled': this.busy ? 'true' : null }, this.busy ? 'Signing in …' : 'Sign in')));
  }

  shown() {
    if (this.focused) return;
    this.focused = true;
    this.querySelector('#email').focus();
  }
}
customElements.define('sign-in-page', SignInPage);
