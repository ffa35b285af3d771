/** A mistake that TypeScript found. */
export interface TypeProblem {
  /** From the project's folder, with slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Without the codes and files of details. */
  readonly message: string;
  /** TypeScript's code, such as 2322. */
  readonly code: number;
}

/** From the process that checks types: all that is wrong with the files of one configuration now. */
export interface TypeReport {
  /** `tsconfig.json` or that of the page. */
  readonly config: string;
  readonly problems: readonly TypeProblem[];
}
