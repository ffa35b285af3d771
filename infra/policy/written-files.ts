/** Compares what the folders of the policy hold with what their `index.ts` deploys. The caller reads the files. */
import { type Phase, type ProofDiagnostic, proofDiagnostic } from "../rules/index.ts";

/** A file in a folder of the policy, as it was read. */
export interface WrittenFile {
  /** From the project's folder, e.g. `infra/policy/custom-rules/scanner-paths.ts`. */
  readonly file: string;
  readonly text: string;
}

/** A rule or a list of an `index.ts`. */
export interface IndexMember {
  /** `ref` of a rule, or name of a list; absent where a function made no rule. */
  readonly ref?: string;
  /** The file that its ref, or the name of its function, gives it; undefined where it has neither. */
  readonly file: string | undefined;
}

export interface WrittenFolder {
  /** From the project's folder, without the last slash. */
  readonly folder: string;
  readonly phase?: Phase;
  readonly members: readonly IndexMember[];
}

/**
 * Errors: files that `index.ts` does not deploy, whose author believes that they are live; and rules or lists whose
 * name is not that of their file, because every message names the file by the ref.
 */
export function fileDiagnostics(
  { folder, phase, members }: WrittenFolder,
  written: readonly WrittenFile[],
): readonly ProofDiagnostic[] {
  // what has no name is an error already, and may be in any of the files
  if (members.some(({ file }) => file === undefined)) return [];
  const index = `${folder}/index.ts`;
  const files = written.filter(({ file }) => file.startsWith(`${folder}/`) && file !== index);
  const names = new Set(files.map(({ file }) => file));
  const deployed = new Set(members.map(({ file }) => file));
  const refs = members.map(({ ref }) => ref);
  // of each ref that two have, one file is named otherwise
  const misplaced = members.filter(({ ref, file = "" }, at) => !names.has(file) || refs.indexOf(ref) < at);
  const word = folder.endsWith("/lists") ? "name" : "ref";
  const explained = new Set<IndexMember>();
  const diagnostics = files.flatMap(({ file, text }) => {
    if (deployed.has(file)) return [];
    const member = misplaced.find((one) => one.ref !== undefined && !explained.has(one) && holds(text, one.ref));
    if (member?.file === undefined) {
      const message = `${file} is not in ${index}: it is not deployed; add it or delete the file`;
      const hint =
        `a file that is in it has the ${word} ${refOfFile(file)}; what is no ${wordOf(word)} belongs outside the ` +
        "folder";
      return [proofDiagnostic(placeOf(file, phase), "file-not-in-index", "", undefined, message, hint)];
    }
    explained.add(member);
    const { ref = "", file: expected } = member;
    const hint = names.has(expected)
      ? `${expected} has this ${word} already: give ${file} its own, ${refOfFile(file)}`
      : `rename the file to ${expected}, or, where it was never deployed, give it the ${word} ${refOfFile(file)}`;
    const message = `${file} has the ${word} ${ref}, which belongs to ${expected}`;
    return [proofDiagnostic(placeOf(file, phase, ref), "ref-differs", `/${word}`, ref, message, hint)];
  });
  const homeless = misplaced.filter((one) => !explained.has(one) && !names.has(one.file ?? ""));
  return [
    ...diagnostics,
    ...homeless.map(({ ref, file = "" }) => {
      const what = ref === undefined ? "a function" : ref;
      const message = `${what} of ${index} belongs to ${file}, which does not exist`;
      const hint = `write each in a file that is named after its ${word}`;
      return proofDiagnostic(placeOf(index, phase, ref), "ref-differs", "", undefined, message, hint);
    }),
  ];
}

const wordOf = (word: "name" | "ref"): string => (word === "name" ? "list" : "rule");

const placeOf = (file: string, phase: Phase | undefined, ref?: string) => ({
  file,
  ...(phase !== undefined && { phase }),
  ...(ref !== undefined && { ref }),
});

/** Whether a file has this text in quotes. */
const holds = (text: string, ref: string): boolean =>
  ["'", '"', "`"].some((quote) => text.includes(quote + ref + quote));

/** `infra/policy/custom-rules/no-fr.ts` is for the ref `no_fr`. */
const refOfFile = (file: string): string =>
  file
    .slice(file.lastIndexOf("/") + 1)
    .replace(/\.\w+$/, "")
    .replaceAll("-", "_");
