// Light, dark, or as the system is.

const kKey = 'tenantry.theme';
const kNext = { auto: 'dark', dark: 'light', light: 'auto' };

export const theme = () => localStorage.getItem(kKey) ?? 'auto';

export function applyTheme() {
  document.documentElement.dataset.theme = theme();
}

export function nextTheme() {
  localStorage.setItem(kKey, kNext[theme()] ?? 'auto');
  applyTheme();
}
