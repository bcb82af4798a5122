// What an event changes in what is shown. Pure: the old object stays as it is.

/** @param {any} row of the list @param {any} event */
export function applyToRow(row, event) {
  const run = event.data?.run ?? event.data ?? {};
  const changed = { ...row, run_id: event.run_id };
  for (const name of ['status', 'state', 'progress', 'current_step']) if (run[name] !== undefined) changed[name] = run[name];
  return changed;
}

/** @param {any} status of a run @param {any} event */
export function applyToStatus(status, event) {
  if (event.run_id !== status.run_id) return status;
  return status;
}
