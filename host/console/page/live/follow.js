// Keeps a page up to date: by the live stream of events while it can be had, by asking every two seconds otherwise.
import { session } from './session.js';
import { readEvents } from './events.js';

const kPoll = 2000;
const kSilence = 40000;  // the host sends something every 15 s
const kLongestWait = 10000;

/** What the page's corner says: live, polling, offline. */
export const connection = new (class extends EventTarget {
  mode = 'live';
  set(mode) {
    if (mode === this.mode) return;
    this.mode = mode;
    this.dispatchEvent(new Event('change'));
  }
})();

/**
 * @param {string} path of the stream
 * @param {{after?: number|null, onEvent: (event: any) => void, reread: () => Promise<void>}} page `reread` asks for
 *   everything anew; it is what is left when there is no stream.
 * @returns {() => void} ends it
 */
export function follow(path, page) {
  const ending = new AbortController();
  let last = page.after ? String(page.after) : '';
  const pause = (millis) => new Promise((go) => {
    const timer = setTimeout(go, millis);
    ending.signal.addEventListener('abort', () => (clearTimeout(timer), go(undefined)), { once: true });
  });

  /** @returns {Promise<'ended'|'missing'|'lost'>} */
  async function stream() {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), kSilence);
    const stop = () => silence.abort();
    ending.signal.addEventListener('abort', stop, { once: true });
    try {
      const headers = { Accept: 'text/event-stream', Authorization: 'Bearer ' + session.token };
      if (last) headers['Last-Event-ID'] = last;
      const answer = await fetch(path, { headers, signal: silence.signal, cache: 'no-store' });
      if (answer.status === 401) session.end('Your session is over. Sign in again to go on.');
      if (answer.status === 410) last = '';
      if (answer.status >= 500) return 'lost';
      if (!answer.ok || !/event-stream/.test(answer.headers.get('Content-Type') ?? '')) {
        await answer.body?.cancel();
        return 'missing';
      }
      connection.set('live');
      await readEvents(answer.body, (id, event) => {
        last = id || last;
        page.onEvent(event);
      }, () => {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), kSilence);
      });
      return 'ended';
    } catch {
      return 'lost';
    } finally {
      clearTimeout(timer);
      ending.signal.removeEventListener('abort', stop);
    }
  }

  async function ask(mode) {
    try {
      await page.reread();
      connection.set(mode);
    } catch (problem) {
      if (problem.status === 0) connection.set('offline');
    }
  }

  (async () => {
    let wait = 250;
    let asked = 0;
    while (!ending.signal.aborted && session.token) {
      const began = Date.now();
      const how = asked > 0 && asked % 15 !== 0 ? 'missing' : await stream();
      if (ending.signal.aborted) return;
      if (how === 'missing') {
        asked += 1;
        await pause(kPoll);
        if (!ending.signal.aborted) await ask('polling');
        continue;
      }
      asked = 0;
      if (Date.now() - began > 5000) wait = 250;
      if (how === 'lost') await ask('polling');
      await pause(how === 'ended' ? 50 : wait * (0.5 + Math.random() / 2));
      wait = Math.min(wait * 2, kLongestWait);
    }
  })();
  return () => ending.abort();
}
