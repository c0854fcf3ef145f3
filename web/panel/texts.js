/** Every word the panel says, in one place, so that another language is another table. */
export const TEXT = {
  panel: "Telephone",
  agent: {
    signed_out: "Signed out",
    logged_off: "Signed out",
    not_ready: "Not ready",
    ready: "Ready",
    busy: "On a call",
    wrap_up: "Wrap-up",
    unknown: "Unknown",
  },
  agentIcon: {
    signed_out: "○",
    logged_off: "○",
    not_ready: "❚❚",
    ready: "✓",
    busy: "☎",
    wrap_up: "✎",
    unknown: "?",
  },
  call: { initiated: "Dialing", alerting: "Ringing", connected: "Talking", hold: "Held", queued: "Queued", fail: "Failed" },
  callIcon: { initiated: "↗", alerting: "◉", connected: "●", hold: "❚❚", queued: "⋯", fail: "✕" },
  verb: {
    log_on: "Log on",
    log_off: "Log off",
    ready: "Ready",
    not_ready: "Not ready",
    place: "Call",
    answer: "Answer",
    reject: "Reject",
    drop: "Hang up",
    hold: "Hold",
    transfer: "Transfer",
    dtmf: "Keys",
    complete: "Complete transfer",
    swap: "Swap",
    conference: "Conference",
    cancel: "Back to caller",
  },
  keys: { answer: "Alt+Shift+A", drop: "Alt+Shift+X", hold: "Alt+Shift+H", ready: "Alt+Shift+R", place: "Alt+Shift+D" },
  /** What is said of the holds that are not the agent's own; the state's own word says enough of the others. */
  holds: {
    "ringline:agent": "",
    "ringline:wrap_up": "",
    "ringline:gate": "The note of the last call is not finished",
    "ringline:work": "A work item blocks calls",
    "ringline:page_lost": "No page was open",
    "ringline:supervisor": "Set by a supervisor",
  },
  note: "Note",
  notes: "Notes",
  saveNote: "Save note",
  noteStatus: { saving: "Saving…", saved: "Saved {0}", offline: "Offline – kept on this device", review: "Needs review" },
  idle: "No call. Calls you take appear here.",
  idleLost: "Without a connection there is nothing to show.",
  idleOut: "Log on to take calls at your desk phone.",
  dialLabel: "Number to call",
  dialHint: "Number or extension",
  transferLabel: "Transfer this call to",
  transferNow: "Transfer now",
  consultFirst: "Ask first",
  ownFirst: "If your own phone rings, answer it: then the other side is called.",
  waitsFor: "Waits while you talk to {0}.",
  callBack: "Call back",
  digitsLabel: "Digits to send",
  send: "Send",
  cancel: "Cancel",
  withheld: "Number withheld",
  unknownNumber: "Unknown number",
  missed: "Missed",
  onPhone: "Do this on the phone: the phone system does not allow it from here now.",
  offline: "No connection. Use your phone.",
  retry: "Retry now",
  then: "After this call:",
  reason: "Reason",
};

/** What is broken, most severe first; `{0}` is filled in. */
export const BANNER = {
  lost: "No connection since {0}. Your phone still works.",
  reconnecting: "Reconnecting…",
  auth: "Sign in again to go on. Your phone still works.",
  tooOld: "This page is too old ({0}). Reload it.",
  closed: "You may not use this page ({0}). Ask your administrator.",
  edge: "Your site’s connector is offline. Your phone still works; this page does not see it.",
  pbx: "The phone system is out of reach. What you see may be old.",
  phone: "Phone {0} is offline. Calls will not reach you.",
  ok: "Phone {0} connected",
  out: "Connected",
};

/** Sentences for screen readers. */
export const SAID = {
  ringing: "Incoming call, {0}{1}.",
  answered: "Call answered.",
  held: "Call on hold.",
  resumed: "Call resumed.",
  ended: "Call ended.",
  missed: "Call missed.",
  elsewhere: "The call went elsewhere.",
  transferred: "Call transferred.",
};

/** @param {string} text @param {...string} values */
export function fill(text, ...values) {
  return text.replace(/\{(\d)\}/g, (_, index) => values[Number(index)] ?? "");
}
