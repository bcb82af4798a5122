// Keeps a page up to date: by the live stream of events while it can be had, by asking every two seconds otherwise.
import { session } from './session.js';
import { readEvents } from './events.js';

const kPoll = 2000;
const kStreamAgain = 15;     // of so many times that are asked, one tries the stream first
const kSilence = 40000;      // the host sends something every 15 s
const kPatience = 400;       // for the position of the stream, before what is shown is asked for
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
 * Reads everything once the stream has told its position, so that nothing happens unseen between the two; a stream that
 * was cut goes on where it was.
 * @param {string} path of the stream
 * @param {{load: () => Promise<void>, hear: (event: any) => void}} page `load` throws if the host cannot be reached
 * @returns {() => void} ends it
 */
export function follow(path, page) {
  const ending = new AbortController();
  let last = '';
  /** @type {Promise<void>|null} */
  let loading = null;

  const load = (mode) =>
    (loading = page.load().then(() => mode && connection.set(mode), (problem) => problem.status === 0 && connection.set('offline')).finally(() => (loading = null)));

  /** Not longer than until the network is there again. */
  const pause = (millis) => new Promise((go) => {
    const done = new AbortController();
    const end = () => (clearTimeout(timer), done.abort(), go(undefined));
    const timer = setTimeout(end, millis);
    ending.signal.addEventListener('abort', end, { signal: done.signal });
    window.addEventListener('online', end, { signal: done.signal });
  });

  /** @returns {Promise<'ended'|'missing'|'lost'>} */
  async function stream() {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), kSilence);
    const stop = () => silence.abort();
    ending.signal.addEventListener('abort', stop, { once: true });
    window.addEventListener('offline', stop);
    const hear = (block) => {
      const isNew = !last;
      last = block.id || last;
      if (isNew) load('');
      if (!block.data) return;
      if (loading) loading.then(() => page.hear(block.data));
      else page.hear(block.data);
    };
    try {
      const headers = { Accept: 'text/event-stream', Authorization: 'Bearer ' + session.token };
      if (last) headers['Last-Event-ID'] = last;
      const answer = await fetch(path, { headers, signal: silence.signal, cache: 'no-store' });
      if (answer.status === 401) session.end('Your session is over. Sign in again to go on.');
      if (answer.status === 410) last = '';
      if (answer.status === 410 || answer.status >= 500) return 'lost';
      if (!answer.ok || !/event-stream/.test(answer.headers.get('Content-Type') ?? '')) {
        await answer.body?.cancel();
        return 'missing';
      }
      connection.set('live');
      await readEvents(answer.body, hear, () => {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), kSilence);
      });
      return 'ended';
    } catch {
      return 'lost';
    } finally {
      clearTimeout(timer);
      ending.signal.removeEventListener('abort', stop);
      window.removeEventListener('offline', stop);
    }
  }

  async function keepUp() {
    let wait = 250;
    let asked = 0;
    while (!ending.signal.aborted && session.token) {
      const began = Date.now();
      const how = asked % kStreamAgain === 0 ? await stream() : 'missing';
      if (ending.signal.aborted) return;
      if (how === 'missing') {
        await load('polling');
        last = '';
        asked += 1;
        await pause(kPoll);
        continue;
      }
      asked = 0;
      if (Date.now() - began > 5000) wait = 250;
      if (how === 'lost') await load('polling');
      await pause(how === 'ended' ? 50 : wait * (0.5 + Math.random() / 2));
      wait = Math.min(wait * 2, kLongestWait);
    }
  }

  setTimeout(() => last || loading || ending.signal.aborted || load(''), kPatience);
  keepUp();
  return () => ending.abort();
}
