/**
 * Whether a user was signed in when the page was last open, so that a first visit does not ask for a session that
 * cannot exist. The session itself is in a cookie that no script can read.
 */
const SIGNED_IN = "causeway.signed-in";

/** Remembers in the browser whether a user is signed in. */
export function rememberSignedIn(isSignedIn: boolean): void {
  try {
    if (isSignedIn) localStorage.setItem(SIGNED_IN, "yes");
    else localStorage.removeItem(SIGNED_IN);
  } catch {
    // a browser without storage forgets it with the page
  }
}

export function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(SIGNED_IN) !== null;
  } catch {
    return false;
  }
}
