/** A file of a bundle. */
export interface BundleFile {
  /** Where it is in the bundle, with slashes. */
  readonly path: string;
  /** Its content, or the file that it is a copy of. */
  readonly content: string | Uint8Array | { readonly copyOf: string };
  /** Whether it can be run as a program. */
  readonly isExecutable?: boolean;
}
