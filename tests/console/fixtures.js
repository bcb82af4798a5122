// Answers in the host's place from now on, so that every state can be looked at: a run in the state that is asked for,
// with a step in each of theirs. Arguments: the state, and how many workspaces the list has.
const [runState, howMany] = arguments;
const now = Date.now();
const at = (seconds) => new Date(now - 60000 + seconds * 1000).toISOString();
const kVerbsOf = {
  not_started: ['start', 'plan', 'deprovision'],
  queued: ['cancel', 'deprovision'],
  running: ['cancel', 'pause', 'deprovision', 'skip-step'],
  paused: ['cancel', 'resume', 'deprovision', 'skip-step'],
  cancelling: ['kill', 'deprovision'],
  compensating: ['cancel', 'deprovision'],
  completed: ['start', 'rerun-from', 'rollback', 'verify', 'plan', 'deprovision'],
  partial: ['start', 'retry', 'continue', 'rerun-from', 'rollback', 'verify', 'plan', 'deprovision', 'skip-step'],
  failed: ['start', 'retry', 'continue', 'rerun-from', 'rollback', 'verify', 'plan', 'deprovision', 'skip-step'],
  cancelled: ['start', 'retry', 'continue', 'rerun-from', 'rollback', 'verify', 'plan', 'deprovision', 'skip-step'],
  compensated: ['start', 'rerun-from', 'plan', 'deprovision'],
  compensation_failed: ['start', 'rerun-from', 'rollback', 'verify', 'plan', 'deprovision'],
};
const kStatusOf = { not_started: 'NOT_STARTED', completed: 'COMPLETED', partial: 'PARTIAL', failed: 'FAILED', compensation_failed: 'FAILED', cancelled: 'CANCELLED', compensated: 'CANCELLED' };
const failure = { error: 'Warehouse Main Shop: wanted to create it, found: No permission for Warehouse', code: 'erpnext.forbidden', retriable: false,
                  next_action: 'Give the API user of server nairobi the missing permission, then Continue.' };

const step = (id, state, after, more = {}) => ({
  id, title: id[0].toUpperCase() + id.slice(1).replaceAll('_', ' '), state, critical: false, optional: false, after, attempt: state === 'pending' ? 0 : 1,
  max_attempts: 5, expected_ms: 4000, wait_reason: null, due_at: null, progress: 0, message: '', started_at: null, completed_at: null, duration_ms: null, ...more });
const done = (id, state, after, from, to, more = {}) =>
  step(id, state, after, { started_at: at(from), completed_at: at(to), duration_ms: (to - from) * 1000, progress: 100, ...more });

const steps = [
  done('engine_check', 'exists', [], 0, 1, { critical: true }),
  done('company', 'completed', ['engine_check'], 1, 14, { critical: true }),
  done('chart_of_accounts_and_modes_of_payment', 'completed', ['company'], 14, 40),
  done('demo_items', 'skipped', ['company'], 14, 15, { optional: true, message: 'nobody asked for it' }),
  done('warehouses', 'failed', ['company'], 14, 22, { failure, attempt: 5, progress: 30 }),
  step('settings', 'running', ['company'], { started_at: at(40), progress: 40, message: 'currency', optional: true }),
  step('customer', 'waiting', ['company'], { wait_reason: 'backoff', due_at: at(75), attempt: 2, failure }),
  step('domain', 'waiting', ['company'], { wait_reason: 'poll', due_at: at(70), message: 'does not point here yet' }),
  step('opening_stock', 'ready', ['company'], { wait_reason: 'slot' }),
  step('logo', 'cancelled', ['company'], { completed_at: at(30), undo: runState === 'compensated' ? 'done' : undefined }),
  step('payment_terminal', 'unknown', ['company'], { started_at: at(15), undo: runState === 'compensation_failed' ? 'failed' : undefined }),
  step('point_of_sale', 'pending', ['warehouses', 'settings', 'customer'], { blocked_by: 'warehouses', critical: true }),
  step('first_session', 'pending', ['point_of_sale', 'chart_of_accounts_and_modes_of_payment'], { optional: true }),
];
const isOver = runState in kStatusOf && runState !== 'not_started';
const status = {
  tenant_id: 'ten_fixture', run_id: runState === 'not_started' ? null : 'run_fixture', epoch: 2, engine: 'erpnext', engine_version: '1.0.0', operation: null,
  status: kStatusOf[runState] ?? 'IN_PROGRESS', state: runState === 'not_started' ? null : runState,
  progress: runState === 'not_started' ? 0 : runState === 'completed' ? 100 : 54.3, current_step: 'warehouses', current_steps: ['settings'], steps_completed: 4,
  total_steps: steps.length, errors: [{ step: 'warehouses', ...failure }, { step: 'customer', ...failure, code: 'erpnext.deadlock', retriable: true, next_action: 'Wait a moment, then Continue.' }],
  steps: runState === 'not_started' ? steps.map((one) => step(one.id, 'pending', one.after)) : steps,
  allowed_verbs: kVerbsOf[runState], verifying: false, condition: runState === 'completed' ? 'Drifted' : null,
  drift: runState === 'completed' ? [{ step: 'company', differences: [{ path: '/default_currency', expected: 'KES', found: 'USD' }] }] : [],
  left_behind: runState === 'compensated' ? ['company'] : [], deprovisioning: false, events: 40,
  started_at: runState === 'not_started' ? null : at(0), completed_at: isOver ? at(45) : null, estimated_completion: isOver || runState === 'not_started' ? null : at(82) };
if (runState === 'not_started' || runState === 'completed') status.errors = [];
const attempt = (id, number, outcome, from, to, failed) =>
  ({ step: id, number, epoch: number > 1 ? 2 : 1, op: 'run', outcome, failure: failed ? failure : null, started_at: at(from), ended_at: at(to) });
const attempts = runState === 'not_started' ? [] : [
  attempt('engine_check', 1, 'already_done', 0, 1), attempt('company', 1, 'retry', 1, 4, true), attempt('company', 2, 'done', 8, 14),
  attempt('chart_of_accounts_and_modes_of_payment', 1, 'done', 14, 40), attempt('demo_items', 1, 'skipped', 14, 15),
  attempt('warehouses', 1, 'retry', 14, 16, true), attempt('warehouses', 2, 'failed', 20, 22, true), attempt('customer', 1, 'retry', 30, 33, true),
  attempt('payment_terminal', 1, 'lost', 15, 28, true)];
const tenant = { id: 'ten_fixture', name: 'Acme Nairobi', engine: 'erpnext', server: 'nairobi', country_code: 'KE', admin_name: 'Asha', admin_email: 'asha@example.com',
                 category: null, description: null, labels: {}, status: status.status, state: status.state, run_id: status.run_id, created_at: at(-900) };
const states = Object.keys(kVerbsOf);
const kNames = ['Acme Nairobi', 'Baraka Stores', 'Jambo Traders', 'Kisumu Fresh', 'Lamu Spices', 'Mombasa Marine', 'Nakuru Hardware', 'Rift Valley Seeds', 'Savanna Books', 'Tana Textiles',
                'Uhuru Pharmacy', 'Victoria Fish', 'Zawadi Gifts'];
const tenants = Array.from({ length: howMany }, (_, i) => {
  const state = states[i % states.length];
  const far = { not_started: 0, queued: 0, completed: 11, compensated: 0 }[state] ?? (i * 7) % 10 + 1;
  return { ...tenant, id: 'ten_' + i, name: kNames[i % kNames.length] + (i >= kNames.length ? ' ' + Math.floor(i / kNames.length) : ''), status: kStatusOf[state] ?? 'IN_PROGRESS',
           state: state === 'not_started' ? null : state, engine: i % 3 === 0 ? 'odoo' : 'erpnext', server: i % 3 === 0 ? 'mombasa' : 'nairobi',
           country_code: ['KE', 'UG', 'TZ', 'DE'][i % 4], total_steps: state === 'not_started' ? 0 : 11, steps_completed: far,
           current_step: far === 11 || state === 'not_started' ? null : 'step_' + far + '_' + ['platform_setup', 'company', 'warehouses', 'pos_profile'][i % 4], created_at: at(-600 * i) };
});
const operations = ['start', 'continue', 'retry', 'skip-step', 'cancel', 'rollback', 'verify', 'deprovision'].map((verb, i) => ({
  id: 'op_' + i, tenant_id: 'ten_' + i, tenant: kNames[i], run_id: 'run_' + i, verb, step: verb === 'skip-step' ? 'demo_items' : null, actor: 'acc_1',
  actor_email: 'asha@example.com', reason: verb === 'cancel' ? 'The customer wants another name.' : '', scope: { run: ['a', 'b'], verify: [], undo: [], keep: ['c'] }, created_at: at(-3600 * i) }));
const logs = [['running', ''], ['log', 'looks for Main Shop'], ['waiting', 'waits until 19:45:18 (backoff)'], ['failed', failure.next_action]].map(([word, message], i) =>
  ({ step: 'warehouses', at: at(14 + 2 * i), run_id: 'run_fixture', number: i + 1, status: word, message, error: word === 'failed' ? failure.error : null, completed_at: null, duration_ms: null, attempt: 1 }));

const kAnswers = [
  [/\/overview/, () => ({ tenant, status, attempts, logs })],
  [/\/logs/, () => ({ logs })],
  [/^\/api\/iam\/tenants\?/, (url) => {
    const wanted = tenants.filter((one) => (!url.searchParams.get('status') || one.status === url.searchParams.get('status')) &&
      one.name.toLowerCase().includes((url.searchParams.get('q') ?? '').toLowerCase()));
    const skip = Number(url.searchParams.get('skip'));
    return wanted.slice(skip, skip + Number(url.searchParams.get('limit')));
  }],
  [/^\/api\/operations/, () => ({ operations })],
];
window.fetch = async (path, request) => {
  if (/event-stream/.test(request?.headers?.Accept ?? ''))
    return new Response(new ReadableStream({ start: (stream) => (window.tellEvent = (text) => stream.enqueue(new TextEncoder().encode(text)), window.tellEvent('id: 1\n\n')) }),
                        { headers: { 'Content-Type': 'text/event-stream' } });
  const url = new URL(path, location.href);
  const answer = kAnswers.find(([pattern]) => pattern.test(url.pathname + url.search))?.[1](url);
  return new Response(JSON.stringify(answer ?? { detail: 'not in the fixtures', status: 404 }), { status: answer ? 200 : 404, headers: { 'Content-Type': 'application/json' } });
};
sessionStorage.setItem('tenantry.token', 'fixture');
sessionStorage.setItem('tenantry.email', 'asha@example.com');
