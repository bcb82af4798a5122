// Times and durations as a person reads them.

/** @param {number} millis */
export function duration(millis) {
  if (millis === null || millis === undefined || Number.isNaN(millis)) return '';
  if (millis < 950) return Math.max(0, Math.round(millis)) + ' ms';
  const seconds = millis / 1000;
  if (seconds < 9.95) return seconds.toFixed(1) + ' s';
  if (seconds < 59.5) return Math.round(seconds) + ' s';
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return minutes + ' min ' + String(Math.round(seconds) % 60).padStart(2, '0') + ' s';
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? hours + ' h ' + (minutes % 60) + ' min' : Math.floor(hours / 24) + ' days';
}

const clockOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false };
/** @param {string|null} time */
export const clock = (time) => (time ? new Date(time).toLocaleTimeString(undefined, clockOptions) : '');

/** The day too, unless it is today. */
export function moment(time, now = Date.now()) {
  if (!time) return '';
  const date = new Date(time);
  if (date.toDateString() === new Date(now).toDateString()) return clock(time);
  return date.toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' }) + ' ' + clock(time).slice(0, 5);
}

export function ago(time, now = Date.now()) {
  if (!time) return '';
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return Math.floor(seconds) + ' s ago';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min ago';
  if (seconds < 48 * 3600) return Math.floor(seconds / 3600) + ' h ago';
  return Math.floor(seconds / 86400) + ' days ago';
}

/** "about 12 s left" */
export function left(millis) {
  if (millis < 1500) return 'almost done';
  return 'about ' + (millis < 10000 ? Math.ceil(millis / 1000) + ' s' : duration(millis)) + ' left';
}
