/** How the program runs when the CLI would not run it, or must not deploy with it. */

/**
 * Runs the program in `refresh` and `destroy`, so that the provider gets the API token of now. Without it they use the
 * token of the last `up`, which is in the state.
 */
export const RUN_PROGRAM = "--run-program";

/** Tells the program that nothing is deployed: what others have at Cloudflare does not stop such a run. */
export const REFRESH = { CAUSEWAY_PURPOSE: "refresh" } as const;

/** The program hands the provider its configuration, and declares nothing. */
export const PROVIDER_ONLY = { CAUSEWAY_PURPOSE: "destroy" } as const;
