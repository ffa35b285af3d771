/**
 * A mail to one address, in plain text. It has no text that a user wrote, so that attackers cannot send their own texts
 * to others.
 */
export interface Mail {
  readonly kind: MailKind;
  /** An address that `checkEmailAddress` has returned. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

const LINK_MAILS = {
  verify: {
    subject: "Confirm your e-mail address",
    why:
      "A person, probably you, registered at Causeway with this e-mail address. Open this link to confirm that it " +
      "is yours:",
    life: "The link works once and for 24 hours.",
    otherwise: "If it was not you, do nothing.",
  },
  move: {
    subject: "Confirm your new e-mail address",
    why:
      "A person, probably you, wants to use this e-mail address for an account at Causeway. Open this link to " +
      "confirm that it is yours:",
    life: "The link works once and for one hour.",
    otherwise: "If it was not you, do nothing.",
  },
  reset: {
    subject: "Choose a new password",
    why: "A person, probably you, forgot the password of your account at Causeway. Open this link to choose a new one:",
    life: "The link works once and for one hour. It signs out all devices of the account.",
    otherwise: "If it was not you, do nothing: your password stays as it is.",
  },
} as const;

const NOTICE_MAILS = {
  passwordChanged: {
    subject: "Your password was changed",
    what: "The password of your account at Causeway was changed.",
  },
  passwordReset: {
    subject: "Your password was changed",
    what:
      "The password of your account at Causeway was changed with a link that we had sent to you. All sessions " +
      "have ended.",
  },
  emailChanged: {
    subject: "Your e-mail address was changed",
    what: "Your account at Causeway has another e-mail address now. Nothing more will be sent to this one.",
  },
} as const;

export type LinkedKind = keyof typeof LINK_MAILS;
export type NoticeKind = keyof typeof NOTICE_MAILS;
type MailKind = LinkedKind | NoticeKind;

/** A mail with a link that works once; `link` holds a secret. */
export function mailWithLink(kind: LinkedKind, to: string, link: string): Mail {
  const { subject, why, life, otherwise } = LINK_MAILS[kind];
  return { kind, to, subject, text: [why, link, `${life} ${otherwise}`].map((part) => `${part}\n`).join("\n") };
}

/** A mail that tells the owner of an account what happened. `site` is the page where the owner can undo it. */
export function mailOfNotice(kind: NoticeKind, to: string, site: string): Mail {
  const { subject, what } = NOTICE_MAILS[kind];
  const advice =
    kind === "emailChanged"
      ? "If it was not you, write to the operator of the site."
      : `If it was not you, choose another password at once, under "Forgot your password?":\n\n${site}/`;
  return { kind, to, subject, text: `${what}\n\n${advice}\n` };
}
