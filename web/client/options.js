/** What a client is made with, and what it shows; types only. */
export {};

/**
 * @typedef {import("./contract.js").Frame} Frame
 * @typedef {import("./commands.js").CommandState} CommandState
 * @typedef {{socket: import("./session.js").SocketStatus, agent: string|null, name: string, roles: string[],
 *   station: string|null, rev: number|null, doc: import("./contract.js").StationDocument|null,
 *   desk: import("./contract.js").Desk|null, site: import("./contract.js").Site|null, capabilities: string[],
 *   dispositions: Record<string, string[]>,
 *   commands: CommandState[], context: Record<string, Frame>}} ClientState
 * @typedef {{api: string, getToken: import("./session.js").Options["getToken"], page?: string, label?: string,
 *   canPop?: () => boolean, pop?: import("./opening.js").PopOptions, timing?: Partial<import("./session.js").Timing>,
 *   onlyLooks?: boolean, env?: Partial<import("./env.js").Env>}} ClientOptions
 *   `onlyLooks`: a page for boards, none of the agent's own: it logs no phone on and pops nothing
 */
