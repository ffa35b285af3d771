/** Lines around a change that are shown with it. */
const CONTEXT = 3;

/** The lines that differ between two texts, as `diff -u` shows one change: all from the first to the last of them. */
export function lineDiff(file: string, before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  const most = Math.min(old.length, now.length) - head;
  while (tail < most && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const start = Math.max(0, head - CONTEXT);
  const end = Math.min(tail, CONTEXT);
  const range = (lines: readonly string[]) => `${start + 1},${lines.length - tail + end - start}`;
  return [
    `--- ${file}`,
    `+++ ${file}`,
    `@@ -${range(old)} +${range(now)} @@`,
    ...old.slice(start, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
    ...now.slice(now.length - tail, now.length - tail + end).map((line) => ` ${line}`),
  ].join("\n");
}
