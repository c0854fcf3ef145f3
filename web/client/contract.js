/**
 * The wire contract's shapes, as the page sees them (docs/protocol.md, sections 3 to 5). Types only; names are the wire's.
 * Everything in them came over the network: text from callers is shown with `textContent`, never as markup.
 *
 * @typedef {'log_on'|'log_off'|'set_state'|'place'|'answer'|'reject'|'drop'|'hold'|'resume'|'transfer'|'consult'|'complete'
 *   |'cancel'|'swap'|'conference'|'dtmf'|'attach'} Verb
 * @typedef {'initiated'|'alerting'|'connected'|'hold'|'queued'|'fail'} Leg
 * @typedef {'logged_off'|'not_ready'|'ready'|'busy'|'wrap_up'|'unknown'} AgentState
 * @typedef {{number: string|null, name: string|null, presentation: 'allowed'|'restricted'|'unknown'}} Remote
 * @typedef {{call: string, interaction: string, was: string[], leg: Leg, direction: 'inbound'|'outbound'|'internal',
 *   remote: Remote, dialed: string|null, queue: string|null, started_at: string, answered_at: string|null,
 *   held_at: string|null, consult_of: string|null, transferred_by: string|null, conflict?: string|null,
 *   parties?: {number: string|null, station: string|null, leg: Leg}[], data: Record<string, unknown>, can: Verb[]}} Call
 * @typedef {{n: number, event: string, call: string|null, interaction: string|null, at: string, cause: string|null,
 *   by: string|null, peer: string|null}} Transition
 * @typedef {{login: string|null, state: AgentState, reason: string|null, since_at: string|null, pending: AgentState|null,
 *   queues: {queue: string, paused: boolean, reason: string|null}[]}} AgentAtStation
 * @typedef {{interaction: string, call: string, queue?: string|null, since_at: string, limit_at: string|null, needs: ('note'|'disposition')[],
 *   ask: 'save'|'owe'|null}} WrapUp
 * @typedef {{station: string, in_service: boolean, agent: AgentAtStation, calls: Call[], wrap_up: WrapUp[], can: Verb[],
 *   recent: Transition[]}} StationDocument
 * @typedef {{work: string, channel: string, label: string, lease_until_at: string, blocks: string[]}} WorkItem
 * @typedef {{interaction: string, from: {agent: string, station: string}, kind: 'cold'|'hot', note: string,
 *   data: Record<string, unknown>, at: string, by?: 'agent_page'|'agent_phone'}} Handover
 * @typedef {{agent: string, name: string, since_at: string, pages: number, drafts?: string[], decided?: string[],
 *   owed?: {interaction: string, needs: string[]}[], work?: WorkItem[],
 *   handover?: Handover[]}} Desk
 * @typedef {{id: string, edge: 'up'|'down', pbx: 'up'|'down', tz: string}} Site
 * @typedef {{page: string, label: string, focused: boolean, visible: boolean, can_pop: boolean, since_at: string,
 *   isThis: boolean}} OpenPage  `isThis`: the one that asks; not of the wire
 * @typedef {{code: string, text: string}} ErrorDetail
 * @typedef {{t?: string, [field: string]: any}} Frame
 * @typedef {{station: string|null, rev: number|null, doc: StationDocument|null, desk: Desk|null, now_at: string}} StationFrame
 * @typedef {{id: string, stage: 'sent'|'confirmed'|'failed'|'expired', already?: boolean|null, error?: ErrorDetail|null}} Result
 */

/** The version of the contract that this client speaks. */
export const PROTOCOL_VERSION = 1;

/** The longest frame towards the cloud, bytes, until a `welcome` says otherwise; a longer one would end the socket (1009). */
export const FRAME_BYTES = 28 * 1024;
/** Of a title, so that the label stays within the 200 that the contract allows in any writing. */
export const LABEL_LETTERS = 120;

/** What `hello` says of this software. */
export const CLIENT = "ringline-web/0.1.0";

/** A refusal or failure with a stable code: the contract's error codes, or `offline` when nothing was sent. */
export class RinglineError extends Error {
  /**
   * @param {string} code
   * @param {string} text one sentence for people
   */
  constructor(code, text) {
    super(text);
    this.name = "RinglineError";
    this.code = code;
  }
}
