// Who is signed in. The token is kept in this tab only, and forgotten with it.

const kKey = 'tenantry.token';
const kWho = 'tenantry.email';

export const session = new (class extends EventTarget {
  get token() {
    return sessionStorage.getItem(kKey);
  }
  get email() {
    return sessionStorage.getItem(kWho) ?? '';
  }
  begin(token, email) {
    sessionStorage.setItem(kKey, token);
    sessionStorage.setItem(kWho, email);
    this.dispatchEvent(new Event('change'));
  }
  /** @param {string} [why] what the person is told */
  end(why) {
    if (!this.token) return;
    this.why = why;
    sessionStorage.clear();
    this.dispatchEvent(new Event('change'));
  }
})();
