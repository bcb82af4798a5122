// Reads server-sent events from the body of an answer.

/**
 * Calls `onEvent` for each event, with its id and its data parsed, until the body ends; `onBytes` for whatever arrives.
 * @param {ReadableStream<Uint8Array>} body
 * @param {(id: string, data: any) => void} onEvent @param {() => void} onBytes
 */
export async function readEvents(body, onEvent, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onBytes();
    text += value;
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parse(block);
      if (event) onEvent(event.id, event.data);
    }
  }
}

/** One block of lines; null for a comment. @param {string} block */
export function parse(block) {
  let id = '';
  const data = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'id') id = value;
    if (name === 'data') data.push(value);
  }
  return data.length === 0 ? null : { id, data: JSON.parse(data.join('\n')) };
}
