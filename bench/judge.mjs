// Compares medians with the bars. A bar is one of
//   {subject, peer, times}    at most `times` the peer's median
//   {subject, peer, plusMs}   at most the peer's median and so much more
//   {subject, atMost, unit}   at most a fixed value
//   {subject, atLeast, unit}

/** One row of the table for each bar. A subject that was not measured makes the row say so instead of passing. */
export function judge(measureName, bars, medians) {
  return bars.map((bar) => {
    const ours = medians.get(bar.subject);
    const peer = bar.peer === undefined ? undefined : medians.get(bar.peer);
    const row = {
      measure: measureName,
      subject: bar.subject,
      ours,
      peerName: bar.peer ?? '',
      peer,
      unit: bar.unit ?? 'ms',
      bar: wording(bar),
    };
    if (ours === undefined || (bar.peer !== undefined && peer === undefined))
      return { ...row, verdict: 'not measured' };
    return {
      ...row,
      ratio: peer === undefined ? undefined : ours / peer,
      verdict: meets(bar, ours, peer) ? 'ok' : 'MISSED',
    };
  });
}

function meets(bar, ours, peer) {
  if (bar.times !== undefined) return ours <= bar.times * peer;
  if (bar.plusMs !== undefined) return ours <= peer + bar.plusMs;
  return bar.atLeast === undefined ? ours <= bar.atMost : ours >= bar.atLeast;
}

function wording(bar) {
  if (bar.times !== undefined) return `≤ ${bar.times} ×`;
  if (bar.plusMs !== undefined) return `≤ + ${bar.plusMs} ms`;
  return bar.atLeast === undefined ? `≤ ${bar.atMost} ${bar.unit}` : `≥ ${bar.atLeast} ${bar.unit}`;
}
