/** What the audit log says after a user's name, by the action. Parts of the page have the words of their actions. */
export const AUDIT_WORDS: Readonly<Record<string, string>> = {
  "user.registered": "registered",
  "login.succeeded": "signed in",
  "login.failed": "failed to sign in",
  "session.ended": "ended a session",
  "session.reused": "had a refresh token used twice; the session was ended",
  "profile.changed": "changed the name",
  "email.changed": "has another e-mail address",
  "email.verified": "confirmed the e-mail address",
  "verification.requested": "asked for a link to confirm an e-mail address",
  "password.changed": "changed the password",
  "password.reset": "chose a new password by a link",
  "reset.requested": "was sent a link to a new password",
  "role.changed": "has another role",
  "user.disabled": "was disabled",
  "user.enabled": "was enabled",
  "user.removed": "removed the account",
};
