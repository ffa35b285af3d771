/**
 * The key under which the browser stores that a user was signed in when the page was last open. Without it the page
 * does not ask the server for a session. The session itself is in a cookie that no script can read.
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

/** Whether a user was signed in when the page was last open. */
export function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(SIGNED_IN) !== null;
  } catch {
    return false;
  }
}
