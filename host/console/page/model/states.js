// The words of the host and how each looks: a hue, an icon and what a person says. Never the hue alone.

/** @typedef {{hue: string, icon: string, word: string, says: string}} Look */

const look = (hue, icon, word, says) => ({ hue, icon, word, says });

/** @type {Record<string, Look>} */
export const kSteps = {
  pending: look('idle', 'pending', 'Pending', 'A step before it is not finished.'),
  ready: look('soon', 'ready', 'Ready', 'It may start as soon as there is room.'),
  running: look('busy', 'running', 'Running', 'The engine is at work.'),
  waiting: look('wait', 'waiting', 'Waiting', 'It goes on later, by itself.'),
  completed: look('good', 'completed', 'Completed', 'This run made it.'),
  exists: look('same', 'exists', 'Exists', 'It was there already, as wanted.'),
  skipped: look('left', 'skipped', 'Skipped', 'It was left out.'),
  failed: look('bad', 'failed', 'Failed', 'It did not succeed.'),
  cancelled: look('idle', 'cancelled', 'Cancelled', 'It was stopped on request, or taken back.'),
  unknown: look('odd', 'unknown', 'Unknown', 'The answer was lost; nobody knows whether it took effect.'),
};

/** @type {Record<string, Look>} */
export const kRuns = {
  not_started: look('idle', 'pending', 'Not started', 'Nothing was done yet.'),
  queued: look('soon', 'ready', 'Queued', 'It begins as soon as there is room.'),
  running: look('busy', 'running', 'Running', 'Steps are at work.'),
  paused: look('wait', 'paused', 'Paused', 'Nothing new starts until it is resumed.'),
  cancelling: look('wait', 'cancelled', 'Cancelling', 'Running steps were told to stop.'),
  compensating: look('busy', 'undo', 'Rolling back', 'What it made is being taken back.'),
  completed: look('good', 'completed', 'Completed', 'Every step is as wanted.'),
  partial: look('wait', 'partial', 'Partial', 'Steps failed that the others could do without.'),
  failed: look('bad', 'failed', 'Failed', 'A critical step failed; everything was kept as it is.'),
  cancelled: look('idle', 'cancelled', 'Cancelled', 'It was stopped on request.'),
  compensated: look('idle', 'undo', 'Rolled back', 'What it made was taken back.'),
  compensation_failed: look('bad', 'undo', 'Rollback failed', 'Not everything could be taken back.'),
};

/** What a list can be narrowed to. */
export const kStatuses = [
  ['', 'All'],
  ['IN_PROGRESS', 'In progress'],
  ['FAILED', 'Failed'],
  ['PARTIAL', 'Partial'],
  ['COMPLETED', 'Completed'],
  ['CANCELLED', 'Cancelled'],
  ['NOT_STARTED', 'Not started'],
];

export const kWaits = {
  slot: 'for a free slot',
  rate_limit: 'for the ERP to take more requests',
  engine_unavailable: 'for the ERP server to come back',
  exclusive: 'for another step of its kind to finish',
  paused: 'because the run is paused',
  backoff: 'to try again',
  poll: 'to look again',
};

/** A step in a rollback. */
const kUndo = {
  due: look('wait', 'waiting', 'To be taken back', 'What it made will be taken back.'),
  done: look('idle', 'undo', 'Taken back', 'What it made is gone again.'),
  failed: look('bad', 'undo', 'Not taken back', 'What it made could not be taken back.'),
  left_behind: look('left', 'skipped', 'Left behind', 'What it made stays: it cannot be taken back.'),
};

/** @param {any} step */
export const stepLook = (step) => kUndo[step.undo] ?? kSteps[step.state] ?? look('odd', 'unknown', step.state, '');
/** @param {string|null} state the fine word; null: never started */
export const runLook = (state) => kRuns[state ?? 'not_started'] ?? look('odd', 'unknown', state ?? '', '');

export const isOk = (state) => state === 'completed' || state === 'exists' || state === 'skipped';
export const isOver = (state) =>
  ['completed', 'partial', 'failed', 'cancelled', 'compensated', 'compensation_failed'].includes(state);

/** In a few words, what a step is at. */
export function stepSays(step) {
  return step.state === 'pending' && step.blocked_by && !step.undo ? 'Blocked' : stepLook(step).word;
}
