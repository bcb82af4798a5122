// Where a time is on the axis of a timeline. Times in which nothing was done at all, as between a failure and the person
// who continues, are cut short: otherwise nothing else could be seen.

const kShown = 0.05;   // of what was done: what is left of a time that was cut
const kLeast = 3;      // so many times that long, or it is not cut

/**
 * @param {{from: number, to: number}[]} busy @param {number} from @param {number} to
 * @returns {{percent: (time: number) => number, cuts: {percent: number, millis: number}[], marks: {percent: number, millis: number}[]}}
 */
export function axis(busy, from, to) {
  const pieces = cutUp(busy, from, to);
  const total = pieces.reduce((sum, piece) => sum + piece.shown, 0) || 1;
  let at = 0;
  for (const piece of pieces) (piece.at = at / total * 100), (at += piece.shown);
  const percent = (time) => {
    const piece = pieces.findLast((one) => one.from <= time) ?? pieces[0];
    const within = piece.to > piece.from ? Math.min(1, Math.max(0, (time - piece.from) / (piece.to - piece.from))) : 0;
    return piece.at + (within * piece.shown) / total * 100;
  };
  const cut = pieces.filter((piece) => piece.isCut);
  return { percent, cuts: cut.map((piece) => ({ percent: piece.at + piece.shown / total * 50, millis: piece.to - piece.from })), marks: marksOf(pieces, from, to, total, percent) };
}

function cutUp(busy, from, to) {
  const spans = [];
  for (const one of [...busy].sort((a, b) => a.from - b.from)) {
    const last = spans[spans.length - 1];
    if (last && one.from <= last.to) last.to = Math.max(last.to, one.to);
    else spans.push({ from: one.from, to: one.to });
  }
  const shown = Math.max(1000, kShown * spans.reduce((sum, one) => sum + one.to - one.from, 0));
  const pieces = [];
  let at = from;
  const add = (end, isCut) => end > at && (pieces.push({ from: at, to: end, shown: isCut ? shown : end - at, isCut }), (at = end));
  for (const span of [...spans, { from: to, to }]) {
    add(span.from, span.from - at > kLeast * shown && at > from);
    add(span.to, false);
  }
  return pieces.length > 0 ? pieces : [{ from, to: from + 1, shown: 1, isCut: false }];
}

/** Round times since the beginning, three to eight of them, none within a cut. */
function marksOf(pieces, from, to, total, percent) {
  const sizes = [100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 864e5];
  const size = sizes.find((one) => one >= total / 6) ?? 864e5 * Math.ceil(total / 6 / 864e5);
  const marks = [];
  for (const piece of pieces.filter((one) => !one.isCut))
    for (let mark = Math.ceil((piece.from - from) / size) * size; from + mark < piece.to && marks.length < 40; mark += size)
      marks.push({ percent: percent(from + mark), millis: mark });
  return marks.filter((mark, i) => mark.percent < 95 && (i === 0 || mark.percent - marks[i - 1].percent > 4));
}
