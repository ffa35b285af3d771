import { listProblems } from "../../list/problems.ts";
import type { Lint } from "../lint.ts";

export const listDefinition: Lint = {
  name: "list-definition",
  severity: "error",
  about: "A list has a valid name, items of its kind, no duplicates, and room on the plan.",
  *inPolicy({ plan, input: { lists = {} } }) {
    for (const { list, severity, message, hint } of listProblems(lists, plan)) {
      const property = list === undefined ? "lists" : `lists.${list}`;
      yield { property, severity, message, ...(hint === undefined ? {} : { hint }) };
    }
  },
};
