// How something is: by shape, word and colour, so that no one of them is needed alone. Only problems are filled.
//   <StatusMark severity={row.v} word="CrashLoopBackOff" />
export type Severity = 0 | 1 | 2 | undefined;

const SHAPES = [
  "M8 3.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9z", // a ring
  "M8 2 14.500 13.500h-13z", // a triangle
  "M5.200 1.500h5.600l3.700 3.700v5.600l-3.700 3.700H5.200l-3.700-3.700V5.200z", // an octagon
] as const;
const WORDS = ["well", "to be looked at", "broken"] as const;

export function StatusShape({ severity = 0 }: { severity?: Severity }) {
  return (
    <svg class={`shape s${severity}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[severity]} />
    </svg>
  );
}

export function StatusMark({ severity = 0, word }: { severity?: Severity; word?: string }) {
  return (
    <span class={`status s${severity}${word ? "" : " bare"}`}>
      <StatusShape severity={severity} />
      {word ? <bdi>{word}</bdi> : <span class="unseen">{WORDS[severity]}</span>}
    </span>
  );
}
