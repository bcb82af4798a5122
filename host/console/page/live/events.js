// Reads server-sent events from the body of an answer.

/**
 * Calls `onBlock` for each block that is more than a comment, until the body ends; `onBytes` for whatever arrives.
 * @param {ReadableStream<Uint8Array>} body
 * @param {(block: {id: string, data: any}) => void} onBlock data: null if it only tells the position
 * @param {() => void} onBytes
 */
export async function readEvents(body, onBlock, onBytes) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onBytes();
    text += value;
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? '';
    for (const block of blocks.map(parse)) if (block.id || block.data) onBlock(block);
  }
}

/** One block of lines. @param {string} block */
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
  return { id, data: data.length === 0 ? null : JSON.parse(data.join('\n')) };
}
