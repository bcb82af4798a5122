// What can be done with a run: the words on the buttons, what each does, and why one is not to be had.
import { runLook } from './states.js';

/** `reason`: the host keeps why. `danger`: it takes something away. */
export const kVerbs = {
  start: { label: 'Start', does: 'Begins to provision this workspace.', legal: 'a workspace without an active run' },
  continue: { label: 'Continue', does: 'Verifies what is finished, then goes on from the first failed step and what it blocks.', legal: 'a failed, partial or cancelled run' },
  retry: { label: 'Retry all', does: 'Attempts every failed, cancelled and unknown step again. Finished steps are not touched.', legal: 'a failed, partial or cancelled run' },
  pause: { label: 'Pause', does: 'Nothing new starts; what runs may finish.', legal: 'a running run', reason: true },
  resume: { label: 'Resume', does: 'Goes on after a pause.', legal: 'a paused run', reason: true },
  cancel: { label: 'Cancel', does: 'Running steps are told to stop; what has not begun never begins. Nothing is taken back.', legal: 'a run that goes on', reason: true, danger: true },
  kill: { label: 'Give up running steps', does: 'Running attempts are given up; nobody will know whether they took effect.', legal: 'a run that is being cancelled', reason: true, danger: true },
  verify: { label: 'Verify', does: 'Looks whether finished steps are as they were left. Changes nothing.', legal: 'a finished run', reason: true },
  rollback: { label: 'Roll back', does: 'Takes back what this run made, the last first. What was there before stays.', legal: 'a finished run', reason: true, danger: true },
  deprovision: { label: 'Remove', does: 'Takes back whatever was made for this workspace; then it is gone for ever.', legal: 'any workspace', reason: true, danger: true },
  'skip-step': { label: 'Skip', does: 'Counts the step as done. Steps that read from it see that it is absent.', legal: 'a step that is not running', reason: true, careful: 'It is not optional: only an administrator may do this, and steps after it may fail.' },
  'rerun-from': { label: 'Run again', does: 'Runs the step again although it is finished.', legal: 'a finished run', reason: true },
};

/** In the order of the buttons; those of a state that can only be reached through another are left out until then. */
export const kBar = ['start', 'continue', 'retry', 'pause', 'resume', 'cancel', 'kill', 'verify', 'rollback', 'deprovision'];

/** Of a workspace that has something, the other verbs are what is meant. */
const mayStart = (status) => status.status === 'NOT_STARTED' || status.state === 'compensated';

export function barOf(status) {
  const may = new Set(status.allowed_verbs);
  return kBar.filter((verb) => {
    if (verb === 'start') return may.has(verb) && mayStart(status);
    if (may.has(verb)) return true;
    if (verb === 'kill' || verb === 'resume') return false;
    if (verb === 'pause') return status.state !== 'paused';
    return true;
  });
}

/** Empty: it can be done. */
export function whyNot(status, verb) {
  if (status.allowed_verbs.includes(verb)) return '';
  const state = runLook(status.state).word.toLowerCase();
  if (status.deprovisioning) return 'This workspace is being removed.';
  if (status.verifying) return 'The run is being verified; wait until that is over.';
  const rule = kVerbs[verb];
  if (status.status === 'NOT_STARTED') return rule.label + ' needs a run; this workspace was never started.';
  const stopped = ['failed', 'partial', 'cancelled'].includes(status.state);
  if ((verb === 'retry' || verb === 'continue') && stopped) return 'There is nothing left to ' + verb + '.';
  if (verb === 'verify' && status.completed_at) return 'No finished step can be verified.';
  return rule.label + ' needs ' + rule.legal + '; this one is ' + state + '.';
}

/** The one thing to do next, if there is one. */
export function nextVerb(status) {
  const wanted = mayStart(status) ? ['start'] : ['resume', 'continue', 'retry'];
  return wanted.find((verb) => status.allowed_verbs.includes(verb)) ?? '';
}
