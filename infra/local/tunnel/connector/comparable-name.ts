/**
 * A header's name, in lower case, as origins may read it: CGI and what follows it (RFC 3875, 4.1.18) do not distinguish
 * a hyphen from an underscore, and some servers from any other character.
 */
export const comparableName = (name: string): string => name.replace(/[^a-z0-9]/g, "-");
