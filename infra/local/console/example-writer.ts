/** What writes examples and steps of stories into the policy. The console does not know the policy's files. */
import type { Example, Phase, StoryStep } from "../../rules/index.ts";

/** A value, and what it becomes a part of: examples of a rule, by its `ref`, or the steps of a story, by its name. */
export type ExampleToWrite =
  | {
      readonly kind: "rule";
      readonly phase: Phase;
      readonly ref: string;
      readonly side: "match" | "pass";
      readonly example: Example;
    }
  | { readonly kind: "story"; readonly story: string; readonly step: StoryStep };

/** An edit of one file that is computed and not done. */
export interface ProposedEdit {
  /** From the project's folder. */
  readonly file: string;
  /** The text of the file with the edit. */
  readonly text: string;
  /** The lines that differ, as `diff -u` shows them. */
  readonly diff: string;
  /** Writes the file. Throws an ExampleRefusal where it is no longer as it was. */
  write(): void;
}

/** Why an example cannot be written, and what to do. */
export class ExampleRefusal extends Error {}

export interface ExampleWriter {
  /** Names of the stories. */
  stories(): readonly string[];
  /** Computes an edit. Rejects with an ExampleRefusal. */
  propose(example: ExampleToWrite): Promise<ProposedEdit>;
}
