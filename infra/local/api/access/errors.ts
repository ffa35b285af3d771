/**
 * Errors of Access. The texts before the colon are those that users report; the numeric codes, and which case gets
 * which one, are not known from a recorded response.
 */
import { type ApiError, conflict, invalid, notFound } from "../errors.ts";
import type { Misfit } from "../shape.ts";

export const refuse = ({ pointer, message }: Misfit): ApiError =>
  invalid(12130, `access.api.error.invalid_request: ${pointer || "/"} ${message}`, pointer);

export const unknown = (what: string): ApiError => notFound(11021, `access.api.error.unknown_${what}`);

export const taken = (what: string, reason: string): ApiError =>
  conflict(11010, `access.api.error.${what}_already_exists: ${reason}`);

export const inUse = (what: string, reason: string): ApiError =>
  conflict(12132, `access.api.error.${what}_in_use: ${reason}`);

export const tooMany = (what: string, limit: number): ApiError =>
  invalid(12133, `access.api.error.too_many_${what}s: an account has at most ${limit}`);
