import type { Lint } from "../lint.ts";

export const tabInExpression: Lint = {
  name: "tab-in-expression",
  severity: "error",
  about: "A tab is not white space inside an expression; Cloudflare refuses it.",
  *inExpression({ text, diagnostics }) {
    for (const { span } of diagnostics) {
      const tabs = /^\t+/.exec(text.slice(span.start))?.[0];
      if (!tabs) continue;
      const at = { start: span.start, end: span.start + tabs.length };
      const fix = [...text.matchAll(/\t+/g)]
        .filter((run) => outsideQuotes(text, run.index))
        .map((run) => ({ span: { start: run.index, end: run.index + run[0].length }, text: " " }));
      yield { span: at, message: "a tab is not white space inside an expression", hint: "use spaces", fix };
      return;
    }
  },
};

function outsideQuotes(text: string, at: number): boolean {
  return (text.slice(0, at).match(/(?<!\\)"/g)?.length ?? 0) % 2 === 0;
}
