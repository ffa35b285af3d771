/** How the CLI runs the program when it deploys nothing. */

/**
 * Runs the program in `refresh` and `destroy`, so that the provider gets the API token of now. Without it they use the
 * token of the last `up`, which is in the state.
 */
export const RUN_PROGRAM = "--run-program";

/** Tells the program that this run deploys nothing. The program then accepts resources that others own. */
export const REFRESH = { CAUSEWAY_PURPOSE: "refresh" } as const;

/** Tells the program to configure the provider and to declare no resource. */
export const PROVIDER_ONLY = { CAUSEWAY_PURPOSE: "destroy" } as const;
