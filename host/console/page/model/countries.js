// The codes of countries with their names, as the browser knows them.

/** @returns {[string, string][]} */
export function countries() {
  const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const found = [];
  for (const first of letters) for (const second of letters) {
    const name = names.of(first + second);
    if (name && !/^(EU|EZ|UN|XA|XB|ZZ|QO)$/.test(first + second)) found.push([first + second, name]);
  }
  return found;
}
