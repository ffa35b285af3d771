export * from "./actions.ts";
export * from "./define-service.ts";
export * from "./errors.ts";
export * from "./socket-events.ts";
export * from "./stream-body.ts";
