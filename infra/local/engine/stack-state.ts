import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { SecretCipher } from "./sealing.ts";
import { mapInside, type PropertyValues, Secret } from "./values.ts";

/** One resource that exists. */
export interface ResourceState {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: PropertyValues;
  readonly outputs: PropertyValues;
  /** URNs of what must outlive it. */
  readonly dependencies: readonly string[];
  readonly protect: boolean;
  /** Taken over or shared: forgotten instead of deleted. */
  readonly retainOnDelete: boolean;
  /** Replaced by a newer one of the same URN; waits for its deletion. */
  readonly superseded: boolean;
}

/** The state cannot be used. Code `STATE_UNUSABLE`. */
class StateFileError extends Error {
  readonly code = "STATE_UNUSABLE";
}

const FORMAT = "causeway-stack";
const VERSION = 1;
const SEALED = "$sealed";

/**
 * What a stack has deployed, kept in one file (0600) that is replaced whole: it is either the old state or the new one.
 */
export class StackState {
  readonly #file: string;
  readonly #cipher: SecretCipher;
  #resources: readonly ResourceState[];

  /** Throws `StateFileError` where the file is there and is no state, or its secrets cannot be opened. */
  constructor(file: string, cipher: SecretCipher) {
    this.#file = file;
    this.#cipher = cipher;
    this.#resources = this.#read();
  }

  /** Every resource, in the order in which they were created. */
  get resources(): readonly ResourceState[] {
    return this.#resources;
  }

  /** The current resource of the URN. */
  find(urn: string): ResourceState | undefined {
    return this.#resources.find((resource) => resource.urn === urn && !resource.superseded);
  }

  /** Puts `next` where `before` was, or at the end, and writes the file. */
  put(next: ResourceState, before?: ResourceState): void {
    this.#write(
      before === undefined
        ? [...this.#resources, next]
        : this.#resources.map((resource) => (resource === before ? next : resource)),
    );
  }

  /** Replaces a resource by what was read from Cloudflare. The file is written with the next change. */
  rememberRead(next: ResourceState, before: ResourceState): void {
    this.#resources = this.#resources.map((resource) => (resource === before ? next : resource));
  }

  /** Removes a resource, and writes the file. */
  remove(removed: ResourceState): void {
    this.#write(this.#resources.filter((resource) => resource !== removed));
  }

  #read(): readonly ResourceState[] {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw this.#unusable(error);
    }
    try {
      const state: unknown = JSON.parse(text, (_, value) =>
        typeof value === "object" && value !== null && typeof value[SEALED] === "string"
          ? new Secret(this.#cipher.decrypt(value[SEALED]))
          : value,
      );
      if (!isState(state)) throw new Error(`it is no ${FORMAT} of version ${VERSION}`);
      return state.resources;
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  #unusable(error: unknown): StateFileError {
    const reason = error instanceof Error ? error.message : String(error);
    return new StateFileError(
      `The stack's state ${this.#file} cannot be used: ${reason}. Restore it and its key from a backup. Without it ` +
        "the stack starts anew: remove the file, and what carries the stack's name is taken over.",
    );
  }

  /** A new file beside it, on the disk before it takes the old one's place. */
  #write(resources: readonly ResourceState[]): void {
    const state = {
      format: FORMAT,
      version: VERSION,
      resources: resources.map((resource) => this.#encrypted(resource)),
    };
    const next = `${this.#file}.new`;
    const descriptor = openSync(next, "w", 0o600);
    try {
      writeFileSync(descriptor, `${JSON.stringify(state, undefined, 2)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, this.#file);
    this.#resources = resources;
  }

  #encrypted(value: unknown): unknown {
    return value instanceof Secret
      ? { [SEALED]: this.#cipher.encrypt(value.reveal()) }
      : mapInside(value, (member) => this.#encrypted(member));
  }
}

function isState(value: unknown): value is { readonly resources: readonly ResourceState[] } {
  return (
    typeof value === "object" &&
    value !== null &&
    "format" in value &&
    value.format === FORMAT &&
    "version" in value &&
    value.version === VERSION &&
    "resources" in value &&
    Array.isArray(value.resources)
  );
}
