// Calls of the REST interface.
import { session } from './session.js';

/** What the host answered instead (problem+json), or that it could not be reached. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || 'The host answered with status ' + status + '.');
    this.status = status;
    this.code = body.code ?? '';
    this.nextAction = body.next_action ?? '';
    /** @type {{pointer: string, message: string}[]} */
    this.errors = body.errors ?? [];
    this.allowedVerbs = body.allowed_verbs ?? [];
  }
}

const unreachable = () =>
  new Problem(0, { code: 'network', detail: 'The host cannot be reached.', next_action: 'Check that it is running; this page tries again by itself.' });

/** A name for one command, so that sending it twice does it once. */
export function commandKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return 'console-' + Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param {string} method @param {string} path @param {any} [body] @param {AbortSignal} [signal]
 * @returns {Promise<any>} the answer; throws Problem
 */
export async function call(method, path, body, signal) {
  const headers = { Accept: 'application/json' };
  if (session.token) headers.Authorization = 'Bearer ' + session.token;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method === 'POST' && session.token) headers['Idempotency-Key'] = commandKey();
  const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal };
  let answer;
  try {
    answer = await fetch(path, request);
  } catch (failure) {
    if (signal?.aborted) throw failure;
    if (method !== 'POST') throw unreachable();
    // The key makes it safe to ask again when nobody knows whether the first one arrived.
    answer = await fetch(path, request).catch(() => { throw unreachable(); });
  }
  if (answer.status === 204) return null;
  const text = await answer.text();
  const parsed = text && /json/.test(answer.headers.get('Content-Type') ?? '') ? JSON.parse(text) : {};
  if (answer.ok) return parsed;
  if (answer.status === 401 && session.token) session.end('Your session is over. Sign in again to go on.');
  throw new Problem(answer.status, parsed);
}

export const get = (path, signal) => call('GET', path, undefined, signal);
export const post = (path, body = {}) => call('POST', path, body);

/** @param {string} tenant @param {string} verb @param {object} body */
export const command = (tenant, verb, body) =>
  verb === 'deprovision'
    ? call('DELETE', '/api/iam/tenants/' + encodeURIComponent(tenant), body)
    : post('/api/provisioning/tenants/' + encodeURIComponent(tenant) + '/' + verb, body);
