import type { ServerResponse } from "node:http";

/** What the API responds: a text, or a stream that `begin` starts. */
export type ApiResponse =
  | {
      readonly kind: "whole";
      readonly status: number;
      readonly type: string;
      readonly body: string | Buffer;
      /** Name of the file that a browser saves it as; absent: it is shown. */
      readonly saveAs?: string;
    }
  | { readonly kind: "live"; begin(response: ServerResponse): void };

/** What a caller did wrong: what was given, and what is right. */
export class ApiMistake extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function json(value: object, status = 200): ApiResponse {
  return { kind: "whole", status, type: "application/json; charset=utf-8", body: JSON.stringify(value) };
}
