// What an event changes in what is shown. Pure: the old object stays as it is.

/** @param {any} row of the list @param {any} event */
export function applyToRow(row, event) {
  if (!event.run) return row;
  const { state, status, progress, steps_completed, total_steps } = event.run;
  const current = event.step && ['running', 'waiting', 'failed'].includes(event.steps?.[0]?.state) ? event.step : row.current_step;
  return { ...row, run_id: event.run_id, state, status, progress, steps_completed, total_steps,
           current_step: status === 'COMPLETED' ? null : current };
}

/** @param {any} status of a run @param {any} event */
export function applyToStatus(status, event) {
  if (!event.run || event.run_id !== status.run_id || event.number <= (status.events ?? 0)) return status;
  const changed = new Map((event.steps ?? []).map((step) => [step.id, step]));
  const steps = status.steps.map((step) => (changed.has(step.id) ? stepAfter(step, changed.get(step.id), event) : step));
  const over = ['completed', 'partial', 'failed', 'cancelled', 'compensated', 'compensation_failed'].includes(event.run.state);
  return { ...status, ...event.run, events: event.number, steps, completed_at: over ? status.completed_at ?? event.at : null };
}

function stepAfter(step, change, event) {
  const next = { ...step, ...change };
  if (change.state === step.state && change.attempt === step.attempt) return next;
  if (change.state === 'running') Object.assign(next, { started_at: event.at, completed_at: null, duration_ms: null, failure: undefined });
  if (['completed', 'exists', 'skipped', 'failed', 'cancelled'].includes(change.state)) {
    next.completed_at = event.at;
    next.duration_ms = event.data?.duration_ms ?? step.duration_ms;
  }
  if (change.state !== 'pending') delete next.blocked_by;
  return next;
}

/** The attempt that an event ended; null: none. @param {any} status before the event @param {any} event */
export function attemptOf(status, event) {
  const change = event.steps?.find((step) => step.id === event.step);
  const before = status.steps.find((step) => step.id === event.step);
  const outcome = { completed: 'done', exists: 'already_done', skipped: 'skipped', failed: 'failed' }[change?.state];
  if (!outcome || before?.state !== 'running' || event.number <= (status.events ?? 0)) return null;
  return { step: event.step, number: change.attempt, epoch: event.run.epoch, op: 'run', outcome, failure: event.data.failure ?? null,
           started_at: before.started_at, ended_at: event.at };
}
