/** The page and its files, served by GET and HEAD. */
export const assets = ["/", "/app.css", "/app.js", "/favicon.svg"] as const satisfies readonly `/${string}`[];
