// When each step waited and ran, and when it probably will: segments on a common axis.

const at = (time) => (time ? Date.parse(time) : NaN);

/**
 * @param {any} status @param {any[]} attempts @param {number} now
 * @returns {{from: number, to: number, rows: {id: string, segments: {kind: string, from: number, to: number, says: string}[]}[]}}
 *   kinds: waiting, running, foreseen, and for attempts that ended: good, bad, other
 */
export function timeline(status, attempts, now) {
  const begun = at(status.started_at) || now;
  const over = Boolean(status.completed_at);
  const end = over ? at(status.completed_at) : now;
  const byStep = group(attempts);
  const endOf = new Map();
  let last = Math.max(end, begun + 1000);
  const rows = status.steps.map((step) => {
    const segments = [];
    const readyAt = Math.max(begun, ...step.after.map((id) => endOf.get(id) ?? begun));
    let cursor = readyAt;
    let before = null;
    for (const one of byStep.get(step.id) ?? []) {
      const from = at(one.started_at);
      const waited = before ? before.epoch === one.epoch && before.op === one.op : one.epoch === 1;
      before = one;
      if (waited && from - cursor > 20) segments.push({ kind: 'waiting', from: cursor, to: from, says: 'waited' });
      segments.push({ kind: kindOf(one), from, to: at(one.ended_at), says: 'attempt ' + one.number + ': ' + one.outcome });
      cursor = Math.max(cursor, at(one.ended_at));
    }
    if (step.state === 'running') {
      const from = Math.max(at(step.started_at) || cursor, cursor);
      segments.push({ kind: 'running', from, to: now, says: 'running' });
      cursor = now;
    } else if (!over && (step.state === 'waiting' || step.state === 'ready') && now > cursor) {
      segments.push({ kind: 'waiting', from: cursor, to: now, says: 'waiting' });
      cursor = now;
    }
    if (!over && step.state !== 'failed' && !ended(step)) {
      const spent = step.state === 'running' ? now - (at(step.started_at) || now) : 0;
      const from = Math.max(cursor, now, at(step.due_at) || 0);
      const to = from + Math.max(0, (step.expected_ms ?? 1000) - spent);
      segments.push({ kind: 'foreseen', from, to, says: 'expected' });
      cursor = to;
    }
    endOf.set(step.id, cursor);
    last = Math.max(last, cursor);
    return { id: step.id, segments };
  });
  return { from: begun, to: last, rows };
}

const ended = (step) => ['completed', 'exists', 'skipped', 'failed', 'cancelled'].includes(step.state);

function kindOf(attempt) {
  if (attempt.outcome === 'done' || attempt.outcome === 'already_done') return 'good';
  return attempt.outcome === 'failed' || attempt.outcome === 'retry' || attempt.outcome === 'lost' ? 'bad' : 'other';
}

function group(attempts) {
  const groups = new Map();
  for (const one of attempts) groups.has(one.step) ? groups.get(one.step).push(one) : groups.set(one.step, [one]);
  return groups;
}

/** When the run will probably be over, as the rows foresee it. */
export const expectedEnd = (status, attempts, now) => Math.max(now, ...timeline(status, attempts, now).rows.flatMap((row) => row.segments.map((one) => one.to)));
