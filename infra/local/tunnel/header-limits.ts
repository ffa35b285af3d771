/**
 * Header lines of a request in the tunnel. The edge takes 128 KiB of head from a client, and the shortest line has
 * four bytes (`a:` and its end), so that every request that the edge accepts reaches the origin, which decides by its
 * own limits.
 */
export const MAX_HEADER_LINES = 34_000;

/** The same in bytes as HTTP/2 counts them: name, value and 32 for each line (RFC 9113, 6.5.2). */
export const MAX_HEADER_LIST_BYTES = 128 * 1024 + MAX_HEADER_LINES * 32;
