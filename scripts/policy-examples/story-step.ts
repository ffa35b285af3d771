import { isDeepStrictEqual } from "node:util";
import type ts from "typescript";
import { ExampleRefusal } from "../../infra/local/console/index.ts";
import type { StoryStep } from "../../infra/rules/index.ts";
import { insertElement } from "./insert-element.ts";
import { literalOf } from "./literal.ts";

/** The text of a story with one step more at its end. Throws an ExampleRefusal where it has no steps. */
export function addStep(typescript: typeof ts, file: string, text: string, step: StoryStep): string {
  stepsOf(file, text);
  const tree = typescript.parseJsonText(file, text);
  const story = tree.statements[0]?.expression;
  const members = story && typescript.isObjectLiteralExpression(story) ? story.properties : [];
  const [steps, ...more] = members.flatMap((one) =>
    typescript.isPropertyAssignment(one) && "text" in one.name && one.name.text === "steps" ? one.initializer : [],
  );
  if (!steps || !typescript.isArrayLiteralExpression(steps) || more.length > 0) {
    throw new ExampleRefusal(`${file} has not one list of steps.`);
  }
  return insertElement(tree, steps.elements, literalOf(step));
}

/** Whether a text is the story with this step at its end, and all else as it was. */
export function hasStep(file: string, before: string, text: string, step: StoryStep): boolean {
  const old = stepsOf(file, before);
  return isDeepStrictEqual(stepsOf(file, text), { ...old, steps: [...old.steps, step] });
}

function stepsOf(file: string, text: string): { readonly steps: readonly unknown[] } {
  let story: unknown;
  try {
    story = JSON.parse(text);
  } catch (error) {
    throw new ExampleRefusal(
      `${file} is not JSON: ${error instanceof Error ? error.message : error}. Correct it first.`,
    );
  }
  if (typeof story !== "object" || story === null || !Array.isArray((story as { steps?: unknown }).steps)) {
    throw new ExampleRefusal(`${file} has no list of steps.`);
  }
  return story as { readonly steps: readonly unknown[] };
}
