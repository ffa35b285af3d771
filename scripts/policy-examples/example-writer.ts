import {
  ExampleRefusal,
  type ExampleToWrite,
  type ExampleWriter,
  type ProposedEdit,
} from "../../infra/local/console/index.ts";
import { fileOfRule } from "../../infra/policy/without-rules.ts";
import { readStories } from "../../infra/stories.ts";
import { formatTexts } from "../code-generation/format.ts";
import { messageOf } from "../command-line/index.ts";
import { policyFile, policyText } from "../policy-findings/policy-file.ts";
import { lineDiff } from "./line-diff.ts";
import { replaceText } from "./replace-text.ts";
import { addExample, hasExample } from "./rule-example.ts";
import { addStep, hasStep } from "./story-step.ts";

/** Writes examples and steps of stories into the policy of a project. A `ref` or the name of a story names the file. */
export function exampleWriter(root: string): ExampleWriter {
  const stories = () =>
    readStories(`${root}/infra/policy/stories`).flatMap(({ file, problem }) =>
      problem === undefined ? (/([^/]+)\.json$/.exec(file)?.[1] ?? []) : [],
    );
  return {
    stories,
    async propose(wanted) {
      const file = fileOf(wanted, stories());
      const path = policyFile(root, file);
      if (path === undefined) {
        throw new ExampleRefusal(`There is no file ${file} in this project, or only a symbolic link leads to it.`);
      }
      const before = policyText(path);
      if (before === undefined) throw new ExampleRefusal(`${file} is not UTF-8.`);
      const typescript = await loadTypeScript();
      const inserted =
        wanted.kind === "rule"
          ? addExample(typescript, { file, text: before, ref: wanted.ref }, wanted.side, wanted.example)
          : addStep(typescript, file, before, wanted.step);
      const text = formatted(root, file, before, inserted);
      const isRight =
        wanted.kind === "rule"
          ? hasExample(typescript, { file, text: before, ref: wanted.ref }, text, wanted)
          : hasStep(file, before, text, wanted.step);
      if (!isRight) throw new Error(`invariant: ${file} would have another change than the example`);
      return editOf({ file, path, before, text });
    },
  };
}

function editOf(edit: Record<"file" | "path" | "before" | "text", string>): ProposedEdit {
  const { file, path, before, text } = edit;
  return {
    file,
    text,
    diff: lineDiff(file, before, text),
    write() {
      let isWritten: boolean;
      try {
        isWritten = replaceText(path, before, text);
      } catch (error) {
        throw new ExampleRefusal(`${file} cannot be written: ${messageOf(error)}`);
      }
      if (!isWritten) throw new ExampleRefusal(`${file} has changed meanwhile: look at the change again.`);
    },
  };
}

function fileOf(wanted: ExampleToWrite, stories: readonly string[]): string {
  if (wanted.kind === "rule") return fileOfRule(wanted.phase, wanted.ref);
  if (!stories.includes(wanted.story)) throw new ExampleRefusal(`There is no story ${wanted.story}.`);
  return `infra/policy/stories/${wanted.story}.json`;
}

/** As the formatter leaves it, where it had left the text before so; else only the insertion is made. */
function formatted(root: string, file: string, before: string, after: string): string {
  try {
    const format = (text: string) => formatTexts(root, new Map([[file, text]])).get(file) ?? text;
    return format(before) === before ? format(after) : after;
  } catch {
    return after; // it has what the formatter's lints refuse
  }
}

async function loadTypeScript() {
  try {
    return (await import("typescript")).default;
  } catch {
    throw new ExampleRefusal("TypeScript is not installed, which reads the policy's files: run `npm install`.");
  }
}
