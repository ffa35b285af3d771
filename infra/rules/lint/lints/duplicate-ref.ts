import type { Lint } from "../lint.ts";

export const duplicateRef: Lint = {
  name: "duplicate-ref",
  severity: "error",
  about: "Two rules of a phase have the same ref.",
  *inPolicy({ rules }) {
    const seen = new Set<string>();
    for (const one of rules) {
      const { ref } = one.rule;
      if (!ref) continue;
      const key = `${one.phase} ${ref}`;
      if (seen.has(key))
        yield { rule: one, property: "ref", message: `another rule of ${one.phase} has the ref ${ref}` };
      seen.add(key);
    }
  },
};
